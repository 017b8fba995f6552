//! A JWK Set (RFC 7517): the public keys of an issuer, wherever they come from.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::Key;

/// Largest set that is read, in bytes.
pub(super) const LARGEST: u64 = 1 << 20;

/// The keys of a set, none where the issuer has withdrawn them all; the error says what is wrong with it.
pub(super) fn keys(text: &[u8]) -> Result<Vec<Key>, &'static str> {
    let set: Set = serde_json::from_slice(text).map_err(|_| "this is no JWK Set")?;
    Ok(set.keys.into_iter().filter_map(key).collect())
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
