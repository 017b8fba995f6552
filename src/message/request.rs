//! A request: a head that is cheap to keep, and a body that is taken once.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use super::body::Body;
use super::parameters::{Origin, Parameters};
use super::principal::Principal;
use super::response::REQUEST_ID;
use super::trace::Trace;

/// What is escaped in one segment of a path or one value of a query (RFC 3986: all but the unreserved).
pub const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names a request in its answer and in the log: with a number of ours, or with what the client calls it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId {
    text: [u8; MOST_ID],
    length: usize,
}

/// Longest id of a client's that is taken over: a UUID and what some put around it.
const MOST_ID: usize = 64;

impl RequestId {
    /// An id that no other request of this process has, and hardly one of another.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        static START: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
        let start = START.get_or_init(|| {
            let micros = chrono::Utc::now().timestamp_micros().unsigned_abs();
            (micros ^ (u64::from(std::process::id()) << 40)) << 20
        });
        let mut number = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let mut text = [0; MOST_ID];
        for digit in text[..16].iter_mut().rev() {
            *digit = b"0123456789abcdef"[usize::try_from(number & 15).unwrap_or_default()];
            number >>= 4;
        }
        Self { text, length: 16 }
    }

    /// The client's own id (`X-Request-Id`), where it is short and has nothing that a log could mistake.
    pub fn of_client(headers: &HeaderMap) -> Option<Self> {
        let mut told = headers.get_all(REQUEST_ID).iter();
        let (Some(id), None) = (told.next(), told.next()) else { return None };
        let id = id.as_bytes();
        let fine = (1..=MOST_ID).contains(&id.len())
            && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte));
        let mut text = [0; MOST_ID];
        text.get_mut(..id.len())?.copy_from_slice(id);
        fine.then_some(Self { text, length: id.len() })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Letters, digits and signs of ASCII are all that ever get in.
        std::str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// All of a request but its body.
#[derive(Clone, Debug)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// `http` or `https`, as the gateway saw it; behind a proxy the base URL may say otherwise.
    pub scheme: String,
    /// Host and port, as the gateway saw them.
    pub authority: String,
    /// The path under which the server is mounted in another program, percent-encoded; empty, or `/a/b` without a slash
    /// at the end.
    pub prefix: String,
    /// The path below that prefix, percent-encoded, beginning with a slash.
    pub path: String,
    /// The parameters.
    pub parameters: Parameters,
    /// The headers.
    pub headers: HeaderMap,
    /// Who is at the other end of the connection, where the gateway knows.
    pub peer: Option<IpAddr>,
    /// Who asks, where an authentication found out.
    pub principal: Option<Principal>,
    /// Names the request in the answer and in the log.
    pub id: RequestId,
    /// What the request turned out to be.
    pub trace: Arc<Trace>,
}

/// A request.
pub struct Request {
    head: Arc<Head>,
    /// The body.
    pub body: Body,
}

impl Request {
    /// A request as an embedding program makes it: a method and a URL, absolute (`http://host/path?query`) or from the
    /// root (`/path?query`).
    pub fn new(method: Method, url: &str) -> Self {
        // A path's query may have a URL of its own.
        let absolute = url.split_once("://").filter(|_| !url.starts_with('/'));
        let (scheme, rest) = absolute.unwrap_or(("http", url));
        let (authority, target) = if rest.starts_with('/') {
            ("localhost", rest)
        } else {
            rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()))
        };
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            head: Arc::new(Head {
                method,
                scheme: scheme.to_ascii_lowercase(),
                authority: authority.to_owned(),
                prefix: String::new(),
                path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
                parameters: Parameters::parse(query, Origin::Query),
                headers: HeaderMap::new(),
                peer: None,
                principal: None,
                id: RequestId::next(),
                trace: Arc::default(),
            }),
            body: Body::empty(),
        }
    }

    /// A GET request.
    pub fn get(url: &str) -> Self {
        Self::new(Method::GET, url)
    }

    /// The head.
    pub fn head(&self) -> &Arc<Head> {
        &self.head
    }

    /// The head, to change it; those who keep the old one keep it as it was.
    pub fn head_mut(&mut self) -> &mut Head {
        Arc::make_mut(&mut self.head)
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: http::HeaderName, value: http::HeaderValue) -> Self {
        self.head_mut().headers.append(name, value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_from_clients_where_they_are_harmless() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(REQUEST_ID, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            RequestId::of_client(&headers).map(|id| id.to_string())
        };
        let uuid = "0b7c1a3e-8d1c-4b7e-9f1e-2f3a4b5c6d7e";
        assert_eq!(of(&[uuid]).unwrap(), uuid);
        for wrong in [&[][..], &[""], &["a b"], &["a\"b"], &["<x>"], &["\u{e9}"], &[&"a".repeat(65)], &["a", "a"]] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
        let (one, other) = (RequestId::next(), RequestId::next());
        assert!(one != other && one.as_str().len() == 16);
    }

    #[test]
    fn urls_are_taken_apart() {
        let request = Request::get("https://example.org:8443/a/b%20c?x=1#frag");
        let head = request.head();
        assert_eq!((head.scheme.as_str(), head.authority.as_str()), ("https", "example.org:8443"));
        assert_eq!(head.path, "/a/b%20c");
        assert_eq!(head.parameters.value_of("x"), Some("1"));
        assert_eq!(Request::get("http://h?x=1").head().path, "/");
        assert_eq!(Request::get("/p").head().authority, "localhost");
        assert_eq!(Request::get("/p?crs=http://h/q").head().path, "/p", "a URL in a query is none of the request's");
    }
}
