//! What features are said to be, and that they are so.

use graticule::base::crs::Crs;
use graticule::base::datetime::{Date, Instant};
use graticule::model::geometry::wkt;
use graticule::model::schema::GeometryKind;
use graticule::model::value::Value;

use super::{members, odd, odd_row, read, sample, serve, wfs};
use crate::kit::text;
use crate::schemas::{Place, kept, valid};

/// The schemas of a version: of GML, of the collection.
const VERSIONS: [(&str, Place<'_>, Place<'_>); 3] = [
    (
        "1.0.0",
        ("http://www.opengis.net/gml", "http://schemas.opengis.net/gml/2.1.2/feature.xsd"),
        ("http://www.opengis.net/wfs", "http://schemas.opengis.net/wfs/1.0.0/WFS-basic.xsd"),
    ),
    (
        "1.1.0",
        ("http://www.opengis.net/gml", "http://schemas.opengis.net/gml/3.1.1/base/gml.xsd"),
        ("http://www.opengis.net/wfs", "http://schemas.opengis.net/wfs/1.1.0/wfs.xsd"),
    ),
    (
        "2.0.0",
        ("http://www.opengis.net/gml/3.2", "http://schemas.opengis.net/gml/3.2.1/gml.xsd"),
        ("http://www.opengis.net/wfs/2.0", "http://schemas.opengis.net/wfs/2.0/wfs.xsd"),
    ),
];

/// Geometries of every kind, with one that is not of the layer's kind but of its members'.
fn geometries() -> Vec<(GeometryKind, Vec<&'static str>)> {
    let polygon = "POLYGON((0 0,0 2,2 2,2 0,0 0),(0.5 0.5,1 0.5,1 1,0.5 0.5))";
    vec![
        (GeometryKind::Point, vec!["POINT(1 2)", "POINT Z(1 2 3)", "POINT EMPTY"]),
        (GeometryKind::LineString, vec!["LINESTRING(0 0,1 1)", "LINESTRING EMPTY"]),
        (GeometryKind::Polygon, vec![polygon]),
        (GeometryKind::MultiPoint, vec!["MULTIPOINT((1 2),(3 4))", "POINT(5 6)", "MULTIPOINT EMPTY"]),
        (
            GeometryKind::MultiLineString,
            vec!["MULTILINESTRING((0 0,1 1),(2 2,3 3))", "LINESTRING(0 0,1 1)", "MULTILINESTRING EMPTY"],
        ),
        (
            GeometryKind::MultiPolygon,
            vec!["MULTIPOLYGON(((0 0,0 1,1 1,0 0)),((5 5,5 6,6 6,5 5)))", polygon, "MULTIPOLYGON EMPTY"],
        ),
        (
            GeometryKind::GeometryCollection,
            vec!["GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))", "GEOMETRYCOLLECTION EMPTY"],
        ),
        (GeometryKind::Any, vec!["POINT(1 2)", "LINESTRING(0 0,1 1)", polygon, "MULTIPOINT((1 2))"]),
    ]
}

fn values() -> [Value; 8] {
    [
        text("<a> & \"b\"\u{1}\u{fffe}ä"),
        Value::Int(-7),
        Value::Float(1e-9),
        Value::Bool(true),
        Value::Date(Date::parse("2018-02-12").unwrap()),
        Value::Instant(Instant::parse("2018-02-12T23:20:50Z").unwrap()),
        Value::Null,
        text("{\"a\":\"<\"}"),
    ]
}

#[tokio::test]
async fn features_of_every_kind_and_name_are_valid_by_their_description() {
    for (kind, texts) in geometries() {
        let wkb = |text: &&str| wkt::parse(text).unwrap().wkb();
        let mut rows: Vec<_> = texts.iter().map(|text| odd_row(text, Some(wkb(text)), values())).collect();
        rows.push(odd_row("no place", None, [const { Value::Null }; 8]));
        let count = rows.len();
        let server = serve([odd("1st: odd & <layer>", kind, Crs::Epsg(4326), rows)]);
        for (version, gml, collection) in VERSIONS {
            let name = "_x0031_st_x003A__x0020_odd_x0020__x0026__x0020__x003C_layer_x003E_";
            let described =
                wfs(&server, &format!("VERSION={version}&REQUEST=DescribeFeatureType&TYPENAME={name}")).await;
            assert_eq!(described.status(), 200, "{}", described.text());
            let answer = wfs(&server, &format!("VERSION={version}&REQUEST=GetFeature&TYPENAME=app:{name}")).await;
            assert_eq!(answer.status(), 200, "{}", answer.text());
            assert_eq!(members(&read(&answer)).len(), count, "{kind:?} {version}");
            let own = kept(&format!("{kind:?}-{version}.xsd"), &described.text());
            valid(&answer.text(), &[gml, collection, ("urn:graticule:features", &own)]);
        }
    }
}

#[tokio::test]
async fn capabilities_are_valid_in_each_version() {
    let server = sample();
    let places: [(&str, &[_]); 3] = [
        ("1.0.0", &[("http://www.opengis.net/wfs", "http://schemas.opengis.net/wfs/1.0.0/WFS-capabilities.xsd")]),
        ("1.1.0", &[VERSIONS[1].2]),
        ("2.0.0", &[VERSIONS[2].2]),
    ];
    for (version, places) in places {
        let answer = wfs(&server, &format!("VERSION={version}&REQUEST=GetCapabilities")).await;
        assert_eq!(read(&answer).attribute("version"), Some(version));
        valid(&answer.text(), places);
    }
}

#[tokio::test]
async fn other_documents_of_2_0_are_valid() {
    let server = sample();
    let described = wfs(&server, "VERSION=2.0.0&REQUEST=DescribeFeatureType").await;
    let own = kept("sample.xsd", &described.text());
    let places = [VERSIONS[2].1, VERSIONS[2].2, ("urn:graticule:features", own.as_str())];
    for query in [
        "REQUEST=ListStoredQueries",
        "REQUEST=DescribeStoredQueries",
        "REQUEST=GetFeature&TYPENAMES=countries&RESULTTYPE=hits",
        "REQUEST=GetFeature&TYPENAMES=(cities)(countries)&COUNT=245",
        "REQUEST=GetFeature&STOREDQUERY_ID=urn:ogc:def:query:OGC-WFS::GetFeatureById&ID=countries.5",
        "REQUEST=GetPropertyValue&TYPENAMES=countries&VALUEREFERENCE=app:name",
        "REQUEST=GetPropertyValue&TYPENAMES=countries&VALUEREFERENCE=geom&COUNT=3",
        "REQUEST=GetPropertyValue&TYPENAMES=countries&VALUEREFERENCE=@gml:id&COUNT=3",
    ] {
        let answer = wfs(&server, &format!("VERSION=2.0.0&{query}")).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        valid(&answer.text(), &places);
    }
}
