//! What the server bears: each limit is told in a problem document, and the server keeps answering others.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::Value;

use crate::harness::client::{connect, raw, status_of};
use crate::harness::server::{Server, run, stderr};

/// A server with small limits.
fn small() -> Server {
    Server::start(&[
        "--limit",
        "head_bytes=8192,body_bytes=1000,form_bytes=100,head_seconds=1,idle_seconds=1,stall_seconds=1,connections=8",
    ])
}

/// The problem document of a raw answer.
fn problem(answer: &[u8]) -> (u16, Value) {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    assert!(head.contains("application/problem+json"), "{head}");
    let json: Value = serde_json::from_str(body).unwrap_or_else(|cause| panic!("{cause}: {text}"));
    assert_eq!(json["status"], status_of(answer));
    assert!(json["request_id"].is_string());
    (status_of(answer), json)
}

fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

#[test]
fn a_large_head_is_431_and_a_bad_one_400() {
    let server = small();
    let large = format!("GET /ogcapi HTTP/1.1\r\nHost: a\r\nX-Large: {}\r\n\r\n", "a".repeat(200_000));
    let (status, told) = problem(&raw(server.authority(), large.as_bytes()));
    assert!(status == 431 && told["detail"].as_str().unwrap().contains("8192"), "{told}");
    let many = (0..200).map(|number| format!("X-H{number}: 1\r\n")).collect::<Vec<_>>().concat();
    let many = format!("GET /ogcapi HTTP/1.1\r\nHost: a\r\n{many}\r\n");
    assert_eq!(problem(&raw(server.authority(), many.as_bytes())).0, 431);
    assert_eq!(problem(&raw(server.authority(), b"GET / HTTP/1.1\r\n: x\r\n\r\n")).0, 400);
    // After a good request on the same connection, too.
    let mut stream = connect(server.authority());
    write!(stream, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut first = [0; 16];
    stream.read_exact(&mut first).unwrap();
    write!(stream, "nonsense\r\n\r\n").unwrap();
    let answer = String::from_utf8(rest(stream)).unwrap();
    assert!(answer.contains("400 Bad Request") && answer.contains("well-formed"), "{answer}");
    server.get("/health").expect(200);
}

#[test]
fn a_sign_in_a_url_that_must_be_encoded_was_refused_without_a_word_of_it() {
    let server = small();
    for sign in ["\"", "<", ">", " a"] {
        let request = format!("GET /ows?FILTER=countries:{sign} HTTP/1.1\r\nHost: a\r\n\r\n");
        let (status, told) = problem(&raw(server.authority(), request.as_bytes()));
        assert!(status == 400 && told["detail"].as_str().unwrap().contains("percent-encoded"), "{sign}: {told}");
    }
}

#[test]
fn http_1_1_without_a_host_or_with_two_is_400() {
    let server = small();
    for hosts in ["", "Host: a\r\nHost: b\r\n"] {
        let request = format!("GET /ogcapi HTTP/1.1\r\nConnection: close\r\n{hosts}\r\n");
        let (status, told) = problem(&raw(server.authority(), request.as_bytes()));
        assert_eq!((status, told["parameter"].as_str()), (400, Some("Host")));
    }
    assert_eq!(status_of(&raw(server.authority(), b"GET /health HTTP/1.0\r\n\r\n")), 200);
}

#[test]
fn half_a_head_is_408_and_a_rest_ends_in_silence() {
    let server = small();
    let mut half = connect(server.authority());
    write!(half, "GET /ogcapi HTTP/1.1\r\nHost:").unwrap();
    let idle = connect(server.authority());
    let mut rested = connect(server.authority());
    write!(rested, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let begun = Instant::now();
    assert_eq!(problem(&rest(half)).0, 408);
    assert_eq!(rest(idle), b"");
    assert!(String::from_utf8(rest(rested)).unwrap().ends_with("ok\n"));
    assert!(begun.elapsed().as_secs() < 20);
    // A drop now and then does not help.
    let mut dripping = connect(server.authority());
    let mut sent = 0;
    while dripping.write_all(b"G").is_ok() && sent < 100 {
        sent += 1;
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(sent < 100);
}

#[test]
fn large_and_slow_bodies() {
    let server = small();
    let post = |length: usize, body: &str| {
        let mut stream = connect(server.authority());
        let form = "application/x-www-form-urlencoded";
        write!(
            stream,
            "POST /ows HTTP/1.1\r\nHost: a\r\nContent-Type: {form}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        stream
    };
    let detail = |stream| {
        let answer = rest(stream);
        assert!([408, 413].contains(&status_of(&answer)), "{}", String::from_utf8_lossy(&answer));
        (status_of(&answer), String::from_utf8(answer).unwrap())
    };
    // Larger than it may be, by what it says itself, and by far more than is read.
    let (status, text) = detail(post(1 << 30, &"a".repeat(100_000)));
    assert!(status == 413 && text.contains("larger than 1000 bytes"), "{text}");
    let (status, text) = detail(post(200, &"a".repeat(200)));
    assert!(status == 413 && text.contains("larger than 100 bytes"), "{text}");
    let chunk = "a".repeat(50);
    let chunked = format!(
        "POST /ows HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        format!("32\r\n{chunk}\r\n").repeat(30)
    );
    assert_eq!(status_of(&raw(server.authority(), chunked.as_bytes())), 413);
    // Half of it, then nothing.
    let (status, text) = detail(post(50, "SERVICE="));
    assert!(status == 408 && text.contains("nothing of the body"), "{text}");
    server.get("/health").expect(200);
}

#[test]
fn one_connection_too_many_is_told_so() {
    let server = small();
    let held: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = connect(server.authority());
            write!(stream, "GET /health HTTP/1.1\r\nHost: a\r\n").unwrap();
            stream
        })
        .collect();
    // Those are accepted in their order, so the ninth is turned away.
    let answer = rest(connect(server.authority()));
    let (status, told) = problem(&answer);
    assert!(status == 503 && told["detail"].as_str().unwrap().contains("8 connections"), "{told}");
    assert!(String::from_utf8_lossy(&answer).contains("retry-after"));
    for mut stream in held {
        write!(stream, "Connection: close\r\n\r\n").unwrap();
        assert_eq!(status_of(&rest(stream)), 200);
    }
}

#[test]
fn four_thousand_idle_connections_keep_nobody_waiting() {
    // As many as this process may open itself.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let server = Server::start(&[]);
    let idle: Vec<TcpStream> = (0..4096).map_while(|_| TcpStream::connect(server.authority()).ok()).collect();
    assert!(idle.len() > 900, "{}", idle.len());
    let begun = Instant::now();
    server.get("/ogcapi/collections/cities/items?limit=10").expect(200);
    assert!(begun.elapsed().as_secs() < 10);
}

#[test]
fn limits_that_cannot_be_are_told() {
    for (limit, told) in [
        ("heads=1", "there is no such limit"),
        ("head_bytes=10", "8192 at least"),
        ("connections=0", "1 at least"),
        ("head_bytes", "NAME=NUMBER"),
    ] {
        let output = run(&["check", "--limit", limit]);
        assert!(!output.status.success() && stderr(&output).contains(told), "{limit}: {}", stderr(&output));
    }
}
