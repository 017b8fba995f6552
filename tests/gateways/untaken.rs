//! Answers that their clients do not take.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use graticule::Server;
use graticule::exchange::{Filter, Flow};
use graticule::gateways::http::{self, Patience};
use graticule::message::body::Body;
use graticule::message::request::Request;
use graticule::message::response::Response;
use graticule::project::catalog::Project;
use graticule::project::limits::Limits;
use tokio::net::TcpListener;

use crate::PATIENCE;
use crate::client::get;
use crate::echo::runtime;
use crate::http2_wire::{DATA, END_STREAM, HEADERS, OPEN, RESET, Wire};

/// Bytes of a chunk.
const CHUNK: usize = 64 * 1024;
/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// `/endless` has no end, `/large` has 8 MB, all else is a word.
struct Large {
    made: Arc<AtomicUsize>,
    under_way: Arc<AtomicUsize>,
    left: Mutex<Sender<()>>,
}

/// An answer under way.
struct UnderWay(Arc<AtomicUsize>, Sender<()>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
        let _ = self.1.send(());
    }
}

impl Filter for Large {
    async fn request_ready(&self, request: &mut Request) -> graticule::Result<Flow> {
        let body = match request.head().path.as_str() {
            "/endless" => {
                self.under_way.fetch_add(1, Ordering::SeqCst);
                let under_way = UnderWay(self.under_way.clone(), self.left.lock().unwrap().clone());
                let made = self.made.clone();
                Body::Stream(Box::pin(stream::repeat_with(move || {
                    let _ = &under_way;
                    made.fetch_add(CHUNK, Ordering::SeqCst);
                    Ok(Bytes::from(vec![b'x'; CHUNK]))
                })))
            }
            "/large" => vec![b'x'; 8 << 20].into(),
            _ => "word".into(),
        };
        Ok(Flow::Respond(Response::ok("text/plain", body)))
    }
}

struct Started {
    address: String,
    made: Arc<AtomicUsize>,
    under_way: Arc<AtomicUsize>,
    left: Receiver<()>,
}

fn start(limits: Limits, write: Duration) -> Started {
    let (sender, left) = channel();
    let (made, under_way) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let filter = Large { made: made.clone(), under_way: under_way.clone(), left: Mutex::new(sender) };
    let server = Server::builder(Project::default()).limits(limits).filter(filter, 0).build().unwrap();
    let listener = runtime().block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let patience = Patience { write, ..Patience::default() };
    runtime().spawn(http::serve(server, listener, patience, std::future::pending()));
    Started { address, made, under_way, left }
}

#[test]
fn an_answer_whose_window_was_shut_was_held_for_ever() {
    let server = start(Limits::default(), Duration::from_millis(300));
    for path in ["/endless", "/large", "/word"] {
        let mut wire = Wire::connect(&server.address, 0);
        wire.get(1, path);
        wire.until(1, HEADERS);
        wire.until(1, RESET);
        // The other streams of the connection go on.
        wire.get(3, "/word");
        wire.open(3, 100);
        assert_eq!(wire.until(3, DATA).payload, b"word");
    }
    server.left.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn the_end_of_an_answer_that_is_not_taken_ends_the_connection() {
    let server = start(Limits::default(), Duration::from_millis(300));
    let mut wire = Wire::connect(&server.address, 3);
    wire.get(1, "/word");
    assert_eq!(wire.until(1, DATA).payload, b"wor");
    while wire.next().is_some() {}
}

#[test]
fn an_answer_that_is_taken_bit_by_bit_is_given_whole() {
    let server = start(Limits::default(), PATIENCE);
    let mut wire = Wire::connect(&server.address, 1000);
    wire.get(1, "/large");
    let mut length = 0;
    loop {
        let frame = wire.until(1, DATA);
        assert!(frame.payload.iter().all(|byte| *byte == b'x'));
        length += frame.payload.len();
        if frame.flags & END_STREAM != 0 {
            break;
        }
        wire.open(1, u32::try_from(frame.payload.len()).unwrap() + 7);
    }
    assert_eq!(length, 8 << 20);
}

#[test]
fn streams_that_nobody_takes_filled_the_memory() {
    let limits = Limits { waiting_bytes: 1 << 20, queue_seconds: 60, ..Limits::default() };
    let server = start(limits, FOR_EVER);
    let wires: Vec<Wire> = (0..4)
        .map(|_| {
            let mut wire = Wire::connect(&server.address, OPEN);
            (0..64).for_each(|number| wire.get(2 * number + 1, "/endless"));
            wire
        })
        .collect();
    let mut shut = Wire::connect(&server.address, 0);
    (0..64).for_each(|number| shut.get(2 * number + 1, "/endless"));
    // Whoever takes nothing loses its answer, though clients may take long, and others have their turn.
    server.left.recv_timeout(PATIENCE).unwrap();
    assert_eq!(get(&format!("http://{}/word", server.address), &[]).expect(200).text(), "word");
    drop((wires, shut));
    while server.under_way.load(Ordering::SeqCst) > 0 {
        server.left.recv_timeout(PATIENCE).unwrap();
    }
    // What sockets take is the system's; each stream had 400 KB besides.
    let made = server.made.load(Ordering::SeqCst);
    assert!(made < 100 << 20, "{made}");
}

#[test]
fn requests_in_a_row_that_nobody_takes_the_answers_of_fill_no_memory() {
    let limits = Limits { waiting_bytes: 1 << 20, queue_seconds: 60, ..Limits::default() };
    let server = start(limits, FOR_EVER);
    let rows: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            stream.write_all(&b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n".repeat(100)).unwrap();
            stream
        })
        .collect();
    assert_eq!(get(&format!("http://{}/word", server.address), &[]).expect(200).text(), "word");
    drop(rows);
}
