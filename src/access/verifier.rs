//! Slow hashes, verified without standing in the way: on blocking threads, a few at a time, and seldom twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderValue, header::RETRY_AFTER};
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;

use super::password::PasswordHash;
use crate::error::{Error, Kind, Result};

/// How long a password that was right is right without another look.
const KEPT: Duration = Duration::from_secs(120);
/// Most passwords that are remembered so.
const MOST: usize = 1024;
/// Most verifications that wait for their turn; more are turned away.
const WAITING: usize = 64;

/// Verifies passwords.
pub(super) struct Verifier {
    /// Made anew in each process: what is remembered is of no use to whoever reads the memory later.
    key: hmac::Key,
    known: Mutex<HashMap<[u8; 32], Instant>>,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Verifier {
    pub(super) fn new() -> Result<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| Error::internal("the system has no randomness"))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            key,
            known: Mutex::default(),
            running: Arc::new(Semaphore::new(cores)),
            waiting: Arc::new(Semaphore::new(cores + WAITING)),
        })
    }

    /// Whether it is this password.
    pub(super) async fn matches(&self, hash: &PasswordHash, password: &[u8]) -> Result<bool> {
        let print = self.fingerprint(hash, password);
        if self.known().get(&print).is_some_and(|since| since.elapsed() < KEPT) {
            return Ok(true);
        }
        let Ok(place) = self.waiting.clone().try_acquire_owned() else {
            let busy = Error::new(Kind::Unavailable, "too many passwords are being verified; try again");
            return Err(busy.with_header(RETRY_AFTER, HeaderValue::from_static("1")));
        };
        let permit = self.running.clone().acquire_owned().await.map_err(Error::internal)?;
        let (hash, password) = (hash.clone(), password.to_owned());
        // The permits go along: a client that leaves does not make room for another while its hash is still computed.
        let verify = move || {
            let is_right = hash.matches(&password);
            drop((place, permit));
            is_right
        };
        let is_right = tokio::task::spawn_blocking(verify).await.map_err(Error::internal)?;
        if is_right {
            self.remember(print);
        }
        Ok(is_right)
    }

    fn fingerprint(&self, hash: &PasswordHash, password: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        let text = hash.text();
        context.update(&text.len().to_be_bytes());
        context.update(text.as_bytes());
        context.update(password);
        let mut print = [0; 32];
        print.copy_from_slice(context.sign().as_ref());
        print
    }

    fn remember(&self, print: [u8; 32]) {
        let mut known = self.known();
        if known.len() >= MOST {
            known.retain(|_, since| since.elapsed() < KEPT);
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(print, Instant::now());
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Instant>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cheap hash of "right": m=8, t=1.
    fn cheap() -> PasswordHash {
        use argon2::password_hash::PasswordHasher;
        let params = argon2::Params::new(8, 1, 1, None).unwrap();
        let hash: argon2::password_hash::phc::PasswordHash =
            argon2::Argon2::from(params).hash_password(b"right").unwrap();
        PasswordHash::parse(&hash.to_string()).unwrap()
    }

    #[tokio::test]
    async fn what_was_right_is_remembered_and_what_was_wrong_is_not() {
        let (verifier, hash) = (Verifier::new().unwrap(), cheap());
        assert!(!verifier.matches(&hash, b"wrong").await.unwrap());
        assert!(verifier.known().is_empty());
        assert!(verifier.matches(&hash, b"right").await.unwrap());
        assert_eq!(verifier.known().len(), 1);
        // Nobody can take a turn, and yet the password is right: it was not verified again.
        let all = u32::try_from(verifier.waiting.available_permits()).unwrap();
        let _all = verifier.waiting.clone().acquire_many_owned(all).await.unwrap();
        assert!(verifier.matches(&hash, b"right").await.unwrap());
        assert_eq!(verifier.matches(&hash, b"other").await.unwrap_err().kind(), Kind::Unavailable);
        // The same password under another hash is another matter.
        assert_eq!(verifier.matches(&cheap(), b"right").await.unwrap_err().kind(), Kind::Unavailable);
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let verifier = Verifier::new().unwrap();
        for number in 0..3 * MOST {
            let mut print = [0; 32];
            print[..8].copy_from_slice(&number.to_be_bytes());
            verifier.remember(print);
        }
        assert!(verifier.known().len() <= MOST);
    }
}
