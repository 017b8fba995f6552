//! Keys of programs, in a header or a query parameter; the project file has their SHA-256 alone. A key is long and random,
//! so a fast hash is enough.

use http::header::{ACCESS_CONTROL_ALLOW_HEADERS, CACHE_CONTROL, VARY};
use http::{HeaderName, HeaderValue};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

use super::challenge::{Challenge, refused};
use crate::error::Result;
use crate::exchange::{Filter, Flow};
use crate::message::principal::Principal;
use crate::message::request::{self, Request};
use crate::message::response;
use crate::server::security::Scheme;

/// The header where no other is set.
pub const HEADER: &str = "x-api-key";
/// The query parameter where no other is set.
pub const PARAMETER: &str = "api_key";

/// The filter that knows programs by their keys.
pub struct ApiKeys {
    keys: Vec<([u8; 32], Principal)>,
    header: HeaderName,
    parameter: Option<String>,
    challenge: Challenge,
}

/// The SHA-256 of a key, as the project file has it.
pub fn hash(key: &str) -> String {
    let digest = digest(&SHA256, key.as_bytes());
    let halves = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

/// A new key of 256 random bits.
pub fn generate() -> Result<String, String> {
    use base64::Engine;
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "the system has no randomness".to_owned())?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

impl ApiKeys {
    /// A filter that knows no key yet.
    pub fn new(realm: &str, header: HeaderName, parameter: Option<String>) -> Self {
        let challenge = Challenge::new("ApiKey", realm, &[("header", header.as_str())]);
        Self { keys: Vec::new(), header, parameter, challenge }
    }

    /// Adds a key by its SHA-256; the error says what is expected.
    pub fn add(&mut self, principal: Principal, sha256: &str) -> Result<(), &'static str> {
        let digits: Option<Vec<u8>> =
            sha256.chars().map(|c| c.to_digit(16).and_then(|it| it.try_into().ok())).collect();
        let bytes: Vec<u8> =
            digits.unwrap_or_default().chunks(2).map(|pair| pair.iter().fold(0, |n, d| n << 4 | d)).collect();
        let right = sha256.len() == 64;
        let digest = bytes.try_into().ok().filter(|_| right).ok_or("the key's sha256 is not 64 hexadecimal digits")?;
        if self.keys.iter().any(|(other, _)| *other == digest) {
            return Err("the same key is there twice");
        }
        self.keys.push((digest, principal));
        Ok(())
    }

    /// Where a client puts its key.
    pub fn schemes(&self) -> Vec<Scheme> {
        let parameter = self.parameter.clone().map(Scheme::KeyParameter);
        std::iter::once(Scheme::KeyHeader(self.header.to_string())).chain(parameter).collect()
    }

    /// How a client is asked for a key.
    pub fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// Who has this key. All keys are compared, however early one fits.
    fn find(&self, key: &[u8]) -> Option<&Principal> {
        let digest = digest(&SHA256, key);
        let mut found = None;
        for (known, principal) in &self.keys {
            if bool::from(known.as_slice().ct_eq(digest.as_ref())) {
                found = Some(principal);
            }
        }
        found
    }

    /// Takes the keys out of a request: neither a link nor a log nor a handler has a use for them.
    fn take(&self, request: &mut Request) -> Vec<Vec<u8>> {
        let is_ours = |name: &str| self.parameter.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(name));
        let head = request.head();
        let told = head.headers.get_all(&self.header).iter().map(|value| value.as_bytes().to_vec());
        let asked = head.parameters.iter().filter(|parameter| is_ours(&parameter.name));
        // A value that is no UTF-8 is no key.
        let asked = asked.map(|parameter| parameter.value.clone().unwrap_or_default().into_bytes());
        let keys: Vec<_> = told.chain(asked).collect();
        if !keys.is_empty() {
            let head = request.head_mut();
            head.headers.remove(&self.header);
            head.parameters.retain(|parameter| !is_ours(&parameter.name));
        }
        keys
    }
}

impl Filter for ApiKeys {
    async fn request_ready(&self, request: &mut Request) -> Result<Flow> {
        let principal = match self.take(request).as_slice() {
            [] => return Ok(Flow::Continue),
            [key] => self.find(key),
            _ => return Err(refused("more than one key came with the request", [&self.challenge])),
        };
        let principal = principal.ok_or_else(|| refused("the key is not known", [&self.challenge]))?;
        request.head_mut().principal.get_or_insert_with(|| principal.clone());
        Ok(Flow::Continue)
    }

    fn response_ready(&self, _: &request::Head, head: &mut response::Head) -> Result<()> {
        let header = HeaderValue::from_name(self.header.clone());
        if head.headers.contains_key(ACCESS_CONTROL_ALLOW_HEADERS) {
            // A page of another origin may send the key's header.
            head.headers.append(ACCESS_CONTROL_ALLOW_HEADERS, header);
        } else if head.headers.get(CACHE_CONTROL).is_some_and(|it| it.as_bytes().starts_with(b"private")) {
            head.headers.append(VARY, header);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_read_strictly() {
        let mut keys = ApiKeys::new("r", HeaderName::from_static(HEADER), None);
        let robot = || Principal::new("robot", ["reader"]);
        let hash = hash("a key");
        assert!(keys.add(robot(), &hash).is_ok());
        assert_eq!(keys.find(b"a key").unwrap().name, "robot");
        assert!(keys.find(b"a key ").is_none() && keys.find(b"").is_none());
        for wrong in
            [&hash, "", &hash[1..], &format!("{hash}0"), &hash.replace(|_: char| true, "g"), &hash.to_uppercase()]
        {
            assert!(keys.add(robot(), wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_new_key_is_long() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert!(one.len() == 43 && one != other);
    }
}
