//! What our sessions are set to. The settings go with the log-on; a pooler may not take them, and then they are set afterwards,
//! once it is known that no other client shares the session.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::connect::DatabaseOptions;
use super::share::LOCK;

/// A setting that means nothing to the database, and is there where the others are.
const MARK: &str = "graticule.session";
/// Its value where the settings went with the log-on.
const SENT: &str = "sent";

/// The limit of a statement's time, as the session began with it. `RESET` would lead to that of a pooler's own log-on.
const LIMIT: &str = "graticule.statement_timeout";
/// Sets the limit again where it was set otherwise for a while.
pub(super) const HURRIED: &str =
    "SELECT set_config('statement_timeout', current_setting('graticule.statement_timeout'), false)";

/// The fault that is raised in a session that is not ours alone; no class of PostgreSQL's.
pub(super) const SHARED: &str = "GR001";

/// The settings as options of the log-on, before those that the connection string has.
pub(super) fn options(options: &DatabaseOptions, own: &str) -> String {
    let (statement, lock) = (options.statement_timeout.as_millis().to_string(), LOCK.as_millis());
    let said = parse(own).into_iter().rev().find(|(name, _)| name.eq_ignore_ascii_case("statement_timeout"));
    let limit = said.map_or_else(|| statement.clone(), |(_, limit)| limit.replace('\\', r"\\").replace(' ', r"\ "));
    [
        ("default_transaction_read_only", "on"),
        ("statement_timeout", &statement),
        (LIMIT, &limit),
        ("lock_timeout", &lock.to_string()),
        // What is cast to text must not depend on the role.
        ("TimeZone", "UTC"),
        ("DateStyle", "ISO"),
        ("IntervalStyle", "postgres"),
        ("extra_float_digits", "1"),
        // Conditions on geometries are thought so dear that even those over a few hundred rows would be compiled, by each
        // connection anew: that takes a second, and what is asked for a hundredth.
        ("jit", "off"),
        (MARK, SENT),
    ]
    .iter()
    .map(|(name, value)| format!("-c {name}={value} "))
    .chain([own.to_owned()])
    .collect()
}

/// After how long the database gives up a statement by these options, zero is never; none where they do not say it so that it is
/// understood here.
pub(super) fn limit(options: &str) -> Option<Duration> {
    let mut settings = parse(options).into_iter().rev();
    let (_, said) = settings.find(|(name, _)| name.eq_ignore_ascii_case("statement_timeout"))?;
    let said = said.trim();
    let (number, unit) = said.split_at(said.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(said.len()));
    let millis = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(millis).map(Duration::from_millis)
}

/// Whether the settings went with the log-on.
pub(super) async fn are_taken(client: &Client) -> Result<bool, tokio_postgres::Error> {
    Ok(mark(client).await?.as_deref() == Some(SENT))
}

/// Sets them, in the order of the options.
pub(super) async fn set(client: &Client, options: &str) -> Result<(), tokio_postgres::Error> {
    let calls = parse(options).into_iter().map(|(name, value)| call(&name, &value));
    let calls: Vec<String> = calls.collect();
    if calls.is_empty() { Ok(()) } else { client.batch_execute(&format!("SELECT {}", calls.join(", "))).await }
}

/// Looks whether two clients may be in one session, as a pooler has it that lends one for a transaction only. Only the mark is
/// set meanwhile, which harms nobody.
pub(super) async fn are_apart(one: &Client, other: &Client) -> Result<bool, tokio_postgres::Error> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = || {
        let now = chrono::Utc::now().timestamp_micros();
        format!("{} {now} {}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
    };
    let (first, second) = (number(), number());
    one.batch_execute(&format!("SELECT {}", call(MARK, &first))).await?;
    other.batch_execute(&format!("SELECT {}", call(MARK, &second))).await?;
    // Not by turns alone: two sessions may be lent so.
    for (client, expected) in [(one, &first), (one, &first), (other, &second), (other, &second), (one, &first)] {
        if mark(client).await?.as_ref() != Some(expected) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How long the other one may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The fault of a session that is not ours alone, raised by the database: pools pass on no other.
pub(super) async fn refuse(client: &Client) -> Result<(), tokio_postgres::Error> {
    let raise = format!(
        "DO $$ BEGIN RAISE EXCEPTION 'graticule needs a session of its own, and the pooler before this database lends one for \
         a transaction only' USING ERRCODE = '{SHARED}'; END $$"
    );
    client.batch_execute(&raise).await
}

async fn mark(client: &Client) -> Result<Option<String>, tokio_postgres::Error> {
    let said = client.simple_query(&format!("SELECT current_setting('{MARK}', true)")).await?;
    Ok(said.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}

fn call(name: &str, value: &str) -> String {
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let escape = if name.contains('\\') || value.contains('\\') { "E" } else { "" };
    let [name, value] = [name, value].map(|text| escape.to_owned() + &literal(&text.replace('\\', "\\\\")));
    format!("set_config({name}, {value}, false)")
}

/// The settings of options as PostgreSQL reads them: `-c name=value` or `--name=value`, with backslashes before blanks.
fn parse(options: &str) -> Vec<(String, String)> {
    let (mut words, mut word, mut letters) = (Vec::new(), None::<String>, options.chars());
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter.is_ascii_whitespace() => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(letters.next()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    let mut settings = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let setting = match (word.strip_prefix("-c"), word.strip_prefix("--")) {
            (Some(""), _) => words.next(),
            (Some(setting), _) | (_, Some(setting)) => Some(setting.to_owned()),
            _ => None,
        };
        if let Some((name, value)) = setting.as_deref().and_then(|setting| setting.split_once('=')) {
            settings.push((name.replace('-', "_"), value.to_owned()));
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_had_another_limit_than_the_connection_string_says() {
        let said = |own: &str| limit(&options(&DatabaseOptions::default(), own)).map(|limit| limit.as_millis());
        for (own, expected) in [
            ("", Some(60_000)),
            ("-c statement_timeout=5000", Some(5000)),
            (r"--statement-timeout=5\ s -c jit=on", Some(5000)),
            ("-c statement_timeout=0", Some(0)),
            ("-c STATEMENT_TIMEOUT=2min", Some(120_000)),
            ("-c statement_timeout=1.5s", None),
            ("-c statement_timeout=99999999999999999999", None),
        ] {
            assert_eq!(said(own), expected, "{own}");
        }
    }

    #[test]
    fn options_are_set_as_they_are_sent() {
        let own = r"-csearch_path=a\ b,public --lock-timeout=5000 -c x.y=it's\\so -B 4 -c";
        let settings = parse(&options(&DatabaseOptions::default(), own));
        let value = |name: &str| settings.iter().rev().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
        assert_eq!(value("statement_timeout"), Some("60000"));
        assert_eq!(value("jit"), Some("off"));
        assert_eq!(value(MARK), Some(SENT));
        assert_eq!(value("search_path"), Some("a b,public"));
        assert_eq!(value("lock_timeout"), Some("5000"));
        assert_eq!(value("x.y"), Some(r"it's\so"));
        assert_eq!(value(LIMIT), Some("60000"));
        assert_eq!(settings.len(), 13);
        let settings = parse(&options(&DatabaseOptions::default(), r"-c statement_timeout=5\ s"));
        assert!(settings.contains(&(LIMIT.to_owned(), "5 s".to_owned())), "{settings:?}");
        assert_eq!(call("x.y", r"it's\so"), r"set_config(E'x.y', E'it''s\\so', false)");
        assert_eq!(call("jit", "off"), "set_config('jit', 'off', false)");
    }
}
