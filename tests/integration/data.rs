//! Odd data over HTTP: every value as the file has it.

use serde_json::{Value, json};

use crate::harness::client::links;
use crate::harness::odd::{self, BIG_IDS, INSTANTS, NAMES, TEXT_IDS};
use crate::harness::server::{Server, odd_server};
use crate::harness::{folder, page, text};

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, graticule::message::request::COMPONENT).to_string()
}

fn items(collection: &str, query: &str) -> Value {
    odd_server().json(&format!("/ogcapi/collections/{}/items{query}", encoded(collection)))
}

fn names(page: &Value) -> Vec<&str> {
    page["features"].as_array().unwrap().iter().map(|it| it["properties"]["name"].as_str().unwrap()).collect()
}

#[test]
fn tables_without_geometry() {
    let page = items("notes", "");
    assert_eq!(page["numberMatched"], 4);
    assert!(page["features"].as_array().unwrap().iter().all(|feature| feature["geometry"].is_null()));
    assert_eq!(page["features"][1]["properties"], json!({"note": "two & <three>", "weight": 1e300}));
    assert_eq!(page["features"][2]["properties"], json!({"note": null, "weight": null}));
    assert_eq!(items("notes", "?bbox=0,0,1,1")["numberMatched"], 4, "a box has no say over them");
    let collection = odd_server().json("/ogcapi/collections/notes");
    assert!(collection["extent"]["spatial"].is_null());
    odd_server().browse("/ogcapi/collections/notes/items").expect(200);
}

#[test]
fn features_without_geometry_stay_in() {
    let page = items("gaps", "?limit=100");
    assert_eq!(page["features"].as_array().unwrap().iter().filter(|it| it["geometry"].is_null()).count(), 8);
    assert_eq!(page["numberMatched"], 23);
    // In a box they may stay in or not, but every point within is there.
    let boxed = items("gaps", "?limit=100&bbox=0.5,-100,100,-0.5");
    let located = boxed["features"].as_array().unwrap().iter().filter(|it| !it["geometry"].is_null()).count();
    assert_eq!(located, 15);
}

#[test]
fn ids_of_every_form() {
    let page = items("text_ids", "?limit=100");
    let mut ids: Vec<&str> = page["features"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[0].as_bytes() < pair[1].as_bytes()), "in the order of the key: {ids:?}");
    let mut wanted = TEXT_IDS.to_vec();
    wanted.sort_unstable();
    ids.sort_unstable();
    assert_eq!(ids, wanted);
    for id in TEXT_IDS {
        let path = format!("/ogcapi/collections/text_ids/items/{}", encoded(id).replace('.', "%2E"));
        let feature = odd_server().json(&path);
        assert_eq!(feature["id"], id);
        let own = links(&feature, "self")[0]["href"].as_str().unwrap().to_owned();
        assert_eq!(odd_server().json(own.strip_prefix(&odd_server().url).unwrap())["id"], id, "{own}");
        assert_eq!(odd_server().browse(&path).expect(200).media_type(), "text/html");
    }
    for id in BIG_IDS {
        let feature = odd_server().json(&format!("/ogcapi/collections/big_ids/items/{id}"));
        assert_eq!((feature["id"].as_i64(), feature["properties"]["large"].as_i64()), (Some(id), Some(id)));
        assert_eq!(items("big_ids", &format!("?large={id}"))["numberMatched"], 1, "{id}");
    }
    for id in ["+1", "01", "1.0", "9007199254740994", "9223372036854775808", "-9223372036854775809"] {
        odd_server().get(&format!("/ogcapi/collections/big_ids/items/{}", encoded(id))).expect(404);
    }
}

/// A page is read by browsers, which take a suffix for a format and resolve dots.
#[test]
fn the_page_of_features_leads_to_each_of_them_whatever_its_id() {
    let path = "/ogcapi/collections/text_ids/items?limit=100&f=html";
    let listed = odd_server().get(path).expect(200).text();
    let rows: Vec<&str> = listed.split("<th scope=\"row\"").skip(1).collect();
    assert_eq!(rows.len(), TEXT_IDS.len());
    let mut led = Vec::new();
    for row in rows {
        let link = page::resolve(path, &page::attributes(row)[0]);
        let feature = odd_server().browse(&link).expect(200);
        assert_eq!(feature.media_type(), "text/html", "{link}");
        let feature = feature.text();
        let json =
            page::attributes(&feature).into_iter().find(|href| href.contains("f=json") || href.contains("f=geojson"));
        let json = page::resolve(&link, &json.unwrap());
        led.push(odd_server().json(&json)["id"].as_str().unwrap().to_owned());
    }
    led.sort_unstable();
    let mut wanted = TEXT_IDS.to_vec();
    wanted.sort_unstable();
    assert_eq!(led, wanted);
}

#[test]
fn values_of_every_type() {
    let page = items("kinds", "");
    let properties = &page["features"][0]["properties"];
    assert_eq!(properties["day"], "2024-02-29");
    assert_eq!(properties["at"], "2024-02-29T12:34:56.789Z");
    assert_eq!(properties["flag"], true);
    assert_eq!(properties["bytes"], "AP8Q");
    assert_eq!(properties["doc"], json!({"a": [1, null, "x"]}));
    assert_eq!(properties["whole"].as_i64(), Some(9_007_199_254_740_993));
    assert_eq!(properties["small"], -128);
    assert_eq!(properties["number"], 0.1);
    assert_eq!(properties["words"], "line\nbreak \"quoted\" \\ tab\t \u{1} Zürich 東京 😀 </script>");
    let second = &page["features"][1]["properties"];
    assert_eq!(
        (second["flag"].clone(), second["number"].as_f64(), second["whole"].as_i64()),
        (json!(false), Some(1e-7), Some(i64::MIN))
    );
    let third = page["features"][2]["properties"].as_object().unwrap();
    assert!(third.len() == 9 && third.values().all(Value::is_null), "null is null, and is there: {third:?}");
    let html = odd_server().browse("/ogcapi/collections/kinds/items").expect(200).text();
    assert!(!html.contains("😀 </script>"), "values are escaped");
}

#[test]
fn filters_compare_values_of_every_type() {
    for (query, count) in [
        ("flag=true", 1),
        ("flag=false", 1),
        ("day=2024-02-29", 1),
        ("day=1969-12-31", 1),
        ("at=2024-02-29T12%3A34%3A56.789Z", 1),
        ("at=2024-02-29T13:34:56.789%2B01:00", 1),
        ("whole=9007199254740993", 1),
        ("whole=9007199254740992", 0),
        ("small=-128", 1),
        ("number=0.1", 1),
        ("number=1e-7", 1),
        ("number=0.10000000000000001", 1),
        ("words=x%27%20OR%20%271%27%3D%271", 1),
        ("words=x", 0),
        (
            "words=line%0Abreak%20%22quoted%22%20%5C%20tab%09%20%01%20Z%C3%BCrich%20%E6%9D%B1%E4%BA%AC%20%F0%9F%98%80%20%3C/script%3E",
            1,
        ),
    ] {
        assert_eq!(items("kinds", &format!("?{query}"))["numberMatched"], count, "{query}");
    }
    for query in
        ["flag=yes", "day=2024-02-30", "whole=1.5", "number=NaN", "at=2024-02-29", "bytes=AP8Q", "doc=1", "small=x"]
    {
        odd_server().get(&format!("/ogcapi/collections/kinds/items?{query}")).expect(400);
    }
}

#[test]
fn names_of_every_form() {
    let list = odd_server().json("/ogcapi/collections");
    let ids: Vec<&str> = list["collections"].as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect();
    for name in NAMES {
        assert!(ids.contains(&name), "{name} is not among {ids:?}");
        let page = items(name, &format!("?name={}&limit=1", encoded(name)));
        assert_eq!(names(&page), [name]);
        assert_eq!(
            odd_server().browse(&format!("/ogcapi/collections/{}/items", encoded(name))).expect(200).media_type(),
            "text/html"
        );
    }
    for (query, count) in [
        ("na%20me=v%202%26%3D%2B%25", 1),
        ("na+me=v+2%26%3D%2B%25", 1),
        ("gr%C3%B6%C3%9Fe=3", 1),
        ("q%27u%22ote=nothing", 0),
        ("a%26b%3Dc=v%201%26%3D%2B%25", 1),
    ] {
        assert_eq!(items("odd_columns", &format!("?{query}"))["numberMatched"], count, "{query}");
    }
    let paged = items("odd_columns", "?limit=2");
    assert_eq!(paged["numberReturned"], 2, "a column named limit takes nothing away");
    assert_eq!(paged["features"][1]["properties"]["limit"], 1);
}

#[test]
fn views_and_empty_layers() {
    let recent = items("recent", "?limit=10");
    assert_eq!(names(&recent), ["time 1", "time 3", "time 4"]);
    assert_eq!(recent["features"][0]["id"], 2, "the first column is the key");
    odd_server().get("/ogcapi/collections/recent/items/1").expect(404);
    let empty = items("empty", "");
    assert_eq!((&empty["numberMatched"], &empty["features"]), (&json!(0), &json!([])));
    assert!(links(&empty, "next").is_empty());
    odd_server().browse("/ogcapi/collections/empty/items").expect(200);
    odd_server().get("/ogcapi/collections/empty").expect(200);
}

#[test]
fn instants_meet_intervals() {
    for (datetime, wanted) in [
        ("2020-06-15T12:00:00Z", vec![1, 2, 6]),
        ("2020-06-15T12:00:00.001Z", vec![2, 6]),
        ("2020-06-15T14:00:00%2B02:00", vec![1, 2, 6]),
        ("2020-06-15", vec![1, 2, 3, 6]),
        ("2020-06-15T00:00:00Z/2020-06-15T23:59:59Z", vec![1, 2, 6]),
        ("2020-01-01T00:00:00Z/..", vec![0, 1, 2, 3, 4, 6]),
        ("../2020-01-01T00:00:00Z", vec![0, 2, 5, 6]),
        ("../1800-01-01T00:00:00Z", vec![2, 6]),
        ("../..", vec![0, 1, 2, 3, 4, 5, 6]),
    ] {
        let wanted: Vec<String> = wanted.iter().map(|number| format!("time {number}")).collect();
        assert_eq!(names(&items("times", &format!("?datetime={datetime}"))), wanted, "{datetime}");
    }
    let extent = odd_server().json("/ogcapi/collections/times")["extent"]["temporal"]["interval"].clone();
    assert_eq!(extent, json!([["1901-01-01T00:00:00Z", "2021-01-01T00:00:00Z"]]));
    assert_eq!(INSTANTS.len(), 7);
}

#[test]
fn features_that_last_meet_intervals() {
    let path = folder().join("spans.toml");
    let layer =
        format!("[[layers]]\nsource = \"{}\"\nlayer = \"spans\"\ntime = [\"began\", \"ended\"]\n", text(odd::file()));
    std::fs::write(&path, layer).unwrap();
    let server = Server::start(&["--project", text(&path)]);
    for (datetime, wanted) in [
        ("2000-03-01T00:00:00Z", vec![0, 3]),
        ("2000-12-31T23:59:59Z", vec![0, 1, 3]),
        ("2001-01-01T00:00:00Z", vec![1, 3]),
        ("1999-12-31T12:00:00Z", vec![2, 3]),
        ("1999-12-31T12:00:00Z/2000-01-01T00:00:00Z", vec![0, 2, 3]),
        ("2100-01-01T00:00:00Z/..", vec![1, 3]),
        ("../1900-01-01T00:00:00Z", vec![2, 3]),
    ] {
        let page = server.json(&format!("/ogcapi/collections/spans/items?datetime={datetime}"));
        let wanted: Vec<String> = wanted.iter().map(|number| format!("span {number}")).collect();
        assert_eq!(names(&page), wanted, "{datetime}");
    }
}

#[test]
fn heights_are_kept_and_measures_are_not() {
    let answer = odd_server().get("/ogcapi/collections/heights/items").expect(200);
    assert_eq!(answer.header("content-crs"), "<http://www.opengis.net/def/crs/OGC/0/CRS84h>");
    assert_eq!(answer.json()["features"][2]["geometry"]["coordinates"], json!([2, 1, 200]));
    assert_eq!(names(&items("heights", "?bbox=0,0,150,10,10,250")), ["at 200 m"]);
    assert_eq!(items("heights", "?bbox=0,0,10,10")["numberMatched"], 5);
    assert_eq!(items("measured", "")["features"][0]["geometry"]["coordinates"], json!([1, 2]));
    assert_eq!(items("both", "")["features"][0]["geometry"]["coordinates"], json!([1, 2, 3]));
}

#[test]
fn rings_are_wound_as_geojson_wants_them() {
    let page = items("wound", "");
    let rings = &page["features"][0]["geometry"]["coordinates"];
    let sense = |ring: &Value| -> f64 {
        let points: Vec<(f64, f64)> =
            ring.as_array().unwrap().iter().map(|it| (it[0].as_f64().unwrap(), it[1].as_f64().unwrap())).collect();
        points.windows(2).map(|pair| pair[0].0 * pair[1].1 - pair[1].0 * pair[0].1).sum()
    };
    assert!(sense(&rings[0]) > 0.0 && sense(&rings[1]) < 0.0, "{rings}");
    assert!(sense(&page["features"][1]["geometry"]["coordinates"][0]) > 0.0);
}

#[test]
fn boxes_cross_the_date_line() {
    for (bbox, wanted) in [
        ("178,-1,-178,1", vec!["west of the line", "east of the line"]),
        ("177,-30,-177,10", vec!["Fiji, cut in two", "west of the line", "east of the line", "past 180"]),
        ("178,-1,182,1", vec!["west of the line", "east of the line"]),
        ("-182,-1,-178,1", vec!["west of the line", "east of the line"]),
        ("-10,-10,10,10", vec!["on the other side of the world"]),
        ("10,-90,-10,90", vec!["Fiji, cut in two", "west of the line", "east of the line", "past 180"]),
    ] {
        assert_eq!(names(&items("pacific", &format!("?bbox={bbox}"))), wanted, "{bbox}");
    }
}

#[test]
fn the_empty_text_is_found_where_it_is_a_value() {
    let page = items("notes", "?note=");
    assert_eq!((page["numberMatched"].as_u64(), page["features"][0]["id"].as_u64()), (Some(1), Some(9)));
    odd_server().get("/ogcapi/collections/notes/items?weight=").expect(400);
    odd_server().get("/ogcapi/collections/notes/items?limit=").expect(400);
    // A form's field that is left empty means nothing.
    assert!(odd_server().browse("/ogcapi/collections/notes/items?note=&weight=").expect(200).text().contains("three"));
}
