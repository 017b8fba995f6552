//! CQL2 over HTTP (Part 3): every class on the sample data, in both forms, and what is told of faults.

use serde_json::Value;

use crate::harness::server::{demo, odd_server};

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, graticule::message::request::COMPONENT).to_string()
}

fn page(collection: &str, query: &str) -> Value {
    demo().json(&format!("/ogcapi/collections/{collection}/items?limit=1000&{query}"))
}

/// The names of the countries that meet a filter.
fn countries(filter: &str) -> Vec<String> {
    let page = page("countries", &format!("filter={}", encoded(filter)));
    let features = page["features"].as_array().unwrap();
    assert_eq!(page["numberMatched"].as_u64().unwrap(), features.len() as u64, "{filter}");
    features.iter().map(|it| it["properties"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_class_of_cql2_text_is_answered() {
    for (filter, expected) in [
        ("name = 'Fiji'", &["Fiji"][..]),
        ("name LIKE 'Swi%'", &["Switzerland"]),
        ("CASEI(name) LIKE casei('SWITZ%')", &["Switzerland"]),
        ("ACCENTI(name) = ACCENTI('Côte d''Ivoire') OR name = 'Fiji'", &["Fiji", "Côte d'Ivoire"]),
        ("iso_a3 IN ('CHE', 'FJI')", &["Fiji", "Switzerland"]),
        ("pop_est BETWEEN 8.5e6 AND 8.6e6 AND continent = 'Europe'", &["Switzerland"]),
        ("S_INTERSECTS(geom, POINT(8 47))", &["Switzerland"]),
        ("S_CONTAINS(geom, LINESTRING(7.5 46.8, 8.5 46.9))", &["Switzerland"]),
        ("S_WITHIN(geom, POLYGON((5 45, 11 45, 11 48, 5 48, 5 45)))", &["Switzerland"]),
        ("S_WITHIN(geom, POLYGON((5 44, 12 45, 11 49, 5 48, 5 44)))", &["Switzerland"]),
        ("S_CROSSES(LINESTRING(7 47, 20 47), geom) AND name < 'B'", &["Austria"]),
        ("gdp_md_est / pop_est > 0.08 AND continent = 'Europe' AND length(name) < 12", &["Switzerland", "Luxembourg"]),
        ("abs(gdp_md_est - 703082) < 1", &["Switzerland"]),
        ("lower(name) = upper('fiji') OR lower(name) = 'fiji'", &["Fiji"]),
        ("name = iso_a3 OR name = 'Fiji'", &["Fiji"]),
        ("S_INTERSECTS(geom, geometry) AND name = 'Fiji'", &["Fiji"]),
        ("S_TOUCHES(geom, geom) OR S_CROSSES(LINESTRING(0 0, 2 2), LINESTRING(0 2, 2 0)) AND fid = 1", &["Fiji"]),
        ("fid < 3", &["Fiji", "Tanzania"]),
        ("fid BETWEEN 0 AND 2 AND fid * 2 > 3", &["Tanzania"]),
    ] {
        let mut found = countries(filter);
        let mut expected = expected.to_vec();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{filter}");
    }
}

#[test]
fn the_key_is_a_queryable_and_a_parameter() {
    let queryables = demo().json("/ogcapi/collections/countries/queryables");
    let key = &queryables["properties"]["fid"];
    assert_eq!((&key["type"], &key["x-ogc-role"]), (&"integer".into(), &"id".into()));
    assert_eq!(page("countries", "fid=1")["features"][0]["properties"]["name"], "Fiji");
    assert_eq!(page("countries", "fid=1000000")["numberMatched"], 0);
    demo().get("/ogcapi/collections/countries/items?fid=first").expect(400);
    let last = page("countries", "filter=fid+%3E+100&sortby=-fid");
    assert_eq!(last["features"][0]["id"], 177);
}

#[test]
fn the_forms_of_the_language_say_the_same() {
    let text = page(
        "countries",
        &format!("filter={}", encoded("continent = 'Europe' AND S_INTERSECTS(geom, BBOX(5,45,11,48))")),
    );
    let json = r#"{"op":"and","args":[{"op":"=","args":[{"property":"continent"},"Europe"]},
        {"op":"s_intersects","args":[{"property":"geom"},{"bbox":[5,45,11,48]}]}]}"#;
    let json = page("countries", &format!("filter-lang=cql2-json&filter={}", encoded(json)));
    let older = encoded("continent='Europe' AND S_INTERSECTS(geometry,BBOX(5,45,11,48))");
    let older = page("countries", &format!("filter-lang=cql-text&filter={older}"));
    assert!(text["features"].as_array().unwrap().len() > 3);
    assert_eq!(text["features"], json["features"]);
    assert_eq!(text["features"], older["features"]);
}

#[test]
fn coordinates_come_in_the_order_of_their_system() {
    let epsg = encoded("http://www.opengis.net/def/crs/EPSG/0/4326");
    let mercator = encoded("http://www.opengis.net/def/crs/EPSG/0/3857");
    for (crs, point) in [(&epsg, "POINT(47 8)"), (&mercator, "POINT(890555.9 5942074.1)")] {
        let filter = encoded(&format!("S_CONTAINS(geom, {point})"));
        let page = page("countries", &format!("filter-crs={crs}&filter={filter}"));
        assert_eq!(page["features"][0]["properties"]["name"], "Switzerland", "{point}");
        assert_eq!(page["numberMatched"], 1);
    }
}

#[test]
fn faults_of_a_filter_are_told_with_their_place() {
    for (query, message) in [
        ("filter=name%20%3D%3E%20'a'", "at character 7"),
        ("filter=nmae%20%3D%20'a'", "did you mean 'name'?"),
        ("filter=pop_est%20%3D%20'a'", "'pop_est' is a number, and cannot be compared with 'a' (at character 1)"),
        ("filter=TRUE%20AND%20nothing%20%3D%205", "there is no property 'nothing' (at character 10)"),
        ("filter-lang=cql-text&filter=TRUE%20AND%20name%20!%3D%205", "(at character 10): text is written '5'"),
        (
            "filter-lang=cql2-json&filter=%7B%22op%22:%22%3D%22,%22args%22:%5B1,%7B%22property%22:%22name%22%7D%5D%7D",
            "(at /args/1)",
        ),
        (
            "filter-lang=cql2-json&filter=%7B%22op%22:%22%3D%22,%22op%22:%22%3C%22,%22args%22:%5B1,2%5D%7D",
            "stands twice",
        ),
        ("filter=nme(name)%20%3D%20'a'", "no function 'nme'"),
        ("filter-lang=cql2-json&filter=name%20%3D%20'a'", "not JSON"),
        ("filter-lang=cql2-json&filter=%7B%22op%22%3A%22not%22%2C%22args%22%3A%5B1%5D%7D", "(at /args/0)"),
        ("filter-lang=ecql&filter=name%20%3D%20'a'", "filter-lang"),
        ("filter-crs=EPSG%3A99999&filter=name%20%3D%20'a'", "filter-crs"),
        ("filter=", "filter"),
    ] {
        let problem = demo().get(&format!("/ogcapi/collections/countries/items?{query}")).expect(400).json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(message), "{query}: {detail}");
    }
}

#[test]
fn a_next_page_keeps_the_filter() {
    let filter = encoded("continent = 'Africa' AND NOT name LIKE 'C%'");
    let mut path = format!("/ogcapi/collections/countries/items?limit=7&filter={filter}&filter-lang=cql2-text");
    let mut names = Vec::new();
    while !path.is_empty() {
        let page = demo().json(&path);
        names.extend(
            page["features"].as_array().unwrap().iter().map(|it| it["properties"]["name"].as_str().unwrap().to_owned()),
        );
        let next = page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next");
        path = next.map_or(String::new(), |next| next["href"].as_str().unwrap().replace(&demo().url, ""));
    }
    let mut once = names.clone();
    once.dedup();
    assert!(names.len() > 30 && names == once && names.iter().all(|name| !name.starts_with('C')), "{names:?}");
}

#[test]
fn times_and_projected_layers_are_filtered() {
    let get = |collection: &str, filter: &str| {
        let path = format!("/ogcapi/collections/{collection}/items?limit=1000&filter={}", encoded(filter));
        odd_server().json(&path)["numberMatched"].as_u64().unwrap()
    };
    let all = get("kinds", "TRUE");
    assert_eq!(get("kinds", "T_EQUALS(day, DATE('2024-02-29'))"), get("kinds", "day = DATE('2024-02-29')"));
    assert_eq!(
        get(
            "kinds",
            "T_AFTER(at, TIMESTAMP('1800-01-01T00:00:00Z')) OR at IS NULL OR T_BEFORE(at, INTERVAL('1800-01-01', '..')) OR T_INTERSECTS(at, DATE('1800-01-01'))"
        ),
        all
    );
    assert_eq!(
        get("kinds", "year(day) = 2024 AND month(day) = 2 AND day(day) = 29"),
        get("kinds", "day = DATE('2024-02-29')")
    );
    assert_eq!(
        get("new_york", "S_WITHIN(geom, POLYGON((-74.1 40.5, -73.9 40.5, -73.9 40.6, -74.1 40.65, -74.1 40.5)))"),
        1
    );
}

#[test]
fn functions_are_listed() {
    let list = demo().json("/ogcapi/functions");
    let names: Vec<&str> =
        list["functions"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"lower") && names.contains(&"year"));
    assert_eq!(list["functions"][0]["arguments"][0]["type"][0], "string");
    let page = demo().browse("/ogcapi/functions").expect(200).text();
    assert!(
        page.contains("<code>concat(first, second)</code>") && page.contains("the first text with the second after it")
    );
    assert!(page.contains("day or instant"), "{page}");
    let classes = demo().json("/ogcapi/conformance").to_string();
    assert!(classes.contains("cql2/1.0/conf/array-functions") && classes.contains("features-3/1.0/conf/filter"));
}
