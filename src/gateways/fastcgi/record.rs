//! The records of FastCGI: eight bytes that tell version, kind, request, length and padding; then the content.

use std::io::{self, ErrorKind};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

pub(super) const BEGIN_REQUEST: u8 = 1;
pub(super) const ABORT_REQUEST: u8 = 2;
pub(super) const END_REQUEST: u8 = 3;
pub(super) const PARAMS: u8 = 4;
pub(super) const STDIN: u8 = 5;
pub(super) const STDOUT: u8 = 6;
pub(super) const GET_VALUES: u8 = 9;
pub(super) const GET_VALUES_RESULT: u8 = 10;
pub(super) const UNKNOWN_TYPE: u8 = 11;

/// How a request ended.
pub(super) const REQUEST_COMPLETE: u8 = 0;
pub(super) const CANT_MPX_CONN: u8 = 1;
pub(super) const UNKNOWN_ROLE: u8 = 3;

const VERSION: u8 = 1;
const HEADER: usize = 8;
/// No record of any version. Web servers take a close without an end record for a good end (nginx does, where no length was
/// told), but not this.
pub(super) const NO_RECORD: [u8; HEADER] = [0; HEADER];
/// The largest content that is a multiple of eight: such records need no padding.
const MOST: usize = 65_528;

/// A record that came.
pub(super) struct Record {
    pub(super) kind: u8,
    pub(super) id: u16,
    pub(super) content: Bytes,
}

/// Reads records.
pub(super) struct Records<R> {
    reader: R,
    buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> Records<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: BytesMut::new() }
    }

    pub(super) fn into_reader(self) -> R {
        self.reader
    }

    /// Waits for the first bytes of the next; false where the peer closed instead.
    pub(super) async fn wait(&mut self) -> io::Result<bool> {
        Ok(!self.buffer.is_empty() || self.more().await? > 0)
    }

    /// The next; none where the peer closed after the last. It may be dropped while it waits, and loses nothing.
    pub(super) async fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            if let Some(header) = self.buffer.first_chunk::<HEADER>() {
                let [version, kind, id_high, id_low, length_high, length_low, padding, _] = *header;
                if version != VERSION {
                    return Err(io::Error::new(ErrorKind::InvalidData, "no record of FastCGI"));
                }
                let length = usize::from(u16::from_be_bytes([length_high, length_low]));
                if self.buffer.len() >= HEADER + length + usize::from(padding) {
                    self.buffer.advance(HEADER);
                    let content = self.buffer.split_to(length).freeze();
                    self.buffer.advance(usize::from(padding));
                    return Ok(Some(Record { kind, id: u16::from_be_bytes([id_high, id_low]), content }));
                }
            }
            if self.more().await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    async fn more(&mut self) -> io::Result<usize> {
        self.buffer.reserve(16 * 1024);
        self.reader.read_buf(&mut self.buffer).await
    }
}

/// Adds the records of a piece of a stream; of an empty piece, the record that ends the stream.
pub(super) fn put(out: &mut Vec<u8>, kind: u8, id: u16, content: &[u8]) {
    let [id_high, id_low] = id.to_be_bytes();
    let mut rest = content;
    loop {
        let (piece, after) = rest.split_at(rest.len().min(MOST));
        // MOST fits 16 bits.
        let [length_high, length_low] = u16::try_from(piece.len()).unwrap_or(u16::MAX).to_be_bytes();
        out.extend_from_slice(&[VERSION, kind, id_high, id_low, length_high, length_low, 0, 0]);
        out.extend_from_slice(piece);
        rest = after;
        if rest.is_empty() {
            return;
        }
    }
}

/// Adds the record that ends a request.
pub(super) fn put_end(out: &mut Vec<u8>, id: u16, how: u8) {
    put(out, END_REQUEST, id, &[0, 0, 0, 0, how, 0, 0, 0]);
}

/// Names and values, each with its length before it; none where the lengths are wrong.
pub(super) fn pairs(mut bytes: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut pairs = Vec::new();
    while !bytes.is_empty() {
        let (name, value) = (length(&mut bytes)?, length(&mut bytes)?);
        let (name, rest) = bytes.split_at_checked(name)?;
        let (value, rest) = rest.split_at_checked(value)?;
        pairs.push((name, value));
        bytes = rest;
    }
    Some(pairs)
}

/// A length of one byte, or of four where the first bit is set.
fn length(bytes: &mut &[u8]) -> Option<usize> {
    let first = *bytes.first()?;
    if first < 0x80 {
        *bytes = &bytes[1..];
        return Some(first.into());
    }
    let (four, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    usize::try_from(u32::from_be_bytes(*four) & 0x7fff_ffff).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[tokio::test]
    async fn streams_come_back_whole_however_they_are_cut() {
        let content: Vec<u8> = (0..200_000_u32).map(|i| i.to_le_bytes()[0]).collect();
        let mut out = Vec::new();
        put(&mut out, STDOUT, 7, &content);
        put(&mut out, STDOUT, 7, &[]);
        put_end(&mut out, 7, REQUEST_COMPLETE);
        let mut records = Records::new(&out[..]);
        let mut back = Vec::new();
        while let Some(record) = records.next().await.unwrap().filter(|record| record.kind == STDOUT) {
            assert_eq!(record.id, 7);
            back.extend_from_slice(&record.content);
        }
        assert_eq!(back, content);
        assert!(records.next().await.unwrap().is_none());
        assert!(Records::new(&out[..20]).next().await.is_err());
        assert!(Records::new(&b"GET / HTTP/1.1\r\n"[..]).next().await.is_err());
    }

    #[test]
    fn pairs_are_read_with_short_and_long_lengths() {
        let long = "x".repeat(300);
        let mut bytes = b"\x01\x02abb\x01\x80\x00\x01\x2cc".to_vec();
        bytes.extend_from_slice(long.as_bytes());
        assert_eq!(pairs(&bytes).unwrap(), [(&b"a"[..], &b"bb"[..]), (b"c", long.as_bytes())]);
        assert!(pairs(b"\x05\x00abc").is_none());
    }

    proptest! {
        #[test]
        fn no_pairs_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = pairs(&bytes);
        }
    }
}
