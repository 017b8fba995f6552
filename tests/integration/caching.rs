//! Validators and content codings: what a client has is not sent again, and what is sent may be packed.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::harness::client::Answer;
use crate::harness::package::Package;
use crate::harness::server::{Server, demo, odd_server};
use crate::harness::{SAMPLE, page, text, until};

const ITEMS: &str = "/ogcapi/collections/countries/items?limit=5";

/// Documents and pages of every kind.
const ALL: [&str; 12] = [
    "/",
    "/?f=html",
    "/api",
    "/api.html",
    "/ogcapi",
    "/ogcapi/conformance",
    "/ogcapi/collections",
    "/ogcapi/collections/countries?f=html",
    ITEMS,
    "/ogcapi/collections/countries/items?limit=5&f=html",
    "/ogcapi/collections/countries/items/7",
    "/static/graticule.css",
];

fn again(server: &Server, path: &str, tag: &str) -> Answer {
    server.get_with(path, &[("If-None-Match", tag)])
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    for path in ALL {
        let first = demo().get(path).expect(200);
        let tag = first.header("etag").to_owned();
        assert!(!tag.is_empty(), "{path}");
        let second = again(demo(), path, &tag).expect(304);
        assert!(second.body.is_empty() && second.header("content-type").is_empty(), "{path}");
        assert_eq!(second.header("etag"), tag, "{path}");
        assert_eq!(second.header("cache-control"), first.header("cache-control"), "{path}");
        assert!(!second.header("vary").is_empty() && !second.header("cache-control").is_empty(), "{path}");
        again(demo(), path, "\"another\"").expect(200);
        let head = demo().send("HEAD", path, &[]).expect(200);
        assert_eq!(head.header("etag"), tag, "{path}");
        demo().send("HEAD", path, &[("If-None-Match", &tag)]).expect(304);
    }
}

#[test]
fn files_of_pages_never_change_where_pages_find_them() {
    let page = demo().get("/ogcapi/collections/countries?f=html").expect(200).text();
    let files: Vec<String> = page::attributes(&page).into_iter().filter(|link| link.contains("static/")).collect();
    assert!(files.len() > 3);
    for file in files {
        let path = page::resolve("/ogcapi/collections/countries", &file);
        assert_eq!(
            demo().get(&path).expect(200).header("cache-control"),
            "public, max-age=31536000, immutable",
            "{path}"
        );
    }
    // Those of another version, and without one, are asked for again.
    for path in ["/static/v-0123456789abcdef/map.js", "/static/map.js"] {
        assert_eq!(demo().get(path).expect(200).header("cache-control"), "public, no-cache", "{path}");
    }
    for path in ["/static/v-0123456789abcdef/", "/static/v-/map.js", "/static/v-0123456789abcdef/../map.js"] {
        demo().get(path).expect(404);
    }
}

#[test]
fn another_question_has_another_validator() {
    let tag =
        |path: &str, headers: &[(&str, &str)]| demo().get_with(path, headers).expect(200).header("etag").to_owned();
    let first = tag(ITEMS, &[]);
    for (path, headers) in [
        ("/ogcapi/collections/countries/items?limit=6", &[][..]),
        ("/ogcapi/collections/countries/items?limit=5&f=html", &[]),
        ("/ogcapi/collections/cities/items?limit=5", &[]),
        ("/wfs3/collections/countries/items?limit=5&f=json", &[]),
        (ITEMS, &[("Accept", "text/html")]),
        (ITEMS, &[("Host", "other.example")]),
    ] {
        assert_ne!(tag(path, headers), first, "{path} {headers:?}");
    }
    assert_eq!(tag(ITEMS, &[]), first);
}

#[test]
fn a_file_that_changes_changes_the_validators_of_its_features() {
    let folder = tempfile::tempdir().unwrap();
    let package = Package::new(&folder.path().join("p.gpkg"));
    package.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)");
    package.run("INSERT INTO notes VALUES (1, 'one')");
    package.attributes("notes");
    package.run("COMMIT");
    let server = Server::start(&[text(&folder.path().join("p.gpkg"))]);
    let path = "/ogcapi/collections/notes/items";
    let tag = server.get(path).expect(200).header("etag").to_owned();
    again(&server, path, &tag).expect(304);
    package.run("UPDATE notes SET note = 'two'");
    let after = again(&server, path, &tag).expect(200);
    assert!(after.text().contains("two") && after.header("etag") != tag);
}

#[test]
fn where_a_file_tells_its_time_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("p.gpkg"), folder.path().join("p.geojson"));
    std::fs::copy(SAMPLE, &file).unwrap();
    let point = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"a":1}}"#;
    std::fs::write(&other, format!(r#"{{"type":"FeatureCollection","features":[{point}]}}"#)).unwrap();
    let server = Server::start(&[text(&file), text(&other)]);
    // Just now is too near to be told.
    let mut modified = String::new();
    while modified.is_empty() {
        let answer = server.get("/ogcapi/collections/cities/items").expect(200);
        modified = answer.header("last-modified").to_owned();
    }
    let since = |path: &str, time: &str| server.get_with(path, &[("If-Modified-Since", time)]);
    let answer = since("/ogcapi/collections/cities/items", &modified).expect(304);
    assert_eq!(answer.header("last-modified"), modified);
    since("/ogcapi/collections/cities/items/7", &modified).expect(304);
    let mut modified = String::new();
    while modified.is_empty() {
        modified = server.get("/ogcapi/collections/p/items").expect(200).header("last-modified").to_owned();
    }
    since("/ogcapi/collections/p/items", &modified).expect(304);
    since("/ogcapi/collections/cities/items", "Thu, 01 Jan 1970 00:00:00 GMT").expect(200);
    since("/ogcapi/collections/cities/items", "nonsense").expect(200);
    let both = [("If-Modified-Since", modified.as_str()), ("If-None-Match", "\"other\"")];
    server.get_with("/ogcapi/collections/cities/items", &both).expect(200);
}

#[test]
fn errors_have_no_validator_and_posts_neither() {
    assert_eq!(again(demo(), "/nothing", "*").expect(404).header("etag"), "");
    assert_eq!(again(demo(), "/ogcapi/collections/countries/items?limit=x", "*").expect(400).header("etag"), "");
    assert_eq!(demo().send("OPTIONS", ITEMS, &[]).header("etag"), "");
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let (packed, mut plain) = (&answer.body[..], Vec::new());
    match answer.header("content-encoding") {
        "zstd" => plain = zstd::decode_all(packed).unwrap(),
        "br" => drop(brotli::Decompressor::new(packed, 4096).read_to_end(&mut plain).unwrap()),
        "gzip" => drop(flate2::read::GzDecoder::new(packed).read_to_end(&mut plain).unwrap()),
        other => panic!("packed as '{other}': {}", answer.url),
    }
    plain
}

fn without_time(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text).into_owned();
    match text.split_once("\"timeStamp\":\"") {
        Some((before, after)) => format!("{before}{}", &after[20..]),
        None => text,
    }
}

#[test]
fn answers_are_packed_as_the_client_likes_and_say_the_same() {
    for path in ALL {
        let plain = demo().get(path).expect(200);
        assert_eq!(plain.header("content-encoding"), "", "nothing was wished: {path}");
        let vary = plain.headers.get_all("vary").iter().map(|it| it.to_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert!(vary.join(",").contains("Accept-Encoding"), "{path}: {vary:?}");
        for (wish, coding) in [("zstd, gzip", "zstd"), ("br", "br"), ("gzip;q=0.5", "gzip")] {
            let packed = demo().get_with(path, &[("Accept-Encoding", wish)]).expect(200);
            if plain.body.len() < 600 {
                assert_eq!(packed.header("content-encoding"), "");
                continue;
            }
            assert_eq!(packed.header("content-encoding"), coding, "{path}");
            assert_eq!(without_time(&unpacked(&packed)), without_time(&plain.body), "{path} {coding}");
            assert!(packed.body.len() < plain.body.len(), "{path} {coding}");
            let tag = packed.header("etag");
            assert!(tag.starts_with("W/"), "{path}: the bytes are others");
            demo().get_with(path, &[("Accept-Encoding", wish), ("If-None-Match", tag)]).expect(304);
            again(demo(), path, tag).expect(304);
        }
    }
}

#[test]
fn streams_are_packed_whole() {
    let path = "/ogcapi/collections/many/items?limit=10000";
    let plain = odd_server().get(path).expect(200);
    for coding in ["zstd", "br", "gzip"] {
        let packed = odd_server().get_with(path, &[("Accept-Encoding", coding)]).expect(200);
        assert_eq!(without_time(&unpacked(&packed)), without_time(&plain.body), "{coding}");
        assert!(packed.body.len() * 4 < plain.body.len(), "{coding}: {} of {}", packed.body.len(), plain.body.len());
    }
}

#[test]
fn images_and_errors_of_a_few_words_are_left_alone() {
    let all = ("Accept-Encoding", "zstd, br, gzip");
    let error = demo().get_with("/ogcapi/collections/nowhere", &[all]).expect(404);
    assert!(error.header("content-encoding").is_empty() && error.json()["status"] == 404);
    let head = demo().send("HEAD", "/api", &[all]).expect(200);
    let get = demo().get_with("/api", &[all]).expect(200);
    assert_eq!(head.header("content-encoding"), get.header("content-encoding"));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
}

#[test]
fn how_long_caches_keep_features_is_a_setting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("project.toml");
    let project = |cache: &str| {
        format!(
            "cache = 'max-age=60'\n[[layers]]\nsource = '{SAMPLE}'\nlayer = 'cities'\n{cache}\n\
             [[layers]]\nsource = '{SAMPLE}'\nlayer = 'countries'\n[server]\ncompression = false\n"
        )
    };
    std::fs::write(&file, project("cache = 'max-age=3600, stale-while-revalidate=60'")).unwrap();
    let server = Server::start(&["--project", text(&file)]);
    let cache = |path: &str| server.get(path).expect(200).header("cache-control").to_owned();
    assert_eq!(cache("/ogcapi/collections/cities/items"), "max-age=3600, stale-while-revalidate=60");
    assert_eq!(cache("/ogcapi/collections/countries/items"), "max-age=60");
    assert_eq!(cache("/ogcapi/collections"), "no-cache");
    let packed = server.get_with("/api", &[("Accept-Encoding", "gzip")]).expect(200);
    assert!(packed.header("content-encoding").is_empty() && !packed.header("vary").contains("Encoding"));
    std::fs::write(&file, project("cache = \"a\\u0000b\"")).unwrap();
    let check = crate::harness::server::run(&["check", "--project", text(&file)]);
    assert!(!check.status.success() && crate::harness::server::stderr(&check).contains("Cache-Control"));
}

/// A copy of the sample that was written an hour ago.
fn hour_old(path: &Path) {
    std::fs::copy(SAMPLE, path).unwrap();
    make_hour_old(path);
}

fn make_hour_old(path: &Path) {
    let file = std::fs::File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}

#[test]
fn an_answer_that_is_asked_for_again_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.gpkg");
    hour_old(&file);
    let server = Server::start(&[text(&file)]);
    let mut made = 0;
    for path in [
        ITEMS,
        "/ogcapi/collections/countries/items?limit=200",
        "/ogcapi/collections/countries/items?limit=5&f=csv",
        "/ogcapi/collections/countries/items?limit=5&f=fgb",
        "/ogcapi/collections/countries/items?resultType=hits",
        "/ogcapi/collections/countries/items/7",
        "/ogcapi/collections/countries/items/7?f=csv",
        "/ogcapi/collections/cities/items?bbox=0,0,40,40&crs=http://www.opengis.net/def/crs/EPSG/0/4326",
    ] {
        // The first is noted, the second kept, the third given.
        let first = server.get(path).expect(200);
        server.get(path).expect(200);
        let second = server.get(path).expect(200);
        made += 1;
        assert_eq!(server.kept(), made, "{path}");
        assert_eq!(without_time(&first.body), without_time(&second.body), "{path}");
        for name in [
            "content-type",
            "content-crs",
            "link",
            "etag",
            "last-modified",
            "vary",
            "cache-control",
            "ogc-numbermatched",
        ] {
            assert_eq!(first.header(name), second.header(name), "{path} {name}");
        }
        assert!(
            !server.get_with(path, &[("If-None-Match", first.header("etag"))]).expect(304).header("etag").is_empty()
        );
        assert!(server.send("HEAD", path, &[]).expect(200).body.is_empty());
    }
    // A feature that is not there is not there twice.
    for _ in 0..2 {
        server.get("/ogcapi/collections/countries/items/none").expect(404);
    }
    assert_eq!(server.kept(), made);
}

#[test]
fn a_kept_answer_is_forgotten_when_the_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.gpkg");
    let package = Package::new(&file);
    package.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)");
    package.run("INSERT INTO notes VALUES (1, 'one')");
    package.attributes("notes");
    package.run("COMMIT");
    make_hour_old(&file);
    let server = Server::start(&[text(&file)]);
    let path = "/ogcapi/collections/notes/items";
    for _ in 0..3 {
        assert!(server.get(path).expect(200).text().contains("one"));
    }
    assert_eq!(server.kept(), 1);
    package.run("UPDATE notes SET note = 'two'");
    for _ in 0..3 {
        assert!(server.get(path).expect(200).text().contains("two"));
    }
    // It changed so lately that another change might not be told from this one.
    assert_eq!(server.kept(), 1);
}

#[test]
fn rows_that_are_just_being_logged_have_no_validator_of_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.gpkg");
    hour_old(&file);
    let write = rusqlite::Connection::open(&file).unwrap();
    write.execute_batch("PRAGMA journal_mode = wal; CREATE TABLE other (a INTEGER)").unwrap();
    let server = Server::start(&[text(&file)]);
    // The log is written before the row is seen: an answer with the rows of before must not have its time.
    write.execute_batch("INSERT INTO other VALUES (1)").unwrap();
    for path in [ITEMS, "/ogcapi/collections/countries/items/7"] {
        assert!(server.get(path).expect(200).header("etag").starts_with('"'), "that of the very bytes: {path}");
    }
    until("the rows stand still", || server.get(ITEMS).expect(200).header("etag").starts_with("W/"));
    again(&server, ITEMS, server.get(ITEMS).header("etag")).expect(304);
}

#[test]
fn a_file_whose_time_was_put_back_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.geojson");
    let point = |a: u8| format!(r#"{{"type":"Feature","geometry":null,"properties":{{"a":{a}}}}}"#);
    std::fs::write(&file, point(1)).unwrap();
    make_hour_old(&file);
    let server = Server::start(&[text(&file)]);
    let path = "/ogcapi/collections/p/items";
    let mut tag = String::new();
    for _ in 0..3 {
        tag = server.get(path).expect(200).header("etag").to_owned();
    }
    let made = std::fs::metadata(&file).unwrap().modified().unwrap();
    std::fs::write(&file, point(2)).unwrap();
    std::fs::File::options().append(true).open(&file).unwrap().set_modified(made).unwrap();
    assert!(again(&server, path, &tag).expect(200).text().contains(r#""a":2"#));
}

#[test]
fn a_kept_answer_is_packed_once_and_well() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.gpkg");
    hour_old(&file);
    let server = Server::start(&[text(&file)]);
    for _ in 0..2 {
        server.get(ITEMS).expect(200);
    }
    let plain = server.get(ITEMS).expect(200);
    for _ in 0..3 {
        let packed = server.get_with(ITEMS, &[("Accept-Encoding", "gzip")]).expect(200);
        let mut read = Vec::new();
        flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut read).unwrap();
        assert!(read == plain.body && packed.header("etag") == plain.header("etag"));
    }
    assert_eq!(server.kept(), 4);
}

#[test]
fn nothing_is_kept_where_there_is_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.gpkg");
    hour_old(&file);
    let server = Server::start(&[text(&file), "--limit", "kept_bytes=0"]);
    for _ in 0..3 {
        server.get(ITEMS).expect(200);
    }
    assert_eq!(server.kept(), 0);
}
