//! The issuer's keys (a JWK Set, RFC 7517) in a file that is read again when it changes, as issuers change their keys.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::Key;

/// How often the file is looked at, while tokens come.
const LOOKS: Duration = Duration::from_secs(1);
/// Largest file that is read.
const LARGEST: u64 = 1 << 20;

/// The keys of a file.
pub struct KeyFile {
    path: Arc<Path>,
    state: Mutex<State>,
}

struct State {
    keys: Arc<[Key]>,
    stamp: Option<Stamp>,
    looked: Instant,
}

/// What changes when a file does: inode, time and size.
type Stamp = (u64, i64, i64, u64);

impl KeyFile {
    /// Reads the file; the error says what is wrong with it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, String> {
        let path: Arc<Path> = path.into().into();
        let (stamp, keys) = (stamp(&path), read(&path)?.into());
        Ok(Self { path, state: Mutex::new(State { keys, stamp, looked: Instant::now() }) })
    }

    /// The keys as the file has them now, or had when it was last in order.
    pub(super) async fn keys(&self) -> Arc<[Key]> {
        let before = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.looked.elapsed() < LOOKS {
                return state.keys.clone();
            }
            state.looked = Instant::now();
            state.stamp
        };
        let path = self.path.clone();
        let look = move || {
            let now = stamp(&path);
            (now != before).then(|| (now, read(&path)))
        };
        let looked = tokio::task::spawn_blocking(look).await;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(Some((stamp, read))) = looked {
            state.stamp = stamp;
            match read {
                Ok(keys) => {
                    tracing::info!(path = %self.path.display(), keys = keys.len(), "the keys of tokens were read again");
                    state.keys = keys.into();
                }
                Err(fault) => tracing::error!("the keys of tokens stay as they were: {fault}"),
            }
        }
        state.keys.clone()
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok()?;
    Some((about.ino(), about.mtime(), about.mtime_nsec(), about.len()))
}

fn read(path: &Path) -> Result<Vec<Key>, String> {
    let told = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let size = fs::metadata(path).map_err(|cause| told(&cause))?.len();
    if size > LARGEST {
        return Err(told(&"the file is too large for a set of keys"));
    }
    let text = fs::read(path).map_err(|cause| told(&cause))?;
    let set: Set = serde_json::from_slice(&text).map_err(|_| told(&"this is no JWK Set"))?;
    let keys: Vec<Key> = set.keys.into_iter().filter_map(key).collect();
    if keys.is_empty() {
        return Err(told(&"there is no public key for RS256, ES256 or EdDSA in this set"));
    }
    Ok(keys)
}

#[derive(Deserialize)]
struct Set {
    /// Each on its own: one that is odd does not spoil the others (RFC 7517, 5).
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A public key that is made for one of the algorithms; secrets in a file of public keys are passed over.
fn key(value: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let is_for_signatures = jwk.usage.as_ref().is_none_or(|usage| usage == "sig")
        && jwk.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|it| it == "verify"));
    if !is_for_signatures {
        return None;
    }
    let is_for = |name: &str| jwk.alg.as_ref().is_none_or(|alg| alg == name);
    let bytes = |part: &Option<String>| URL_SAFE_NO_PAD.decode(part.as_ref()?).ok();
    match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) if is_for("RS256") => Key::rsa(jwk.kid.clone(), bytes(&jwk.n)?, bytes(&jwk.e)?),
        ("EC", Some("P-256")) if is_for("ES256") => Key::p256(jwk.kid.clone(), &bytes(&jwk.x)?, &bytes(&jwk.y)?),
        ("OKP", Some("Ed25519")) if is_for("EdDSA") => Key::ed25519(jwk.kid.clone(), &bytes(&jwk.x)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_for_signatures_are_taken() {
        let ed = |more: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"{more}}}"#, "A".repeat(43));
        let taken = |text: &str| key(serde_json::from_str(text).unwrap()).is_some();
        assert!(taken(&ed("")) && taken(&ed(r#","use":"sig","alg":"EdDSA","kid":"1""#)));
        assert!(
            !taken(&ed(r#","use":"enc""#)) && !taken(&ed(r#","alg":"RS256""#)) && !taken(&ed(r#","key_ops":["sign"]"#))
        );
        assert!(!taken(r#"{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}"#));
        assert!(!taken(r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#) && !taken(r#"{"kty":"RSA"}"#) && !taken("7"));
        assert!(!taken(r#"{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}"#));
    }
}
