//! Large answers: complete, in bounded time for others, and no harm done by clients that leave or linger.

use std::io::{Read, Write};

use crate::harness::client::{connect, raw};
use crate::harness::odd::MANY;
use crate::harness::server::{Server, odd_server};
use crate::harness::{odd, text};

const PAGE: &str = "/ogcapi/collections/many/items?limit=10000";

#[test]
fn a_page_of_ten_thousand_is_whole() {
    let page = odd_server().json(PAGE);
    assert_eq!((&page["numberReturned"], &page["numberMatched"]), (&10_000.into(), &MANY.into()));
    let ids: Vec<i64> = page["features"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]) && ids.len() == 10_000, "in the order of the key");
    let rest = odd_server().json(&format!("{PAGE}&offset=10000"));
    assert_eq!(rest["numberReturned"], MANY - 10_000);
    assert_eq!(odd_server().json(&format!("{PAGE}&offset={MANY}"))["numberReturned"], 0);
    assert_eq!(odd_server().json(&format!("{PAGE}&offset=99999999999"))["numberReturned"], 0);
}

#[test]
fn far_offsets_are_no_fault() {
    for offset in ["9223372036854775807", "9223372036854775808", "18446744073709551615", "99999999999999999999999"] {
        let answer = odd_server().get(&format!("/ogcapi/collections/many/items?offset={offset}"));
        assert!([200, 400].contains(&answer.status), "{offset}: {} {}", answer.status, answer.excerpt());
    }
}

#[test]
fn the_page_for_people_of_many_features_is_whole() {
    let page = odd_server().browse("/ogcapi/collections/many/items?limit=1000").expect(200).text();
    assert!(page.contains("point number 999") && page.trim_end().ends_with("</html>"));
}

/// Asks, reads a little, and leaves the connection open.
fn begin(server: &Server) -> std::net::TcpStream {
    let mut stream = connect(server.authority());
    write!(stream, "GET {PAGE} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut start = [0; 1000];
    stream.read_exact(&mut start).unwrap();
    assert!(start.starts_with(b"HTTP/1.1 200"));
    stream
}

#[test]
fn clients_that_leave_do_no_harm() {
    for _ in 0..50 {
        drop(begin(odd_server()));
    }
    assert_eq!(odd_server().json("/ogcapi/collections/many/items?limit=1")["numberReturned"], 1);
}

#[test]
fn clients_that_linger_stop_nobody() {
    // Nothing comes from memory: all are streams.
    let server = Server::start(&[text(odd::many()), "--limit", "kept_bytes=0"]);
    let lingering: Vec<_> = (0..20).map(|_| begin(&server)).collect();
    assert_eq!(server.json("/ogcapi/collections/many/items?limit=5")["numberReturned"], 5);
    assert_eq!(server.json(PAGE)["numberReturned"], 10_000);
    // And each of them gets the rest when it reads at last.
    let mut last = lingering.into_iter().next_back().unwrap();
    let mut rest = Vec::new();
    let mut part = [0; 65536];
    while !rest.ends_with(b"0\r\n\r\n") {
        let count = last.read(&mut part).unwrap();
        assert!(count > 0, "the answer broke off after {} bytes", rest.len());
        rest.extend_from_slice(&part[..count]);
    }
    assert!(String::from_utf8_lossy(&rest).contains("\"numberReturned\":10000"));
}

#[test]
fn an_old_proxy_gets_the_whole_stream() {
    let request = format!("GET {PAGE} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    let answer = raw(odd_server().authority(), request.as_bytes());
    let start = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    let page: serde_json::Value = serde_json::from_slice(&answer[start..]).unwrap();
    assert_eq!(page["numberReturned"], 10_000);
}

#[test]
fn many_at_once_are_all_answered() {
    std::thread::scope(|scope| {
        for worker in 0..8 {
            scope.spawn(move || {
                for number in 0..20 {
                    let offset = worker * 100 + number;
                    let page = odd_server().json(&format!("/ogcapi/collections/many/items?limit=3&offset={offset}"));
                    assert_eq!(page["features"][0]["properties"]["name"], format!("point number {offset}"));
                }
            });
        }
    });
}
