use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::base::crs::Crs;
use crate::base::datetime::{Date, Instant};
use crate::base::link::{Link, Rel};
use crate::model::batch::{Cell, Layout};
use crate::model::geometry::samples::{Sample, Style, wkb};
use crate::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};

fn part(geometry: bool, kinds: &[(&str, FieldKind)]) -> Part {
    let schema = Schema {
        fields: kinds.iter().map(|(name, kind)| Field::new(*name, *kind)).collect(),
        key: ("fid".to_owned(), KeyKind::Integer),
        geometry: geometry.then(|| GeometryField {
            name: "geom".to_owned(),
            kind: GeometryKind::Any,
            crs: Crs::Crs84,
            epoch: None,
            has_z: false,
        }),
        time: None,
    };
    let layout = Layout { geometry, fields: (0..kinds.len()).collect() };
    Part {
        name: "places".to_owned(),
        schema: Arc::new(schema),
        layout: Arc::new(layout),
        crs: Crs::Crs84,
        decimals: Some(7),
    }
}

fn document(parts: &[(&Part, &[Batch])], matched: Option<u64>) -> Value {
    let (mut encoder, mut out) = (GeoJson::new(), Vec::new());
    encoder.open(&Opening { time_stamp: Instant(1_500_000), matched: None }, &mut out);
    let mut returned = 0;
    for (part, batches) in parts {
        encoder.part(part, &mut out);
        for batch in *batches {
            encoder.batch(batch, &mut out);
            returned += batch.len() as u64;
        }
        encoder.end_part(&mut out);
    }
    let links = vec![Link::new("http://localhost/ogcapi?f=\"json\"", Rel::Itself, "application/geo+json", "This")];
    encoder.close(&Closing { links, matched, returned }, &mut out);
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn every_kind_of_cell_is_written() {
    let kinds = [
        ("a \"name\"", FieldKind::String),
        ("int", FieldKind::Integer),
        ("float", FieldKind::Number),
        ("nan", FieldKind::Number),
        ("bool", FieldKind::Boolean),
        ("date", FieldKind::Date),
        ("instant", FieldKind::DateTime),
        ("json", FieldKind::Json),
        ("no json", FieldKind::Json),
        ("bytes", FieldKind::Binary),
        ("null", FieldKind::String),
    ];
    let part = part(true, &kinds);
    let mut batch = Batch::new(part.layout.width());
    batch.push(Cell::Int(-7));
    batch.push_blob(&wkb(&Sample::Point([13.4, 52.5, 0.0, 0.0]), Style::default()));
    batch.push_text("line\nfeed \u{1f30d}");
    batch.push(Cell::Int(i64::MIN));
    batch.push(Cell::Float(10.0));
    batch.push(Cell::Float(f64::NAN));
    batch.push(Cell::Bool(true));
    batch.push(Cell::Date(Date(17574)));
    batch.push(Cell::Instant(Instant(0)));
    batch.push_text("{\"a\": [1, 2]}");
    batch.push_text("{a: 1}");
    batch.push_blob(b"foob");
    batch.push(Cell::Null);
    let expected = json!({
        "type": "Feature",
        "id": -7,
        "geometry": {"type": "Point", "coordinates": [13.4, 52.5]},
        "properties": {
            "a \"name\"": "line\nfeed \u{1f30d}", "int": i64::MIN, "float": 10.0, "nan": null, "bool": true,
            "date": "2018-02-12", "instant": "1970-01-01T00:00:00Z", "json": {"a": [1, 2]}, "no json": "{a: 1}",
            "bytes": "Zm9vYg==", "null": null,
        }
    });
    assert_eq!(document(&[(&part, &[batch])], Some(1))["features"][0], expected);
}

#[test]
fn features_of_all_batches_and_parts_follow_one_another() {
    let (with, without) = (part(true, &[]), part(false, &[("name", FieldKind::String)]));
    let mut first = Batch::new(2);
    let mut second = Batch::new(2);
    let mut third = Batch::new(2);
    first.push(Cell::Int(1));
    first.push(Cell::Null);
    second.push(Cell::Int(2));
    second.push_blob(b"broken");
    second.push(Cell::Int(3));
    second.push(Cell::Null);
    third.push_text("a\"b");
    third.push_text("x");
    let value = document(&[(&with, &[first, Batch::new(2), second]), (&without, &[third])], None);
    let ids: Vec<_> = value["features"].as_array().unwrap().iter().map(|feature| &feature["id"]).collect();
    assert_eq!(ids, [&json!(1), &json!(2), &json!(3), &json!("a\"b")]);
    assert!(value["features"].as_array().unwrap().iter().all(|feature| feature["geometry"].is_null()));
    assert_eq!(value["features"][3]["properties"], json!({"name": "x"}));
}

#[test]
fn a_collection_ends_with_counts_time_and_links() {
    let value = document(&[(&part(true, &[]), &[])], Some(12));
    let members: Vec<_> = value.as_object().unwrap().keys().collect();
    assert_eq!(members, ["type", "features", "numberMatched", "numberReturned", "timeStamp", "links"]);
    assert_eq!(value["features"], json!([]));
    assert_eq!([&value["numberMatched"], &value["numberReturned"]], [&json!(12), &json!(0)]);
    assert_eq!(value["timeStamp"], "1970-01-01T00:00:01.5Z");
    assert_eq!(value["links"][0]["href"], "http://localhost/ogcapi?f=\"json\"");
    assert!(document(&[], None).get("numberMatched").is_none());
}

#[test]
fn links_are_written_as_serde_writes_them() {
    let bare = Link {
        href: "http://localhost/?q=\"\\\u{1}".to_owned(),
        rel: Rel::Queryables,
        media_type: None,
        title: None,
        method: None,
    };
    let links = [Link::new("http://localhost/", Rel::Itself, "text/html", "A \"title\"\n"), bare];
    for count in 0..=links.len() {
        let mut out = Vec::new();
        feature::write_links(&links[..count], &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!(",\"links\":{}", serde_json::to_string(&links[..count]).unwrap())
        );
    }
}

#[test]
fn a_single_feature_has_links_of_its_own() {
    let part = part(false, &[("name", FieldKind::String)]);
    let mut batch = Batch::new(2);
    batch.push(Cell::Int(5));
    batch.push_text("x");
    let mut out = Vec::new();
    let links = [Link::new("http://localhost/", Rel::Collection, "application/json", "The collection")];
    FeatureWriter::new(&part).write_document(batch.row(0), &links, &mut out);
    let value: Value = serde_json::from_slice(&out).unwrap();
    let members: Vec<_> = value.as_object().unwrap().keys().collect();
    assert_eq!(members, ["type", "id", "geometry", "properties", "links"]);
    assert_eq!(value["links"][0]["rel"], "collection");
}
