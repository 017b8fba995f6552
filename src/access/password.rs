//! Passwords as the project file keeps them: argon2 in PHC form.

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, Params};

/// The hash of a password, with the salt and the cost with which it was made.
#[derive(Clone)]
pub struct PasswordHash(Phc);

impl PasswordHash {
    /// Reads the PHC form; the error says what is expected, and nothing of the hash.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "the password is not a hash such as $argon2id$v=19$…; graticule hash makes one".to_owned();
        let hash = Phc::new(text).map_err(|_| wrong())?;
        let is_whole = hash.salt.is_some() && hash.hash.is_some() && Params::try_from(&hash).is_ok();
        (hash.algorithm.as_str().starts_with("argon2") && is_whole).then_some(Self(hash)).ok_or_else(wrong)
    }

    /// Hashes a password with a new salt, at the cost that the crate holds right today.
    pub fn of(password: &str) -> Result<String, String> {
        let hash: Phc = Argon2::default().hash_password(password.as_bytes()).map_err(|cause| cause.to_string())?;
        Ok(hash.to_string())
    }

    /// Whether it is this password. Slow, on purpose.
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        Argon2::default().verify_password(password, &self.0).is_ok()
    }

    /// The hash itself, for whoever keeps it apart from others.
    pub(super) fn text(&self) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password() {
        let hash = PasswordHash::parse(&PasswordHash::of("correct horse").unwrap()).unwrap();
        assert!(hash.matches(b"correct horse"));
        assert!(!hash.matches(b"correct horse ") && !hash.matches(b""));
    }

    #[test]
    fn what_is_no_hash_is_refused_without_being_told() {
        for text in ["", "secret", "$argon2id$", "$2b$10$abc", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ"] {
            let fault = PasswordHash::parse(text).err().unwrap();
            assert!(text.is_empty() || text == "$argon2id$" || !fault.contains(text), "{fault}");
        }
    }
}
