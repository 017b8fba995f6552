//! HTTP/2 written by hand: a client that may shut windows, and never read.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::PATIENCE;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const WINDOW: u8 = 8;
/// The window of a stream at its beginning, among the settings.
const INITIAL_WINDOW: u16 = 4;
pub(crate) const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// As large as a window may be.
pub(crate) const OPEN: u32 = i32::MAX as u32;

/// A frame.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

pub(crate) struct Wire(TcpStream);

impl Wire {
    /// A connection whose streams begin with a window of this size, and that is open itself.
    pub(crate) fn connect(address: &str, window: u32) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut wire = Self(stream);
        wire.0.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        let settings = [&INITIAL_WINDOW.to_be_bytes()[..], &window.to_be_bytes()].concat();
        wire.send(SETTINGS, 0, 0, &settings);
        wire.open(0, OPEN - 65535);
        wire
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let frame = [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat();
        self.0.write_all(&frame).unwrap();
    }

    /// Widens the window of a stream, or of the connection.
    pub(crate) fn open(&mut self, stream: u32, by: u32) {
        self.send(WINDOW, 0, stream, &by.to_be_bytes());
    }

    pub(crate) fn get(&mut self, stream: u32, path: &str) {
        // By the static table: GET, http; then a path and a host as they are.
        let length = |text: &str| u8::try_from(text.len()).unwrap();
        let mut head = vec![0x82, 0x86, 0x04, length(path)];
        head.extend_from_slice(path.as_bytes());
        head.extend_from_slice(&[0x01, 4]);
        head.extend_from_slice(b"here");
        self.send(HEADERS, END_STREAM | END_HEADERS, stream, &head);
    }

    /// The next frame; none where the connection has ended.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).ok()?;
        let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        let mut payload = vec![0; number(&head[..3]) as usize];
        self.0.read_exact(&mut payload).ok()?;
        Some(Frame { kind: head[3], flags: head[4], stream: number(&head[5..]), payload })
    }

    /// The next frame of this kind on a stream.
    pub(crate) fn until(&mut self, stream: u32, kind: u8) -> Frame {
        loop {
            let frame = self.next().expect("the connection goes on");
            assert!(frame.stream != stream || frame.kind == kind || frame.kind != RESET, "{frame:?}");
            if (frame.stream, frame.kind) == (stream, kind) {
                return frame;
            }
        }
    }
}
