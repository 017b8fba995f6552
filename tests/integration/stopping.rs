//! SIGTERM: requests in flight finish, new ones are refused, the process ends with 0.

use std::io::{Read, Write};
use std::net::TcpStream;

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
