//! The way out: every chunk through every filter, the end told once, also when the client has left.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::message::request;
use crate::message::response;

use super::filter::{Chunk, Registered, Sending};

/// What the filters keep for one request, and what tells them its end. Made before dispatch: dropped before its end, it tells them that the client left.
pub(super) struct Outlet {
    pub(super) filters: Registered,
    pub(super) request: Arc<request::Head>,
    states: Vec<Option<Box<dyn Any + Send>>>,
    /// Whether the filters were told of the end.
    pub(super) completed: bool,
}

impl Outlet {
    pub(super) fn new(filters: Registered, request: Arc<request::Head>) -> Self {
        let states = filters.iter().map(|_| None).collect();
        Self { filters, request, states, completed: false }
    }

    /// Takes a chunk through the filters in their order; empty where all of it is held back.
    pub(super) fn send(&mut self, head: &response::Head, chunk: Bytes, last: bool) -> Result<Bytes> {
        let mut chunk = chunk;
        for (filter, state) in self.filters.iter().zip(&mut self.states) {
            if chunk.is_empty() && !last {
                break;
            }
            tracing::debug!(id = %self.request.id, filter = filter.name(), bytes = chunk.len(), last, "send_response");
            let mut sending = Sending { request: &self.request, head, last, state };
            chunk = match guarded(|| filter.send_response(&mut sending, chunk))? {
                Chunk::Pass(chunk) => chunk,
                Chunk::Hold => Bytes::new(),
            };
        }
        Ok(chunk)
    }
}

/// Runs a filter's code; a panic in it is an internal error of this request alone.
pub(crate) fn guarded<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(Error::panicked(&*panic)))
}
