//! The `[access]` part of a project file: how it is found out who asks, and what they may see.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Access to the server; only at the root of the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Whether requests must be authenticated, or the roles of which one is needed.
    #[serde(default)]
    pub require: Require,
    /// What a browser shows when it asks for a password.
    pub realm: Option<String>,
    /// People with passwords (HTTP Basic).
    #[serde(default)]
    pub users: Vec<User>,
    /// Programs with keys.
    #[serde(default)]
    pub keys: Vec<Key>,
    /// Header of keys; `X-Api-Key` where left out.
    pub key_header: Option<String>,
    /// Query parameter of keys; `api_key` where left out, none where empty.
    pub key_parameter: Option<String>,
    /// Tokens of an identity provider.
    pub jwt: Option<Jwt>,
    /// A proxy that authenticates.
    pub proxy: Option<Proxy>,
    /// What may be done with layers.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// Who is let in at all.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Require {
    /// Whoever is authenticated, or everybody.
    Authenticated(bool),
    /// Whoever has one of these roles.
    Roles(Vec<String>),
}

impl Default for Require {
    fn default() -> Self {
        Self::Authenticated(false)
    }
}

/// A user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Name.
    pub name: String,
    /// Hash of the password in PHC form; `graticule hash` makes one.
    pub password: Secret,
    /// Roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Values that rules may bind.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
}

/// A key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Name of who has it.
    pub name: String,
    /// SHA-256 of the key in hexadecimal; `graticule hash --new-key` makes one.
    pub sha256: Secret,
    /// Roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Values that rules may bind.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
}

/// Bearer tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// The issuer's public keys (a JWK Set): a file, or an address that begins with `https://`. Either is read again.
    pub jwks: Option<PathBuf>,
    /// Secret that is shared with the issuer, for HS256.
    pub secret: Option<Secret>,
    /// Who must have issued a token.
    pub issuer: Option<Several>,
    /// For whom a token must be; where left out, tokens that are for somebody are refused.
    pub audience: Option<Several>,
    /// The algorithms that are believed; those that the keys allow where left out.
    pub algorithms: Option<Vec<Algorithm>>,
    /// Claim with the roles, as a name or a path with dots; `roles` where left out.
    pub roles: Option<String>,
    /// Claim with the name; `sub` where left out.
    pub name: Option<String>,
    /// Seconds by which clocks may differ; 60 where left out.
    pub leeway: Option<u32>,
}

/// An algorithm of signatures (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with SHA-256.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
    /// HMAC with SHA-256.
    HS256,
}

/// A proxy that authenticates and tells who asks in headers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// Header of the name.
    pub user: String,
    /// Header of the roles, separated by commas.
    pub roles: Option<String>,
    /// Addresses or ranges from which these headers are believed.
    pub from: Vec<String>,
}

/// What those with some roles may do with some layers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name of the project; the one at the root where left out.
    pub project: Option<String>,
    /// Ids of layers; `*` for all of the project.
    pub layers: Several,
    /// Roles; `authenticated` for whoever is, `*` for everybody.
    pub roles: Several,
    /// Of `read`, `insert`, `update`, `delete`; reading where left out.
    pub operations: Option<Several>,
    /// Which rows, as CQL2 text; `:name`, `:roles` and `:claim` stand for values of who asks. All where left out.
    pub rows: Option<String>,
    /// Which properties; all where left out.
    pub properties: Option<Vec<String>>,
}

/// One text or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Several {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Several {
    /// All of them.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// A text that no log shows.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

impl Access {
    /// Paths in the file are relative to the file; a URL is no path.
    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Some(jwks) = self.jwt.as_mut().and_then(|jwt| jwt.jwks.as_mut())
            && !jwks.to_string_lossy().contains("://")
        {
            *jwks = folder.join(&*jwks);
        }
    }
}
