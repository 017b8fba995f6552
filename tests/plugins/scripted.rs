//! A filter that writes down every call, and does what a test tells it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use graticule::Result;
use graticule::exchange::{Chunk, Done, Filter, Flow, Sending};
use graticule::message::request::{self, Request};
use graticule::message::response;
use graticule::project::catalog::Project;

type OnRequest = Box<dyn Fn(&mut Request) -> Result<Flow> + Send + Sync>;
type OnReady = Box<dyn Fn(&request::Head, &mut response::Head) -> Result<()> + Send + Sync>;
type OnSend = Box<dyn Fn(&mut Sending<'_>, Bytes) -> Result<Chunk> + Send + Sync>;
type OnComplete = Box<dyn Fn(&request::Head, Done<'_>) -> Result<()> + Send + Sync>;

/// What was called, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn write(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    /// Takes all lines out.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// The filter.
pub(crate) struct Scripted {
    name: &'static str,
    log: Log,
    request: Option<OnRequest>,
    project: Option<OnRequest>,
    whole: Option<fn() -> bool>,
    ready: Option<OnReady>,
    send: Option<OnSend>,
    complete: Option<OnComplete>,
}

impl Scripted {
    pub(crate) fn new(name: &'static str, log: &Log) -> Self {
        let log = log.clone();
        Self { name, log, request: None, project: None, whole: None, ready: None, send: None, complete: None }
    }

    pub(crate) fn on_request(mut self, run: impl Fn(&mut Request) -> Result<Flow> + Send + Sync + 'static) -> Self {
        self.request = Some(Box::new(run));
        self
    }

    pub(crate) fn on_project(mut self, run: impl Fn(&mut Request) -> Result<Flow> + Send + Sync + 'static) -> Self {
        self.project = Some(Box::new(run));
        self
    }

    pub(crate) fn wanting_whole(mut self, run: fn() -> bool) -> Self {
        self.whole = Some(run);
        self
    }

    pub(crate) fn on_ready(
        mut self,
        run: impl Fn(&request::Head, &mut response::Head) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.ready = Some(Box::new(run));
        self
    }

    pub(crate) fn on_send(
        mut self,
        run: impl Fn(&mut Sending<'_>, Bytes) -> Result<Chunk> + Send + Sync + 'static,
    ) -> Self {
        self.send = Some(Box::new(run));
        self
    }

    pub(crate) fn on_complete(
        mut self,
        run: impl Fn(&request::Head, Done<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.complete = Some(Box::new(run));
        self
    }

    fn write(&self, line: &str) {
        self.log.write(format!("{} {line}", self.name));
    }
}

/// The kind of error that an answer tells, as the log has it.
fn raised(head: &response::Head) -> String {
    head.raised.map_or_else(String::new, |kind| format!(" {kind:?}"))
}

impl Filter for Scripted {
    async fn request_ready(&self, request: &mut Request) -> Result<Flow> {
        self.write("request_ready");
        self.request.as_ref().map_or(Ok(Flow::Continue), |run| run(request))
    }

    async fn project_ready(&self, request: &mut Request, project: &Project) -> Result<Flow> {
        self.write(&format!("project_ready {}", project.title));
        self.project.as_ref().map_or(Ok(Flow::Continue), |run| run(request))
    }

    fn wants_whole(&self, _: &response::Head) -> bool {
        self.whole.is_some_and(|run| run())
    }

    fn response_ready(&self, request: &request::Head, head: &mut response::Head) -> Result<()> {
        self.write(&format!("response_ready {}{}", head.status.as_u16(), raised(head)));
        self.ready.as_ref().map_or(Ok(()), |run| run(request, head))
    }

    fn send_response(&self, sending: &mut Sending<'_>, chunk: Bytes) -> Result<Chunk> {
        self.write(if sending.last { "send_response last" } else { "send_response" });
        match &self.send {
            Some(run) => run(sending, chunk),
            None => Ok(Chunk::Pass(chunk)),
        }
    }

    fn response_complete(&self, request: &request::Head, done: Done<'_>) -> Result<()> {
        self.write(&match &done {
            Done::Whole(response) => format!("response_complete {}{}", response.status.as_u16(), raised(response)),
            Done::Streamed { head, .. } => format!("response_complete streamed {}", head.status.as_u16()),
            Done::Cancelled => "response_complete cancelled".to_owned(),
        });
        self.complete.as_ref().map_or(Ok(()), |run| run(request, done))
    }
}
