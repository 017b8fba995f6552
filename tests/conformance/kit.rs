//! What every check uses: the server under test, found by its links, and what is asked of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value;

use super::known::Known;
use crate::harness::client::{self, Answer};
use crate::harness::schema;

/// Why a check ends before its end.
pub(crate) enum Stop {
    /// There is nothing to check it with.
    Skip(String),
    /// The requirement is not met.
    Fail(String),
}

pub(crate) type Checked<T = ()> = Result<T, Stop>;

/// Fails the check unless the condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::kit::Stop::Fail(format!($($message)+)));
        }
    };
}

/// Skips the check.
pub(crate) fn skip<T>(why: impl Into<String>) -> Checked<T> {
    Err(Stop::Skip(why.into()))
}

/// Fails the check.
pub(crate) fn fail<T>(why: impl Into<String>) -> Checked<T> {
    Err(Stop::Fail(why.into()))
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const GEOJSON: &str = "application/geo+json";
pub(crate) const HTML: &str = "text/html";
const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";

/// More collections than these are not looked at one by one: another server may have thousands.
const MOST_COLLECTIONS: usize = 60;

/// The server under test.
pub(crate) struct Kit {
    /// The landing page, without a slash at the end.
    pub(crate) root: String,
    landing: OnceLock<Value>,
    collections: OnceLock<Vec<Collection>>,
    api: OnceLock<Value>,
    conforms_to: OnceLock<Vec<String>>,
    known: Mutex<BTreeMap<String, Arc<Known>>>,
}

/// A collection of features.
#[derive(Clone)]
pub(crate) struct Collection {
    pub(crate) id: String,
    pub(crate) value: Value,
    /// Its own address.
    pub(crate) url: String,
    /// Its items as GeoJSON, by the link to them.
    pub(crate) items: String,
}

impl Kit {
    pub(crate) fn new(root: &str) -> Self {
        let root = root.trim_end_matches('/').to_owned();
        Self {
            root,
            landing: OnceLock::new(),
            collections: OnceLock::new(),
            api: OnceLock::new(),
            conforms_to: OnceLock::new(),
            known: Mutex::new(BTreeMap::new()),
        }
    }

    /// What a collection is without a filter.
    pub(crate) fn known(&self, collection: &Collection) -> Checked<Arc<Known>> {
        if let Some(known) = self.known.lock().unwrap().get(&collection.id) {
            return Ok(known.clone());
        }
        let known = Arc::new(Known::read(self, collection)?);
        self.known.lock().unwrap().insert(collection.id.clone(), known.clone());
        Ok(known)
    }

    /// The address of a schema of a collection, by its link: `schema`, `queryables` or `sortables`.
    #[allow(clippy::unused_self, reason = "checks ask the kit")]
    pub(crate) fn schema_url(&self, collection: &Collection, name: &str) -> Checked<String> {
        let rels = [format!("http://www.opengis.net/def/rel/ogc/1.0/{name}"), format!("[ogc-rel:{name}]")];
        let mut found: Vec<Value> = rels.iter().flat_map(|rel| client::links(&collection.value, rel)).collect();
        found.sort_by_key(|link| link["type"].as_str().is_some_and(|kind| kind.contains("html")));
        match found.first().and_then(|link| link["href"].as_str()) {
            Some(href) => Ok(resolve(&collection.url, href)),
            None => fail(format!("collection {} has no link with rel {}", collection.id, rels[0])),
        }
    }

    /// Skips the check where a class (the end of its URI) is not declared.
    pub(crate) fn needs(&self, class: &str) -> Checked {
        if self.declares(class)? { Ok(()) } else { skip(format!("the class {class} is not declared")) }
    }

    /// Asks, and wants 400.
    pub(crate) fn refused(&self, url: &str) -> Checked {
        let answer = self.get(url, GEOJSON)?;
        ensure!(answer.status == 400, "{url}: status {}, not 400", answer.status);
        Ok(())
    }

    /// Asks with an `Accept` header (none where it is empty).
    #[allow(clippy::unused_self, reason = "checks ask the kit")]
    pub(crate) fn get(&self, url: &str, accept: &str) -> Checked<Answer> {
        send("GET", url, &if accept.is_empty() { vec![] } else { vec![("Accept", accept)] })
    }

    /// The JSON of an answer of 200.
    pub(crate) fn json(&self, url: &str, accept: &str) -> Checked<Value> {
        let answer = self.get(url, accept)?;
        ensure!(answer.status == 200, "{url}: status {}: {}", answer.status, answer.excerpt());
        parse(&answer)
    }

    pub(crate) fn landing(&self) -> Checked<&Value> {
        keep(&self.landing, || self.json(&self.root, JSON))
    }

    /// A link of the landing page with one of these relations, resolved.
    pub(crate) fn linked(&self, rels: &[&str]) -> Checked<String> {
        let landing = self.landing()?;
        let found = rels.iter().flat_map(|rel| client::links(landing, rel));
        let mut found: Vec<Value> = found.filter(|link| link["href"].is_string()).collect();
        // JSON first: a server may link the page as well.
        found.sort_by_key(|link| link["type"].as_str().is_some_and(|it| it.contains("html")));
        match found.first().and_then(|link| link["href"].as_str()) {
            Some(href) => Ok(resolve(&self.root, href)),
            None => fail(format!("the landing page has no link with rel {}", rels.join(" or "))),
        }
    }

    pub(crate) fn collections_url(&self) -> Checked<String> {
        self.linked(&["data", "http://www.opengis.net/def/rel/ogc/1.0/data"])
    }

    /// The list of functions, whose path the standard fixes.
    pub(crate) fn functions_url(&self) -> String {
        let bare = self.root.split('?').next().unwrap_or_default();
        with_query_of(&format!("{}/functions", bare.trim_end_matches('/')), &self.root)
    }

    /// Every collection of features.
    pub(crate) fn collections(&self) -> Checked<&[Collection]> {
        let all = keep(&self.collections, || {
            let url = self.collections_url()?;
            let list = self.json(&url, JSON)?;
            let all = list["collections"].as_array().cloned().unwrap_or_default();
            // An API may list grids or documents beside features, and says so by itemType, or by links to no items. Where
            // nothing has items, a server of features forgot them.
            let any_items = all.iter().any(|it| !client::links(it, "items").is_empty());
            let of_features = all.into_iter().filter(|it| match it["itemType"].as_str() {
                Some(kind) => kind == "feature",
                None => !any_items || !client::links(it, "items").is_empty(),
            });
            let described = of_features.take(MOST_COLLECTIONS).map(|value| Self::collection(&url, value));
            described.collect()
        })?;
        if all.is_empty() { skip("there is no collection of features") } else { Ok(all) }
    }

    fn collection(list: &str, value: Value) -> Checked<Collection> {
        let Some(id) = value["id"].as_str().map(str::to_owned) else {
            return fail(format!("{list}: a collection without id"));
        };
        let items = client::links(&value, "items");
        let geojson = items.iter().find(|link| link["type"] == GEOJSON).or(items.first());
        let Some(href) = geojson.and_then(|link| link["href"].as_str()) else {
            return fail(format!("{list}: collection {id} has no link with rel items"));
        };
        let own = list.split('?').next().unwrap_or_default();
        let url = with_query_of(&format!("{}/{}", own.trim_end_matches('/'), encoded(&id)), list);
        Ok(Collection { items: resolve(list, href), url, id, value })
    }

    /// The OpenAPI document.
    pub(crate) fn api(&self) -> Checked<&Value> {
        if !self.declares("ogcapi-features-1/1.0/conf/oas30")? {
            return skip("the class oas30 is not declared");
        }
        keep(&self.api, || {
            let url = self.linked(&["service-desc"])?;
            self.json(&url, OPENAPI)
        })
    }

    /// Whether a conformance class (the end of its URI) is declared.
    pub(crate) fn declares(&self, class: &str) -> Checked<bool> {
        let classes = keep(&self.conforms_to, || {
            let url = self.linked(&["conformance", "http://www.opengis.net/def/rel/ogc/1.0/conformance"])?;
            let declared = self.json(&url, JSON)?;
            let classes = declared["conformsTo"].as_array().cloned().unwrap_or_default();
            Ok(classes.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        })?;
        Ok(classes.iter().any(|uri| uri.ends_with(class)))
    }
}

/// Asks with any method and headers.
pub(crate) fn send(method: &str, url: &str, headers: &[(&str, &str)]) -> Checked<Answer> {
    client::attempt(method, url, headers, &[]).map_err(Stop::Fail)
}

fn keep<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Checked<T>) -> Checked<&T> {
    match cell.get() {
        Some(kept) => Ok(kept),
        None => make().map(|value| cell.get_or_init(|| value)),
    }
}

/// The JSON of an answer.
pub(crate) fn parse(answer: &Answer) -> Checked<Value> {
    serde_json::from_slice(&answer.body)
        .map_err(|cause| Stop::Fail(format!("{}: the answer is no JSON: {cause}: {}", answer.url, answer.excerpt())))
}

/// What a value of an API document refers to, or the value itself. What lies outside of the document is not followed.
pub(crate) fn referred<'a>(api: &'a Value, value: &'a Value) -> Checked<&'a Value> {
    let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Ok(value) };
    if !reference.starts_with('#') {
        return skip(format!("the API document refers to {reference}, which is not followed"));
    }
    schema::resolve(api, reference).ok_or_else(|| Stop::Fail(format!("{reference} leads nowhere in the API document")))
}

/// A link's address, from the document in which it stands.
pub(crate) fn resolve(document: &str, href: &str) -> String {
    if href.contains("://") {
        return href.to_owned();
    }
    let authority_end = document.find("://").map_or(0, |at| at + 3);
    let path_start = document[authority_end..].find('/').map_or(document.len(), |at| authority_end + at);
    let bare = document.split('?').next().unwrap_or_default();
    match href.chars().next() {
        Some('/') => format!("{}{href}", &document[..path_start]),
        Some('?') => format!("{bare}{href}"),
        _ => {
            let (mut folder, mut rest) = (parent(bare, path_start), href.trim_start_matches("./"));
            while let Some(further) = rest.strip_prefix("../") {
                (folder, rest) = (parent(folder, path_start), further);
            }
            format!("{folder}/{rest}")
        }
    }
}

/// What stands before the last slash of an address, whose path starts there.
fn parent(address: &str, path_start: usize) -> &str {
    &address[..address.rfind('/').filter(|at| *at >= path_start).unwrap_or(address.len())]
}

/// An address with further parameters.
pub(crate) fn with(url: &str, query: &str) -> String {
    match query {
        "" => url.to_owned(),
        _ if url.contains('?') => format!("{url}&{query}"),
        _ => format!("{url}?{query}"),
    }
}

/// A path with the query string of another address: a server may choose a project by it.
pub(crate) fn with_query_of(url: &str, other: &str) -> String {
    other.split_once('?').map_or_else(|| url.to_owned(), |(_, query)| format!("{url}?{query}"))
}

/// A text as one segment of a path or value of a query.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, graticule::message::request::COMPONENT).to_string()
}

/// The parameters of a query string as they stand.
pub(crate) fn parameters(url: &str) -> BTreeMap<String, String> {
    let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// The features of a page.
pub(crate) fn features(page: &Value) -> Vec<Value> {
    page["features"].as_array().cloned().unwrap_or_default()
}

/// The id of a feature as text.
pub(crate) fn id_of(feature: &Value) -> String {
    feature["id"].as_str().map_or_else(|| feature["id"].to_string(), str::to_owned)
}
