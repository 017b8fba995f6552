//! What an I/O filter is, and what it may do.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Result;
use crate::message::request::{self, Request};
use crate::message::response::{self, Response};
use crate::project::catalog::Project;

/// What follows a filter that has seen a request.
pub enum Flow {
    /// The next filter, then dispatch.
    Continue,
    /// Dispatch; the later filters are passed over at this step.
    Stop,
    /// No dispatch: this is the answer, which the filters see as any other.
    Respond(Response),
}

/// What becomes of a chunk.
pub enum Chunk {
    /// It goes on to the next filter and to the client, as it is or rewritten.
    Pass(Bytes),
    /// It is held back; the filter keeps what it wants of it in its state.
    Hold,
}

/// How an answer ends.
pub enum Done<'a> {
    /// Nothing is sent yet: status, headers and body may change.
    Whole(&'a mut Response),
    /// All but the end is sent; the tail goes out as the last chunk.
    Streamed {
        /// What was sent.
        head: &'a response::Head,
        /// What is sent last, after all chunks.
        tail: &'a mut Vec<u8>,
    },
    /// The client left, or the answer broke off in the middle; nothing more is sent.
    Cancelled,
}

impl Done<'_> {
    /// The same for the next filter.
    pub(super) fn reborrow(&mut self) -> Done<'_> {
        match self {
            Self::Whole(response) => Done::Whole(response),
            Self::Streamed { head, tail } => Done::Streamed { head, tail },
            Self::Cancelled => Done::Cancelled,
        }
    }
}

/// A chunk on its way out.
pub struct Sending<'a> {
    /// The request that is answered.
    pub request: &'a request::Head,
    /// Status and headers of the answer.
    pub head: &'a response::Head,
    /// Whether this is the last chunk.
    pub last: bool,
    /// What this filter keeps for this request: filters are shared, their state is not.
    pub state: &'a mut Option<Box<dyn Any + Send>>,
}

/// An I/O filter: sees every request and every answer. All methods do nothing unless they are written.
///
/// An error is answered in the request's dialect by its kind; a panic is an internal error of that request alone.
pub trait Filter: Send + Sync + 'static {
    /// The request has come: parameters, path and headers may be added, changed and removed, or the request answered.
    fn request_ready(&self, request: &mut Request) -> impl Future<Output = Result<Flow>> + Send {
        let _ = request;
        async { Ok(Flow::Continue) }
    }

    /// The project is known.
    fn project_ready(&self, request: &mut Request, project: &Project) -> impl Future<Output = Result<Flow>> + Send {
        let _ = (request, project);
        async { Ok(Flow::Continue) }
    }

    /// Whether the answer must be collected before it is shown to the filters: a watermark needs the whole image.
    fn wants_whole(&self, head: &response::Head) -> bool {
        let _ = head;
        false
    }

    /// Before the first byte: status and headers may change.
    fn response_ready(&self, request: &request::Head, head: &mut response::Head) -> Result<()> {
        let _ = (request, head);
        Ok(())
    }

    /// Each chunk of the body, at least one, the last marked so; the last comes after `response_complete`. What an earlier
    /// filter holds back, the later ones do not see.
    fn send_response(&self, sending: &mut Sending<'_>, chunk: Bytes) -> Result<Chunk> {
        let _ = sending;
        Ok(Chunk::Pass(chunk))
    }

    /// Once, before the last chunk is sent, or when the client has left. Not async, because it also runs when the future
    /// of the request is dropped.
    fn response_complete(&self, request: &request::Head, done: Done<'_>) -> Result<()> {
        let _ = (request, done);
        Ok(())
    }
}

/// A filter as the server keeps it: a trait with `async fn` cannot be `dyn`, so this twin boxes the futures.
pub(crate) trait DynFilter: Send + Sync {
    fn request_ready<'a>(&'a self, request: &'a mut Request) -> Step<'a>;
    fn project_ready<'a>(&'a self, request: &'a mut Request, project: &'a Project) -> Step<'a>;
    fn wants_whole(&self, head: &response::Head) -> bool;
    fn response_ready(&self, request: &request::Head, head: &mut response::Head) -> Result<()>;
    fn send_response(&self, sending: &mut Sending<'_>, chunk: Bytes) -> Result<Chunk>;
    fn response_complete(&self, request: &request::Head, done: Done<'_>) -> Result<()>;
    fn name(&self) -> &'static str;
}

pub(crate) type Step<'a> = Pin<Box<dyn Future<Output = Result<Flow>> + Send + 'a>>;

/// The filters in the order in which they run.
pub(crate) type Registered = Arc<[Arc<dyn DynFilter>]>;

impl<F: Filter> DynFilter for F {
    fn request_ready<'a>(&'a self, request: &'a mut Request) -> Step<'a> {
        Box::pin(Filter::request_ready(self, request))
    }

    fn project_ready<'a>(&'a self, request: &'a mut Request, project: &'a Project) -> Step<'a> {
        Box::pin(Filter::project_ready(self, request, project))
    }

    fn wants_whole(&self, head: &response::Head) -> bool {
        Filter::wants_whole(self, head)
    }

    fn response_ready(&self, request: &request::Head, head: &mut response::Head) -> Result<()> {
        Filter::response_ready(self, request, head)
    }

    fn send_response(&self, sending: &mut Sending<'_>, chunk: Bytes) -> Result<Chunk> {
        Filter::send_response(self, sending, chunk)
    }

    fn response_complete(&self, request: &request::Head, done: Done<'_>) -> Result<()> {
        Filter::response_complete(self, request, done)
    }

    fn name(&self) -> &'static str {
        std::any::type_name::<F>()
    }
}
