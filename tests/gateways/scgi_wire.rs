//! The protocol of SCGI.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use graticule::gateways::http::Patience;

use crate::PATIENCE;
use crate::echo::Echo;

/// What the server answers to these bytes, up to the end of the connection.
fn answer(echo: &Echo, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(&echo.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn netstring(variables: &[(&str, &str)]) -> Vec<u8> {
    let pairs = variables.iter().flat_map(|(name, value)| [name, "\0", value, "\0"]).collect::<String>();
    format!("{}:{pairs},", pairs.len()).into_bytes()
}

#[test]
fn netstring_and_body_make_a_request() {
    let echo = Echo::start("scgi", Patience::default());
    let variables =
        [("CONTENT_LENGTH", "3"), ("SCGI", "1"), ("REQUEST_METHOD", "POST"), ("REQUEST_URI", "/x/length?a")];
    let told = answer(&echo, &[&netstring(&variables)[..], b"\x01\x02\x03"].concat());
    assert!(told.starts_with("Status: 200 OK\r\n") && told.ends_with("\r\n\r\n3 6"), "{told}");
}

#[test]
fn nonsense_and_too_much_are_refused() {
    let short = Duration::from_millis(200);
    let echo = Echo::start("scgi", Patience { head: short, ..Patience::default() });
    for wrong in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"99999999:", b"-1:,", b"3:abcd", b"20:abc", b"1"] {
        assert_eq!(answer(&echo, wrong), "", "{wrong:?}");
    }
    assert!(answer(&echo, b"3:abc,").starts_with("Status: 400 "));
    assert!(
        answer(&echo, &netstring(&[("CONTENT_LENGTH", "x"), ("REQUEST_METHOD", "GET")])).starts_with("Status: 400 ")
    );
    let large = "x".repeat(70_000);
    let large = netstring(&[("CONTENT_LENGTH", "0"), ("REQUEST_METHOD", "GET"), ("QUERY_STRING", &large)]);
    assert!(answer(&echo, &large).starts_with("Status: 431 "));
}
