//! Values of files whose types GDAL guesses, and numbers that it cuts: each arrives as it is written.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::server::{Server, run, stderr};
use crate::harness::text;
use crate::made::zip;

fn values(server: &Server, items: &str, name: &str) -> Vec<Value> {
    let page = server.json(items);
    page["features"].as_array().unwrap().iter().map(|it| it["properties"][name].clone()).collect()
}

fn write(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    text(&path).to_owned()
}

/// GML without a schema, of rows of two values.
fn gml(rows: &[(&str, &str)]) -> String {
    let row = |(number, (plz, n)): (usize, &(&str, &str))| {
        format!("<gml:featureMember><o:g fid='g.{number}'><o:plz>{plz}</o:plz><o:n>{n}</o:n></o:g></gml:featureMember>")
    };
    let rows: String = rows.iter().enumerate().map(row).collect();
    format!(
        "<o:FeatureCollection xmlns:o='http://ogr.maptools.org/' xmlns:gml='http://www.opengis.net/gml'>{rows}</o:FeatureCollection>"
    )
}

#[test]
fn whole_numbers_beyond_64_bits_are_text_with_every_digit_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let codes = ["123456789012345678901", "123456789012345678902", "9223372036854775808", "-9223372036854775809"];
    let feature = |code: &&str| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"plz\":1,\"n\":{code},\"most\":9223372036854775807,\"o\":{{\"x\":{code}}},\
             \"l\":[1,{code}]}},\"geometry\":{{\"type\":\"Point\",\"coordinates\":[1,2]}}}}"
        )
    };
    let features: Vec<_> = codes.iter().map(feature).collect();
    let collection = format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","));
    let json = write(at, "g.geojson", &collection);
    let lines = write(at, "lines.geojsonl", &features.join("\n"));
    let table: String = codes.iter().fold("plz,n\n".to_owned(), |all, code| all + "1," + code + "\n");
    let table = write(at, "c.csv", &table);
    let marked = write(at, "m.gml", &gml(&codes.map(|code| ("1", code))));
    let packed = at.join("packed.zip");
    write(at, "inner.geojson", &collection);
    zip(&packed, &[at.join("inner.geojson")]);
    let server = Server::start(&[&json, &lines, &table, &marked, text(&packed)]);
    let ids = server.json("/ogcapi/collections");
    let ids: Vec<_> = ids["collections"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 5, "{ids:?}");
    for id in ids {
        let items = format!("/ogcapi/collections/{id}/items");
        assert_eq!(values(&server, &items, "n"), codes, "{id}");
        assert_eq!(values(&server, &items, "plz"), [1, 1, 1, 1], "{id}");
        assert_eq!(values(&server, &format!("{items}?n=123456789012345678902"), "n"), [codes[1]], "{id}");
        if id != "c" && id != "m" {
            assert_eq!(values(&server, &items, "most")[0], i64::MAX, "{id}");
            assert_eq!(values(&server, &items, "o")[1], json!({ "x": codes[1] }), "{id}");
            assert_eq!(values(&server, &items, "l")[1], json!([1, codes[1]]), "{id}");
        }
    }
    for (path, told) in
        [(&json, "beyond 64 bits"), (&lines, "beyond 64 bits"), (&table, "read as text"), (&marked, "read as text")]
    {
        let output = run(&["check", path]);
        assert!(output.status.success() && stderr(&output).contains(told), "{path}: {}", stderr(&output));
    }
}

#[test]
fn codes_that_begin_with_zero_stay_text() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let table = write(at, "plz.csv", "plz,signed,dotted,zero,n,f\n1067,-05,01.10,0,1,0.5\n01067,7,2.20,0,-2,-1e3\n");
    let marked = write(at, "m.gml", &gml(&[("1067", "3"), ("01067", "4")]));
    let server = Server::start(&[&table, &marked]);
    let items = "/ogcapi/collections/plz/items";
    for (name, expected) in [
        ("plz", json!(["1067", "01067"])),
        ("signed", json!(["-05", "7"])),
        ("dotted", json!(["01.10", "2.20"])),
        ("zero", json!([0, 0])),
        ("n", json!([1, -2])),
        ("f", json!([0.5, -1000.0])),
    ] {
        assert_eq!(Value::from(values(&server, items, name)), expected, "{name}");
    }
    assert_eq!(values(&server, &format!("{items}?filter=plz='01067'"), "n"), [-2]);
    let items = items.replace("plz", "m");
    assert_eq!(values(&server, &items, "plz"), ["1067", "01067"]);
    assert_eq!(values(&server, &items, "n"), [3, 4]);
}

#[test]
fn a_column_with_codes_makes_ids_of_text() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "plz.csv", "plz,name\n01067,a\n1067,b\n");
    let project = write(folder.path(), "project.toml", "[[layers]]\nsource = 'plz.csv'\nkey = 'plz'\n");
    let server = Server::start(&["--project", &project]);
    assert_eq!(server.json("/ogcapi/collections/plz/items/01067")["properties"]["name"], "a");
}

#[test]
fn a_whole_number_beyond_64_bits_that_a_float_has_became_one_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let codes =
        write(folder.path(), "codes.csv", "n,m\n9223372036854775808,1.5\n18446744073709551616,100000000000000000000\n");
    write(folder.path(), "said.csvt", "\"Real\",\"Integer64\"");
    let said = write(folder.path(), "said.csv", "n,m\n9223372036854775808,9223372036854775808\n");
    let server = Server::start(&[&codes, &said]);
    let items = "/ogcapi/collections/codes/items";
    assert_eq!(values(&server, items, "n"), ["9223372036854775808", "18446744073709551616"]);
    assert_eq!(values(&server, items, "m"), [1.5, 1e20], "with what is no whole number they are floats");
    assert_eq!(values(&server, "/ogcapi/collections/said/items", "n"), [9_223_372_036_854_775_808_f64]);
    assert_eq!(values(&server, "/ogcapi/collections/said/items", "m"), ["9223372036854775808"]);
    assert!(stderr(&run(&["check", &codes])).contains("read as text"));
}

#[test]
fn types_that_somebody_said_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.csvt", "\"Integer\",\"String\",\"Integer64\"");
    let path = write(folder.path(), "a.csv", "plz,name,n\n01067,a,5\n01068,b,123456789012345678901\n");
    let server = Server::start(&[&path]);
    let items = "/ogcapi/collections/a/items";
    assert_eq!(values(&server, items, "plz"), [1067, 1068]);
    assert_eq!(values(&server, items, "n"), ["5", "123456789012345678901"]);
}

#[test]
fn values_far_from_the_start_that_do_not_fit_the_guess_are_there() {
    let folder = tempfile::tempdir().unwrap();
    // GDAL guesses from the first million bytes.
    let filler = "x".repeat(90);
    let mut table = "code,whole,wide,float,day,late,at,fill\n".to_owned();
    let head = 12_000;
    for number in 0..head {
        // Writing to a string does not fail.
        let _ = writeln!(table, "{number},1,1,0.5,2024-02-29,2024-02-29,2024-02-29T12:00:00Z,{filler}");
    }
    table += "A1,1.5,3000000000,many,unknown,2024-02-29 12:00,later,z\n01067,2,-3000000000,1.5,,,,z\n";
    let path = write(folder.path(), "far.csv", &table);
    let server = Server::start(&[&path]);
    let items = format!("/ogcapi/collections/far/items?offset={}", head - 1);
    for (name, expected) in [
        ("code", json!(["11999", "A1", "01067"])),
        ("whole", json!([1.0, 1.5, 2.0])),
        ("wide", json!([1, 3_000_000_000_i64, -3_000_000_000_i64])),
        ("float", json!(["0.5", "many", "1.5"])),
        ("day", json!(["2024-02-29", "unknown", null])),
        ("late", json!(["2024-02-29", "2024-02-29 12:00", null])),
        ("at", json!(["2024-02-29T12:00:00Z", "later", null])),
    ] {
        assert_eq!(Value::from(values(&server, &items, name)), expected, "{name}");
    }
}

#[test]
fn decimals_with_a_comma_are_numbers_in_files_with_semicolons() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "comma.csv", "a;b;d\n1,5;2;2024-02-29\n-0,25;3;2023-12-31\n");
    let server = Server::start(&[&path]);
    let items = "/ogcapi/collections/comma/items";
    assert_eq!(values(&server, items, "a"), [1.5, -0.25]);
    assert_eq!(values(&server, items, "b"), [2, 3]);
    assert_eq!(values(&server, items, "d"), ["2024-02-29", "2023-12-31"]);
}

#[test]
fn a_code_that_is_written_later_is_no_number_either() {
    let folder = tempfile::tempdir().unwrap();
    for (name, first, then, expected) in [
        ("later.csv", "n,m\n5,1\n".to_owned(), "n,m\n05,1\n".to_owned(), json!("05")),
        (
            "wide.geojson",
            r#"{"type":"Feature","properties":{"n":5},"geometry":null}"#.to_owned(),
            r#"{"type":"Feature","properties":{"n":12345678901234567890},"geometry":null}"#.to_owned(),
            json!("12345678901234567890"),
        ),
    ] {
        let path = write(folder.path(), name, &first);
        // Without a watch: what is seen is the source's own work.
        let server = Server::start(&[&path, "--watch", "0"]);
        let items = format!("/ogcapi/collections/{}/items", name.split('.').next().unwrap());
        assert_eq!(values(&server, &items, "n"), [5]);
        write(folder.path(), name, &then);
        server.get(&items).expect(503);
        let server = Server::start(&[&path]);
        assert_eq!(Value::from(values(&server, &items, "n")), json!([expected]));
    }
}

/// The same column in CSV, GeoJSON and GeoJSON sequences, read.
fn everywhere(folder: &Path, rows: &[&str]) -> Vec<(Vec<Value>, Value, String)> {
    let feature = |text: &&str| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"at\":{},\"day\":\"2020-02-29\",\"n\":1,\"then\":\"2020-01-01T10:00:00+01:00\"}},\
             \"geometry\":null}}",
            Value::from(*text)
        )
    };
    let features: Vec<_> = rows.iter().map(feature).collect();
    let collection = format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","));
    let table = rows
        .iter()
        .fold("at,day,n,then\n".to_owned(), |all, text| all + text + ",2020-02-29,1,2020-01-01T10:00:00+01:00\n");
    let paths = [
        write(folder, "c.csv", &table),
        write(folder, "j.geojson", &collection),
        write(folder, "l.geojsonl", &features.join("\n")),
    ];
    let server = Server::start(&paths.each_ref().map(String::as_str));
    let read = |(path, id): (&String, &str)| {
        let items = format!("/ogcapi/collections/{id}/items");
        for (name, told) in [("day", "2020-02-29"), ("then", "2020-01-01T09:00:00Z")] {
            assert!(values(&server, &items, name).iter().all(|it| it == told), "{id} {name}");
        }
        assert_eq!(values(&server, &items, "n")[0], 1, "{id}");
        let schema = server.json(&format!("/ogcapi/collections/{id}/schema"));
        assert_eq!(schema["properties"]["day"]["format"], "date", "{id}");
        assert_eq!(schema["properties"]["then"]["format"], "date-time", "{id}");
        let said = stderr(&run(&["check", path]));
        (values(&server, &items, "at"), schema["properties"]["at"]["format"].clone(), said)
    };
    paths.iter().zip(["c", "j", "l"]).map(read).collect()
}

#[test]
fn days_and_times_that_do_not_exist_are_text_and_not_null() {
    let folder = tempfile::tempdir().unwrap();
    for rows in [
        &["2020-01-01", "2020-02-30", "2020-12-31"][..],
        &["2020-01-01T00:00:00Z", "2020-02-30T10:00:00Z"],
        &["2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"],
        &["2020-01-01T00:00:00.1234567Z", "2020-01-01T00:00:00Z"],
        &["2020-01-01T00:00:00 Europe", "2020-01-01T00:00:00Z"],
        &["3/4/5", "12/1/3"],
    ] {
        for (read, format, said) in everywhere(folder.path(), rows) {
            assert_eq!(read, rows);
            assert_eq!(format, Value::Null, "{rows:?}");
            assert!(said.contains("read as text"), "{rows:?}: {said}");
        }
    }
    for rows in [&["1:2", "10:30 Uhr"][..], &["10:30:00", "7:05"]] {
        for (read, ..) in everywhere(folder.path(), rows) {
            assert_eq!(read, rows);
        }
    }
}

#[test]
fn fractions_and_offsets_that_gdal_rounds_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        "2020-01-01T23:59:59.9999Z",
        "2020-01-01T00:00:00.123456Z",
        "2020-01-01T00:00:00+00:07",
        "2020-01-01T10:00:00.5-03:30",
    ];
    let told =
        ["2020-01-01T23:59:59.9999Z", "2020-01-01T00:00:00.123456Z", "2019-12-31T23:53:00Z", "2020-01-01T13:30:00.5Z"];
    for (read, format, said) in everywhere(folder.path(), &rows) {
        assert_eq!(read, told);
        assert_eq!(format, "date-time");
        assert!(!said.contains("read as text"), "{said}");
    }
    let server = Server::start(&[text(&folder.path().join("j.geojson"))]);
    let found = "/ogcapi/collections/j/items?filter=at=TIMESTAMP('2020-01-01T00:00:00.123456Z')";
    assert_eq!(values(&server, found, "at"), [told[1]]);
}

#[test]
fn the_head_of_a_csv_in_latin_1_is_read_as_its_values_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin.csv");
    std::fs::write(&path, b"id,n\xe4me,lon,lat\n1,Z\xfcrich,8.5,47.4\n2,Gen\xe8ve,6.1,46.2\n").unwrap();
    let server = Server::start(&[text(&path)]);
    let items = "/ogcapi/collections/latin/items";
    assert_eq!(values(&server, items, "näme"), ["Zürich", "Genève"]);
    assert_eq!(values(&server, &format!("{items}?n%C3%A4me=Gen%C3%A8ve&properties=id"), "id"), [2]);
}

#[test]
fn geometries_of_csv_that_cannot_be_read_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let points = write(folder.path(), "points.csv", "id,lon,lat\n1,8,47\n2,abc,47\n3,,\n4,8,\n5,9,48\n");
    let words = write(
        folder.path(),
        "words.csv",
        "id,the_geom\n1,POINT (8 47)\n2,SRID=4326;POINT(9 48)\n3,\n4,\"not, wkt\"\n5,POINT EMPTY\n",
    );
    for path in [&points, &words] {
        let output = run(&["check", path]);
        let said = stderr(&output);
        assert!(output.status.success() && said.contains("rows have no geometry"), "{said}");
        assert!(said.contains("rows=2") && said.contains("first=2"), "{said}");
    }
    let fine = write(folder.path(), "fine.csv", "id,lon,lat\n1,8,47\n3,,\n");
    assert!(!stderr(&run(&["check", &fine])).contains("no geometry"));
    let server = Server::start(&[&points]);
    let page = server.json("/ogcapi/collections/points/items");
    let is_null: Vec<_> = page["features"].as_array().unwrap().iter().map(|it| it["geometry"].is_null()).collect();
    assert_eq!(is_null, [false, true, true, true, false]);
}
