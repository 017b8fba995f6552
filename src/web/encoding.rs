//! Content codings (RFC 9110, 8.4): which one a client takes, and an answer in it. Fast levels throughout: a slow one would
//! cost many times what the answer itself does. A stream stays one: each chunk goes out as soon as it is packed.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY,
};

use crate::error::Error;
use crate::message::body::{Body, Chunks};
use crate::message::response::{self, Response};

/// Below this it is not worth it, in bytes.
const LEAST: usize = 600;
/// The window of a stream, as a power of two: larger ones cost megabytes for each answer on its way.
const WINDOW: u32 = 17;
/// What the packed documents that are kept may take, in bytes.
const KEPT: usize = 16 * 1024 * 1024;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Zstandard (RFC 8878).
    Zstd,
    /// Brotli (RFC 7932).
    Brotli,
    /// Gzip (RFC 1952).
    Gzip,
}

/// In the order of what they cost, which is that of preference where a client takes several alike: of a page of polygons,
/// whose digits are hard to pack, zstd takes 1.7 times the instructions that the page itself does, gzip 2.0, brotli 3.2.
const ALL: [Coding; 3] = [Coding::Zstd, Coding::Gzip, Coding::Brotli];

impl Coding {
    /// Its name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// The coding that the client likes best of those that there are; none where it is the identity.
pub fn negotiate(headers: &HeaderMap) -> Option<Coding> {
    let told = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let wishes: Vec<(&str, f32)> = told.flat_map(|value| value.split(',')).map(wish).collect();
    let quality = |names: &[&str]| {
        let named = wishes.iter().find(|(name, _)| names.iter().any(|it| name.eq_ignore_ascii_case(it)));
        named.or_else(|| wishes.iter().find(|(name, _)| *name == "*")).map(|(_, quality)| *quality)
    };
    let identity = wishes.iter().find(|(name, _)| name.eq_ignore_ascii_case("identity")).map_or(0.0, |(_, q)| *q);
    let mut best: Option<(Coding, f32)> = None;
    for coding in ALL {
        let names: &[&str] = if coding == Coding::Gzip { &["gzip", "x-gzip"] } else { &[coding.name()] };
        let quality = quality(names).unwrap_or(0.0);
        if quality > 0.0 && quality >= identity && best.is_none_or(|(_, best)| quality > best) {
            best = Some((coding, quality));
        }
    }
    best.map(|(coding, _)| coding)
}

/// A name and how much it is wished, from 0 to 1.
fn wish(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
}

/// Whether a media type grows smaller; images have been packed already.
fn is_packable(head: &response::Head) -> bool {
    let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_left_alone = head.headers.contains_key(CONTENT_ENCODING)
        || head.headers.get(CACHE_CONTROL).is_some_and(|it| it.to_str().is_ok_and(|it| it.contains("no-transform")));
    let is_text = essence.starts_with("text/")
        || ["json", "xml", "javascript", "-seq", "yaml"].iter().any(|end| essence.ends_with(end))
        || essence == "application/flatgeobuf";
    is_text && !is_left_alone
}

/// Tells caches where an answer depends on what the client takes.
pub fn mark(response: &mut Response) {
    if is_packable(response) {
        response.headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

/// Packed documents, so that those which are sent again and again are packed once.
#[derive(Default)]
pub struct Packed(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_key: HashMap<(HeaderValue, Coding), (Bytes, Bytes)>,
    order: VecDeque<(HeaderValue, Coding)>,
    bytes: usize,
}

impl Packed {
    /// Packs an answer where the client likes it so. What has a strong validator is a document, whose packed form is kept, as
    /// is that of an answer which is kept itself.
    pub fn pack(&self, headers: &HeaderMap, response: &mut Response) {
        let is_small = response.body.len().is_some_and(|size| size < LEAST as u64);
        let Some(coding) = negotiate(headers).filter(|_| !is_small && is_packable(response)) else { return };
        let tag = response.headers.get(ETAG).cloned();
        let strong = tag.clone().filter(|tag| tag.as_bytes().starts_with(b"\""));
        let tag = tag.filter(|_| response.is_kept || strong.is_some());
        response.body = match std::mem::replace(&mut response.body, Body::empty()) {
            Body::Whole(plain) => match self.packed(tag, coding, &plain) {
                Ok(packed) => Body::Whole(packed),
                Err(error) => {
                    tracing::error!(%error, "an answer goes out unpacked");
                    response.body = Body::Whole(plain);
                    return;
                }
            },
            Body::Stream(chunks) => match Packer::new(coding) {
                Ok(packer) => Body::Stream(packed_stream(chunks, packer)),
                Err(error) => {
                    tracing::error!(%error, "an answer goes out unpacked");
                    response.body = Body::Stream(chunks);
                    return;
                }
            },
        };
        response.headers.remove(CONTENT_LENGTH);
        response.set(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        // The bytes are others than those of the strong validator.
        if let Some(tag) = strong.and_then(|tag| HeaderValue::try_from([b"W/", tag.as_bytes()].concat()).ok()) {
            response.set(ETAG, tag);
        }
    }

    fn packed(&self, tag: Option<HeaderValue>, coding: Coding, plain: &Bytes) -> io::Result<Bytes> {
        let Some(tag) = tag else { return whole(coding, plain).map(Bytes::from) };
        let key = (tag, coding);
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A validator is a short hash, and who writes documents may find two with the same.
        let is_same = |other: &Bytes| (other.as_ptr(), other.len()) == (plain.as_ptr(), plain.len()) || other == plain;
        if let Some((_, packed)) = kept.by_key.get(&key).filter(|(other, _)| is_same(other)) {
            return Ok(packed.clone());
        }
        drop(kept);
        let packed = Bytes::from(whole(coding, plain)?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = plain.len() + packed.len();
        if size <= KEPT / 4 {
            kept.bytes += size;
            if let Some((plain, packed)) = kept.by_key.insert(key.clone(), (plain.clone(), packed.clone())) {
                kept.bytes -= plain.len() + packed.len();
            } else {
                kept.order.push_back(key);
            }
            while kept.bytes > KEPT {
                let Some(oldest) = kept.order.pop_front() else { break };
                if let Some((plain, packed)) = kept.by_key.remove(&oldest) {
                    kept.bytes -= plain.len() + packed.len();
                }
            }
        }
        Ok(packed)
    }
}

/// All of a document at once.
fn whole(coding: Coding, plain: &[u8]) -> io::Result<Vec<u8>> {
    thread_local! {
        /// Made once for each thread: it costs more than a small document.
        static ZSTD: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    }
    if coding != Coding::Zstd {
        let mut packer = Packer::new(coding)?;
        let mut out = packer.push(plain)?;
        out.extend_from_slice(&packer.finish()?);
        return Ok(out);
    }
    ZSTD.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(zstd::bulk::Compressor::new(1)?),
        };
        compressor.compress(plain)
    })
}

/// Packs a stream.
enum Packer {
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
}

impl Packer {
    fn new(coding: Coding) -> io::Result<Self> {
        Ok(match coding {
            Coding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1)?;
                encoder.window_log(WINDOW)?;
                Self::Zstd(encoder)
            }
            Coding::Brotli => Self::Brotli(Box::new(brotli::CompressorWriter::new(Vec::new(), 16 * 1024, 0, WINDOW))),
            Coding::Gzip => Self::Gzip(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast())),
        })
    }

    /// Packs a chunk, and gives all that it has come to.
    fn push(&mut self, chunk: &[u8]) -> io::Result<Vec<u8>> {
        let writer: &mut dyn Write = match self {
            Self::Zstd(encoder) => encoder,
            Self::Brotli(encoder) => encoder,
            Self::Gzip(encoder) => encoder,
        };
        writer.write_all(chunk)?;
        writer.flush()?;
        Ok(std::mem::take(self.out()))
    }

    fn out(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Zstd(encoder) => encoder.get_mut(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Gzip(encoder) => encoder.get_mut(),
        }
    }

    /// The end.
    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

fn packed_stream(chunks: Chunks, packer: Packer) -> Chunks {
    Box::pin(stream::unfold(Some((chunks, packer)), |state| async move {
        let (mut chunks, mut packer) = state?;
        loop {
            let bytes = match chunks.next().await {
                Some(Ok(chunk)) => packer.push(&chunk),
                Some(Err(error)) => return Some((Err(error), None)),
                None => return Some((packer.finish().map(Bytes::from).map_err(Error::internal), None)),
            };
            match bytes {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Some((Ok(Bytes::from(bytes)), Some((chunks, packer)))),
                Err(error) => return Some((Err(Error::internal(error)), None)),
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn accepting(text: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(text).unwrap());
        negotiate(&headers).map(Coding::name)
    }

    #[test]
    fn what_the_client_likes_best_is_taken() {
        for (wish, taken) in [
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("gzip, deflate, br", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("x-gzip", Some("gzip")),
            ("gzip;q=1.0, br;q=0.5", Some("gzip")),
            ("gzip;q=0, *;q=0.1", Some("zstd")),
            ("zstd;q=0, *", Some("gzip")),
            ("identity, gzip;q=0.5", None),
            ("identity;q=0, gzip;q=0.1", Some("gzip")),
            ("deflate", None),
            ("gzip;q=x", None),
            ("", None),
        ] {
            assert_eq!(accepting(wish), taken, "{wish}");
        }
        assert_eq!(negotiate(&HeaderMap::new()), None);
    }

    fn unpacked(coding: Coding, packed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match coding {
            Coding::Zstd => plain = zstd::decode_all(packed).unwrap(),
            Coding::Brotli => drop(brotli::Decompressor::new(packed, 4096).read_to_end(&mut plain).unwrap()),
            Coding::Gzip => drop(flate2::read::GzDecoder::new(packed).read_to_end(&mut plain).unwrap()),
        }
        plain
    }

    #[tokio::test]
    async fn streams_come_back_and_each_chunk_goes_out_at_once() {
        for coding in ALL {
            let chunks: Vec<Bytes> = (0..4).map(|n| Bytes::from(format!("chunk {n} ").repeat(1000))).collect();
            let plain: Chunks = Box::pin(stream::iter(chunks.clone().into_iter().map(Ok)));
            let packed: Vec<_> = packed_stream(plain, Packer::new(coding).unwrap()).collect().await;
            assert_eq!(packed.len(), 5, "{coding:?}: four chunks and the end");
            let packed: Vec<u8> = packed.into_iter().flat_map(|chunk| chunk.unwrap().to_vec()).collect();
            assert_eq!(unpacked(coding, &packed), chunks.concat(), "{coding:?}");
            assert!(packed.len() < 2000);
            assert_eq!(unpacked(coding, &whole(coding, &chunks.concat()).unwrap()), chunks.concat());
        }
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_stays_broken() {
        let broken: Chunks = Box::pin(stream::iter([Ok(Bytes::from_static(b"one")), Err(Error::cancelled())]));
        let packed: Vec<_> = packed_stream(broken, Packer::new(Coding::Gzip).unwrap()).collect().await;
        assert!(packed.len() == 2 && packed[1].is_err());
    }

    #[test]
    fn documents_are_kept_and_told_apart_by_all_their_bytes() {
        let packed = Packed::default();
        let tag = Some(HeaderValue::from_static("\"same\""));
        let (one, other) = (Bytes::from("a".repeat(5000)), Bytes::from("b".repeat(5000)));
        let first = packed.packed(tag.clone(), Coding::Gzip, &one).unwrap();
        let again = packed.packed(tag.clone(), Coding::Gzip, &one).unwrap();
        assert_eq!(first.as_ptr(), again.as_ptr());
        assert_eq!(unpacked(Coding::Gzip, &packed.packed(tag, Coding::Gzip, &other).unwrap()), other);
    }
}
