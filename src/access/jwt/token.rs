//! A token's compact form (RFC 7515, 7.1): three parts, read strictly, believed in nothing yet.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Refusal;
use crate::project::access_settings::Algorithm;

/// Longest token that is looked at.
const LONGEST: usize = 16 * 1024;

/// A token whose signature nobody has verified yet.
pub(super) struct Token<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    /// What is signed: header and claims as they came.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    claims: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    /// Text, for a name that is not known here is no fault of JSON.
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

impl<'a> Token<'a> {
    pub(super) fn read(text: &'a [u8]) -> Result<Self, Refusal> {
        if text.len() > LONGEST {
            return Err(Refusal::told("the token is too long"));
        }
        let mut parts = text.split(|byte| *byte == b'.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::hidden("it does not have three parts"));
        };
        let decode = |part: &[u8]| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::hidden("it is not base64url"));
        let header_json: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| Refusal::hidden("its header cannot be read"))?;
        if header_json.crit.is_some() {
            return Err(Refusal::hidden("it needs an extension"));
        }
        let algorithm = match header_json.alg.as_str() {
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            "HS256" => Algorithm::HS256,
            // `none` among them.
            _ => return Err(Refusal::hidden("its algorithm is not known")),
        };
        Ok(Self {
            algorithm,
            key_id: header_json.kid,
            signed: &text[..header.len() + 1 + claims.len()],
            signature: decode(signature)?,
            claims: decode(claims)?,
        })
    }

    /// The claims, for whoever has verified the signature.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, Refusal> {
        serde_json::from_slice(&self.claims).map_err(|_| Refusal::hidden("its claims are no JSON object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(header: &str) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"))
    }

    #[test]
    fn what_is_no_token_is_refused() {
        assert!(Token::read(token(r#"{"alg":"RS256","typ":"JWT"}"#).as_bytes()).is_ok());
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"None"}"#,
            r#"{"alg":""}"#,
            r#"{"alg":null}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":"RS256","alg":"none"}"#,
            r#"{"alg":"RS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"RS256","kid":7}"#,
            r#"{"typ":"JWT"}"#,
            "[]",
            "",
        ] {
            assert!(Token::read(token(header).as_bytes()).is_err(), "{header}");
        }
        let right = token(r#"{"alg":"RS256"}"#);
        for text in ["", ".", "..", &format!("{right}."), &format!("{right}="), &right[1..], &right.replace('.', "..")]
        {
            assert!(Token::read(text.as_bytes()).is_err(), "{text}");
        }
        let long = format!("{right}{}", "A".repeat(LONGEST));
        assert_eq!(Token::read(long.as_bytes()).err().unwrap().told, "the token is too long");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Token::read(&text);
        }
    }
}
