//! GeoJSON that a handler makes itself, as values of the geojson crate: for a few features, not for a layer.

use serde::Serialize;
use serde_json::{Map, json};

use crate::base::format::Format;
use crate::error::{Error, Result};
use crate::message::response::Response;

use super::{Described, Rendering, Reply};

/// A feature, a collection of features or a geometry.
pub struct GeoJson<T = geojson::Feature>(pub T);

impl<T: Serialize + Send + 'static> Reply for GeoJson<T> {
    fn describe() -> Described {
        Described {
            formats: vec![Format::GeoJson, Format::Html, Format::Json],
            schema: json!({ "$ref": "#/components/schemas/GeoJson" }),
            components: vec![(
                "GeoJson".to_owned(),
                json!({
                    "type": "object", "description": "A GeoJSON object (RFC 7946)", "required": ["type"],
                    "properties": { "type": { "type": "string", "enum": [
                        "Feature", "FeatureCollection", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon",
                        "MultiPolygon", "GeometryCollection"
                    ] } },
                }),
            )],
        }
    }

    async fn render(self, rendering: Rendering) -> Result<Response> {
        let value = serde_json::to_value(self.0).map_err(Error::internal)?;
        rendering.value(value, Map::new())
    }
}
