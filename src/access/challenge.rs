//! Credentials in `Authorization`, and the answer to those that are wrong (RFC 9110, 11).

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};

use crate::error::{Error, Kind};

/// The realm where no other is set.
pub const REALM: &str = "Graticule";

/// What a client that must authenticate is told: one way to do it.
#[derive(Clone, Debug)]
pub struct Challenge(HeaderValue);

impl Challenge {
    /// A challenge of a scheme, with parameters beside the realm.
    pub fn new(scheme: &str, realm: &str, parameters: &[(&str, &str)]) -> Self {
        let quoted = |text: &str| text.replace(|c: char| c == '"' || c == '\\' || !(' '..='~').contains(&c), "");
        let all = std::iter::once(("realm", realm)).chain(parameters.iter().copied());
        let parts: Vec<String> = all.map(|(name, value)| format!("{name}=\"{}\"", quoted(value))).collect();
        Self(
            HeaderValue::try_from(format!("{scheme} {}", parts.join(", ")))
                .unwrap_or(HeaderValue::from_static("Basic realm=\"\"")),
        )
    }
}

/// A refusal that tells how to authenticate.
pub(super) fn refused<'a>(message: &'static str, challenges: impl IntoIterator<Item = &'a Challenge>) -> Error {
    let error = Error::new(Kind::Unauthorized, message);
    challenges.into_iter().fold(error, |error, Challenge(value)| error.with_header(WWW_AUTHENTICATE, value.clone()))
}

/// What `Authorization` says under a scheme; nothing where it is not there or speaks another. The error is a second
/// header: servers before and behind this one might each believe another of them.
pub(super) fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Result<Option<&'a [u8]>, ()> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first.map(HeaderValue::as_bytes) else { return Ok(None) };
    let (name, rest) = value.split_at(value.iter().position(|byte| *byte == b' ').unwrap_or(value.len()));
    match (name.eq_ignore_ascii_case(scheme.as_bytes()), second) {
        (_, Some(_)) => Err(()),
        (true, None) => Ok(Some(rest.trim_ascii())),
        (false, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_cannot_break_out_of_its_quotes() {
        let Challenge(value) = Challenge::new("Basic", "a\", x=\"\r\nb\u{e9}", &[("charset", "UTF-8")]);
        assert_eq!(value, "Basic realm=\"a, x=b\", charset=\"UTF-8\"");
    }

    #[test]
    fn a_scheme_is_found_in_any_case_and_alone() {
        let mut headers = HeaderMap::new();
        assert_eq!(credentials(&headers, "Bearer"), Ok(None));
        headers.append(AUTHORIZATION, HeaderValue::from_static("bEARER  abc "));
        assert_eq!(credentials(&headers, "Bearer"), Ok(Some(&b"abc"[..])));
        assert_eq!(credentials(&headers, "Basic"), Ok(None));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Basic eA=="));
        assert_eq!(credentials(&headers, "Bearer"), Err(()));
    }
}
