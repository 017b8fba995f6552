//! The formats besides GeoJSON: GDAL reads each back with the same features, and what they have no place for is in headers.

use std::path::Path;

use serde_json::Value;

use crate::harness::client::Answer;
use crate::harness::client::neighbour;
use crate::harness::server::{demo, odd_server};
use crate::harness::{gdal, made, odd, text};

/// Name in `f=`, media type, ending of a file's name, and how GDAL is told to read one.
const FORMATS: [(&str, &str, &str, &[&str]); 3] = [
    ("geojsonseq", "application/geo+json-seq", "geojsons", &[]),
    ("fgb", "application/flatgeobuf", "fgb", &[]),
    ("csv", "text/csv", "csv", &gdal::CSV),
];

fn download(path: &str, format: &str) -> Answer {
    odd_server().get(&format!("{path}{}f={format}", if path.contains('?') { '&' } else { '?' })).expect(200)
}

/// The features as GDAL reads them from a file of this format.
fn read_back(answer: &Answer, name: &str, options: &[&str]) -> Vec<Value> {
    let file = made(name, |path| std::fs::write(path, &answer.body).unwrap());
    let layer = if name.ends_with("fgb") { "kept" } else { file.file_stem().unwrap().to_str().unwrap() };
    features(&file, layer, options)
}

fn features(file: &Path, layer: &str, options: &[&str]) -> Vec<Value> {
    let out = tempfile::Builder::new().suffix(".geojson").tempfile().unwrap().into_temp_path();
    std::fs::remove_file(&out).unwrap();
    let mut args = vec!["-q", "-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=15", "-lco", "SIGNIFICANT_FIGURES=17"];
    args.extend_from_slice(options);
    args.extend([text(&out), text(file)]);
    if layer == "kept" {
        args.extend(["-nln", "kept"]);
    }
    gdal::run("ogr2ogr", &args);
    let document: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    document["features"].as_array().unwrap().clone()
}

/// One value as formats agree on it: a day and the midnight that it begins with are the same, as are texts and what
/// they stand for.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let text = text.replace('/', "-").replace(' ', "T");
            text.strip_suffix("T00:00:00").unwrap_or(&text).trim_end_matches('Z').replace(".000", "")
        }
        Value::Number(number) => number.as_f64().unwrap().to_string(),
        other => other.to_string(),
    }
}

#[test]
fn gdal_reads_every_format_back() {
    for layer in
        ["new_york", "mercator", "gaps", "heights", "pacific", "text_ids", "times", "odd_columns", "notes", "empty"]
    {
        let path = format!("/ogcapi/collections/{layer}/items?limit=10000");
        let wanted = odd_server().json(&path);
        let wanted = wanted["features"].as_array().unwrap();
        for (format, _, extension, options) in FORMATS {
            let answer = download(&path, format);
            if wanted.is_empty() && format == "geojsonseq" {
                assert!(answer.body.is_empty());
                continue;
            }
            let read = read_back(&answer, &format!("{layer}.{extension}"), options);
            assert_eq!(read.len(), wanted.len(), "{layer} as {format}");
            for (read, wanted) in read.iter().zip(wanted) {
                let told = format!("{layer} {} as {format}:\n{read}\n{wanted}", wanted["id"]);
                let has_vertex = wanted["geometry"]["coordinates"].to_string().contains(|it: char| it.is_ascii_digit());
                if has_vertex {
                    assert_eq!(plain_numbers(&read["geometry"]), plain_numbers(&wanted["geometry"]), "{told}");
                }
                for (name, value) in wanted["properties"].as_object().unwrap() {
                    // GDAL loses the quotes within names of columns of CSV.
                    let name = if format == "csv" { name.replace('"', "") } else { name.clone() };
                    let read = &read["properties"][&name];
                    // An empty text and none are the same to GDAL's reader of CSV.
                    let is_nothing =
                        format == "csv" && (value == "" || value.is_null()) && (read.is_null() || read == "");
                    assert!(is_nothing || plain(read) == plain(value), "{name}: {told}");
                }
            }
        }
    }
}

/// A geometry whose numbers are all floats, without the last decimals, which GDAL writes in its own way.
fn plain_numbers(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(plain_numbers).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), plain_numbers(value))).collect(),
        Value::Number(number) => ((number.as_f64().unwrap() * 1e9).round() / 1e9).into(),
        other => other.clone(),
    }
}

#[test]
fn links_and_counts_are_in_headers() {
    for (format, media_type, extension, _) in FORMATS {
        let path = "/ogcapi/collections/gaps/items?limit=5&offset=10";
        let answer = download(path, format);
        assert_eq!(answer.media_type(), media_type);
        let (links, name) = (answer.header("link"), answer.header("content-disposition"));
        assert_eq!(name, format!("attachment; filename=\"gaps.{extension}\""));
        let base = format!("{}/ogcapi/collections/gaps/items?", odd_server().url);
        let link = format!("<{base}limit=5&offset=10&f={format}>; rel=\"self\"; type=\"{media_type}\"");
        assert!(links.contains(&link), "{link} is not among {links}");
        assert!(links.contains("rel=\"alternate\"; type=\"text/html\""), "{links}");
        for (rel, offset) in [("next", 15), ("prev", 5)] {
            let to = neighbour(&answer, rel).unwrap();
            assert!(to.starts_with(&format!("{base}limit=5&f={format}&cursor=")), "{to}");
            let by_offset = download(&format!("/ogcapi/collections/gaps/items?limit=5&offset={offset}"), format);
            assert_eq!(crate::harness::client::send("GET", &to, &[]).expect(200).body, by_offset.body, "{rel}");
        }
        assert_eq!(answer.header("ogc-numberreturned"), "5");
        assert_eq!(answer.header("content-crs"), "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>");
        let last = download("/ogcapi/collections/gaps/items?limit=5&offset=20", format);
        assert!(!last.header("link").contains("rel=\"next\""));
        assert_eq!((last.header("ogc-numbermatched"), last.header("ogc-numberreturned")), ("23", "3"));
        let by_suffix = odd_server().get(&format!("/ogcapi/collections/gaps/items.{format}")).expect(200);
        assert_eq!(by_suffix.media_type(), media_type);
        let url = format!("{}/ogcapi/collections/gaps/items", odd_server().url);
        let by_accept = crate::harness::client::send("GET", &url, &[("accept", media_type)]).expect(200);
        assert_eq!(by_accept.media_type(), media_type);
        let head = crate::harness::client::send("HEAD", &format!("{url}?f={format}"), &[]).expect(200);
        assert_eq!(head.header("content-disposition"), name);
    }
}

#[test]
fn counts_are_in_headers_of_every_page() {
    let server = crate::harness::server::Server::start(&[text(odd::many())]);
    let all = odd::MANY.to_string();
    let rest = (odd::MANY - 10).to_string();
    for (format, _, _, _) in FORMATS {
        for (query, returned) in [
            ("limit=2", "2"),
            ("limit=2&offset=7", "2"),
            ("limit=10000", "10000"),
            ("limit=10000&offset=10", rest.as_str()),
            ("resultType=hits", ""),
        ] {
            let answer = server.get(&format!("/ogcapi/collections/many/items?f={format}&{query}")).expect(200);
            assert_eq!(answer.header("ogc-numbermatched"), all, "{format} {query}");
            if !returned.is_empty() {
                let returned = returned.parse::<u64>().unwrap().min(10_000).to_string();
                assert_eq!(answer.header("ogc-numberreturned"), returned, "{format} {query}");
            }
            if let Some(next) = neighbour(&answer, "next") {
                let next = crate::harness::client::send("GET", &next, &[]).expect(200);
                assert_eq!(next.header("ogc-numbermatched"), all, "{format} {query}");
            }
        }
    }
}

#[test]
fn a_streamed_answer_names_its_next_page() {
    let server = crate::harness::server::Server::start(&[text(odd::many())]);
    for (format, _, _, _) in FORMATS {
        let answer = |query: &str| server.get(&format!("/ogcapi/collections/many/items?f={format}{query}")).expect(200);
        let first = answer("&limit=10000");
        assert!(first.body.len() > 300_000, "it is streamed");
        let next = neighbour(&first, "next").expect("a next page");
        assert!(next.contains("&cursor="), "{next}");
        assert_eq!(first.header("ogc-numbermatched"), odd::MANY.to_string());
        assert_eq!(first.header("ogc-numberreturned"), "10000");
        let rest = answer("&limit=10000&offset=10000");
        assert!(!rest.header("link").contains("rel=\"next\""));
        let by_cursor = crate::harness::client::send("GET", &next, &[]).expect(200);
        assert_eq!(by_cursor.body, rest.body);
        let back = neighbour(&by_cursor, "prev").expect("a page before");
        let back = crate::harness::client::send("GET", &back, &[]).expect(200);
        assert_eq!(back.body, first.body);
        assert_eq!(neighbour(&back, "prev"), None);
        assert_eq!(neighbour(&by_cursor, "next"), None);
    }
}

#[test]
fn one_feature_comes_in_every_format() {
    for (format, media_type, extension, _) in FORMATS {
        let answer = download("/ogcapi/collections/gaps/items/2", format);
        assert_eq!(answer.media_type(), media_type);
        assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"gaps-2.{extension}\""));
        assert!(answer.header("link").contains("rel=\"collection\""));
        odd_server().get(&format!("/ogcapi/collections/gaps/items/9999?f={format}")).expect(404);
    }
    assert_eq!(
        download("/ogcapi/collections/gaps/items/2", "csv").text(),
        "\"fid\",\"name\",\"x\",\"y\"\r\n2,\"gap 1\",1,-1\r\n"
    );
}

#[test]
fn pages_lead_to_every_format() {
    let items = demo().browse("/ogcapi/collections/cities/items").expect(200).text();
    let collection = demo().browse("/ogcapi/collections/cities").expect(200).text();
    let links = demo().get("/ogcapi/collections/cities").links("items");
    for (format, media_type, _, _) in FORMATS {
        assert!(items.contains(&format!("f={format}")), "{format}");
        assert!(collection.contains(&format!("f={format}&amp;limit=10000")), "{format}");
        assert!(links.iter().any(|link| link["type"] == media_type), "{format}");
    }
}
