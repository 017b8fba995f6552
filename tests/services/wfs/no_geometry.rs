//! Features without a geometry: found by it, and not counted among its values.

use graticule::base::crs::Crs;
use graticule::model::schema::GeometryKind;
use graticule::model::value::Value;

use super::{members, odd, odd_row, read, serve, wfs};

fn server() -> graticule::Server {
    let values = || [const { Value::Null }; 8];
    let rows = vec![
        odd_row("a", Some(crate::kit::point(1.0, 2.0)), values()),
        odd_row("b", None, values()),
        odd_row("c", Some(crate::kit::point(3.0, 4.0)), values()),
    ];
    serve([odd("odd", GeometryKind::Point, Crs::Crs84, rows)])
}

#[tokio::test]
async fn values_of_the_geometry_counted_those_that_are_not_there() {
    let server = server();
    let query = "VERSION=2.0.0&REQUEST=GetPropertyValue&TYPENAMES=odd&VALUEREFERENCE=the_x0020_geom";
    let root = read(&wfs(&server, query).await);
    assert_eq!((root.attribute("numberMatched"), root.attribute("numberReturned")), (Some("2"), Some("2")));
    assert_eq!(root.children_named("member").count(), 2);
    let hits = read(&wfs(&server, &format!("{query}&RESULTTYPE=hits")).await);
    assert_eq!(hits.attribute("numberMatched"), Some("2"));
}

#[tokio::test]
async fn no_filter_encoding_could_ask_for_features_without_a_geometry() {
    let server = server();
    let name = "the_x0020_geom";
    for (version, test) in [
        ("2.0.0&TYPENAMES=odd", format!("<PropertyIsNull><ValueReference>{name}</ValueReference></PropertyIsNull>")),
        ("2.0.0&TYPENAMES=odd", format!("<PropertyIsNil><ValueReference>{name}</ValueReference></PropertyIsNil>")),
        ("1.1.0&TYPENAME=odd", format!("<PropertyIsNull><PropertyName>{name}</PropertyName></PropertyIsNull>")),
        ("1.0.0&TYPENAME=odd", format!("<PropertyIsNull><PropertyName>{name}</PropertyName></PropertyIsNull>")),
    ] {
        for (filter, count) in [(test.clone(), 1), (format!("<Not>{test}</Not>"), 2)] {
            let answer =
                wfs(&server, &format!("REQUEST=GetFeature&VERSION={version}&FILTER=<Filter>{filter}</Filter>")).await;
            assert_eq!(members(&read(&answer)).len(), count, "{version} {filter}: {}", answer.text());
        }
    }
}
