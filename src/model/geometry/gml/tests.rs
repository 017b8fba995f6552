//! Geometries of all three versions.

use proptest::prelude::*;

use super::{Fault, Gml, read};
use crate::base::bbox::Bbox;
use crate::base::crs::Crs;
use crate::base::xml::{self, Limits};
use crate::model::geometry::wkt;

/// A rule for tests: URNs come in the order of the authority.
fn rule(name: Option<&str>) -> Result<(Crs, bool), String> {
    let Some(name) = name else { return Ok((Crs::Crs84, false)) };
    Ok((name.parse()?, name.starts_with("urn:ogc:def:crs:EPSG")))
}

fn read_text(text: &str) -> Result<(Gml, Crs), Fault> {
    read(&xml::parse(text.as_bytes(), &Limits::default()).unwrap(), &rule)
}

fn as_wkt(text: &str) -> String {
    match read_text(text) {
        Ok((Gml::Figure(figure), _)) => wkt::write(&figure),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn geometries_of_every_version_are_read() {
    let ring = "<LinearRing><posList>0 0 4 0 4 4 0 0</posList></LinearRing>";
    for (text, expected) in [
        ("<Point><pos>1 2</pos></Point>".to_owned(), "POINT(1 2)"),
        ("<Point srsDimension='3'><pos>1 2 3</pos></Point>".to_owned(), "POINT Z(1 2 3)"),
        ("<Point><coordinates>1,2</coordinates></Point>".to_owned(), "POINT(1 2)"),
        ("<Point><coord><X>1</X><Y>2</Y></coord></Point>".to_owned(), "POINT(1 2)"),
        ("<LineString><posList>1 2 3 4</posList></LineString>".to_owned(), "LINESTRING(1 2,3 4)"),
        ("<LineString><posList srsDimension='3'>1 2 5 3 4 6</posList></LineString>".to_owned(), "LINESTRING Z(1 2 5,3 4 6)"),
        ("<LineString><pos>1 2</pos><pos>3 4</pos></LineString>".to_owned(), "LINESTRING(1 2,3 4)"),
        ("<LineString><coordinates>1,2 3,4</coordinates></LineString>".to_owned(), "LINESTRING(1 2,3 4)"),
        ("<LineString><coordinates>1, 2 \n 3 ,4</coordinates></LineString>".to_owned(), "LINESTRING(1 2,3 4)"),
        (
            "<LineString><coordinates decimal=',' cs=' ' ts=';'>1,5 2;3 4</coordinates></LineString>".to_owned(),
            "LINESTRING(1.5 2,3 4)",
        ),
        (format!("<Polygon><exterior>{ring}</exterior></Polygon>"), "POLYGON((0 0,4 0,4 4,0 0))"),
        (
            format!("<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs><innerBoundaryIs>{ring}</innerBoundaryIs></Polygon>"),
            "POLYGON((0 0,4 0,4 4,0 0),(0 0,4 0,4 4,0 0))",
        ),
        (
            "<Curve><segments><LineStringSegment><posList>0 0 1 1</posList></LineStringSegment>\
             <LineStringSegment><posList>1 1 2 0</posList></LineStringSegment></segments></Curve>"
                .to_owned(),
            "LINESTRING(0 0,1 1,2 0)",
        ),
        (
            format!("<Surface><patches><PolygonPatch><exterior>{ring}</exterior></PolygonPatch></patches></Surface>"),
            "POLYGON((0 0,4 0,4 4,0 0))",
        ),
        (
            "<Polygon><exterior><Ring><curveMember><LineString><posList>0 0 4 0 4 4</posList></LineString></curveMember>\
             <curveMember><OrientableCurve orientation='-'><baseCurve><LineString><posList>0 0 4 4</posList></LineString>\
             </baseCurve></OrientableCurve></curveMember></Ring></exterior></Polygon>"
                .to_owned(),
            "POLYGON((0 0,4 0,4 4,0 0))",
        ),
        (
            "<MultiPoint><pointMember><Point><pos>1 2</pos></Point></pointMember>\
             <pointMembers><Point><pos>3 4</pos></Point></pointMembers></MultiPoint>"
                .to_owned(),
            "MULTIPOINT((1 2),(3 4))",
        ),
        (
            "<MultiCurve><curveMember><LineString><posList>1 2 3 4</posList></LineString></curveMember></MultiCurve>".to_owned(),
            "MULTILINESTRING((1 2,3 4))",
        ),
        (
            format!("<MultiPolygon><polygonMember><Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon></polygonMember></MultiPolygon>"),
            "MULTIPOLYGON(((0 0,4 0,4 4,0 0)))",
        ),
        (
            format!("<MultiSurface><surfaceMember><Polygon><exterior>{ring}</exterior></Polygon></surfaceMember></MultiSurface>"),
            "MULTIPOLYGON(((0 0,4 0,4 4,0 0)))",
        ),
        (
            "<MultiGeometry><geometryMember><Point><pos>1 2</pos></Point></geometryMember></MultiGeometry>".to_owned(),
            "GEOMETRYCOLLECTION(POINT(1 2))",
        ),
    ] {
        assert_eq!(as_wkt(&text), expected, "{text}");
        for namespace in ["http://www.opengis.net/gml", "http://www.opengis.net/gml/3.2"] {
            assert_eq!(as_wkt(&text.replacen('>', &format!(" xmlns='{namespace}'>"), 1)), expected);
        }
    }
    let arc = "<Curve><segments><Arc><posList>1 0 0 1 -1 0</posList></Arc></segments></Curve>";
    assert!(as_wkt(arc).len() > 200 && as_wkt(arc).starts_with("LINESTRING(1 0,"));
}

#[test]
fn the_order_of_axes_is_the_systems() {
    let point = |name: &str| read_text(&format!("<Point srsName='{name}'><pos>50 10</pos></Point>")).unwrap();
    let at = |(gml, crs)| match gml {
        Gml::Figure(figure) => (wkt::write(&figure), crs),
        Gml::Box(_) => panic!(),
    };
    assert_eq!(at(point("urn:ogc:def:crs:EPSG::4326")), ("POINT(10 50)".to_owned(), Crs::Epsg(4326)));
    assert_eq!(at(point("EPSG:4326")), ("POINT(50 10)".to_owned(), Crs::Epsg(4326)));
    let inner = "<MultiPoint><pointMember><Point srsName='urn:ogc:def:crs:EPSG::4326'><pos>50 10</pos></Point></pointMember></MultiPoint>";
    assert_eq!(at(read_text(inner).unwrap()).0, "MULTIPOINT((10 50))");
}

#[test]
fn boxes_are_read() {
    for text in [
        "<Envelope><lowerCorner>1 2</lowerCorner><upperCorner>3 4</upperCorner></Envelope>",
        "<Envelope srsName='urn:ogc:def:crs:EPSG::4326'><lowerCorner>2 1</lowerCorner><upperCorner>4 3</upperCorner></Envelope>",
        "<Envelope><pos>1 2</pos><pos>3 4</pos></Envelope>",
        "<Box><coordinates>1,2 3,4</coordinates></Box>",
        "<Box><coord><X>1</X><Y>2</Y></coord><coord><X>3</X><Y>4</Y></coord></Box>",
    ] {
        assert_eq!(read_text(text).unwrap().0, Gml::Box(Bbox::new(1.0, 2.0, 3.0, 4.0)), "{text}");
    }
}

#[test]
fn faults_say_the_line() {
    for (text, message, line) in [
        ("<Point/>", "no positions", 1),
        ("<Point>\n<pos>1</pos></Point>", "two numbers", 2),
        ("<Point>\n\n<pos>a 1</pos></Point>", "'a' is not a number", 3),
        ("<LineString><posList>1 2 3</posList></LineString>", "make no positions", 1),
        ("<LineString><posList>1 2</posList></LineString>", "two positions", 1),
        ("<Polygon/>", "one outer ring", 1),
        ("<Solid/>", "'Solid' is no geometry", 1),
        ("<Point srsName='x'><pos>1 2</pos></Point>", "expected the URI", 1),
        (
            "<MultiPoint srsName='EPSG:4326'><pointMember><Point srsName='EPSG:3857'><pos>1 2</pos></Point></pointMember></MultiPoint>",
            "two systems",
            1,
        ),
        ("<Envelope><lowerCorner>1 5</lowerCorner><upperCorner>3 4</upperCorner></Envelope>", "not below", 1),
        ("<Point srsDimension='7'><pos>1 2</pos></Point>", "2 or 3", 1),
    ] {
        let fault = read_text(text).unwrap_err();
        assert!(fault.message.contains(message), "{text}: {fault:?}");
        assert_eq!(fault.line, line, "{text}");
    }
    let deep =
        format!("{}{}", "<MultiGeometry><geometryMember>".repeat(60), "</geometryMember></MultiGeometry>".repeat(60));
    let element = xml::parse(deep.as_bytes(), &Limits { depth: 1000, ..Limits::default() }).unwrap();
    assert!(read(&element, &rule).unwrap_err().message.contains("deeper"));
}

proptest! {
    #[test]
    #[allow(clippy::format_collect)] // short
    fn no_heap_of_elements_panics(names in prop::collection::vec(prop::sample::select(vec![
        "Point", "pos", "posList", "coordinates", "coord", "X", "LineString", "LinearRing", "Polygon", "exterior", "Curve",
        "segments", "Arc", "Surface", "patches", "PolygonPatch", "MultiSurface", "surfaceMember", "OrientableCurve", "baseCurve",
        "Envelope", "lowerCorner", "MultiGeometry", "geometryMember",
    ]), 1..8), text in "[0-9 .,a-]{0,12}") {
        let open: String = names.iter().map(|name| format!("<{name}>")).collect();
        let close: String = names.iter().rev().map(|name| format!("</{name}>")).collect();
        let _ = read_text(&format!("{open}{text}{close}"));
    }
}
