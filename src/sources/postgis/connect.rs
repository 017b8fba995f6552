//! How connections are opened, each to read alone, and given up.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::TryStreamExt;
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls, RowStream, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::pools::Lent;
use super::pulse::SILENCE;
use super::session;
use crate::error::{Error, Kind, Result};

/// How long a connection is tried for.
pub(super) const CONNECTING: Duration = Duration::from_secs(5);

/// Bytes of a statement that is not kept.
const LONG: usize = 16_384;

/// How a database is used.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseOptions {
    /// Most connections that are open at once.
    pub connections: usize,
    /// When the database gives up a statement; never where zero.
    pub statement_timeout: Duration,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self { connections: 16, statement_timeout: Duration::from_secs(60) }
    }
}

/// Reads a connection string: a URL or `key=value` pairs as libpq has them, with several hosts if there are replicas. The
/// password may come from `PGPASSWORD`.
pub(super) fn config(dsn: &str, options: &DatabaseOptions) -> Result<Config> {
    // The text has a password: no part of it is told.
    let wrong = |cause: Option<tokio_postgres::Error>| {
        let expected = "the connection string of a database cannot be read, expected postgres://user@host:port/database; '@', ':', \
             '/', '?' and '#' in a password are written %40, %3A, %2F, %3F and %23";
        let error = Error::new(Kind::BadRequest, expected);
        match cause {
            Some(cause) => error.because(cause),
            None => error,
        }
    };
    // Schemes may be written in capitals.
    let dsn = dsn.split_once("://").map_or(dsn.into(), |(scheme, rest)| format!("{}://{rest}", scheme.to_lowercase()));
    // What is said of a part that was taken for another may be of the password.
    let is_plain =
        dsn.rsplit_once('@').is_none_or(|(user, rest)| !user.contains(['@', '?', '#']) && !rest.contains('@'));
    let mut config: Config = dsn.parse().map_err(|cause| wrong(is_plain.then_some(cause)))?;
    let has_users = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
    if config.get_hosts().iter().any(has_users) || config.get_dbname().is_some_and(|name| name.contains('@')) {
        return Err(wrong(None));
    }
    if config.get_password().is_none()
        && let Ok(password) = std::env::var("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_user().is_none()
        && let Some(user) = ["PGUSER", "USER"].iter().find_map(|name| std::env::var(name).ok())
    {
        config.user(user);
    }
    if config.get_hosts().is_empty() {
        config.host(std::env::var("PGHOST").unwrap_or_else(|_| "/var/run/postgresql".to_owned()));
    }
    config
        .connect_timeout(*config.get_connect_timeout().unwrap_or(&CONNECTING))
        .keepalives_idle(Duration::from_secs(30));
    if config.get_application_name().is_none() {
        config.application_name("graticule");
    }
    let settings = session::options(options, config.get_options().unwrap_or_default());
    config.options(settings);
    Ok(config)
}

/// What a database is called in the log.
pub(super) fn name(config: &Config) -> String {
    let host = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
    format!("database '{}' on {}", config.get_dbname().unwrap_or_default(), hosts.join(", "))
}

pub(super) fn tls() -> Result<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(Error::internal)?;
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

/// A statement, kept by the connection unless it is long: of lists of thousands of terms each is another.
pub(super) async fn prepare(client: &Object, text: &str) -> Result<Statement, tokio_postgres::Error> {
    if text.len() > LONG { client.prepare(text).await } else { client.prepare_cached(text).await }
}

/// Lifts the database's own limit of time, which counts how long a reader takes as well.
pub(super) const UNHURRIED: &str = "SET statement_timeout = 0";

/// Sets it again, for the next who uses the connection; one that does not say that it has is given up.
pub(super) async fn hurry(client: Lent) {
    if !matches!(timeout(SILENCE, client.batch_execute(session::HURRIED)).await, Ok(Ok(()))) {
        client.give_up();
    }
}

/// Has the database give up a statement that nobody reads on. The wish goes another way and may arrive late: the connection
/// is of use to others only when it was met, here or by a statement that waits for it: then it is given back.
pub(super) async fn leave(client: Lent, rows: Pin<&mut RowStream>, tls: Option<MakeRustlsConnect>) -> Option<Lent> {
    // A silent database would keep the connection's place from others.
    if timeout(CONNECTING, is_left(&client, rows, tls)).await.unwrap_or(false) {
        return Some(client);
    }
    client.give_up();
    None
}

/// Has the database give up a statement that gave no row yet.
pub(super) async fn stop(client: Lent, tls: Option<MakeRustlsConnect>) {
    let _ = timeout(CONNECTING, cancel(&client, tls)).await;
    client.give_up();
}

async fn cancel(client: &Client, tls: Option<MakeRustlsConnect>) -> Result<(), tokio_postgres::Error> {
    let token = client.cancel_token();
    match tls {
        Some(tls) => token.cancel_query(tls).await,
        None => token.cancel_query(NoTls).await,
    }
}

/// Whether it was met; the wish may still be on its way.
async fn is_left(client: &Client, mut rows: Pin<&mut RowStream>, tls: Option<MakeRustlsConnect>) -> bool {
    if cancel(client, tls).await.is_err() {
        return false;
    }
    let is_met = |cause: &tokio_postgres::Error| cause.code() == Some(&SqlState::QUERY_CANCELED);
    loop {
        match rows.try_next().await {
            Ok(Some(_)) => {}
            Err(cause) if is_met(&cause) => return true,
            Ok(None) | Err(_) => break,
        }
    }
    matches!(client.simple_query("SELECT pg_sleep(2)").await, Err(cause) if is_met(&cause))
}

/// What drives a connection, which ends with it: it yields the database's messages.
pub(super) struct Driver(Box<dyn Messages>);

impl Driver {
    pub(super) fn new(connection: impl Messages + 'static) -> Self {
        Self(Box::new(connection))
    }

    /// The next message; `None` where the connection ended.
    pub(super) async fn next(&mut self) -> Option<Result<tokio_postgres::AsyncMessage, tokio_postgres::Error>> {
        std::future::poll_fn(|cx| self.0.poll(cx)).await
    }
}

type Message = Result<tokio_postgres::AsyncMessage, tokio_postgres::Error>;

/// A connection, over whatever stream.
pub(super) trait Messages: Send {
    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<Message>>;
}

impl<S, T> Messages for tokio_postgres::Connection<S, T>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send,
{
    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<Message>> {
        self.poll_message(cx)
    }
}

/// PostGIS may live in a schema of its own, or a role may look elsewhere: its functions must be found from everywhere.
pub(super) async fn find_functions(client: &Client) -> Result<(), tokio_postgres::Error> {
    let query = "
        SELECT set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), quote_ident(n.nspname)), false)
        FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname = 'postgis' AND n.nspname <> ALL (current_schemas(true))";
    client.query_opt(query, &[]).await.map(drop)
}
