//! The XML Schema of a feature type.

use crate::base::xml::{Writer, escaped_name};
use crate::model::schema::{FieldKind, GeometryKind, Schema};

use super::Version;

/// The type of a property, in XML Schema; OWSLib reads none without this prefix.
pub fn property_type(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Integer => "xsd:long",
        FieldKind::Number => "xsd:double",
        FieldKind::Boolean => "xsd:boolean",
        FieldKind::String | FieldKind::Json => "xsd:string",
        FieldKind::Date => "xsd:date",
        FieldKind::DateTime => "xsd:dateTime",
        // GDAL knows no schema that has the other, `base64Binary`.
        FieldKind::Binary => "xsd:hexBinary",
    }
}

/// The type of a geometry property.
fn geometry_type(version: Version, kind: GeometryKind) -> &'static str {
    let is_old = version == Version::V2;
    match kind {
        GeometryKind::Any => {
            if is_old {
                "gml:GeometryAssociationType"
            } else {
                "gml:GeometryPropertyType"
            }
        }
        GeometryKind::Point => "gml:PointPropertyType",
        GeometryKind::LineString if is_old => "gml:LineStringPropertyType",
        GeometryKind::LineString => "gml:CurvePropertyType",
        GeometryKind::Polygon if is_old => "gml:PolygonPropertyType",
        GeometryKind::Polygon => "gml:SurfacePropertyType",
        GeometryKind::MultiPoint => "gml:MultiPointPropertyType",
        GeometryKind::MultiLineString if is_old => "gml:MultiLineStringPropertyType",
        GeometryKind::MultiLineString => "gml:MultiCurvePropertyType",
        GeometryKind::MultiPolygon if is_old => "gml:MultiPolygonPropertyType",
        GeometryKind::MultiPolygon => "gml:MultiSurfacePropertyType",
        GeometryKind::GeometryCollection => "gml:MultiGeometryPropertyType",
    }
}

/// Writes element and type of a feature type into a schema; `name` is its name in the namespace of `prefix`.
pub fn write_type(xml: &mut Writer, version: Version, prefix: &str, name: &str, schema: &Schema) {
    let feature = if version == Version::V32 { "gml:AbstractFeature" } else { "gml:_Feature" };
    let own_type = format!("{name}Type");
    let typed = format!("{prefix}:{own_type}");
    xml.empty("xsd:element", &[("name", name), ("type", &typed), ("substitutionGroup", feature)]);
    xml.start("xsd:complexType", &[("name", &own_type)]);
    xml.start("xsd:complexContent", &[]);
    xml.start("xsd:extension", &[("base", "gml:AbstractFeatureType")]);
    xml.start("xsd:sequence", &[]);
    if let Some(geometry) = &schema.geometry {
        let attributes = [
            ("name", &*escaped_name(&geometry.name)),
            ("type", geometry_type(version, geometry.kind)),
            ("minOccurs", "0"),
            ("nillable", "true"),
        ];
        xml.empty("xsd:element", &attributes);
    }
    for field in &schema.fields {
        let attributes = [
            ("name", &*escaped_name(&field.name)),
            ("type", property_type(field.kind)),
            ("minOccurs", "0"),
            ("nillable", "true"),
        ];
        let words = field.description.as_ref().or(field.title.as_ref());
        if let Some(words) = words {
            xml.start("xsd:element", &attributes);
            xml.start("xsd:annotation", &[]);
            xml.element("xsd:documentation", words);
            xml.end();
            xml.end();
        } else {
            xml.empty("xsd:element", &attributes);
        }
    }
    for _ in 0..4 {
        xml.end();
    }
}
