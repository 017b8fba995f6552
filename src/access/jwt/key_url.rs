//! The issuer's keys at an address (`jwks_uri`): fetched when the first token comes, kept, and fetched again when they are old
//! or a token names a key that is not among them.
//!
//! A fetch is bounded in time and size, and one at a time however many tokens wait for it. What went wrong leaves the last
//! good keys; where there are none yet, no token is believed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::Key;
use super::jwks::{self, LARGEST};

/// How old keys may be before they are fetched again.
const AGE: Duration = Duration::from_secs(15 * 60);
/// How long all of a fetch may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The least time between two fetches: tokens with made-up key ids must not make the issuer's server suffer.
const PAUSE: Duration = Duration::from_secs(10);

/// The keys at an address.
#[derive(Clone)]
pub struct KeyUrl(Arc<Inner>);

struct Inner {
    url: String,
    agent: Agent,
    pause: Duration,
    age: Duration,
    state: Mutex<State>,
    /// Held by the one that fetches.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Option<Arc<[Key]>>,
    /// When a fetch last began, and when one last succeeded.
    tried: Option<Instant>,
    fetched: Option<Instant>,
}

impl KeyUrl {
    /// An address; the error says which is refused: keys over plain HTTP might be anybody's, but for those of this machine.
    pub fn new(url: &str) -> Result<Self, String> {
        Self::with_times(url, PAUSE, AGE)
    }

    /// The same with the least time between two fetches, and the age at which keys are fetched again.
    pub fn with_times(url: &str, pause: Duration, age: Duration) -> Result<Self, String> {
        let parsed: http::Uri = url.parse().map_err(|_| format!("'{url}' is no URL"))?;
        let host = parsed.host().unwrap_or_default();
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match parsed.scheme_str() {
            Some("https") if !host.is_empty() => {}
            Some("http") if is_here => {}
            Some("http") => return Err(format!("'{url}': keys are fetched by https, or from this machine")),
            _ => return Err(format!("'{url}' must begin with https://")),
        }
        // The system's certificates: whoever has an authority of their own has told the system.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = Agent::config_builder()
            .https_only(!is_here)
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            .max_redirects(2)
            .user_agent(concat!("graticule/", env!("CARGO_PKG_VERSION")))
            .accept("application/jwk-set+json, application/json")
            .build()
            .new_agent();
        let state = Mutex::default();
        Ok(Self(Arc::new(Inner {
            url: url.to_owned(),
            agent,
            pause,
            age,
            state,
            fetching: tokio::sync::Mutex::default(),
        })))
    }

    /// The keys as they were last fetched; none where they never could be. The first to come waits for the fetch; old keys
    /// are fetched again beside the request.
    pub(super) async fn keys(&self) -> Option<Arc<[Key]>> {
        let (known, is_old) = {
            let state = self.state();
            (state.keys.clone(), state.fetched.is_none_or(|fetched| fetched.elapsed() >= self.0.age))
        };
        match known {
            None => self.fetch().await,
            Some(keys) => {
                if is_old && self.may_fetch() {
                    let them = self.clone();
                    tokio::spawn(async move { them.fetch().await });
                }
                Some(keys)
            }
        }
    }

    /// The keys as they are now, for a token that none of the known ones signed; unchanged where they were fetched just now.
    pub(super) async fn fetch(&self) -> Option<Arc<[Key]>> {
        let _one = self.0.fetching.lock().await;
        // Whoever held the lock may have fetched meanwhile.
        if self.may_fetch() {
            self.state().tried = Some(Instant::now());
            let them = self.clone();
            let fetched = tokio::task::spawn_blocking(move || them.download()).await;
            let mut state = self.state();
            match fetched.map_err(|panic| panic.to_string()).flatten() {
                Ok(keys) => {
                    tracing::info!(url = self.0.url, keys = keys.len(), "the keys of tokens were fetched");
                    state.keys = Some(keys.into());
                    state.fetched = Some(Instant::now());
                }
                Err(fault) if state.keys.is_some() => {
                    tracing::error!(url = self.0.url, "the keys of tokens stay as they were: {fault}");
                }
                Err(fault) => tracing::error!(url = self.0.url, "there are no keys, so no token is believed: {fault}"),
            }
        }
        self.state().keys.clone()
    }

    fn may_fetch(&self) -> bool {
        self.state().tried.is_none_or(|tried| tried.elapsed() >= self.0.pause)
    }

    fn download(&self) -> Result<Vec<Key>, String> {
        let mut answer = self.0.agent.get(&self.0.url).call().map_err(|cause| cause.to_string())?;
        let text = answer.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(|cause| cause.to_string())?;
        Ok(jwks::keys(&text)?)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_by_https_or_from_this_machine() {
        for fine in ["https://id.example/keys", "http://127.0.0.1:9/keys", "http://localhost/keys", "http://[::1]:9/k"]
        {
            assert!(KeyUrl::new(fine).is_ok(), "{fine}");
        }
        for wrong in
            ["http://id.example/keys", "file:///etc/keys", "id.example/keys", "https://", "http://127.0.0.1.evil/"]
        {
            assert!(KeyUrl::new(wrong).is_err(), "{wrong}");
        }
    }
}
