//! GML: features and their schema, straight from rows and WKB to bytes. What a schema says of a type and what its features
//! are comes from the same tables.

mod feature;
mod geometry;
mod schema;

pub use feature::FeatureWriter;
pub use schema::{property_type, write_type};

use std::sync::Arc;

use crate::model::batch::Layout;
use crate::model::schema::Schema;

/// A version of GML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// 2.1.2, of WFS 1.0.0.
    V2,
    /// 3.1.1, of WFS 1.1.0.
    V31,
    /// 3.2.1, of WFS 2.0.0: ids are demanded.
    V32,
}

impl Version {
    /// The namespace.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::V2 | Self::V31 => "http://www.opengis.net/gml",
            Self::V32 => "http://www.opengis.net/gml/3.2",
        }
    }

    /// Where the schema of features stands.
    pub const fn schema_location(self) -> &'static str {
        match self {
            Self::V2 => "http://schemas.opengis.net/gml/2.1.2/feature.xsd",
            Self::V31 => "http://schemas.opengis.net/gml/3.1.1/base/gml.xsd",
            Self::V32 => "http://schemas.opengis.net/gml/3.2.1/gml.xsd",
        }
    }
}

/// How coordinates are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srs {
    /// The name, as `srsName` has it.
    pub name: String,
    /// Whether y goes before x, as the authority has it: rows have x first always.
    pub swap: bool,
    /// Decimals; all that there are where `None`.
    pub decimals: Option<u8>,
}

/// A feature type as features of it are written.
#[derive(Clone, Debug)]
pub struct FeatureType {
    /// The prefix of its namespace.
    pub prefix: String,
    /// Its name in that namespace, which features' ids begin with.
    pub name: String,
    /// The schema of its rows.
    pub schema: Arc<Schema>,
    /// What the cells of its rows are.
    pub layout: Arc<Layout>,
    /// Whether the geometry is written, where rows have one: a filter may have wanted it alone.
    pub geometry: bool,
    /// How coordinates are written.
    pub srs: Srs,
}
