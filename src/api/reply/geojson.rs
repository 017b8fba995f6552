//! GeoJSON that a handler makes itself, as values of the geojson crate: for a few features, not for a layer.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::base::format::Format;
use crate::error::{Error, Kind, Result};
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
        if lacks_a_number(&value) {
            return Err(Error::new(Kind::OutOfRange, "the coordinates of the result are too large for numbers"));
        }
        rendering.value(value, Map::new())
    }
}

/// Whether some coordinate is infinite or no number, which JSON writes as null.
fn lacks_a_number(value: &Value) -> bool {
    fn has_null(value: &Value) -> bool {
        value.is_null() || value.as_array().is_some_and(|parts| parts.iter().any(has_null))
    }
    match value {
        Value::Object(object) => {
            object.iter().any(|(name, value)| (name == "coordinates" && has_null(value)) || lacks_a_number(value))
        }
        Value::Array(parts) => parts.iter().any(lacks_a_number),
        _ => false,
    }
}
