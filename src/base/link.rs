//! Links (RFC 8288) as the OGC APIs write them.

use serde::Serialize;
use utoipa::ToSchema;

/// The relation of a link to what it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rel {
    /// This document.
    #[serde(rename = "self")]
    Itself,
    /// The same in another format.
    Alternate,
    /// The collection that a feature belongs to.
    Collection,
    /// One thing of a list.
    Item,
    /// The features of a collection.
    Items,
    /// The next page.
    Next,
    /// The page before.
    Prev,
    /// The first page.
    First,
    /// What an API has to offer.
    Data,
    /// The conformance declaration.
    Conformance,
    /// The API's definition for machines.
    ServiceDesc,
    /// The API's definition for people.
    ServiceDoc,
    /// A licence.
    License,
    /// A description or schema.
    #[serde(rename = "describedby")]
    DescribedBy,
    /// The start of the whole.
    Root,
    /// The page above.
    Up,
    /// A service.
    Service,
    /// A map to look at.
    #[serde(rename = "http://www.opengis.net/def/rel/ogc/1.0/map")]
    Map,
    /// The properties that can be asked for.
    #[serde(rename = "http://www.opengis.net/def/rel/ogc/1.0/queryables")]
    Queryables,
    /// The functions that a filter may call.
    #[serde(rename = "http://www.opengis.net/def/rel/ogc/1.0/functions")]
    Functions,
    /// The properties that features have.
    #[serde(rename = "http://www.opengis.net/def/rel/ogc/1.0/schema")]
    Schema,
    /// The properties by which features can be sorted.
    #[serde(rename = "http://www.opengis.net/def/rel/ogc/1.0/sortables")]
    Sortables,
}

impl Rel {
    /// The relation's registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Itself => "self",
            Self::Alternate => "alternate",
            Self::Collection => "collection",
            Self::Item => "item",
            Self::Items => "items",
            Self::Next => "next",
            Self::Prev => "prev",
            Self::First => "first",
            Self::Data => "data",
            Self::Conformance => "conformance",
            Self::ServiceDesc => "service-desc",
            Self::ServiceDoc => "service-doc",
            Self::License => "license",
            Self::DescribedBy => "describedby",
            Self::Root => "root",
            Self::Up => "up",
            Self::Service => "service",
            Self::Map => "http://www.opengis.net/def/rel/ogc/1.0/map",
            Self::Queryables => "http://www.opengis.net/def/rel/ogc/1.0/queryables",
            Self::Functions => "http://www.opengis.net/def/rel/ogc/1.0/functions",
            Self::Schema => "http://www.opengis.net/def/rel/ogc/1.0/schema",
            Self::Sortables => "http://www.opengis.net/def/rel/ogc/1.0/sortables",
        }
    }
}

/// A link in a document.
#[derive(Clone, Debug, Hash, Serialize, ToSchema)]
pub struct Link {
    /// Where it leads, absolute
    pub href: String,
    /// Relation to this document
    #[schema(value_type = String)]
    pub rel: Rel,
    /// Media type of the target
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub media_type: Option<String>,
    /// Title for people
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub title: Option<String>,
    /// `POST` where the target is to be asked by that, with the body that asked for this document
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub method: Option<&'static str>,
}

impl Link {
    /// A link with its media type and title.
    pub fn new(href: impl Into<String>, rel: Rel, media_type: impl Into<String>, title: impl Into<String>) -> Self {
        Self { href: href.into(), rel, media_type: Some(media_type.into()), title: Some(title.into()), method: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relation_is_written_by_its_name() {
        for rel in [Rel::Itself, Rel::ServiceDesc, Rel::DescribedBy, Rel::Items, Rel::Up, Rel::Queryables] {
            assert_eq!(serde_json::to_value(rel).unwrap(), rel.name());
        }
    }
}
