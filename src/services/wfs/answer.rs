//! An answer on its way: the rows of one question after the other become bytes, in constant memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;

use crate::base::link::{Link, Rel};
use crate::data::features::Features;
use crate::data::gate::View;
use crate::data::query::Query;
use crate::error::{Error, Kind, Result};
use crate::formats::gml::FeatureWriter;
use crate::formats::{Closing, Encoder, Part};
use crate::message::body::Body;
use crate::message::response::Response;
use crate::message::trace::Trace;
use crate::model::batch::Batch;
use crate::server::context::Context;

/// An answer up to this size is sent whole. What the root of GML tells of what follows is counted by then, or must be
/// counted apart.
const WHOLE: usize = 1024 * 1024;
/// The pieces of a larger one.
const PIECE: usize = 128 * 1024;
/// How long an answer waits for a number that it cannot do without.
pub(super) const COUNTING: Duration = Duration::from_secs(60);

/// One question, and how its rows are written.
pub(super) struct Turn {
    pub(super) view: View,
    pub(super) query: Query,
    pub(super) writer: Writer,
    /// What stands before and after the rows.
    pub(super) open: Vec<u8>,
    pub(super) close: &'static [u8],
    /// How many rows were announced.
    pub(super) announced: Option<u64>,
}

/// How rows are written.
pub(super) enum Writer {
    /// As features of GML.
    Gml(Box<FeatureWriter>),
    /// As values of a property of GML: of the geometry, or of the first property.
    Values { writer: Box<FeatureWriter>, geometry: bool },
    /// As ids.
    Ids(Box<FeatureWriter>),
    /// As a feature type of any other format.
    Part(Part),
}

/// The rows of all questions.
pub(super) struct Running {
    trace: Arc<Trace>,
    turns: VecDeque<Turn>,
    current: Option<(Features, Turn, u64)>,
    /// What writes features in a format that is no GML.
    encoder: Option<Box<dyn Encoder>>,
    /// Rows that may still come, over all questions.
    left: Option<u64>,
    /// Rows that were written.
    pub(super) returned: u64,
    /// Whether there are rows beyond the limit.
    pub(super) more: bool,
    /// The end of the document, where it is GML.
    close: &'static [u8],
    /// The number that was announced in the root.
    announced: Option<u64>,
    /// Of a format that tells at the end what it was.
    pub(super) matched: Option<u64>,
    pub(super) links: Vec<Link>,
    done: bool,
}

impl Running {
    /// Begins with the first question, so that its faults still have a status.
    pub(super) fn start(
        cx: &Context,
        turns: Vec<Turn>,
        left: Option<u64>,
        encoder: Option<Box<dyn Encoder>>,
        close: &'static [u8],
    ) -> Result<Self> {
        let mut running = Self {
            trace: Arc::clone(&cx.head().trace),
            turns: turns.into(),
            current: None,
            encoder,
            left,
            returned: 0,
            more: false,
            close,
            announced: None,
            matched: None,
            links: Vec::new(),
            done: false,
        };
        running.advance()?;
        Ok(running)
    }

    /// Begins the next question, where there is one.
    fn advance(&mut self) -> Result<()> {
        let Some(mut turn) = self.turns.pop_front() else { return Ok(()) };
        if let Some(left) = self.left {
            turn.query.limit = Some(turn.query.limit.map_or(left, |limit| limit.min(left)));
        }
        self.current = Some((turn.view.features(&turn.query)?, turn, 0));
        Ok(())
    }

    /// Writes the next rows, or the end.
    async fn step(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let Some((features, turn, count)) = &mut self.current else {
            self.finish(out)?;
            return Ok(());
        };
        let batch = features.next().await.transpose()?;
        if *count == 0 {
            out.append(&mut turn.open);
            if let (Writer::Part(part), Some(encoder)) = (&turn.writer, &mut self.encoder) {
                encoder.part(part, out);
            }
        }
        if let Some(batch) = batch {
            let rows = batch.len() as u64;
            *count += rows;
            self.returned += rows;
            self.trace.add_rows(rows);
            turn.write(&batch, self.encoder.as_mut(), out);
            features.recycle(batch);
            return Ok(());
        }
        self.more |= features.more();
        out.extend_from_slice(turn.close);
        if let (Writer::Part(_), Some(encoder)) = (&turn.writer, &mut self.encoder) {
            encoder.end_part(out);
        }
        if turn.announced.is_some_and(|announced| announced != *count) {
            return Err(changed());
        }
        self.left = self.left.map(|left| left.saturating_sub(*count));
        self.current = None;
        self.advance()
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        if self.announced.is_some_and(|announced| announced != self.returned) {
            return Err(changed());
        }
        self.done = true;
        match &mut self.encoder {
            Some(encoder) => {
                let (matched, links) = (self.matched, std::mem::take(&mut self.links));
                encoder.close(&Closing { links, matched, returned: self.returned }, out);
            }
            None => out.extend_from_slice(self.close),
        }
        Ok(())
    }

    /// Whether all rows are written; the end of the document may still wait.
    fn has_all_rows(&self) -> bool {
        self.current.is_none()
    }

    /// Writes rows until there is no more, or so much.
    pub(super) async fn fill(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        while !self.has_all_rows() && out.len() < WHOLE {
            self.step(out).await?;
        }
        Ok(self.has_all_rows())
    }

    /// The answer: `head` and what was written, and the rest as a stream. `announced` is the number that the head tells.
    pub(super) fn into_response(
        mut self,
        media_type: &'static str,
        mut head: Vec<u8>,
        mut out: Vec<u8>,
        announced: Option<u64>,
    ) -> Result<Response> {
        self.announced = announced;
        if self.has_all_rows() {
            head.append(&mut out);
            self.finish(&mut head)?;
            return Ok(Response::ok(media_type, head));
        }
        head.append(&mut out);
        let rest = stream::try_unfold((self, head), |(mut running, mut out)| async move {
            while !running.done && out.len() < PIECE {
                running.step(&mut out).await?;
            }
            let piece = Bytes::from(std::mem::replace(&mut out, Vec::with_capacity(PIECE + PIECE / 2)));
            Ok::<_, Error>((!piece.is_empty()).then_some((piece, (running, out))))
        });
        let mut response = Response::ok(media_type, Bytes::new());
        response.body = Body::Stream(Box::pin(rest));
        Ok(response)
    }
}

/// The rows are no longer as many as were announced: the answer is broken off, so that nobody takes it for whole.
fn changed() -> Error {
    Error::new(Kind::Unavailable, "the data changed while it was read")
}

impl Turn {
    fn write(&mut self, batch: &Batch, encoder: Option<&mut Box<dyn Encoder>>, out: &mut Vec<u8>) {
        match &mut self.writer {
            Writer::Gml(writer) => writer.write_all(batch, out),
            Writer::Values { writer, geometry } => {
                for row in batch.rows() {
                    let start = out.len();
                    out.extend_from_slice(b"<wfs:member>");
                    writer.make_id(row);
                    let is_there =
                        if *geometry { writer.write_geometry(row, out) } else { writer.write_value(0, row, out) };
                    if is_there {
                        out.extend_from_slice(b"</wfs:member>\n");
                    } else {
                        out.truncate(start);
                    }
                }
            }
            Writer::Ids(writer) => {
                for row in batch.rows() {
                    let id = String::from_utf8_lossy(writer.make_id(row)).into_owned();
                    super::collection::text_member(&id, out);
                }
            }
            Writer::Part(_) => {
                if let Some(encoder) = encoder {
                    encoder.batch(batch, out);
                }
            }
        }
    }
}

/// A link of a document that is no GML.
pub(super) fn link(url: String, rel: Rel, media_type: &'static str, title: &str) -> Link {
    Link::new(url, rel, media_type, title)
}
