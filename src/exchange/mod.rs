//! One request and its answer: the filters around it, in the order of a request's life, whatever answers it.
//!
//! `request_ready` of each filter, the project, `project_ready`, dispatch, `response_ready`, the chunks,
//! `response_complete` of each filter, the last `send_response`. After an early answer, an error, or a request that nothing
//! serves, dispatch is skipped, and the rest runs all the same.

pub mod cache;
mod filter;
mod pipeline;
mod sending;

pub use filter::{Chunk, Done, Filter, Flow, Sending};
pub(crate) use filter::{DynFilter, Registered};
pub(crate) use pipeline::{Target, run};
