//! The protocol of FastCGI record by record.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use graticule::gateways::http::Patience;

use crate::PATIENCE;
use crate::echo::Echo;
use crate::program::Worker;

const BEGIN: u8 = 1;
const ABORT: u8 = 2;
const END: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;

/// A web server's end of a connection.
struct Wire(TcpStream);

impl Wire {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    fn put(&mut self, kind: u8, id: u16, content: &[u8]) {
        let [high, low] = id.to_be_bytes();
        let [length_high, length_low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        // With padding, which only its length tells.
        let record = [&[1, kind, high, low, length_high, length_low, 3, 0], content, &[0xff; 3]].concat();
        self.0.write_all(&record).unwrap();
    }

    fn begin(&mut self, id: u16, keep: bool) {
        self.put(BEGIN, id, &[0, 1, u8::from(keep), 0, 0, 0, 0, 0]);
    }

    /// Begins a request that has no body yet.
    fn ask(&mut self, id: u16, keep: bool, variables: &[(&str, &str)]) {
        self.begin(id, keep);
        let mut params = Vec::new();
        for (name, value) in variables {
            for length in [name.len(), value.len()] {
                params.extend_from_slice(&(u32::try_from(length).unwrap() | 0x8000_0000).to_be_bytes());
            }
            params.extend_from_slice(format!("{name}{value}").as_bytes());
        }
        for piece in params.chunks(10_000) {
            self.put(PARAMS, id, piece);
        }
        self.put(PARAMS, id, &[]);
    }

    fn get(&mut self, id: u16, keep: bool, path: &str) {
        self.ask(id, keep, &[("REQUEST_METHOD", "GET"), ("PATH_INFO", path), ("HTTP_HOST", "a")]);
        self.put(STDIN, id, &[]);
    }

    /// The next record; none where the connection ended.
    fn next(&mut self) -> Option<(u8, u16, Vec<u8>)> {
        let mut header = [0; 8];
        match self.0.read_exact(&mut header) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("nothing comes"),
            Err(_) => return None,
        }
        let mut content = vec![0; usize::from(u16::from_be_bytes([header[4], header[5]])) + usize::from(header[6])];
        self.0.read_exact(&mut content).ok()?;
        content.truncate(content.len() - usize::from(header[6]));
        Some((header[1], u16::from_be_bytes([header[2], header[3]]), content))
    }

    /// The answer to a request, up to its end record.
    fn answer(&mut self, id: u16) -> String {
        let mut answer = Vec::new();
        loop {
            match self.next().expect("the connection ended") {
                (STDOUT, of, content) if of == id => answer.extend_from_slice(&content),
                (END, of, content) if of == id => {
                    assert_eq!(content, [0; 8]);
                    return String::from_utf8(answer).unwrap();
                }
                record => panic!("{record:?}"),
            }
        }
    }
}

#[test]
fn a_connection_carries_one_request_after_the_other() {
    let echo = Echo::start("fastcgi", Patience::default());
    let mut wire = Wire::connect(&echo.address);
    for id in [1, 7] {
        wire.get(id, true, "/a");
        let answer = wire.answer(id);
        assert!(answer.starts_with("Status: 200 OK\r\n") && answer.contains("\r\n\r\n{"), "{answer}");
    }
    wire.get(2, false, "/b");
    assert!(wire.answer(2).contains(r#""path":"/b""#));
    assert!(wire.next().is_none());
}

#[test]
fn a_second_request_on_a_busy_connection_is_refused() {
    let echo = Echo::start("fastcgi", Patience::default());
    let mut wire = Wire::connect(&echo.address);
    wire.ask(1, true, &[("REQUEST_METHOD", "POST"), ("PATH_INFO", "/length"), ("CONTENT_LENGTH", "5")]);
    wire.get(2, true, "/a");
    assert_eq!(wire.next().unwrap(), (END, 2, vec![0, 0, 0, 0, 1, 0, 0, 0]));
    wire.put(STDIN, 1, b"\x01\x01\x01");
    wire.put(STDIN, 1, b"\x01\x01");
    wire.put(STDIN, 1, &[]);
    assert!(wire.answer(1).ends_with("\r\n\r\n5 5"));
    // An unknown role, then what the server can.
    wire.put(BEGIN, 3, &[0, 2, 1, 0, 0, 0, 0, 0]);
    assert_eq!(wire.next().unwrap(), (END, 3, vec![0, 0, 0, 0, 3, 0, 0, 0]));
    wire.put(9, 0, b"\x0f\x00FCGI_MPXS_CONNS");
    assert_eq!(wire.next().unwrap(), (10, 0, b"\x0f\x01FCGI_MPXS_CONNS0".to_vec()));
    wire.put(99, 0, &[]);
    assert_eq!(wire.next().unwrap(), (11, 0, vec![99, 0, 0, 0, 0, 0, 0, 0]));
    wire.get(4, true, "/a");
    wire.answer(4);
}

#[test]
fn bodies_without_a_length_end_with_their_stream_and_short_ones_are_refused() {
    let echo = Echo::start("fastcgi", Patience::default());
    let mut wire = Wire::connect(&echo.address);
    let post = [("REQUEST_METHOD", "POST"), ("PATH_INFO", "/length"), ("CONTENT_LENGTH", "")];
    wire.ask(1, true, &post);
    wire.put(STDIN, 1, &vec![1; 60_000]);
    wire.put(STDIN, 1, &[]);
    assert!(wire.answer(1).ends_with("\r\n\r\n60000 60000"));
    wire.ask(1, true, &[post[0], post[1], ("CONTENT_LENGTH", "10")]);
    wire.put(STDIN, 1, b"123");
    wire.put(STDIN, 1, &[]);
    assert!(wire.answer(1).starts_with("Status: 400 "));
    wire.ask(1, true, &[post[0], post[1], ("CONTENT_LENGTH", "ten")]);
    wire.put(STDIN, 1, &[]);
    assert!(wire.answer(1).starts_with("Status: 400 "));
}

#[test]
fn large_variables_are_refused_and_the_connection_goes_on() {
    let echo = Echo::start("fastcgi", Patience::default());
    let mut wire = Wire::connect(&echo.address);
    let large = "x".repeat(70_000);
    wire.ask(1, true, &[("REQUEST_METHOD", "GET"), ("QUERY_STRING", &large)]);
    wire.put(STDIN, 1, &[]);
    assert!(wire.answer(1).starts_with("Status: 431 "));
    wire.get(2, true, "/a");
    assert!(wire.answer(2).starts_with("Status: 200 "));
}

#[test]
fn an_aborted_request_ends_its_query() {
    let echo = Echo::start("fastcgi", Patience::default());
    let mut wire = Wire::connect(&echo.address);
    wire.get(1, true, "/endless");
    wire.next().unwrap();
    wire.put(ABORT, 1, &[]);
    echo.left.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn half_a_request_and_a_client_that_reads_nothing_are_let_go() {
    let short = Duration::from_millis(200);
    let echo = Echo::start("fastcgi", Patience { head: short, write: short, ..Patience::default() });
    let mut half = Wire::connect(&echo.address);
    half.begin(1, true);
    assert!(half.next().is_none());
    let mut nonsense = Wire::connect(&echo.address);
    nonsense.0.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert!(nonsense.next().is_none());
    let mut deaf = Wire::connect(&echo.address);
    deaf.get(1, true, "/endless");
    echo.left.recv_timeout(PATIENCE).unwrap();
    let mut slow = Wire::connect(&echo.address);
    slow.ask(1, true, &[("REQUEST_METHOD", "POST"), ("PATH_INFO", "/length"), ("CONTENT_LENGTH", "5")]);
    assert!(slow.answer(1).starts_with("Status: 400 "));
}

#[test]
fn a_request_in_flight_finishes_when_the_server_stops() {
    let mut echo = Echo::start("fastcgi", Patience::default());
    let mut idle = Wire::connect(&echo.address);
    idle.get(1, true, "/a");
    idle.answer(1);
    let mut wire = Wire::connect(&echo.address);
    wire.ask(1, true, &[("REQUEST_METHOD", "POST"), ("PATH_INFO", "/length"), ("CONTENT_LENGTH", "1")]);
    // The refusal of another tells that the first is being answered.
    wire.begin(2, true);
    wire.next().unwrap();
    echo.stop();
    assert!(idle.next().is_none());
    wire.put(STDIN, 1, b"\x02");
    wire.put(STDIN, 1, &[]);
    assert!(wire.answer(1).ends_with("1 2"));
    assert!(wire.next().is_none());
    echo.wait();
}

#[test]
fn several_processes_share_a_socket_that_they_inherit() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let workers = [(); 2].map(|()| Worker::start("fcgi", socket.try_clone().unwrap().into()));
    drop(socket);
    for worker in workers {
        let mut wire = Wire::connect(&address);
        wire.get(1, false, "/ogcapi/conformance");
        assert!(wire.answer(1).contains("conformsTo"));
        drop(worker);
    }
    assert!(TcpStream::connect(&address).is_err());
}
