//! SIGTERM: requests in flight finish, new ones are refused, the process ends with 0.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::client::connect;
use crate::harness::server::Server;
use crate::harness::{odd, text};

#[test]
fn an_idle_server_stops_with_0() {
    let mut server = Server::start(&[]);
    // An open connection without a request does not hold it.
    let _idle = connect(server.authority());
    server.get("/ogcapi").expect(200);
    server.tell_to_stop();
    assert!(server.wait().success());
}

#[test]
fn half_a_head_or_a_refusal_that_nobody_reads_held_a_server_that_stops() {
    for sent in ["GET /ogcapi HTT", "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", "\x16\x03\x01\0\x20"] {
        let mut server = Server::start(&[]);
        let mut stream = connect(server.authority());
        stream.write_all(sent.as_bytes()).unwrap();
        // A whole answer to another says that those bytes have come.
        server.get("/ogcapi").expect(200);
        if sent.ends_with("\r\n\r\n") {
            assert!(stream.read(&mut [0; 100]).unwrap() > 0);
        }
        server.tell_to_stop();
        let since = Instant::now();
        assert!(server.wait().success());
        assert!(since.elapsed() < Duration::from_millis(1500), "{sent:?}: {:?}", since.elapsed());
    }
}

#[test]
fn requests_in_flight_finish() {
    let mut server = Server::start(&[text(odd::many())]);
    let mut stream = connect(server.authority());
    write!(stream, "GET /ogcapi/collections/many/items?limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = vec![0; 1000];
    stream.read_exact(&mut answer).unwrap();
    server.tell_to_stop();
    // Others are refused once the signal has come: wait for that, then read on.
    while TcpStream::connect(server.authority()).is_ok() {}
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains("\"numberReturned\":10000") && text.ends_with("0\r\n\r\n"), "{} bytes", answer.len());
    assert!(server.wait().success());
}
