//! A server in memory, its answers, and services that tests can hold in their hands.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use graticule::api::{NoParams, OgcApi, Text, get};
use graticule::base::crs::Crs;
use graticule::message::body::Body;
use graticule::message::request::Request;
use graticule::message::response::{Head, Response};
use graticule::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema, TimeFields};
use graticule::model::value::{FeatureId, Value};
use graticule::project::catalog::{Layer, Project};
use graticule::project::settings::Limit;
use graticule::server::service::{Dialect, Service};
use graticule::sources::memory::{Memory, MemoryRow};
use graticule::{Builder, Context, Result, Server, standard};
use http::{HeaderName, HeaderValue, Method};
use tokio::sync::mpsc;

/// An answer, its body read.
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header; empty where it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.head.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn read(response: Response) -> Answer {
    let Response { head, body } = response;
    Answer { head, body: body.collect(usize::MAX).await.unwrap() }
}

pub(crate) async fn ask(server: &Server, url: &str) -> Answer {
    read(server.handle(Request::get(url)).await).await
}

/// Asks with a method, headers and a body.
pub(crate) async fn ask_with(
    server: &Server,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::new(method, url);
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        request = request.with_header(name, HeaderValue::from_str(value).unwrap());
    }
    request.body = body.to_owned().into();
    read(server.handle(request).await).await
}

/// The schema of the layers in memory.
pub(crate) fn schema() -> Schema {
    Schema {
        fields: vec![
            Field::new("name", FieldKind::String),
            Field::new("n", FieldKind::Integer),
            Field::new("role", FieldKind::String),
            Field::new("at", FieldKind::DateTime),
        ],
        key: ("fid".to_owned(), KeyKind::Integer),
        geometry: Some(GeometryField {
            name: "geom".to_owned(),
            kind: GeometryKind::Point,
            crs: Crs::Crs84,
            epoch: None,
            has_z: false,
        }),
        time: Some(TimeFields { start: 3, end: None }),
    }
}

/// A point as WKB.
pub(crate) fn point(x: f64, y: f64) -> Vec<u8> {
    let mut wkb = vec![1, 1, 0, 0, 0];
    wkb.extend(x.to_le_bytes());
    wkb.extend(y.to_le_bytes());
    wkb
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Row `n`: at longitude and latitude `n`, in the year 2000 + `n`; the role is `user` for even ones.
pub(crate) fn row(n: i64) -> MemoryRow {
    let role = if n % 2 == 0 { "user" } else { "admin" };
    #[allow(clippy::cast_precision_loss)] // small
    let at = (n % 90) as f64;
    let time = graticule::base::datetime::Instant::parse(&format!("{}-06-01T00:00:00Z", 2000 + n % 90)).unwrap();
    let values = vec![text(&format!("row {n}")), Value::Int(n), text(role), Value::Instant(time)];
    (FeatureId::Int(n), Some(point(at, at)), values)
}

pub(crate) fn layer(id: &str, rows: i64) -> Layer {
    let source = Memory::new(schema(), (0..rows).map(row).collect()).unwrap();
    let mut layer = Layer::new(id, Arc::new(source));
    layer.limit = Limit { default: 10, maximum: 10_000 };
    layer
}

/// A project with `few` (10 rows) and `many` (10,000).
pub(crate) fn project() -> Project {
    Project::new("Test").with(layer("few", 10)).unwrap().with(layer("many", 10_000)).unwrap()
}

/// The standard server with an API whose handler panics.
pub(crate) fn builder(project: Project) -> Builder {
    standard::server(project).api(OgcApi::new("/panic", "Panic").route(get("", "panic", panicking)))
}

async fn panicking(_: Context, _: NoParams) -> Result<Text> {
    panic!("a handler's panic")
}

/// A service that answers `SERVICE=STATIC` with a text and its length.
pub(crate) struct Static(pub(crate) &'static str);

impl Service for Static {
    fn name(&self) -> &'static str {
        "STATIC"
    }

    fn dialects(&self) -> &'static [Dialect] {
        const { &[Dialect::new("1.0.0")] }
    }

    async fn execute(&self, _: Context, _: &mut Request, _: &'static Dialect) -> Result<Response> {
        let mut response = Response::ok("text/plain", self.0);
        response.set(http::header::CONTENT_LENGTH, self.0.len().into());
        Ok(response)
    }
}

/// A service that answers `SERVICE=DRIP` with the chunks that a test sends; without a channel it never answers.
pub(crate) struct Drip(Mutex<Option<mpsc::UnboundedReceiver<Result<Bytes>>>>);

/// The chunks of the next answer of a [`Drip`].
pub(crate) type Tap = mpsc::UnboundedSender<Result<Bytes>>;

impl Drip {
    pub(crate) fn new() -> (Tap, Self) {
        let (tap, drops) = mpsc::unbounded_channel();
        (tap, Self(Mutex::new(Some(drops))))
    }

    pub(crate) fn never() -> Self {
        Self(Mutex::new(None))
    }
}

impl Service for Drip {
    fn name(&self) -> &'static str {
        "DRIP"
    }

    fn dialects(&self) -> &'static [Dialect] {
        const { &[Dialect::new("1.0.0")] }
    }

    async fn execute(&self, _: Context, _: &mut Request, _: &'static Dialect) -> Result<Response> {
        let drops = self.0.lock().unwrap().take();
        let Some(drops) = drops else { return std::future::pending().await };
        let drops = stream::unfold(drops, |mut drops| async move { Some((drops.recv().await?, drops)) });
        Ok(Response::ok("text/plain", Bytes::new()))
            .map(|response| Response { body: Body::Stream(Box::pin(drops)), ..response })
    }
}
