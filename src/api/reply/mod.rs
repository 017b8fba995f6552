//! Replies: what a handler gives back, which describes itself for the OpenAPI document and renders itself in the format
//! that was negotiated. A handler never knows the format.

use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::data::gate::View;
use crate::data::query::Query;
use crate::error::{Error, Result};
use crate::exchange::cache::{Basis, Found, Keeping, Place};
use crate::message::response::{Head, Response};
use crate::server::context::Context;
use crate::web::negotiate::ending_in_id;
use crate::web::page::content_security_policy;
use crate::web::validators;

use super::check::Values;
use super::html;
use super::openapi::lower::lower_reply;
use super::param::Param;
use super::route::Route;

mod download;
mod features;
mod geojson;
mod page_encoder;
mod paging;
mod schema;

pub(crate) use features::words_of;
pub use features::{FeaturePage, OneFeature, PageWords};
pub use geojson::GeoJson;
pub use schema::JsonSchema;

/// What a handler gives back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no reply",
    note = "replies are Json<T> (T: Serialize + ToSchema), GeoJson, FeaturePage, OneFeature, JsonSchema, Text and Response"
)]
pub trait Reply: Send + Sized + 'static {
    /// What it can be, for the OpenAPI document.
    fn describe() -> Described;

    /// Renders itself.
    fn render(self, rendering: Rendering) -> impl Future<Output = Result<Response>> + Send;
}

/// The description of a reply.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// The formats it can have.
    pub formats: Vec<Format>,
    /// The schema of its JSON formats.
    pub schema: Value,
    /// Schemas that that schema refers to, by name.
    pub components: Vec<(String, Value)>,
}

impl Described {
    /// A reply whose JSON is a value of this type.
    pub fn json<T: ToSchema>(formats: &[Format]) -> Self {
        let mut all: Vec<(String, RefOr<Schema>)> = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut all);
        let components = all
            .into_iter()
            .filter_map(|(name, schema)| {
                let mut schema = serde_json::to_value(schema).ok()?;
                lower_reply(&mut schema);
                Some((name, schema))
            })
            .collect();
        let schema = json!({ "$ref": format!("#/components/schemas/{}", T::name()) });
        Self { formats: formats.to_vec(), schema, components }
    }
}

/// All that rendering needs: the request, the route that answers, the format that was negotiated.
#[derive(Clone)]
pub struct Rendering {
    pub(crate) cx: Context,
    pub(crate) route: Arc<Route>,
    pub(crate) routes: Arc<Vec<Arc<Route>>>,
    pub(crate) params: Arc<Vec<Arc<Param>>>,
    pub(crate) values: Arc<Values>,
    /// The path below the API's root, without a suffix.
    pub(crate) path: String,
    pub(crate) format: Format,
}

impl Rendering {
    /// The request's context.
    pub fn cx(&self) -> &Context {
        &self.cx
    }

    /// The format that was negotiated.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The URL of this very resource with other parameters. Where `f` is among those replaced, a suffix goes as well.
    pub fn url(&self, without: &[&str], more: &[(&str, &str)]) -> String {
        let cx = &self.cx;
        let stem = without.contains(&"f").then(|| ending_in_id(self.path.trim_end_matches('/')));
        let path = stem.as_deref().unwrap_or(cx.rest().trim_end_matches('/'));
        let slash = if path.is_empty() && cx.root().is_empty() { "/" } else { "" };
        let query = cx.head().parameters.query(without, more);
        [cx.base().as_str(), cx.mount(), cx.root(), path, slash, &query].concat()
    }

    /// The links of every document: itself, and itself in the other formats.
    pub fn own_links(&self) -> Vec<Link> {
        let title = self.route.link.as_ref().map_or(&self.route.summary, |(title, _)| title);
        let mut links = vec![Link::new(self.url(&[], &[]), Rel::Itself, self.format.media_type(), "This document")];
        for format in self.route.formats.iter().filter(|format| **format != self.format) {
            let href = self.url(&["f"], &[("f", format.name())]);
            let title = [title, " as ", format.label()].concat();
            links.push(Link::new(href, Rel::Alternate, format.media_type(), title));
        }
        self.led(links)
    }

    /// Says of links to this resource that they are asked by POST, where its body is too long for them.
    fn led(&self, mut links: Vec<Link>) -> Vec<Link> {
        if self.route.body.is_some_and(|body| body.is_beyond_links(&self.cx)) {
            for link in &mut links {
                link.method = Some("POST");
                link.title.iter_mut().for_each(|title| title.push_str(", by POST with the same body"));
            }
        }
        links
    }

    /// Renders a value: as JSON with the document's own links before its links, or as a page made from the same. `page`
    /// holds what only the page is told.
    pub fn value(self, mut value: Value, page: Map<String, Value>) -> Result<Response> {
        if let Some(object) = value.as_object_mut() {
            let mut links = serde_json::to_value(self.own_links()).map_err(Error::internal)?;
            if let (Some(Value::Array(more)), Some(links)) = (object.shift_remove("links"), links.as_array_mut()) {
                links.extend(more);
            }
            object.insert("links".to_owned(), links);
        }
        if self.format == Format::Html {
            return html::page(&self, &value, None, page);
        }
        let body = serde_json::to_vec(&value).map_err(Error::internal)?;
        Ok(self.response(body))
    }

    /// All that an answer with rows of this view depends on: what is asked of the rows, and what else is told.
    fn basis(&self, view: &View, query: &Query, told: impl Hash) -> Basis {
        let mut basis = self.cx.basis(view, self.format.name());
        query.fingerprint(&mut basis);
        told.hash(&mut basis);
        basis
    }

    /// The state of the rows, where it is to be known before they are read: the client says what it has, or an answer may be
    /// kept. Else it comes with them, from a source that tells it.
    async fn state(&self, basis: &Basis, view: &View) -> Option<u64> {
        let head = self.cx.head();
        let comes = view.tells_state() && head.method != Method::HEAD;
        let may_be_known = || head.headers.contains_key(header::IF_NONE_MATCH) || self.cx.answers().has(basis);
        if comes && !may_be_known() { None } else { view.certain_state().await }
    }

    /// Gives an answer its validator, and its age in caches; true where the client has it already, and nothing need be read.
    fn is_known(
        &self,
        basis: u64,
        state: Option<u64>,
        view: &View,
        cache: Option<&HeaderValue>,
        response: &mut Response,
    ) -> bool {
        let tag = state.map(|state| tag(basis, state));
        let headers = &self.cx.head().headers;
        let modified = self.cx.modified(view).and_then(validators::date);
        let is_known = if headers.contains_key(header::IF_NONE_MATCH) {
            tag.as_ref().is_some_and(|tag| validators::is_named(headers, tag))
        } else {
            // To the second, and no later one: a file may be replaced by an older one.
            modified.is_some() && headers.get(header::IF_MODIFIED_SINCE) == modified.as_ref()
        };
        if let Some(tag) = tag {
            response.set(header::ETAG, tag);
        }
        if let Some(modified) = modified {
            response.set(header::LAST_MODIFIED, modified);
        }
        if let Some(cache) = cache {
            response.set(header::CACHE_CONTROL, cache.clone());
        }
        if is_known {
            response.status = StatusCode::NOT_MODIFIED;
        }
        is_known
    }

    /// Gives an answer the validator of the state that came with its rows, and keeps it where there is a place.
    fn keeping(basis: u64, state: Option<u64>, place: Option<Place>, response: &mut Response) -> Option<Keeping> {
        let state = state?;
        response.set(header::ETAG, tag(basis, state));
        place.map(|place| place.keeping(state, &response.head))
    }

    /// An answer that was made of the same in this state, else perhaps a place for the one that will be made. Only one to a
    /// plain question is kept, and where no policy has a say, for who asks is not in the basis. When rows last changed is told
    /// as now.
    fn kept(&self, basis: Basis, state: Option<u64>, view: &View, now: &Head) -> (Option<Response>, Option<Place>) {
        let is_plain = self.cx.head().method == Method::GET && self.format != Format::Html && self.cx.is_open();
        if !is_plain || (state.is_none() && !view.tells_state()) || !view.is_to_be_kept() {
            return (None, None);
        }
        match self.cx.answers().find(basis, state) {
            Found::None => (None, None),
            Found::Place(place) => (None, Some(place)),
            Found::Kept(mut response, rows) => {
                self.cx.head().trace.add_rows(rows);
                if let Some(modified) = now.headers.get(header::LAST_MODIFIED) {
                    response.set(header::LAST_MODIFIED, modified.clone());
                }
                (Some(response), None)
            }
        }
    }

    /// A response in the negotiated format.
    pub fn response(&self, body: impl Into<crate::message::body::Body>) -> Response {
        let mut response = Response::ok(self.format.content_type(), body);
        response.set(header::VARY, HeaderValue::from_static("Accept"));
        if self.format == Format::Html
            && let Ok(policy) = HeaderValue::try_from(content_security_policy(&self.cx.project().map))
        {
            response.set(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// The validator of an answer that was made from this, of rows in this state.
fn tag(basis: u64, state: u64) -> HeaderValue {
    validators::weak(&(basis, state))
}

/// A value that serialises to JSON.
pub struct Json<T> {
    value: T,
    page: Map<String, Value>,
    later: Option<PageWords>,
}

impl<T: Serialize> Json<T> {
    /// A reply with this value.
    pub fn new(value: T) -> Self {
        Self { value, page: Map::new(), later: None }
    }

    /// Tells something to the page alone.
    #[must_use]
    pub fn for_page(mut self, name: &str, value: impl Serialize) -> Self {
        self.page.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    /// Tells the page alone what is made from the value; for other formats nothing is made.
    #[must_use]
    pub fn told(mut self, words: impl FnOnce(&Value) -> Map<String, Value> + Send + 'static) -> Self {
        self.later = Some(Box::new(words));
        self
    }
}

impl<T: Serialize + ToSchema + Send + 'static> Reply for Json<T> {
    fn describe() -> Described {
        Described::json::<T>(&[Format::Json, Format::Html])
    }

    async fn render(self, rendering: Rendering) -> Result<Response> {
        let value = serde_json::to_value(self.value).map_err(Error::internal)?;
        let mut page = self.page;
        if let Some(words) = self.later.filter(|_| rendering.format == Format::Html) {
            page.extend(words(&value));
        }
        rendering.value(value, page)
    }
}

/// Plain text.
pub struct Text(pub String);

impl Reply for Text {
    fn describe() -> Described {
        Described { formats: vec![Format::Text], schema: json!({"type": "string"}), components: Vec::new() }
    }

    async fn render(self, rendering: Rendering) -> Result<Response> {
        Ok(rendering.response(self.0))
    }
}

/// A response that the handler made itself.
impl Reply for Response {
    fn describe() -> Described {
        Described { formats: Format::all().collect(), schema: json!({}), components: Vec::new() }
    }

    async fn render(self, _: Rendering) -> Result<Response> {
        Ok(self)
    }
}
