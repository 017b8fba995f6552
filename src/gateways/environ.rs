//! A request from CGI's variables (RFC 3875), the same for CGI, SCGI and FastCGI.
//!
//! - The prefix is `SCRIPT_NAME`, the path `PATH_INFO`. Servers decode both, so they are read off `REQUEST_URI`, which is as
//!   the client sent it, wherever it fits; where a rewrite made them, they are encoded again.
//! - nginx's stock `fastcgi_params` split nothing: no `PATH_INFO`, and `SCRIPT_NAME` is the whole path. Then the prefix is
//!   empty. `fastcgi_split_path_info`, or `fastcgi_param SCRIPT_NAME /gis;` after the include, gives a prefix.
//! - `HTTP_*` are the headers, but for `HTTP_PROXY`, which programs mistake for a setting (httpoxy). `Authorization` also
//!   comes as `AUTHORIZATION` or `REDIRECT_HTTP_AUTHORIZATION`.
//! - `HTTP_HOST` counts before `SERVER_NAME` and `SERVER_PORT`. Debian's `fastcgi_params` leave its port out: a server on
//!   another port than 80 or 443 wants `fastcgi_param HTTP_HOST $http_host;` after the include, or a fixed base URL.
//! - `REMOTE_USER` becomes the principal, without roles, where `AUTH_TYPE` says that the web server checked it. Debian's
//!   `fastcgi_params` have `REMOTE_USER` always, as the client claims it: nginx with `auth_basic` wants
//!   `fastcgi_param AUTH_TYPE Basic;` as well. No header of a client can set either.
//! - `REMOTE_ADDR` is the peer: as with HTTP, forwarded headers are believed from a trusted address alone.

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use crate::error::{Error, Kind, Result};
use crate::message::body::Body;
use crate::message::parameters::{Origin, Parameters};
use crate::message::principal::Principal;
use crate::message::request::{COMPONENT, Request};

/// What no URL has as it is, though a client may have sent it.
const RAW: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'}');
/// What is escaped in a path that was decoded.
const PATH: &AsciiSet = &COMPONENT
    .remove(b'/')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// Variables that are no header of the request: a trap, those of the connection, and those that stand elsewhere.
const NO_HEADERS: [&str; 9] = [
    "PROXY",
    "HOST",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "CONNECTION",
    "KEEP_ALIVE",
    "TRANSFER_ENCODING",
    "TE",
    "TRAILER",
];

/// The variables of one request, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Environ(Vec<(String, Vec<u8>)>);

impl<N: Into<String>, V: Into<Vec<u8>>> FromIterator<(N, V)> for Environ {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Environ {
    /// A variable. Of several with one name the last counts: configurations include defaults first.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().rfind(|(other, _)| other == name).map(|(_, value)| value.as_slice())
    }

    /// A variable that is text; an empty one is none.
    fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok()).filter(|value| !value.is_empty())
    }

    /// The length of the body, where it is told.
    pub fn content_length(&self) -> Result<Option<u64>> {
        let Some(length) = self.get("CONTENT_LENGTH").filter(|length| !length.is_empty()) else { return Ok(None) };
        let digits = length.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(length).ok().filter(|_| digits).and_then(|length| length.parse().ok());
        number.map(Some).ok_or_else(|| Error::new(Kind::BadRequest, "CONTENT_LENGTH is no number"))
    }

    /// The request that the variables tell.
    pub fn request(&self, body: Body) -> Result<Request> {
        let method = self.get("REQUEST_METHOD").filter(|method| !method.is_empty());
        let method = method.ok_or_else(|| Error::new(Kind::BadRequest, "REQUEST_METHOD is missing"))?;
        let method = Method::from_bytes(method)
            .map_err(|cause| Error::new(Kind::BadRequest, "REQUEST_METHOD is no method").because(cause))?;
        let (prefix, path) = self.target();
        let mut request = Request::new(method, "/");
        let head = request.head_mut();
        self.scheme().clone_into(&mut head.scheme);
        head.authority = self.authority();
        head.prefix = prefix;
        head.path = path;
        head.parameters = Parameters::parse(&percent_encode(self.query(), RAW).to_string(), Origin::Query);
        head.headers = self.headers(&head.authority)?;
        head.peer = self.text("REMOTE_ADDR").and_then(|address| address.parse().ok());
        let checked = self.text("AUTH_TYPE").and_then(|_| self.text("REMOTE_USER"));
        head.principal = checked.map(|name| Principal { name: name.to_owned(), ..Principal::default() });
        request.body = body;
        Ok(request)
    }

    fn scheme(&self) -> &'static str {
        let https = self.text("HTTPS").is_some_and(|https| !https.eq_ignore_ascii_case("off") && https != "0");
        let scheme = self.text("REQUEST_SCHEME");
        if https || scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) { "https" } else { "http" }
    }

    /// Host and port, without the port that is the scheme's own.
    fn authority(&self) -> String {
        let told = self.text("HTTP_HOST").map(str::to_owned);
        let authority = told.unwrap_or_else(|| {
            let name = self.text("SERVER_NAME").unwrap_or("localhost");
            let bare_ipv6 = name.contains(':') && !name.starts_with('[');
            let name = if bare_ipv6 { format!("[{name}]") } else { name.to_owned() };
            match self.text("SERVER_PORT") {
                Some(port) => format!("{name}:{port}"),
                None => name,
            }
        });
        let own = if self.scheme() == "https" { ":443" } else { ":80" };
        authority.strip_suffix(own).map(str::to_owned).unwrap_or(authority)
    }

    /// The query as the client sent it.
    fn query(&self) -> &[u8] {
        let uri = self.get("REQUEST_URI").unwrap_or_default();
        let after = uri.iter().position(|byte| *byte == b'?').map_or(&uri[uri.len()..], |at| &uri[at + 1..]);
        self.get("QUERY_STRING").unwrap_or(after)
    }

    fn headers(&self, authority: &str) -> Result<HeaderMap> {
        let wrong = |name: &str| Error::new(Kind::BadRequest, format!("{name} is no value of a header"));
        let mut headers = HeaderMap::new();
        for (variable, value) in self.0.iter().filter(|(_, value)| !value.is_empty()) {
            let Some(name) = variable.strip_prefix("HTTP_").filter(|name| !NO_HEADERS.contains(name)) else { continue };
            let name = HeaderName::from_bytes(name.replace('_', "-").as_bytes()).map_err(|_| wrong(variable))?;
            headers.append(name, HeaderValue::from_bytes(value).map_err(|_| wrong(variable))?);
        }
        headers.insert(HOST, HeaderValue::try_from(authority).map_err(|_| wrong("HTTP_HOST"))?);
        let mut standing = vec![(CONTENT_TYPE, "CONTENT_TYPE"), (CONTENT_LENGTH, "CONTENT_LENGTH")];
        if !headers.contains_key(AUTHORIZATION) {
            standing.extend([(AUTHORIZATION, "REDIRECT_HTTP_AUTHORIZATION"), (AUTHORIZATION, "AUTHORIZATION")]);
        }
        for (name, variable) in standing {
            if let Some(value) = self.get(variable).filter(|value| !value.is_empty()) {
                headers.insert(name, HeaderValue::from_bytes(value).map_err(|_| wrong(variable))?);
            }
        }
        Ok(headers)
    }

    /// Prefix and path, percent-encoded.
    fn target(&self) -> (String, String) {
        let info = self.get("PATH_INFO");
        let script = self.get("SCRIPT_NAME").unwrap_or_default();
        // A name of one's own comes after that of the include, or by SCGI, whose stock parameters have none.
        let stock = self.0.iter().filter(|(name, _)| name == "SCRIPT_NAME").count() == 1 && self.get("SCGI").is_none();
        let unsplit = stock && info.is_none() && self.get("DOCUMENT_URI") == Some(script);
        let script = if unsplit { &[] } else { without_slash(script) };
        let encoded = |bytes: &[u8], set| percent_encode(bytes, set).to_string();
        if let Some((prefix, path)) = self.raw_target(script, info) {
            return (encoded(prefix, RAW), rooted(encoded(path, RAW)));
        }
        (encoded(script, PATH), rooted(encoded(info.unwrap_or_default(), PATH)))
    }

    /// The path as the client sent it, split after the script's name, where it says the same as the decoded variables.
    fn raw_target<'a>(&'a self, script: &[u8], info: Option<&[u8]>) -> Option<(&'a [u8], &'a [u8])> {
        let uri = self.get("REQUEST_URI")?;
        let path = uri.split(|byte| matches!(byte, b'?' | b'#')).next()?;
        // Some clients of proxies send a whole URL.
        let path = match path.windows(3).position(|three| three == b"://") {
            Some(at) if path[0] != b'/' => {
                let rest = &path[at + 3..];
                &rest[rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len())..]
            }
            _ => path,
        };
        let (prefix, rest) = path.split_at(matched(path, script)?);
        let whole = matches!(rest.first(), None | Some(b'/'));
        let same = |info: &[u8]| {
            let nothing = |path: &[u8]| matches!(path, b"" | b"/");
            matched(rest, info) == Some(rest.len()) || (nothing(info) && nothing(rest))
        };
        (whole && info.is_none_or(same)).then_some((prefix, rest))
    }
}

/// How much of a percent-encoded path decodes to `decoded`, if its beginning does.
fn matched(raw: &[u8], decoded: &[u8]) -> Option<usize> {
    let digit = |at: usize| raw.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut at = 0;
    for wanted in decoded {
        let escaped = (raw.get(at)? == &b'%').then(|| Some(digit(at + 1)? * 16 + digit(at + 2)?)).flatten();
        if escaped.unwrap_or_else(|| raw[at].into()) != u32::from(*wanted) {
            return None;
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
    Some(at)
}

fn without_slash(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"/").unwrap_or(path)
}

fn rooted(path: String) -> String {
    if path.starts_with('/') { path } else { format!("/{path}") }
}

#[cfg(test)]
#[path = "environ_tests.rs"]
mod tests;
