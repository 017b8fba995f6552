//! Lets in only whoever is authenticated, or has one of some roles: runs after all that find out who asks.

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL};
use http::{HeaderValue, Method};

use super::challenge::{Challenge, refused};
use crate::error::{Error, Kind, Result};
use crate::exchange::{Filter, Flow};
use crate::message::request::{self, Request};
use crate::message::response;
use crate::project::catalog::Project;

/// The filter that lets nobody else in.
pub struct Gatekeeper {
    /// Of which one is needed; being authenticated is enough where there are none.
    roles: Vec<String>,
    challenges: Vec<Challenge>,
}

/// What says nothing of the data: whether the server lives, and the files of the pages (of the page of the refusal, too).
fn is_open(path: &str) -> bool {
    matches!(path, "/health" | "/ready") || path.starts_with("/static/")
}

/// A browser asks so, without credentials, whether a page of another origin may ask.
fn is_preflight(head: &request::Head) -> bool {
    head.method == Method::OPTIONS && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

impl Gatekeeper {
    /// A filter that lets in who has one of the roles, or whoever is authenticated where none is named; the others are told
    /// these challenges.
    pub fn new(roles: Vec<String>, challenges: Vec<Challenge>) -> Self {
        Self { roles, challenges }
    }

    fn admit(&self, head: &request::Head) -> Result<Flow> {
        let Some(principal) = &head.principal else {
            return Err(refused("authentication is required", &self.challenges));
        };
        if self.roles.is_empty() || self.roles.iter().any(|role| principal.has_role(role)) {
            return Ok(Flow::Continue);
        }
        Err(Error::new(Kind::Forbidden, "who you are does not give access to this server"))
    }
}

impl Filter for Gatekeeper {
    async fn request_ready(&self, request: &mut Request) -> Result<Flow> {
        let head = request.head();
        if is_preflight(head) || is_open(&head.path) {
            return Ok(Flow::Continue);
        }
        self.admit(head)
    }

    async fn project_ready(&self, request: &mut Request, project: &Project) -> Result<Flow> {
        // A project may be called `static` as well; it is not open.
        if project.name.is_none() || is_preflight(request.head()) {
            return Ok(Flow::Continue);
        }
        self.admit(request.head())
    }

    fn response_ready(&self, request: &request::Head, head: &mut response::Head) -> Result<()> {
        let told = head.headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_kept = told.contains("private") || told.contains("no-store");
        let is_for_all = is_open(&request.path) && told.contains("public");
        if !is_kept && !is_for_all {
            // What only some may see, no cache on the way may keep.
            head.set(CACHE_CONTROL, HeaderValue::from_static("private"));
        }
        Ok(())
    }
}
