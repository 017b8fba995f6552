//! What a token must say, and who its bearer is by that.

use serde_json::{Map, Value};

use super::Refusal;
use crate::message::principal::Principal;

/// What is expected of the claims of a token, and where in them name and roles are.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Who must have issued it; anybody whose key is known where left empty.
    pub issuers: Vec<String>,
    /// For whom it must be, one of these; where left empty, it must be for nobody in particular.
    pub audiences: Vec<String>,
    /// The claim with the roles: its name, or a path with dots.
    pub roles: String,
    /// The claim with the name.
    pub name: String,
    /// Seconds by which clocks may differ.
    pub leeway: u32,
}

impl Default for Expected {
    fn default() -> Self {
        let (roles, name) = ("roles".to_owned(), "sub".to_owned());
        Self { issuers: Vec::new(), audiences: Vec::new(), roles, name, leeway: 60 }
    }
}

impl Expected {
    /// The bearer of a token with these claims at this time.
    pub(super) fn principal(&self, claims: &Map<String, Value>, now: i64) -> Result<Principal, Refusal> {
        self.check_times(claims, now)?;
        let issuer = claims.get("iss").and_then(Value::as_str);
        if !self.issuers.is_empty() && !issuer.is_some_and(|issuer| self.issuers.iter().any(|it| it == issuer)) {
            return Err(Refusal::hidden("its issuer is not the right one"));
        }
        match (claims.get("aud"), self.audiences.is_empty()) {
            (None, true) => {}
            (Some(audience), false) if texts(audience).any(|it| self.audiences.iter().any(|ours| ours == it)) => {}
            _ => return Err(Refusal::told("the token is not for this audience")),
        }
        let name = claim(claims, &self.name).and_then(Value::as_str).filter(|name| !name.is_empty());
        let name = name.ok_or(Refusal::hidden("it does not name its bearer"))?;
        let mut principal = Principal::new(name, self.roles(claims));
        principal.claims = claims.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect();
        Ok(principal)
    }

    fn check_times(&self, claims: &Map<String, Value>, now: i64) -> Result<(), Refusal> {
        #[allow(clippy::cast_precision_loss)] // seconds of this age are exact
        let (now, leeway) = (now as f64, f64::from(self.leeway));
        // A token that never ends cannot be called back.
        let expires =
            claims.get("exp").and_then(Value::as_f64).ok_or(Refusal::hidden("it does not say when it ends"))?;
        if now >= expires + leeway {
            return Err(Refusal::told("the token has expired"));
        }
        match claims.get("nbf").map(Value::as_f64) {
            None => Ok(()),
            Some(Some(begins)) if now + leeway >= begins => Ok(()),
            Some(_) => Err(Refusal::told("the token is not valid yet")),
        }
    }

    fn roles(&self, claims: &Map<String, Value>) -> Vec<String> {
        match claim(claims, &self.roles) {
            // A scope is a list that is written with spaces (RFC 8693, 4.2); any other text is one role.
            Some(Value::String(scope)) if self.roles.rsplit('.').next() == Some("scope") => {
                scope.split_ascii_whitespace().map(str::to_owned).collect()
            }
            Some(value) => texts(value).map(str::to_owned).collect(),
            None => Vec::new(),
        }
    }
}

/// The claim of this name, or else at this path: names may have dots themselves (`https://example.org/roles`).
fn claim<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    claim(claims.get(first)?.as_object()?, rest)
}

/// A text, or all texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    value.as_str().into_iter().chain(list.iter().filter_map(Value::as_str))
}

/// A claim as rules bind it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_700_000_000;

    fn read(expected: &Expected, mut claims: Value) -> Result<Principal, &'static str> {
        let object = claims.as_object_mut().unwrap();
        object.entry("sub").or_insert(json!("ann"));
        object.entry("exp").or_insert(json!(NOW + 100));
        expected.principal(object, NOW).map_err(|refusal| refusal.why)
    }

    #[test]
    fn times_have_leeway_and_no_more() {
        let expected = Expected { leeway: 5, ..Expected::default() };
        for exp in [json!(NOW - 4), json!(1e300), json!(1_700_000_000.5)] {
            assert!(read(&expected, json!({ "exp": exp })).is_ok(), "{exp}");
        }
        for exp in [json!(NOW - 5), json!(0), json!(-1e300), json!(null), json!("1800000000"), json!([])] {
            assert!(read(&expected, json!({ "exp": exp })).is_err(), "{exp}");
        }
        assert!(read(&expected, json!({ "nbf": NOW + 5 })).is_ok());
        for nbf in [json!(NOW + 6), json!("0"), json!(null)] {
            assert_eq!(read(&expected, json!({ "nbf": nbf })), Err("the token is not valid yet"), "{nbf}");
        }
    }

    #[test]
    fn issuer_and_audience_must_be_the_right_ones() {
        let expected = Expected {
            issuers: vec!["https://id.example".to_owned()],
            audiences: vec!["gis".to_owned(), "maps".to_owned()],
            ..Expected::default()
        };
        let with = |iss: Value, aud: Value| read(&expected, json!({ "iss": iss, "aud": aud })).is_ok();
        assert!(
            with(json!("https://id.example"), json!("gis")) && with(json!("https://id.example"), json!(["x", "maps"]))
        );
        assert!(
            !with(json!("https://id.example/"), json!("gis")) && !with(json!(["https://id.example"]), json!("gis"))
        );
        for aud in [json!("x"), json!([]), json!(null), json!({ "gis": 1 }), json!([["gis"]])] {
            assert!(!with(json!("https://id.example"), aud.clone()), "{aud}");
        }
        assert!(read(&expected, json!({ "iss": "https://id.example" })).is_err());
        // Whoever expects no audience is none of those that are named.
        assert!(read(&Expected::default(), json!({ "aud": "other" })).is_err());
    }

    #[test]
    fn roles_are_found_where_they_are() {
        let roles = |path: &str, claims: Value| {
            let expected = Expected { roles: path.to_owned(), ..Expected::default() };
            read(&expected, claims).unwrap().roles.join("|")
        };
        assert_eq!(roles("roles", json!({ "roles": ["a", 7, "b c"] })), "a|b c");
        assert_eq!(roles("realm_access.roles", json!({ "realm_access": { "roles": ["a"] } })), "a");
        assert_eq!(roles("https://x.example/roles", json!({ "https://x.example/roles": "GIS admin" })), "GIS admin");
        assert_eq!(roles("scope", json!({ "scope": "read  write" })), "read|write");
        assert_eq!(roles("roles.a", json!({ "roles": "a" })), "");
        assert_eq!(roles("roles", json!({})), "");
    }

    #[test]
    fn single_values_are_claims() {
        let principal = read(&Expected::default(), json!({ "tenant": 7, "ok": true, "list": [1], "o": {} })).unwrap();
        assert_eq!(principal.claims.get("tenant").map(String::as_str), Some("7"));
        assert_eq!(principal.claims.get("ok").map(String::as_str), Some("true"));
        assert!(!principal.claims.contains_key("list") && !principal.claims.contains_key("o"));
        let nobody = Expected { name: "email".to_owned(), ..Expected::default() };
        assert!(read(&nobody, json!({})).is_err());
    }
}
