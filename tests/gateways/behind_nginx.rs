//! `graticule fcgi` and `graticule scgi` behind nginx, with the sample data and a large layer.

use std::sync::OnceLock;

use crate::client::{Answer, get, send};
use crate::nginx::{self, Nginx, locations};
use crate::program::{Guarded, gateway};

/// nginx before a gateway of each protocol; one of each for all tests.
fn fronts() -> &'static [(Nginx, Guarded)] {
    static FRONTS: OnceLock<Vec<(Nginx, Guarded)>> = OnceLock::new();
    FRONTS.get_or_init(|| {
        let start = |(command, protocol)| {
            let (program, address) = gateway(command);
            (Nginx::start(&locations(protocol, &address)), program)
        };
        if nginx::is_here() { [("fcgi", "fastcgi"), ("scgi", "scgi")].map(start).into() } else { Vec::new() }
    })
}

/// Where it is mounted behind each.
fn mounts() -> impl Iterator<Item = (&'static Nginx, String)> {
    let mounts = |nginx: &'static Nginx| ["", "/gis", "/named"].map(|mount| (nginx, format!("{}{mount}", nginx.url)));
    fronts().iter().flat_map(move |(nginx, _)| mounts(nginx))
}

/// The addresses of all links of a document.
fn links(answer: &Answer) -> Vec<String> {
    let document = answer.json();
    let links = document["links"].as_array().unwrap();
    links.iter().map(|link| link["href"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn links_lead_back_through_the_prefix() {
    for (_, url) in mounts() {
        let landing = get(&format!("{url}/ogcapi?f=json"), &[]).expect(200);
        let links = links(&landing);
        assert!(links.len() > 4 && links.iter().all(|link| link.starts_with(&url)), "{url}: {links:?}");
        for link in links {
            get(&link, &[]).expect(200);
        }
        for root in ["", "/"] {
            let page = get(&format!("{url}{root}"), &[("Accept", "text/html")]).expect(200);
            assert!(page.header("content-type").starts_with("text/html"), "{url}{root}");
        }
    }
}

#[test]
fn default_ports_are_left_out_of_links() {
    for (nginx, _) in fronts() {
        for (mount, host, base) in [
            ("", "gis.example", "http://gis.example/ogcapi"),
            ("", "gis.example:80", "http://gis.example/ogcapi"),
            ("/gis", "gis.example:8080", "http://gis.example:8080/gis/ogcapi"),
            ("/secure", "gis.example:443", "https://gis.example/secure/ogcapi"),
            ("/secure", "gis.example:80", "https://gis.example:80/secure/ogcapi"),
        ] {
            let landing = get(&format!("{}{mount}/ogcapi?f=json", nginx.url), &[("Host", host)]).expect(200);
            let links = links(&landing);
            assert!(links.iter().any(|link| link.starts_with(base)), "{host}: {links:?}");
        }
    }
}

#[test]
fn ten_thousand_features_come_in_a_stream() {
    for (_, url) in mounts() {
        let answer = get(&format!("{url}/ogcapi/collections/many/items?limit=10000"), &[]).expect(200);
        assert_eq!(answer.header("content-length"), "", "not in a stream");
        let document = answer.json();
        assert_eq!(document["features"].as_array().unwrap().len(), 10_000);
        assert_eq!(document["features"][9_999]["properties"]["name"], "Feature of the number 10000");
    }
}

#[test]
fn forms_heads_and_errors_have_their_answers() {
    for (_, url) in mounts() {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let posted = send("POST", &format!("{url}/ows"), &form, b"SERVICE=FORMED&REQUEST=GetCapabilities").expect(400);
        assert!(posted.text().contains("FORMED") && posted.text().contains("ExceptionReport"), "{}", posted.text());
        let path = "/ogcapi/conformance?f=json";
        let (head, whole) = (send("HEAD", &format!("{url}{path}"), &[], &[]), get(&format!("{url}{path}"), &[]));
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), whole.body.len().to_string());
        let stream = send("HEAD", &format!("{url}/ogcapi/collections/many/items?limit=10000"), &[], &[]).expect(200);
        assert!(stream.body.is_empty());
        assert_eq!(get(&format!("{url}/nowhere"), &[]).expect(404).header("content-type"), "application/problem+json");
        get(&format!("{url}/ogcapi/collections/many/items?limit=-1"), &[]).expect(400);
        get(&format!("{url}/ogcapi/collections/many?f=json"), &[("Accept", "x/y")]).expect(200);
        get(&format!("{url}/ogcapi/collections/many"), &[("Accept", "image/png")]);
        let wrong = send("DELETE", &format!("{url}/ogcapi/conformance"), &[], &[]).expect(405);
        assert!(wrong.header("allow").contains("GET"));
        let preflight = [("Origin", "http://a.example"), ("Access-Control-Request-Method", "GET")];
        send("OPTIONS", &format!("{url}/ogcapi"), &preflight, &[]).expect(204);
    }
}

#[test]
fn percent_encoding_is_kept() {
    for (_, url) in mounts() {
        let items = get(&format!("{url}/ogcapi/collections/many/items?name=a%2Cb+c&limit=1"), &[]).expect(200);
        let links = links(&items);
        assert!(links.iter().any(|link| link.contains("name=a%2Cb+c")), "{links:?}");
        // A slash within a segment parts nothing: this is an id that no collection has.
        let unknown = get(&format!("{url}/ogcapi/collections/ma%2Fny?f=json"), &[]).expect(404);
        assert!(unknown.text().contains("ma/ny"), "{}", unknown.text());
    }
}
