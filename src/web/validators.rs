//! Validators (RFC 9110, 8.8 and 13): whether a client has an answer already, so that it need not be sent again.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::SystemTime;

use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH,
};
use http::{Method, StatusCode};

use crate::data::source::has_settled;
use crate::message::body::Body;
use crate::message::request::Head;
use crate::message::response::Response;

/// The strong validator of these bytes.
pub fn strong(bytes: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The weak validator of whatever was hashed: what has the same says the same, perhaps in other bytes.
pub fn weak(what: &impl Hash) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    HeaderValue::try_from(format!("W/\"{:016x}\"", hasher.finish())).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// A time as headers have it; none where it is so near that another change may have it as well.
pub fn date(time: SystemTime) -> Option<HeaderValue> {
    thread_local! {
        /// A file that is read again and again has the same time.
        static LAST: RefCell<Option<(SystemTime, HeaderValue)>> = const { RefCell::new(None) };
    }
    if !has_settled(time) {
        return None;
    }
    LAST.with_borrow_mut(|last| match last {
        Some((of, value)) if *of == time => Some(value.clone()),
        _ => {
            let text = chrono::DateTime::<chrono::Utc>::from(time).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let value = HeaderValue::try_from(text).ok()?;
            *last = Some((time, value.clone()));
            Some(value)
        }
    })
}

/// Whether the client has what has this validator (`If-None-Match`, by weak comparison), or anything at all (`*`): for what is
/// known to exist.
fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    wished(headers).any(|one| one == b"*") || is_named(headers, tag)
}

/// Whether the client names this validator, which it has from a whole answer; `*` names none.
pub fn is_named(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    fn opaque(tag: &[u8]) -> &[u8] {
        tag.strip_prefix(b"W/").unwrap_or(tag)
    }
    wished(headers).any(|one| opaque(one) == opaque(tag.as_bytes()))
}

/// Whether the answer is the one that the client means, where it says so (`If-Match`, by strong comparison: a weak validator is
/// that of no certain bytes).
fn is_matched(headers: &HeaderMap, tag: Option<&HeaderValue>) -> bool {
    let tag = tag.map(HeaderValue::as_bytes).filter(|tag| !tag.starts_with(b"W/"));
    !headers.contains_key(IF_MATCH) || listed(headers, IF_MATCH).any(|one| one == b"*" || Some(one) == tag)
}

fn wished(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    listed(headers, IF_NONE_MATCH)
}

fn listed(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    let values = headers.get_all(name).iter();
    values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// Gives a document a validator, where nobody has, and answers 304 where the client has it already, or 412 where it means another. Whatever has one may be
/// kept, but is asked for again each time, unless something else was said.
pub fn settle(request: &Head, response: &mut Response) {
    let is_asked = request.method == Method::GET || request.method == Method::HEAD;
    if !is_asked || response.raised.is_some() || !matches!(response.status, StatusCode::OK | StatusCode::NOT_MODIFIED) {
        return;
    }
    if let Body::Whole(bytes) = &response.body
        && !bytes.is_empty()
        && !response.headers.contains_key(ETAG)
    {
        let tag = strong(bytes);
        response.set(ETAG, tag);
    }
    let tag = response.headers.get(ETAG);
    if !is_matched(&request.headers, tag) {
        empty(response, StatusCode::PRECONDITION_FAILED);
        return;
    }
    let Some(tag) = tag else { return };
    if response.status == StatusCode::NOT_MODIFIED || is_known(&request.headers, tag) {
        empty(response, StatusCode::NOT_MODIFIED);
    }
    let told = match response.headers.get(CACHE_CONTROL).map(HeaderValue::as_bytes) {
        None => "no-cache",
        Some(b"private") => "private, no-cache",
        Some(_) => return,
    };
    response.set(CACHE_CONTROL, HeaderValue::from_static(told));
}

fn empty(response: &mut Response, status: StatusCode) {
    response.status = status;
    response.body = Body::empty();
    response.headers.remove(CONTENT_LENGTH);
    response.headers.remove(CONTENT_TYPE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::request::Request;

    fn asked(tag: &str) -> Request {
        Request::get("/").with_header(IF_NONE_MATCH, HeaderValue::from_str(tag).unwrap())
    }

    #[test]
    fn validators_are_compared_weakly_and_in_lists() {
        let known = |tag: &str, own: &'static str| is_known(&asked(tag).head().headers, &HeaderValue::from_static(own));
        assert!(known("\"a\"", "\"a\"") && known("W/\"a\"", "\"a\"") && known("\"a\"", "W/\"a\""));
        assert!(known("\"x\", W/\"a\"", "\"a\"") && known("*", "\"a\""));
        assert!(!known("\"b\"", "\"a\"") && !known("a", "\"a\"") && !known("", "\"a\""));
    }

    #[test]
    fn a_time_that_is_too_near_is_not_told() {
        assert_eq!(date(SystemTime::UNIX_EPOCH).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert!(date(SystemTime::now()).is_none());
    }

    #[test]
    fn a_document_has_a_validator_and_is_not_sent_twice() {
        let mut first = Response::ok("text/plain", "some text");
        settle(Request::get("/").head(), &mut first);
        let tag = first.headers[ETAG].to_str().unwrap().to_owned();
        assert!(first.status == 200 && first.headers[CACHE_CONTROL] == "no-cache");
        let mut again = Response::ok("text/plain", "some text");
        settle(asked(&tag).head(), &mut again);
        assert!(again.status == 304 && again.body.is_empty() && !again.headers.contains_key(CONTENT_TYPE));
        let mut changed = Response::ok("text/plain", "other text");
        settle(asked(&tag).head(), &mut changed);
        assert_eq!(changed.status, 200);
        for (meant, status) in [(tag.as_str(), 200), ("*", 200), ("\"a\", \"b\"", 412), (&format!("W/{tag}"), 412)] {
            let request = Request::get("/").with_header(IF_MATCH, HeaderValue::from_str(meant).unwrap());
            let mut answer = Response::ok("text/plain", "some text");
            settle(request.head(), &mut answer);
            assert_eq!((answer.status.as_u16(), answer.body.is_empty()), (status, status == 412), "{meant}");
        }
        let mut posted = Response::ok("text/plain", "some text");
        settle(Request::new(Method::POST, "/").head(), &mut posted);
        assert!(!posted.headers.contains_key(ETAG));
    }
}
