//! Requests that no proper client sends: an answer of 4xx or a closed connection, and the next request is served.

use crate::harness::client::{raw, status_of};
use crate::harness::server::demo;

/// The status of a request whose first line is this target, byte by byte.
fn status(target: &[u8]) -> u16 {
    let request = [b"GET ", target, b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"].concat();
    let answer = raw(demo().authority(), &request);
    demo().get("/health").expect(200);
    status_of(&answer)
}

#[test]
fn very_long_urls() {
    for length in [1_000, 10_000, 60_000, 1_000_000] {
        let path = format!("/ogcapi/{}", "a".repeat(length));
        assert!([404, 414, 431, 400, 0].contains(&status(path.as_bytes())), "{length}");
        let query = format!("/ogcapi/collections/cities/items?name={}", "a".repeat(length));
        assert!([200, 400, 414, 431, 0].contains(&status(query.as_bytes())), "{length}");
    }
}

#[test]
fn thousands_of_parameters() {
    let many = (0..5_000).map(|number| format!("p{number}=1")).collect::<Vec<_>>().join("&");
    assert_eq!(status(format!("/ogcapi?{many}").as_bytes()), 400);
    assert_eq!(status(format!("/ogcapi/collections/cities/items?{}limit=1", "&".repeat(20_000)).as_bytes()), 200);
    let same = "name=a&".repeat(5_000);
    assert_eq!(status(format!("/ogcapi/collections/cities/items?{same}").as_bytes()), 400);
}

#[test]
fn bytes_that_are_no_text() {
    for target in [
        &b"/ogcapi/%00"[..],
        b"/ogcapi/collections/%00/items",
        b"/ogcapi/collections/%FF/items",
        b"/ogcapi/collections/%C3%28/items",
        b"/ogcapi/collections/cities/items?name=%FF",
        b"/ogcapi/collections/cities/items?%FF=1",
        b"/ogcapi/collections/cities/items?name=%00",
        b"/ogcapi/collections/cities/items?bbox=%00",
        b"/ogcapi/collections/cities/items?datetime=%E2%82",
        b"/ogcapi/collections/cities/items/%FF",
        b"/ogcapi/%",
        b"/ogcapi/%4",
        b"/ogcapi/%zz",
        b"/ogcapi?%=%",
        b"/%FF%FE",
        b"/static/%2e%2e/%2e%2e/Cargo.toml",
        b"/static/%00graticule.css",
    ] {
        let got = status(target);
        assert!((400..500).contains(&got), "{}: {got}", String::from_utf8_lossy(target));
    }
    for target in
        [&b"/ogcapi/\xff"[..], b"/\x01", b"/ogcapi?\xc3\xa9=1", b"* ", b"", b"ogcapi", b"http://", b"/ ogcapi"]
    {
        let got = status(target);
        assert!(got < 500, "{target:?}: {got}");
    }
}

#[test]
fn deep_paths_and_ways_up() {
    assert_eq!(status("/a".repeat(5_000).as_bytes()), 404);
    assert_eq!(status("/".repeat(5_000).as_bytes()), 404);
    for target in [
        "/../etc/passwd",
        "/ogcapi/../../etc/passwd",
        "/static/../Cargo.toml",
        "/static/..%2f..%2fCargo.toml",
        "/static/....//Cargo.toml",
        "/static//etc/passwd",
        "/static/../../../../../../etc/passwd",
        "/ogcapi/collections/..%2F..%2Fetc%2Fpasswd/items",
    ] {
        assert_eq!(status(target.as_bytes()), 404, "{target}");
    }
    // A path with dots is no other path.
    assert_eq!(status(b"/ogcapi/./collections"), 404);
    assert_eq!(status(b"/nothing/../ogcapi"), 404);
}

#[test]
fn broken_requests() {
    let authority = demo().authority();
    for request in [
        &b"\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b c\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n: nothing\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x00\x00\x00",
    ] {
        let mut stream = crate::harness::client::connect(authority);
        let _ = std::io::Write::write_all(&mut stream, request);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
        let got = status_of(&answer);
        assert!(got < 500 || got == 505, "{}: {got}", String::from_utf8_lossy(request));
        demo().get("/health").expect(200);
    }
}

#[test]
fn http_1_0_is_answered() {
    let answer = raw(demo().authority(), b"GET /ogcapi/collections/cities/items?limit=1 HTTP/1.0\r\n\r\n");
    assert!(status_of(&answer) < 500);
    let answer = raw(demo().authority(), b"GET /ogcapi HTTP/1.0\r\nHost: old.example\r\n\r\n");
    assert_eq!(status_of(&answer), 200);
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains("http://old.example/ogcapi") && !text.to_ascii_lowercase().contains("transfer-encoding"));
}

#[test]
fn the_target_tells_the_host_where_it_is_in_absolute_form() {
    let request = b"GET http://right.example/ogcapi HTTP/1.1\r\nHost: wrong.example\r\nConnection: close\r\n\r\n";
    let answer = String::from_utf8(raw(demo().authority(), request)).unwrap();
    assert!(answer.contains("http://right.example/ogcapi") && !answer.contains("wrong.example"), "{answer}");
}

#[test]
fn a_refusal_before_a_request_is_read_has_an_id_as_well() {
    let answer = raw(demo().authority(), b"nonsense\r\n\r\n");
    assert_eq!(status_of(&answer), 400);
    let text = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    let id = text.split("x-request-id: ").nth(1).and_then(|rest| rest.get(..16)).unwrap();
    assert_eq!(text.matches(id).count(), 2, "in the header and in the document: {text}");
}

#[test]
fn many_and_large_headers() {
    let authority = demo().authority();
    let many = (0..500).map(|number| format!("X-H{number}: 1\r\n")).collect::<Vec<_>>().concat();
    let large = format!("X-Large: {}\r\n", "a".repeat(2_000_000));
    let accept = format!("Accept: {}\r\n", "a/b,".repeat(10_000));
    for headers in [many, large, accept] {
        let request = format!("GET /ogcapi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
        let got = status_of(&raw(authority, request.as_bytes()));
        assert!(got < 500, "{got}");
        demo().get("/health").expect(200);
    }
}
