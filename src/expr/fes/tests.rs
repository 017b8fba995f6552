//! The language as a whole, in all three versions.

use proptest::prelude::*;

use super::{Code, Fault, FesContext, comparison, parse};
use crate::base::crs::Crs;
use crate::base::xml::{self, Limits};
use crate::expr::Expr;
use crate::expr::samples::schema;
use crate::model::value::FeatureId;

fn rule(name: Option<&str>) -> Result<(Crs, bool), String> {
    let Some(name) = name else { return Ok((Crs::Crs84, false)) };
    Ok((name.parse()?, name.starts_with("urn:")))
}

fn read(text: &str) -> Result<Expr, Fault> {
    let schema = schema();
    let id = |text: &str| text.strip_prefix("town.").and_then(|id| id.parse().ok()).map(FeatureId::Int);
    let context = FesContext { schema: &schema, types: &["town"], rule: &rule, metres_per_unit: &|_| 0.3048, id: &id };
    let text = format!(
        "<fes:Filter xmlns:fes='http://www.opengis.net/fes/2.0' xmlns:gml='http://www.opengis.net/gml/3.2' xmlns:t='urn:t'>\
         {text}</fes:Filter>"
    );
    parse(&xml::parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|fault| panic!("{text}: {fault}")), &context)
}

/// A comparison of a property with a literal.
fn compared(operator: &str, name: &str, literal: &str) -> String {
    format!(
        "<fes:{operator}><fes:ValueReference>{name}</fes:ValueReference><fes:Literal>{literal}</fes:Literal></fes:{operator}>"
    )
}

#[test]
fn comparisons_are_read_and_typed_by_the_schema() {
    for (filter, expected) in [
        (compared("PropertyIsEqualTo", "count", "5"), "count = 5"),
        (compared("PropertyIsEqualTo", "count", " 5.0 "), "count = 5"),
        (compared("PropertyIsNotEqualTo", "name", "5"), "name <> '5'"),
        (compared("PropertyIsGreaterThan", "fid", "400"), "fid > 400"),
        (compared("PropertyIsLessThan", "@gml:id", "2.5"), "fid < 2.5"),
        (compared("PropertyIsLessThan", "size", "5"), "size < 5.0"),
        (compared("PropertyIsGreaterThan", "size", "1e3"), "size > 1000.0"),
        (compared("PropertyIsLessThanOrEqualTo", "count", "-5"), "count <= -5"),
        (compared("PropertyIsGreaterThanOrEqualTo", "day", "2018-02-12"), "day >= DATE('2018-02-12')"),
        (compared("PropertyIsGreaterThanOrEqualTo", "day", "2018-02-12Z"), "day >= DATE('2018-02-12')"),
        (compared("PropertyIsEqualTo", "at", "2018-02-12T01:00:00"), "at = TIMESTAMP('2018-02-12T01:00:00Z')"),
        (compared("PropertyIsEqualTo", "open", "TRUE"), "open = TRUE"),
        (compared("PropertyIsEqualTo", "t:name", "a"), "name = 'a'"),
        (compared("PropertyIsEqualTo", "t:town/t:name", "a"), "name = 'a'"),
        (compared("PropertyIsEqualTo", "/town/name[1]", "a"), "name = 'a'"),
        (compared("PropertyIsEqualTo", "*[2]", "7"), "count = 7"),
        (compared("PropertyIsEqualTo", "@gml:id", "7"), "<id 7>"),
        (compared("PropertyIsEqualTo", "fid", "7"), "<id 7>"),
        (
            compared("PropertyIsEqualTo", "name", "Ä").replacen('>', " matchCase='false'>", 1),
            "CASEI(name) = 'ä'",
        ),
        (
            compared("PropertyIsLike", "name", "a*b?\\*%").replacen('>', " wildCard='*' singleChar='?' escapeChar='\\'>", 1),
            "name LIKE 'a%b_*\\%'",
        ),
        (
            compared("PropertyIsLike", "name", "A#!B!_").replacen('>', " wildCard='#' singleChar='.' escape='!' matchCase='false'>", 1),
            "CASEI(name) LIKE 'a%b\\_'",
        ),
        ("<PropertyIsNull><PropertyName>name</PropertyName></PropertyIsNull>".to_owned(), "name IS NULL"),
        ("<PropertyIsNil><ValueReference>name</ValueReference></PropertyIsNil>".to_owned(), "name IS NULL"),
        (
            "<PropertyIsBetween><PropertyName>count</PropertyName><LowerBoundary><Literal>1</Literal></LowerBoundary>\
             <UpperBoundary><Literal>9</Literal></UpperBoundary></PropertyIsBetween>"
                .to_owned(),
            "count BETWEEN 1 AND 9",
        ),
        (
            "<PropertyIsGreaterThan><Add><PropertyName>count</PropertyName><Literal>1</Literal></Add>\
             <Mul><PropertyName>size</PropertyName><Literal>2</Literal></Mul></PropertyIsGreaterThan>"
                .to_owned(),
            "count + 1 > size * 2",
        ),
        (
            "<PropertyIsEqualTo><Function name='lower'><PropertyName>name</PropertyName></Function><Literal>5</Literal>\
             </PropertyIsEqualTo>"
                .to_owned(),
            "lower(name) = '5'",
        ),
        (
            format!("<And>{0}<Or>{0}<Not>{0}</Not></Or></And>", compared("PropertyIsEqualTo", "count", "5")),
            "count = 5 AND (count = 5 OR NOT count = 5)",
        ),
        ("<FeatureId fid='town.3'/><FeatureId fid='town.4'/><FeatureId fid='road.5'/>".to_owned(), "<id 3, 4>"),
        ("<fes:ResourceId rid='town.3'/>".to_owned(), "<id 3>"),
        ("<GmlObjectId gml:id='town.3'/>".to_owned(), "<id 3>"),
    ] {
        let read = read(&filter).unwrap_or_else(|fault| panic!("{filter}: {fault:?}"));
        assert_eq!(read.to_string(), expected, "{filter}");
    }
}

#[test]
fn spatial_operators_are_read() {
    let point = "<gml:Point srsName='urn:ogc:def:crs:EPSG::4326'><gml:pos>50 10</gml:pos></gml:Point>";
    let name = "<fes:ValueReference>t:shape</fes:ValueReference>";
    for (operator, function) in [
        ("Intersects", "S_INTERSECTS"),
        ("Disjoint", "S_DISJOINT"),
        ("Within", "S_WITHIN"),
        ("Contains", "S_CONTAINS"),
        ("Touches", "S_TOUCHES"),
        ("Crosses", "S_CROSSES"),
        ("Overlaps", "S_OVERLAPS"),
        ("Equals", "S_EQUALS"),
    ] {
        let filter = format!("<fes:{operator}>{name}{point}</fes:{operator}>");
        assert_eq!(read(&filter).unwrap().to_string(), format!("{function}(shape, POINT(10 50))"));
    }
    let envelope = "<gml:Envelope srsName='urn:ogc:def:crs:EPSG::4326'><gml:lowerCorner>50 10</gml:lowerCorner>\
                    <gml:upperCorner>51 12</gml:upperCorner></gml:Envelope>";
    for filter in [
        format!("<fes:BBOX>{name}{envelope}</fes:BBOX>"),
        format!("<fes:BBOX>{envelope}</fes:BBOX>"),
        "<BBOX><PropertyName>geometry</PropertyName><gml:Box><gml:coordinates>10,50 12,51</gml:coordinates></gml:Box></BBOX>".to_owned(),
    ] {
        assert_eq!(read(&filter).unwrap().to_string(), "S_INTERSECTS(shape, BBOX(10,50,12,51))", "{filter}");
    }
    let turned = format!("<fes:Within>{point}{name}</fes:Within>");
    assert_eq!(read(&turned).unwrap().to_string(), "S_CONTAINS(shape, POINT(10 50))");
    for (unit, srs, expected) in [
        (" uom='m'", "urn:ogc:def:crs:EPSG::4326", 10.0),
        (" units='km'", "urn:ogc:def:crs:EPSG::4326", 10_000.0),
        (" uom='urn:ogc:def:uom:EPSG::9001'", "urn:ogc:def:crs:EPSG::4326", 10.0),
        (" uom='http://www.opengis.net/gml/uom.xml#ft'", "EPSG:4326", 3.048),
        (" uom='degree'", "EPSG:4326", 1_113_194.907_932_735_7),
        ("", "EPSG:4326", 1_113_194.907_932_735_7),
        ("", "EPSG:2263", 10.0),
        (" uom='m'", "EPSG:2263", 10.0 / 0.3048),
    ] {
        let point = format!("<gml:Point srsName='{srs}'><gml:pos>50 10</gml:pos></gml:Point>");
        let filter = format!("<fes:DWithin>{name}{point}<fes:Distance{unit}>10</fes:Distance></fes:DWithin>");
        let Expr::Spatial { distance: Some(distance), .. } = read(&filter).unwrap() else { panic!("{filter}") };
        assert!((distance - expected).abs() < 1e-6, "{filter}: {distance}");
    }
}

#[test]
fn temporal_operators_are_read() {
    let instant =
        "<gml:TimeInstant gml:id='i'><gml:timePosition>2018-02-12T00:00:00Z</gml:timePosition></gml:TimeInstant>";
    let period = "<gml:TimePeriod gml:id='p'><gml:beginPosition>2018-01-01</gml:beginPosition>\
                  <gml:endPosition indeterminatePosition='unknown'/></gml:TimePeriod>";
    for (operator, function) in [
        ("After", "T_AFTER"),
        ("Before", "T_BEFORE"),
        ("Begins", "T_STARTS"),
        ("BegunBy", "T_STARTEDBY"),
        ("TContains", "T_CONTAINS"),
        ("During", "T_DURING"),
        ("TEquals", "T_EQUALS"),
        ("TOverlaps", "T_OVERLAPS"),
        ("Meets", "T_MEETS"),
        ("OverlappedBy", "T_OVERLAPPEDBY"),
        ("MetBy", "T_METBY"),
        ("Ends", "T_FINISHES"),
        ("EndedBy", "T_FINISHEDBY"),
        ("AnyInteracts", "T_INTERSECTS"),
    ] {
        for (literal, expected) in [
            (instant.to_owned(), "TIMESTAMP('2018-02-12T00:00:00Z')"),
            (format!("<fes:Literal>{instant}</fes:Literal>"), "TIMESTAMP('2018-02-12T00:00:00Z')"),
            ("<fes:Literal>2018-02-12</fes:Literal>".to_owned(), "DATE('2018-02-12')"),
            (period.to_owned(), "INTERVAL('2018-01-01', '..')"),
            (
                format!(
                    "<gml:TimePeriod><gml:begin>{instant}</gml:begin><gml:end>{instant}</gml:end></gml:TimePeriod>"
                ),
                "INTERVAL('2018-02-12T00:00:00Z', '2018-02-12T00:00:00Z')",
            ),
        ] {
            let filter =
                format!("<fes:{operator}><fes:ValueReference>at</fes:ValueReference>{literal}</fes:{operator}>");
            if operator == "TContains" || operator == "During" && expected.starts_with("TIMESTAMP") {
                assert!(read(&filter).unwrap_err().message.contains("nothing lies within it"), "{filter}");
                continue;
            }
            assert_eq!(read(&filter).unwrap().to_string(), format!("{function}(at, {expected})"), "{filter}");
        }
    }
}

#[test]
fn a_property_alone_is_whether_it_is_true() {
    for name in ["ValueReference", "PropertyName"] {
        let filter = format!("<Not><{name}>open</{name}></Not>");
        assert_eq!(read(&filter).unwrap().to_string(), "NOT open = TRUE");
        assert!(read(&format!("<{name}>name</{name}>")).unwrap_err().message.contains("'name' is text"));
    }
}

#[test]
fn faults_say_place_and_code() {
    use Code::{InvalidParameterValue as Value, OperationParsingFailed as Parsing, OptionNotSupported as Option};
    for (filter, code, locator, message) in [
        (String::new(), Parsing, "Filter", "empty"),
        (compared("PropertyIsEqualTo", "nmae", "a"), Value, "ValueReference", "did you mean 'name'?"),
        (compared("PropertyIsEqualTo", "road/name/x", "a"), Value, "ValueReference", "leads nowhere"),
        (compared("PropertyIsEqualTo", "*[99]", "a"), Value, "ValueReference", "at '99'"),
        (compared("PropertyIsEqualTo", "count", "many"), Value, "Literal", "'many' is not a number"),
        (compared("PropertyIsEqualTo", "at", "yesterday"), Value, "Literal", "a time"),
        (compared("PropertyIsEqualTo", "shape", "a"), Value, "ValueReference", "is a geometry"),
        (compared("PropertyIsLike", "count", "1"), Value, "PropertyIsLike", "LIKE is for text"),
        (compared("PropertyIsOdd", "count", "1"), Option, "PropertyIsOdd", "no operator"),
        ("<PropertyIsEqualTo><PropertyName>count</PropertyName></PropertyIsEqualTo>".to_owned(), Parsing, "PropertyIsEqualTo", "two expressions"),
        ("<And/>".to_owned(), Parsing, "And", "two conditions"),
        ("<Not/>".to_owned(), Parsing, "Not", "one condition"),
        ("<Intersects><PropertyName>shape</PropertyName></Intersects>".to_owned(), Parsing, "Intersects", "needs a geometry"),
        ("<Intersects><PropertyName>name</PropertyName></Intersects>".to_owned(), Value, "PropertyName", "no geometry"),
        ("<Within><PropertyName>shape</PropertyName><gml:Point><gml:pos>x 1</gml:pos></gml:Point></Within>".to_owned(), Value, "Point", "'x'"),
        ("<Within><PropertyName>shape</PropertyName><gml:Point srsName='EPSG:x'><gml:pos>1 1</gml:pos></gml:Point></Within>".to_owned(), Value, "Point", "URI"),
        ("<DWithin><PropertyName>shape</PropertyName><gml:Point><gml:pos>1 1</gml:pos></gml:Point></DWithin>".to_owned(), Parsing, "DWithin", "Distance"),
        ("<DWithin><PropertyName>shape</PropertyName><gml:Point><gml:pos>1 1</gml:pos></gml:Point><Distance uom='ell'>1</Distance></DWithin>".to_owned(), Value, "Distance", "no unit 'ell'"),
        ("<During><PropertyName>name</PropertyName><Literal>2018-02-12</Literal></During>".to_owned(), Value, "During", "is no time"),
        ("<FeatureId/>".to_owned(), Parsing, "FeatureId", "names no feature"),
        (format!("<FeatureId fid='town.1'/>{}", compared("PropertyIsEqualTo", "count", "1")), Parsing, "Filter", "ids alone"),
        ("<PropertyIsEqualTo><Function name='exec'/><Literal>1</Literal></PropertyIsEqualTo>".to_owned(), Option, "Function", "no function 'exec'"),
    ] {
        let fault = read(&filter).unwrap_err();
        assert_eq!((fault.code, fault.locator.as_str()), (code, locator), "{filter}: {fault:?}");
        assert!(fault.message.contains(message), "{filter}: {fault:?}");
    }
}

#[test]
fn no_nesting_exhausts_the_stack() {
    let read_deep = || {
        for (open, close) in [("<Not>", "</Not>"), ("<Add>", "</Add>"), ("<And>", "</And>")] {
            let text = format!("{}{}", open.repeat(5000), close.repeat(5000));
            let limits = Limits { depth: 100_000, nodes: 1_000_000, ..Limits::default() };
            let element = xml::parse(text.as_bytes(), &limits).unwrap();
            let schema = schema();
            let context =
                FesContext { schema: &schema, types: &[], rule: &rule, metres_per_unit: &|_| 1.0, id: &|_| None };
            assert!(parse(&element, &context).is_err());
        }
    };
    std::thread::Builder::new().stack_size(16 << 20).spawn(read_deep).unwrap().join().unwrap();
}

proptest! {
    #[test]
    fn patterns_keep_what_is_no_sign(text in "[a%_\\\\*.!]{0,8}") {
        let pattern = comparison::pattern(&text, "", "", "");
        prop_assert!(crate::expr::like::Pattern::new(&pattern).literal() == Some(text.as_str()));
    }

    #[test]
    #[allow(clippy::format_collect)] // short
    fn no_heap_of_elements_panics(names in prop::collection::vec(prop::sample::select(vec![
        "And", "Not", "PropertyIsEqualTo", "PropertyIsLike", "PropertyName", "Literal", "Add", "Function", "BBOX", "DWithin",
        "Distance", "gml:Point", "gml:pos", "During", "gml:TimePeriod", "gml:beginPosition", "PropertyIsBetween", "LowerBoundary",
        "ResourceId", "PropertyIsNull",
    ]), 1..7), text in "[0-9a-z*/:\\[\\]@ -]{0,10}") {
        let open: String = names.iter().map(|name| format!("<{name}>")).collect();
        let close: String = names.iter().rev().map(|name| format!("</{name}>")).collect();
        let _ = read(&format!("{open}{text}{close}"));
        let flat: String = names.iter().map(|name| format!("<{name}>{text}</{name}>")).collect();
        let _ = read(&format!("<{0}>{flat}</{0}>", names[0]));
    }
}

#[test]
fn a_relation_may_name_the_geometry_twice() {
    let twice = "<fes:Within><fes:ValueReference>shape</fes:ValueReference><fes:ValueReference>geometry</fes:ValueReference></fes:Within>";
    assert_eq!(read(twice).unwrap().to_string(), "S_WITHIN(shape, shape)");
    assert!(read(&twice.replace("geometry", "name")).is_err());
}
