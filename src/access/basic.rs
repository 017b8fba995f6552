//! HTTP Basic (RFC 7617): names and passwords of the project file.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::challenge::{Challenge, credentials, refused};
use super::password::PasswordHash;
use super::verifier::Verifier;
use crate::error::Result;
use crate::exchange::{Filter, Flow};
use crate::message::principal::Principal;
use crate::message::request::Request;

/// Longest credentials that are looked at, in base64.
const LONGEST: usize = 4096;

/// The filter that knows people by their passwords.
pub struct Basic {
    users: HashMap<String, (PasswordHash, Principal)>,
    /// What a password is compared with when nobody has the name, so that this takes as long.
    decoy: Option<PasswordHash>,
    verifier: Verifier,
    challenge: Challenge,
}

impl Basic {
    /// A filter that knows nobody yet.
    pub fn new(realm: &str) -> Result<Self> {
        Ok(Self {
            users: HashMap::new(),
            decoy: None,
            verifier: Verifier::new()?,
            challenge: Challenge::new("Basic", realm, &[("charset", "UTF-8")]),
        })
    }

    /// Adds somebody; false where the name is taken, or has a colon, which no client could send.
    pub fn add(&mut self, principal: Principal, password: PasswordHash) -> bool {
        if principal.name.contains(':') || self.users.contains_key(&principal.name) {
            return false;
        }
        self.decoy.get_or_insert_with(|| password.clone());
        self.users.insert(principal.name.clone(), (password, principal));
        true
    }

    /// How a client is asked for a password.
    pub fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    async fn verify(&self, credentials: &[u8]) -> Result<Option<&Principal>> {
        let fits = credentials.len() <= LONGEST;
        let Some(text) = fits.then(|| STANDARD.decode(credentials).ok()).flatten() else { return Ok(None) };
        let Some(colon) = text.iter().position(|byte| *byte == b':') else { return Ok(None) };
        let user = std::str::from_utf8(&text[..colon]).ok().and_then(|name| self.users.get(name));
        let Some(hash) = user.map(|(hash, _)| hash).or(self.decoy.as_ref()) else { return Ok(None) };
        let is_right = self.verifier.matches(hash, &text[colon + 1..]).await?;
        Ok(user.filter(|_| is_right).map(|(_, principal)| principal))
    }
}

impl Filter for Basic {
    async fn request_ready(&self, request: &mut Request) -> Result<Flow> {
        let wrong = || refused("the name or the password is wrong", [&self.challenge]);
        let head = request.head().clone();
        if let Some(credentials) = credentials(&head.headers, "Basic").map_err(|()| wrong())? {
            let principal = self.verify(credentials).await?.ok_or_else(wrong)?;
            request.head_mut().principal.get_or_insert_with(|| principal.clone());
        }
        Ok(Flow::Continue)
    }
}
