//! Each example, run as a program and asked over HTTP.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use ureq::http::Response;
use ureq::{Agent, Body};

fn built(name: &str) -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples").join(name)
}

/// An example that runs until it is dropped.
pub(crate) struct Example {
    program: Child,
    /// `http://127.0.0.1:port`, without a slash at the end.
    root: String,
    agent: Agent,
}

impl Example {
    /// `cargo test` builds the examples before it runs the tests, and puts them beside the tests' folder; `cargo test --test`
    /// does not.
    fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    pub(crate) fn start_with(name: &str, arguments: &[&str]) -> Self {
        let built = built(name);
        let mut command = Command::new(&built);
        command
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut program = command
            .spawn()
            .unwrap_or_else(|error| panic!("{error}: {}; cargo build --examples makes it", built.display()));
        let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
        let line = lines.by_ref().map(Result::unwrap).find(|line| line.starts_with("http://")).unwrap();
        // What it logs is read and let go, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let root = line.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        Self { program, root, agent }
    }

    fn authority(&self) -> String {
        self.root.trim_start_matches("http://").to_owned()
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let mut request = self.agent.get(format!("{}{path}", self.root));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.call().unwrap()
    }

    pub(crate) fn text(&self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut answer = self.get(path, headers);
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    fn bytes(&self, path: &str) -> Vec<u8> {
        let mut answer = self.get(path, &[]);
        assert_eq!(answer.status(), 200);
        answer.body_mut().read_to_vec().unwrap()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Runs an example without `--listen`, to its end.
fn run(name: &str, arguments: &[&str]) -> (String, String) {
    let output = Command::new(built(name)).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The body of one of QGIS Server's answers to the same plugin, which the example's must equal.
const HELLO: &str = "HelloServer!";
const CUSTOM: &str = "Custom service executeRequest";

#[test]
fn every_example_is_tested_here() {
    let here = concat!(include_str!("examples.rs"), include_str!("redis.rs"));
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap() {
        let name = file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(here.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn hello_world() {
    assert_eq!(run("hello_world", &[]).0, "Hello, world!\n");
    let example = Example::start("hello_world");
    assert_eq!(example.text("/ows?SERVICE=HELLO", &[]), (200, "Hello, world!\n".to_owned()));
    assert_eq!(example.text("/ogcapi/collections/countries/items/1", &[]).0, 200);
}

#[test]
fn embed() {
    let (body, status) = run("embed", &["/ogcapi/collections/cities/items/198"]);
    assert!(body.contains("Berlin") && status.starts_with("200"), "{status}{body}");
    let example = Example::start("embed");
    assert_eq!(
        example.text("/ogcapi/collections/cities/items/198", &[]),
        (200, body.replace("localhost", &example.authority()))
    );
}

#[test]
fn mount_in_axum() {
    let example = Example::start("mount_in_axum");
    assert!(example.text("/", &[]).1.contains("/gis"));
    let (status, text) = example.text("/gis/ogcapi/collections/cities/items?limit=1", &[]);
    assert!(status == 200 && text.contains(&format!("{}/gis/ogcapi/collections/cities", example.root)), "{text}");
    assert_eq!(example.text("/ogcapi", &[]).0, 404);
}

#[test]
fn circle() {
    let example = Example::start("circle");
    let (status, text) = example.text("/customapi?x=8&y=45&r=2&segments=4", &[]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, json["geometry"]["coordinates"][0].as_array().unwrap().len()), (200, 5));
    assert_eq!(example.text("/customapi?x=8&y=45", &[]).0, 400);
    let (status, page) = example.text("/customapi?x=8&y=45&r=2", &[("accept", "text/html")]);
    assert!(status == 200 && page.contains("<form"));
    assert!(example.text("/api", &[]).1.contains("CustomApiXYCircle"));
    assert_eq!(example.text("/ogcapi/collections/countries/items/1", &[]).0, 200);
}

#[test]
fn stateful_handler() {
    let example = Example::start("stateful_handler");
    let (status, text) = example.text("/weather/stations/harbour?unit=celsius", &[]);
    assert!(status == 200 && text.contains("\"station\":\"harbour\""), "{text}");
    assert_eq!(example.text("/weather/stations/nowhere", &[]).0, 404);
    assert_eq!(example.text("/weather/stations/harbour?unit=kelvin", &[]).0, 400);
}

#[test]
fn hello_filter() {
    let example = Example::start("hello_filter");
    for path in ["/?SERVICE=HELLO", "/ows?service=hello&PARAM=x"] {
        let mut answer = example.get(path, &[]);
        assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, "text/plain"));
        assert_eq!(header(&answer, "content-length"), "12");
        assert_eq!(answer.body_mut().read_to_string().unwrap(), HELLO);
    }
    assert_eq!(example.text("/ogcapi/collections/countries/items/1", &[]).0, 200);
}

#[test]
fn params_filter() {
    let example = Example::start("params_filter");
    let (_, text) = example.text("/?SERVICE=PARAMS&Mixed=Ca+se", &[]);
    assert_eq!(text, "SERVICE=PARAMS\nMixed=Ca se\nTEST_NEW_PARAM=ParamsFilter\n");
    let (status, text) = example.text("/ogcapi/collections/countries/items?limit=1", &[]);
    assert_eq!(status, 200);
    assert!(!text.contains("TEST_NEW_PARAM") && text.contains("\"numberReturned\":1"));
}

#[test]
fn watermark_filter() {
    let example = Example::start("watermark_filter");
    // A piece of the Pacific.
    let map = "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=countries&STYLES=&CRS=CRS:84&BBOX=-150,0,-140,8\
               &BGCOLOR=0x285A8C&WIDTH=100&HEIGHT=80";
    let png = example.bytes(&format!("{map}&FORMAT=image/png"));
    let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let at = |x: usize, y: usize| pixels[(y * 100 + x) * 4..][..4].to_vec();
    assert_eq!(at(19, 30), [40, 90, 140, 255]);
    assert_eq!(at(20, 30), [174, 193, 212, 255]);
    assert_eq!((at(59, 59), at(60, 59)), (at(20, 30), at(19, 30)));
    let jpeg = example.bytes(&format!("{map}&FORMAT=image/jpeg"));
    let pixels = jpeg_decoder::Decoder::new(&jpeg[..]).decode().unwrap();
    let at = |x: usize, y: usize| i32::from(pixels[(y * 100 + x) * 3]);
    assert!((at(5, 5) - 40).abs() < 12 && (at(40, 40) - 174).abs() < 12, "{} {}", at(5, 5), at(40, 40));
    let (status, text) = example.text(&format!("{map}&FORMAT=image/gif"), &[]);
    assert!(status == 400 && text.contains("ServiceExceptionReport"), "{text}");
}

#[test]
fn access_control() {
    let example = Example::start("access_control");
    let seen = |token: &str, path: &str| {
        let bearer = format!("Bearer {token}");
        let headers = if token.is_empty() { vec![] } else { vec![("authorization", bearer.as_str())] };
        example.text(path, &headers).1
    };
    let count = |token: &str| {
        let page: serde_json::Value =
            serde_json::from_str(&seen(token, "/ogcapi/collections/countries/items?limit=1")).unwrap();
        page["numberMatched"].as_u64().unwrap()
    };
    let (admin, user, public) = (count("admin"), count("user"), count(""));
    assert!(admin == 177 && public > 20 && public < user && user < admin, "{admin} {user} {public}");
    assert!(!seen("", "/ogcapi/collections").contains("cities"));
    assert!(seen("user", "/ogcapi/collections").contains("cities"));
    let item = "/ogcapi/collections/countries/items?limit=1";
    assert!(seen("admin", item).contains("gdp_md_est") && !seen("user", item).contains("gdp_md_est"));
}

#[test]
fn custom_service() {
    let example = Example::start("custom_service");
    for path in ["/ows?SERVICE=CUSTOM", "/?service=custom&VERSION=9"] {
        let mut answer = example.get(path, &[]);
        assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, "text/plain"));
        assert_eq!(header(&answer, "content-length"), "29");
        assert_eq!(answer.body_mut().read_to_string().unwrap(), CUSTOM);
    }
}

#[test]
fn auth_filter() {
    let example = Example::start("auth_filter");
    let browser = ("accept", "text/html,*/*;q=0.8");
    let answer = example.get("/ogcapi", &[browser]);
    assert_eq!((answer.status().as_u16(), header(&answer, "location")), (302, "/login?next=%2Fogcapi"));
    let answer = example.get("/login?next=/ogcapi&token=demo", &[browser]);
    assert_eq!((answer.status().as_u16(), header(&answer, "location")), (303, "/ogcapi"));
    let cookie = header(&answer, "set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(example.text("/ogcapi", &[browser, ("cookie", &cookie)]).0, 200);
    assert_eq!(header(&example.get("/login?next=//evil.example&token=demo", &[]), "location"), "/");
    let answer = example.get("/ogcapi", &[]);
    assert_eq!((answer.status().as_u16(), header(&answer, "www-authenticate")), (401, "Bearer"));
    let (status, text) = example.text("/ows?SERVICE=WFS", &[]);
    assert!(status == 401 && text.contains("ows:ExceptionReport"));
    assert_eq!(example.text("/ogcapi", &[("authorization", "Bearer demo")]).0, 200);
}
