//! What filters can say, as each version tells it.

use crate::base::xml::Writer;

const COMPARISONS_20: [&str; 9] = [
    "PropertyIsEqualTo",
    "PropertyIsNotEqualTo",
    "PropertyIsLessThan",
    "PropertyIsGreaterThan",
    "PropertyIsLessThanOrEqualTo",
    "PropertyIsGreaterThanOrEqualTo",
    "PropertyIsLike",
    "PropertyIsNull",
    "PropertyIsBetween",
];
const COMPARISONS_11: [&str; 9] = [
    "EqualTo",
    "NotEqualTo",
    "LessThan",
    "GreaterThan",
    "LessThanEqualTo",
    "GreaterThanEqualTo",
    "Like",
    "NullCheck",
    "Between",
];
const SPATIAL: [&str; 11] = [
    "BBOX",
    "Equals",
    "Disjoint",
    "Intersects",
    "Touches",
    "Crosses",
    "Within",
    "Contains",
    "Overlaps",
    "DWithin",
    "Beyond",
];
/// Of those that Filter Encoding 1.1 has names for.
const GEOMETRIES_11: [&str; 4] = ["gml:Envelope", "gml:Point", "gml:LineString", "gml:Polygon"];
/// Of 2.0.0, in the namespace of GML 3.2.
const GEOMETRIES: [&str; 9] = [
    "gml:Envelope",
    "gml:Point",
    "gml:LineString",
    "gml:Curve",
    "gml:Polygon",
    "gml:Surface",
    "gml:MultiPoint",
    "gml:MultiCurve",
    "gml:MultiSurface",
];
const TEMPORAL: [&str; 13] = [
    "After",
    "Before",
    "Begins",
    "BegunBy",
    "TContains",
    "During",
    "TEquals",
    "TOverlaps",
    "Meets",
    "OverlappedBy",
    "MetBy",
    "Ends",
    "EndedBy",
];
/// Conformance of FES 2.0 (ISO 19143, table 1).
const CONFORMANCE: [(&str, bool); 16] = [
    ("ImplementsQuery", true),
    ("ImplementsAdHocQuery", true),
    ("ImplementsFunctions", false),
    ("ImplementsResourceId", true),
    ("ImplementsMinStandardFilter", true),
    ("ImplementsStandardFilter", true),
    ("ImplementsMinSpatialFilter", true),
    ("ImplementsSpatialFilter", true),
    ("ImplementsMinTemporalFilter", true),
    ("ImplementsTemporalFilter", true),
    ("ImplementsVersionNav", false),
    ("ImplementsSorting", true),
    ("ImplementsExtendedOperators", false),
    ("ImplementsMinimumXPath", true),
    ("ImplementsSchemaElementFunc", false),
    ("ImplementsTemporalJoins", false),
];

fn named(xml: &mut Writer, list: &str, item: &str, names: &[&str]) {
    xml.start(list, &[]);
    for name in names {
        xml.empty(item, &[("name", name)]);
    }
    xml.end();
}

fn texts(xml: &mut Writer, list: &str, item: &str, names: &[&str]) {
    xml.start(list, &[]);
    for name in names {
        xml.element(item, name);
    }
    xml.end();
}

/// Of FES 2.0.
pub(super) fn write_20(xml: &mut Writer) {
    xml.start("fes:Filter_Capabilities", &[]);
    xml.start("fes:Conformance", &[]);
    for (name, is_there) in CONFORMANCE.iter().filter(|(name, _)| *name != "ImplementsTemporalJoins") {
        xml.start("fes:Constraint", &[("name", name)]);
        xml.empty("ows:NoValues", &[]);
        xml.element("ows:DefaultValue", if *is_there { "TRUE" } else { "FALSE" });
        xml.end();
    }
    xml.end();
    xml.start("fes:Id_Capabilities", &[]);
    xml.empty("fes:ResourceIdentifier", &[("name", "fes:ResourceId")]);
    xml.end();
    xml.start("fes:Scalar_Capabilities", &[]);
    xml.empty("fes:LogicalOperators", &[]);
    named(xml, "fes:ComparisonOperators", "fes:ComparisonOperator", &COMPARISONS_20);
    xml.end();
    xml.start("fes:Spatial_Capabilities", &[]);
    named(xml, "fes:GeometryOperands", "fes:GeometryOperand", &GEOMETRIES);
    named(xml, "fes:SpatialOperators", "fes:SpatialOperator", &SPATIAL);
    xml.end();
    xml.start("fes:Temporal_Capabilities", &[]);
    named(xml, "fes:TemporalOperands", "fes:TemporalOperand", &["gml:TimeInstant", "gml:TimePeriod"]);
    named(xml, "fes:TemporalOperators", "fes:TemporalOperator", &TEMPORAL);
    xml.end();
    xml.end();
}

/// Of Filter Encoding 1.1.
pub(super) fn write_11(xml: &mut Writer) {
    xml.start("ogc:Filter_Capabilities", &[]);
    xml.start("ogc:Spatial_Capabilities", &[]);
    texts(xml, "ogc:GeometryOperands", "ogc:GeometryOperand", &GEOMETRIES_11);
    named(xml, "ogc:SpatialOperators", "ogc:SpatialOperator", &SPATIAL);
    xml.end();
    xml.start("ogc:Scalar_Capabilities", &[]);
    xml.empty("ogc:LogicalOperators", &[]);
    texts(xml, "ogc:ComparisonOperators", "ogc:ComparisonOperator", &COMPARISONS_11);
    xml.end();
    xml.start("ogc:Id_Capabilities", &[]);
    xml.empty("ogc:EID", &[]);
    xml.empty("ogc:FID", &[]);
    xml.end();
    xml.end();
}

/// Of Filter Encoding 1.0.
pub(super) fn write_10(xml: &mut Writer) {
    xml.start("ogc:Filter_Capabilities", &[]);
    xml.start("ogc:Spatial_Capabilities", &[]);
    xml.start("ogc:Spatial_Operators", &[]);
    for name in SPATIAL {
        let name = if name == "Intersects" { "Intersect" } else { name };
        xml.empty(&format!("ogc:{name}"), &[]);
    }
    xml.end();
    xml.end();
    xml.start("ogc:Scalar_Capabilities", &[]);
    xml.empty("ogc:Logical_Operators", &[]);
    xml.start("ogc:Comparison_Operators", &[]);
    for name in ["ogc:Simple_Comparisons", "ogc:Like", "ogc:Between", "ogc:NullCheck"] {
        xml.empty(name, &[]);
    }
    xml.end();
    xml.end();
    xml.end();
}
