//! What `GetFeature` and `GetPropertyValue` ask for, from keys and values or from XML alike.

use crate::base::datetime::Instant;
use crate::base::xml::is_name;
use crate::data::query::{Query, SortBy};
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::formats::gml::{Srs, Version};
use crate::message::parameters::Origin;
use crate::message::request::COMPONENT;
use crate::server::context::Context;
use crate::services::ows::endpoint;
use crate::services::ows::kvp::{Kvp, invalid};

use super::Call;
use super::dialects::gml;
use super::names::{FeatureType, Names, Property};
use super::output_format::OutputFormat;
use super::srs::{self, Named};

mod kvp;
mod xml;

/// A request for features.
pub(super) struct Ask {
    pub(super) what: What,
    /// Features to pass over.
    pub(super) start: u64,
    /// Most features, over all types.
    pub(super) count: Option<u64>,
    /// Whether only the number is asked for.
    pub(super) hits: bool,
    /// The format, where the client names one.
    pub(super) format: Option<String>,
    /// The property of `GetPropertyValue`.
    pub(super) value: Option<String>,
    /// The request as keys and values, without the page: links to other pages are made of it.
    pairs: Vec<(String, String)>,
}

/// What is asked for.
pub(super) enum What {
    /// Features of some types.
    Queries(Vec<TypeQuery>),
    /// One feature, by the stored query.
    ById(String),
}

/// A question for features of one type.
pub(super) struct TypeQuery {
    pub(super) of: FeatureType,
    /// What is shown of them; all where `None`.
    pub(super) shown: Option<Vec<Property>>,
    pub(super) filter: Option<Expr>,
    pub(super) sort: Vec<SortBy>,
    pub(super) srs: Option<Named>,
    /// Another name of the type, which paths of the query may begin with.
    alias: Option<String>,
}

/// Of the pairs of a request, those that a link to another page says itself, and those that are in its URL already.
const PAGE: [&str; 5] = ["STARTINDEX", "COUNT", "MAXFEATURES", "RESULTTYPE", "MAP"];

impl Ask {
    /// Reads a request.
    pub(super) fn read(call: &Call<'_>) -> Result<Self> {
        let reader = Kvp::new(call.cx.head());
        let names = Names::new(call.cx, reader)?;
        let mut ask = match &call.xml {
            Some(root) => xml::read(call, &names, root)?,
            None => kvp::read(call, &names, reader)?,
        };
        if let Some(most) = call.cx.project().wfs.max_features {
            ask.count = Some(ask.count.map_or(most, |count| count.min(most)));
        }
        Ok(ask)
    }

    /// The format of the answer.
    pub(super) fn output_format(&self, call: &Call<'_>) -> Result<OutputFormat> {
        let usual = gml(call.dialect);
        self.format.as_deref().map_or(Ok(OutputFormat::Gml(usual)), |name| OutputFormat::read(name, usual))
    }

    /// The absolute URL of the same request for another page.
    pub(super) fn page(&self, cx: &Context, start: u64, count: u64) -> String {
        let mut url = endpoint::prefix(cx);
        let page = [("STARTINDEX".to_owned(), start.to_string()), ("COUNT".to_owned(), count.to_string())];
        for (at, (name, value)) in self.pairs.iter().chain(&page).enumerate() {
            if at > 0 {
                url.push('&');
            }
            url.extend(percent_encoding::utf8_percent_encode(name, COMPONENT));
            url.push('=');
            url.extend(percent_encoding::utf8_percent_encode(value, COMPONENT));
        }
        url
    }
}

impl TypeQuery {
    /// All features of a type.
    pub(super) fn new(of: FeatureType) -> Self {
        Self { of, shown: None, filter: None, sort: Vec::new(), srs: None, alias: None }
    }

    /// Adds a condition that must hold as well.
    pub(super) fn and(&mut self, expr: Expr) {
        let mut query = Query { filter: self.filter.take(), ..Query::default() };
        query.and(expr);
        self.filter = query.filter;
    }

    /// The same question with what is shown chosen anew.
    pub(super) fn showing(&self, property: Property) -> Self {
        Self {
            of: self.of.clone(),
            shown: Some(vec![property]),
            filter: self.filter.clone(),
            sort: self.sort.clone(),
            srs: self.srs.clone(),
            alias: self.alias.clone(),
        }
    }

    /// Takes another name for the type.
    fn call(&mut self, at: &str, alias: &str) -> Result<()> {
        if !is_name(alias) {
            return Err(invalid(at, alias, "a name for the feature type"));
        }
        self.alias = Some(alias.to_owned());
        Ok(())
    }

    /// Takes the names of properties; `*` is all.
    fn show<'n>(&mut self, at: &str, names: impl Iterator<Item = &'n str>) -> Result<()> {
        let mut shown = Vec::new();
        for name in names.map(str::trim).filter(|name| !name.is_empty()) {
            if name == "*" || name.ends_with("/*") {
                return Ok(());
            }
            shown.push(self.of.property(at, name)?);
        }
        if !shown.is_empty() {
            self.shown = Some(shown);
        }
        Ok(())
    }

    /// Adds a property to the order.
    fn sort_by(&mut self, at: &str, name: &str, descending: bool) -> Result<()> {
        let property = match self.of.property(at, name)? {
            Property::Field(name) => name,
            Property::Id => self.of.schema().key.0.clone(),
            Property::Geometry => {
                return Err(invalid(at, name, "a property that has an order, which a geometry has not"));
            }
        };
        self.sort.push(SortBy { property, descending });
        Ok(())
    }

    /// The question for the gate, and how coordinates are written.
    pub(super) fn query(&self, version: Option<Version>) -> (Query, Srs) {
        let (schema, decimals) = (self.of.schema(), self.of.layer.decimals);
        let (crs, srs) = if let Some(version) = version {
            srs::written(self.srs.as_ref(), schema, version, decimals)
        } else {
            // Other formats have x first, in CRS84 where the client does not say otherwise.
            let crs = self.srs.as_ref().map(|named| named.crs.clone()).unwrap_or_default();
            (crs, Srs { name: String::new(), swap: false, decimals })
        };
        // In the order of the schema, which the answer has to keep.
        let properties = self.shown.as_ref().map(|shown| {
            let is_shown = |name: &String| shown.iter().any(|it| matches!(it, Property::Field(other) if other == name));
            schema.fields.iter().map(|field| field.name.clone()).filter(is_shown).collect()
        });
        let without_geometry = self.shown.as_ref().is_some_and(|shown| !shown.contains(&Property::Geometry));
        let (filter, sort) = (self.filter.clone(), self.sort.clone());
        (Query { filter, properties, without_geometry, crs, sort, ..Query::default() }, srs)
    }
}

/// What takes several types at once.
fn joins(at: &str, words: &'static str) -> Error {
    Error::new(Kind::Unsupported, words).at(at.to_owned()).coded("OptionNotSupported")
}

/// Whether only the number is asked for.
fn is_hits(text: Option<&str>) -> Result<bool> {
    match text {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("results") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("hits") => Ok(true),
        Some(text) => Err(invalid("RESULTTYPE", text, "results or hits")),
    }
}

/// Features refer to nothing, so that nothing is left to be resolved in the answer; elsewhere nothing is asked.
fn resolvable(text: Option<&str>) -> Result<()> {
    match text {
        None | Some("none" | "local") => Ok(()),
        Some(text @ ("all" | "remote")) => {
            let message = format!("RESOLVE is '{text}', expected none or local");
            Err(Error::new(Kind::Unsupported, message).at("RESOLVE").coded("OptionNotSupported"))
        }
        Some(text) => Err(invalid("RESOLVE", text, "none or local")),
    }
}

/// The one stored query that there is, by the names that editions of the standard give it.
pub(super) const BY_ID: [&str; 3] = [
    "urn:ogc:def:query:OGC-WFS::GetFeatureById",
    "urn:ogc:def:storedQuery:OGC-WFS::GetFeatureById",
    "http://www.opengis.net/def/query/OGC-WFS/0/GetFeatureById",
];

/// A stored query by its name, with the value of its parameter.
fn stored(name: &str, id: Option<&str>) -> Result<What> {
    if !BY_ID.contains(&name) {
        return Err(invalid("STOREDQUERY_ID", name, &format!("the name of a stored query: {}", BY_ID[0])));
    }
    let id = id.filter(|id| !id.is_empty());
    let missing = || Error::new(Kind::MissingParameter, "the stored query wants the id of a feature as ID").at("ID");
    id.map(|id| What::ById(id.to_owned())).ok_or_else(missing)
}

/// The pairs that came, but those that a page has itself.
fn pairs(cx: &Context) -> Vec<(String, String)> {
    let parameters = cx.head().parameters.iter();
    let kept = parameters.filter(|it| {
        !matches!(it.origin, Origin::Filter | Origin::Xml | Origin::Body)
            && !PAGE.iter().any(|name| it.name.eq_ignore_ascii_case(name))
    });
    kept.filter_map(|it| Some((it.name.clone(), it.value.clone()?))).collect()
}

/// When an answer is made, as its root says.
pub(super) fn time_stamp() -> Instant {
    Instant::now().to_seconds()
}
