//! Bearer tokens (RFC 6750) that are JSON Web Tokens (RFC 7519), signed by an identity provider whose keys are known.
//!
//! ring does the cryptography. What a token may be is decided here, and narrowly: one signature, in one of the algorithms
//! that are set, by a key that is made for it.

mod claims;
mod jwks;
mod key;
mod key_file;
mod key_url;
mod token;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};

pub use claims::Expected;
pub use key::Key;
pub use key_file::KeyFile;
pub use key_url::KeyUrl;

use super::challenge::{Challenge, credentials, refused};
use crate::error::{Error, Kind, Result};
use crate::exchange::{Filter, Flow};
use crate::message::principal::Principal;
use crate::message::request::Request;
use crate::project::access_settings::Algorithm;

use token::Token;

/// The filter that believes tokens.
pub struct Bearer {
    algorithms: Vec<Algorithm>,
    /// The issuer's keys, as a file has them.
    file: Option<KeyFile>,
    /// The issuer's keys at an address.
    url: Option<KeyUrl>,
    /// Keys that are there beside the file.
    keys: Vec<Key>,
    expected: Expected,
    realm: String,
}

/// Why a token is refused: what the client is told, and what only the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) told: &'static str,
    pub(super) why: &'static str,
}

impl Refusal {
    /// A token that is not as it should be; which way is nothing for whoever made it up.
    const fn hidden(why: &'static str) -> Self {
        Self { told: "the token is not valid", why }
    }

    /// A token whose bearer can do something about it.
    const fn told(told: &'static str) -> Self {
        Self { told, why: told }
    }
}

/// Nobody can tell whether the token is good, so nothing is wrong with it yet.
const NO_KEYS: Refusal = Refusal::told("the keys of the issuer cannot be had now; try again");

/// Whether one of these keys signed the token; none where no key fits it. A key is of one algorithm, so that a public key is
/// never taken for a secret.
fn is_signed<'a>(token: &Token<'_>, keys: impl Iterator<Item = &'a Key>) -> Option<bool> {
    let mut fitting = keys.filter(|key| key.fits(token.algorithm, token.key_id.as_deref())).peekable();
    fitting.peek()?;
    Some(fitting.any(|key| key.verifies(token.signed, &token.signature)))
}

impl Bearer {
    /// A filter that believes tokens in these algorithms, signed with one of the keys, that say what is expected.
    pub fn new(realm: &str, algorithms: Vec<Algorithm>, keys: Vec<Key>, expected: Expected) -> Self {
        Self { algorithms, file: None, url: None, keys, expected, realm: realm.to_owned() }
    }

    /// The same with the keys of a file as well.
    #[must_use]
    pub fn with_file(mut self, file: KeyFile) -> Self {
        self.file = Some(file);
        self
    }

    /// The same with the keys at an address as well.
    #[must_use]
    pub fn with_url(mut self, url: KeyUrl) -> Self {
        self.url = Some(url);
        self
    }

    /// How a client is asked for a token.
    pub fn challenge(&self) -> Challenge {
        Challenge::new("Bearer", &self.realm, &[])
    }

    async fn principal(&self, token: &[u8]) -> Result<Principal, Refusal> {
        let token = Token::read(token)?;
        if !self.algorithms.contains(&token.algorithm) {
            return Err(Refusal::hidden("its algorithm is not allowed"));
        }
        let filed = match &self.file {
            Some(file) => Some(file.keys().await),
            None => None,
        };
        let fetched = match &self.url {
            Some(url) => url.keys().await,
            None => None,
        };
        let known = [Some(&self.keys[..]), filed.as_deref(), fetched.as_deref()];
        let mut is_signed = is_signed(&token, known.into_iter().flatten().flatten());
        if let Some(url) =
            self.url.as_ref().filter(|_| is_signed.is_none() || token.key_id.is_none() && is_signed == Some(false))
        {
            // The issuer may have a new key, with a name of its own or none.
            let fetched = url.fetch().await.ok_or(NO_KEYS)?;
            is_signed = self::is_signed(&token, fetched.iter()).or(is_signed);
        }
        match is_signed {
            Some(true) => {}
            Some(false) => return Err(Refusal::hidden("its signature is wrong")),
            None => return Err(Refusal::hidden("no key fits it")),
        }
        self.expected.principal(&token.claims()?, chrono::Utc::now().timestamp())
    }

    fn refusal(&self, refusal: Refusal) -> Error {
        if refusal == NO_KEYS {
            return Error::new(Kind::Unavailable, refusal.told)
                .with_header(RETRY_AFTER, HeaderValue::from_static("10"));
        }
        let parameters = [("error", "invalid_token"), ("error_description", refusal.told)];
        refused(refusal.told, [&Challenge::new("Bearer", &self.realm, &parameters)]).because(refusal.why)
    }

    fn token<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a [u8]>> {
        credentials(headers, "Bearer")
            .map_err(|()| self.refusal(Refusal::told("more than one Authorization header came with the request")))
    }
}

impl Filter for Bearer {
    async fn request_ready(&self, request: &mut Request) -> Result<Flow> {
        let head = request.head().clone();
        if let Some(token) = self.token(&head.headers)? {
            let principal = self.principal(token).await.map_err(|refusal| self.refusal(refusal))?;
            request.head_mut().principal.get_or_insert(principal);
        }
        Ok(Flow::Continue)
    }
}
