//! A client that takes every status as an answer and sends no header that a test did not ask for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

/// How long a test waits for an answer before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) version: ureq::http::Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The header of this name; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The media type without parameters.
    pub(crate) fn media_type(&self) -> String {
        self.header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap_or_else(|_| panic!("{}: the body is no UTF-8", self.url))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|cause| panic!("{} ({}): {cause}: {}", self.url, self.status, self.excerpt()))
    }

    /// Fails the test unless the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.url, self.excerpt());
        self
    }

    /// The beginning of the body, for messages.
    pub(crate) fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(400).collect()
    }

    /// The links of a JSON document with this relation.
    pub(crate) fn links(&self, rel: &str) -> Vec<Value> {
        links(&self.json(), rel)
    }
}

/// Where a link of this relation leads, in a `Link` header or in a document, JSON or page.
pub(crate) fn neighbour(answer: &Answer, rel: &str) -> Option<String> {
    let of = format!("rel=\"{rel}\"");
    match answer.header("link") {
        _ if answer.media_type().ends_with("json") => {
            answer.links(rel).first().and_then(|link| link["href"].as_str()).map(str::to_owned)
        }
        _ if answer.media_type() == "text/html" => {
            let text = answer.text();
            let (_, rest) = text.split_once(&format!("{of} href=\""))?;
            let relative = rest.split('"').next()?.replace("&amp;", "&").replace("&#x2f;", "/");
            let (base, query) = (answer.url.split('?').next()?, relative.split_once('?')?.1);
            Some(format!("{base}?{query}"))
        }
        header => {
            let link = header.split(", <").find(|link| link.contains(&of))?;
            Some(link.trim_start_matches('<').split('>').next()?.to_owned())
        }
    }
}

/// The links of a document with this relation.
pub(crate) fn links(document: &Value, rel: &str) -> Vec<Value> {
    let all = document["links"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|link| link["rel"] == rel).collect()
}

fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .accept("")
            .user_agent("")
            .accept_encoding("")
            .allow_non_standard_methods(true)
            .max_response_header_size(1 << 20)
            .timeout_global(Some(PATIENCE))
            .build()
            .into()
    })
}

/// Sends a request and reads its answer; the error is the connection's.
pub(crate) fn attempt(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, String> {
    let failed = |cause: &dyn std::fmt::Display| format!("{method} {url}: {cause}");
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = if body.is_empty() {
        agent().run(request.body(()).map_err(|cause| failed(&cause))?)
    } else {
        let request = agent().configure_request(request.body(body).map_err(|cause| failed(&cause))?);
        agent().run(request.allow_non_standard_methods(true).build())
    };
    let (parts, mut body) = response.map_err(|cause| failed(&cause))?.into_parts();
    let mut bytes = Vec::new();
    body.as_reader().read_to_end(&mut bytes).map_err(|cause| failed(&cause))?;
    Ok(Answer {
        url: url.to_owned(),
        status: parts.status.as_u16(),
        version: parts.version,
        headers: parts.headers,
        body: bytes,
    })
}

/// The same; a connection that fails fails the test.
#[track_caller]
pub(crate) fn send(method: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
    attempt(method, url, headers, &[]).unwrap_or_else(|cause| panic!("{cause}"))
}

/// Sends bytes as they are, which no proper client would, and gives back all that comes until the server closes.
pub(crate) fn raw(authority: &str, request: &[u8]) -> Vec<u8> {
    let mut stream = connect(authority);
    // The server may refuse and close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// A connection on which a test waits no longer than its patience.
pub(crate) fn connect(authority: &str) -> TcpStream {
    let stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The status of a raw answer.
pub(crate) fn status_of(answer: &[u8]) -> u16 {
    let line = String::from_utf8_lossy(answer);
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}
