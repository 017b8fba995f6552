//! Files on another machine, which GDAL reads piece by piece over HTTP.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::harness::server::{Server, program, stderr, stdout};
use crate::harness::{gdal, text};
use crate::made::file;
use crate::walks::{converted, indexed, places, walk};

/// A server of the files of a folder that gives pieces of them, and hangs, breaks off in the middle, or refuses when it is told to.
pub(crate) struct Remote {
    pub(crate) url: String,
    hangs: Arc<AtomicBool>,
    pieces: Arc<AtomicUsize>,
    pub(crate) harm: Arc<AtomicUsize>,
}

/// It sends half of what it says, and closes the connection. Other numbers are those of the status that it answers with.
pub(crate) const BREAKS_OFF: usize = 1;

impl Remote {
    pub(crate) fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (hangs, pieces) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let harm = Arc::<AtomicUsize>::default();
        let remote = Self { url, hangs: hangs.clone(), pieces: pieces.clone(), harm: harm.clone() };
        let folder = folder.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (folder, hangs, pieces) = (folder.clone(), hangs.clone(), pieces.clone());
                let harm = harm.clone();
                std::thread::spawn(move || answer(stream.unwrap(), &folder, &hangs, &pieces, &harm));
            }
        });
        remote
    }
}

/// Answers the requests of a connection, one after the other.
fn answer(
    mut stream: TcpStream,
    folder: &Path,
    hangs: &AtomicBool,
    pieces: &AtomicUsize,
    harm: &AtomicUsize,
) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        while hangs.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let head = String::from_utf8(head).ok()?;
        let harm = harm.load(Ordering::Relaxed);
        if harm > BREAKS_OFF {
            stream.write_all(format!("HTTP/1.1 {harm} Harm\r\nContent-Length: 0\r\n\r\n").as_bytes()).ok()?;
            continue;
        }
        let path: PathBuf = folder.join(head.split(' ').nth(1)?.trim_start_matches('/'));
        let Ok(bytes) = std::fs::read(path) else {
            stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").ok()?;
            continue;
        };
        let range = head.lines().find_map(|line| line.strip_prefix("Range: bytes="));
        let (status, piece, range) = match range.and_then(|range| range.trim().split_once('-')) {
            Some((from, to)) => {
                pieces.fetch_add(1, Ordering::Relaxed);
                let from: usize = from.parse().ok()?;
                let to = to.parse::<usize>().unwrap_or(usize::MAX).min(bytes.len() - 1);
                let range = format!("Content-Range: bytes {from}-{to}/{}\r\n", bytes.len());
                ("206 Partial Content", &bytes[from.min(to)..=to], range)
            }
            None => ("200 OK", &bytes[..], String::new()),
        };
        let length = piece.len();
        let answer = format!("HTTP/1.1 {status}\r\nAccept-Ranges: bytes\r\n{range}Content-Length: {length}\r\n\r\n");
        stream.write_all(answer.as_bytes()).ok()?;
        if !head.starts_with("HEAD") {
            if harm == BREAKS_OFF {
                return stream.write_all(&piece[..length / 2]).ok();
            }
            stream.write_all(piece).ok()?;
        }
    }
}

pub(crate) const ENVIRONMENT: [(&str, &str); 4] =
    [("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1"), ("GDAL_HTTP_TIMEOUT", "2"), ("GDAL_HTTP_MAX_RETRY", "0")];

#[test]
fn files_on_another_machine_are_read_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "places", "fgb");
    let raster = folder.path().join("heights.tif");
    let heights = concat!(env!("CARGO_MANIFEST_DIR"), "/data/elevation.tif");
    gdal::run("gdal_translate", &["-q", heights, text(&raster)]);
    let archive = folder.path().join("more.zip");
    crate::made::zip(&archive, &[file(folder.path(), "zipped", "geojson")]);
    let remote = Remote::start(folder.path());
    let source = |path: &str| format!("{path}{}", remote.url);
    let toml = format!(
        "[[layers]]\nsource = '{}/places.fgb'\n[[layers]]\nsource = '{}/heights.tif'\n[[layers]]\nsource = '{}/more.zip/zipped.geojson'\n",
        source("/vsicurl/"),
        source("/vsicurl/"),
        source("/vsizip//vsicurl/"),
    );
    let project = folder.path().join("project.toml");
    std::fs::write(&project, toml).unwrap();
    let server = Server::start_with(&["--project", text(&project)], &ENVIRONMENT);
    for layer in ["places", "zipped"] {
        let page = server.json(&format!("/ogcapi/collections/{layer}/items?filter=height%20%3E%207"));
        assert_eq!(page["numberMatched"], 5, "{layer}: {page}");
    }
    let list = server.json("/coverages");
    assert!(list.to_string().contains("heights"), "{list}");
    assert!(remote.pieces.load(Ordering::Relaxed) > 0, "nothing was read in pieces");
    // A path of a request is never one of a file.
    server.get("/ogcapi/collections/%2Fvsicurl%2Fhttp%3A%2F%2F127.0.0.1/items").expect(404);
}

#[test]
fn a_geopackage_on_another_machine_is_walked_as_one_here() {
    let folder = tempfile::tempdir().unwrap();
    let source = places(folder.path());
    for (name, index) in [("held", "YES"), ("bare", "NO")] {
        let path = converted(
            &source,
            folder.path().join(format!("{name}.gpkg")),
            "GPKG",
            &["-lco", &format!("SPATIAL_INDEX={index}")],
        );
        if index == "YES" {
            indexed(&path, name);
        }
    }
    let remote = Remote::start(folder.path());
    let far = |name: &str| format!("/vsicurl/{}/{name}.gpkg", remote.url);
    let server = Server::start_with(&[&far("held"), &far("bare")], &ENVIRONMENT);
    let near = Server::start(&[text(&folder.path().join("held.gpkg")), text(&folder.path().join("bare.gpkg"))]);
    for name in ["held", "bare"] {
        for (query, least) in [
            ("", 90),
            ("bbox=2,2,8,8", 25),
            ("filter=height%20%3E%2020", 40),
            ("filter=height%20BETWEEN%2010%20AND%2070&bbox=1,1,9,9", 25),
            ("sortby=-height,label", 90),
            ("sortby=label&bbox=2,2,8,8", 25),
            ("properties=height", 90),
        ] {
            walk(&server, name, query, least);
            let items = format!("/ogcapi/collections/{name}/items?{query}&limit=1000");
            let rows = |server: &Server| server.json(&items)["features"].clone();
            assert_eq!(rows(&server), rows(&near), "{name} {query}");
        }
    }
    assert!(remote.pieces.load(Ordering::Relaxed) > 0, "nothing was read in pieces");
}

#[test]
fn a_machine_that_hangs_holds_nobody_up_for_long() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "places", "fgb");
    let near = file(folder.path(), "near", "geojson");
    let remote = Remote::start(folder.path());
    remote.hangs.store(true, Ordering::Relaxed);
    let far = format!("/vsicurl/{}/places.fgb", remote.url);
    let start = Instant::now();
    let mut server = Server::start_with(&[text(&near), &far], &ENVIRONMENT);
    assert!(start.elapsed() < Duration::from_secs(40), "it started after {:?}", start.elapsed());
    server.get("/ogcapi/collections/near/items").expect(200);
    assert!(server.log().contains("places.fgb"), "{}", server.log());
    remote.hangs.store(false, Ordering::Relaxed);
}

#[test]
fn a_file_that_was_replaced_is_read_anew_after_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "places", "fgb");
    let remote = Remote::start(folder.path());
    let project = folder.path().join("project.toml");
    let write = |title: &str| {
        let toml = format!("[[layers]]\nsource = '/vsicurl/{}/places.fgb'\ntitle = '{title}'\n", remote.url);
        std::fs::write(&project, toml).unwrap();
    };
    write("before");
    let server = Server::start_with(&["--watch", "1", "--project", text(&project)], &ENVIRONMENT);
    let items = "/ogcapi/collections/places/items";
    let before = server.get(items).expect(200);
    assert!(before.text().contains("eight"));
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(5).position(|it| it == b"eight").unwrap();
    bytes[at..at + 5].copy_from_slice(b"EIGHT");
    std::fs::write(&path, bytes).unwrap();
    write("after");
    let end = Instant::now() + Duration::from_secs(30);
    while server.json("/ogcapi/collections/places")["title"] != "after" {
        assert!(Instant::now() < end, "it was not reloaded");
        std::thread::yield_now();
    }
    let validator = before.header("etag").to_owned();
    assert!(!validator.is_empty());
    let after = server.get_with(items, &[("If-None-Match", &validator)]).expect(200);
    assert!(after.text().contains("EIGHT"), "{}", after.text());
}

#[test]
fn passwords_and_keys_in_paths_are_told_nobody() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "places", "fgb");
    std::fs::write(folder.path().join("broken.fgb"), "fgb").unwrap();
    let remote = Remote::start(folder.path());
    let host = remote.url.strip_prefix("http://").unwrap();
    let mut data = Vec::new();
    for name in ["places.fgb", "broken.fgb", "absent.fgb", "absent.tif", "absent.zip", "absent.gpkg"] {
        data.push(format!("/vsicurl/http://user:geheim@{host}/{name}"));
        data.push(format!("/vsicurl/http://{host}/{name}?key=geheim"));
        data.push(format!("/vsicurl?max_retry=0&url=http://user:geheim@{host}/{name}"));
        data.push(format!("/vsicurl?max_retry=0&url=http%3A%2F%2Fuser%3Ageheim%40{host}%2F{name}"));
        data.push(format!("/vsizip//vsicurl/http://user:geheim@{host}/{name}/within.shp"));
    }
    let data: Vec<&str> = data.iter().map(String::as_str).collect();
    let checked = program(&[&["check"], &data[..]].concat()).envs(ENVIRONMENT).output().unwrap();
    for told in [stdout(&checked), stderr(&checked)] {
        assert!(!told.contains("geheim"), "{told}");
    }
    assert!(stderr(&checked).contains(&format!("/vsicurl/http://…@{host}/absent.fgb")), "{}", stderr(&checked));
    let mut server = Server::start_with(&[&["--log", "debug"], &data[..]].concat(), &ENVIRONMENT);
    server.get("/ogcapi/collections/places/items?limit=1").expect(200);
    let collections = server.get("/ogcapi/collections").expect(200).text();
    for told in [server.log(), server.greeting.clone(), collections] {
        assert!(!told.contains("geheim"), "{told}");
    }
}
