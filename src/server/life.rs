//! The life of a request behind the filters: project, dispatch, error in the client's dialect, headers of every answer.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderValue, Method, StatusCode, header};

use crate::data::policy::{Admissions, CacheScope};
use crate::error::{Error, Kind, Result};
use crate::exchange::{self, Target};
use crate::message::body::Body;
use crate::message::parameters::Origin;
use crate::message::request::{Head, Request, RequestId};
use crate::message::response::{REQUEST_ID, Response};
use crate::project::catalog::Project;
use crate::project::limits::Limits;
use crate::web::{encoding, validators};

use super::context::{Context, Place};
use super::ows;
use super::setup::{Server, Snapshot};

/// Headers that a page of another origin may send.
const ALLOWED_HEADERS: &str = "Authorization, Content-Type, Accept, Accept-Language, If-Match, If-None-Match, If-Modified-Since, Range, Cache-Control, Pragma, X-Request-Id, X-Requested-With";
/// Headers that a script of another origin may read.
const EXPOSED_HEADERS: &str = "Link, ETag, Location, Content-Crs, X-Request-Id, OGC-NumberMatched, OGC-NumberReturned";

impl Server {
    /// Answers a request. This is the whole server: gateways and embedding programs call nothing else.
    pub async fn handle(&self, mut request: Request) -> Response {
        let started = Instant::now();
        if let Some(id) = RequestId::of_client(&request.head().headers) {
            request.head_mut().id = id;
        }
        let head = request.head().clone();
        tracing::debug!(id = %head.id, method = %head.method, path = head.path, "asked");
        let snapshot = self.snapshot();
        let watched = snapshot.metrics().watch(head, started);
        let mut response = exchange::run(&snapshot, &snapshot.0.filters, request).await;
        watched.follow(&mut response);
        response
    }
}

impl Snapshot {
    /// The project of a request, by `MAP=` or by the first segment of the path, and the path that is left.
    pub(super) fn place(&self, head: &Head) -> Result<(Arc<Project>, Place)> {
        let unknown = |name: &str| Error::new(Kind::UnknownProject, format!("there is no project '{name}'")).at("MAP");
        let mut place = Place { rest: head.path.clone(), ..Place::default() };
        if let Some(map) = head.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case("map")) {
            let name = map.value.as_deref().unwrap_or_default();
            let project = self.0.named(name).ok_or_else(|| unknown(name))?;
            // Where a filter chose it, it will choose it again: links are the client's.
            place.map = (map.origin != Origin::Filter).then(|| map.raw.clone());
            return Ok((project.clone(), place));
        }
        let mut segments = head.path.splitn(3, '/').skip(1);
        if let Some((name, project)) = segments.next().and_then(|name| self.0.projects.get_key_value(name)) {
            place.mount = format!("/{name}");
            head.path[name.len() + 1..].clone_into(&mut place.rest);
            return Ok((project.clone(), place));
        }
        Ok((self.0.root.clone(), place))
    }

    /// Whether a request speaks to a service, not to an API.
    fn is_for_service(&self, head: &Head) -> bool {
        let rest = self.place(head).map_or_else(|_| head.path.clone(), |(_, place)| place.rest);
        ows::is_asked(&rest, head)
    }
}

impl Target for Snapshot {
    fn project(&self, request: &Head) -> Result<Arc<Project>> {
        self.place(request).map(|(project, _)| project)
    }

    fn limits(&self) -> &Limits {
        &self.0.limits
    }

    async fn enter(&self, head: &Head) -> Result<impl Send> {
        self.0.queue.enter(head, &self.0.limits, self.metrics(), self.outgoing()).await
    }

    async fn dispatch(&self, request: &mut Request) -> Result<Response> {
        let head = request.head().clone();
        // Not before the filters have taken out what is nothing for a log, such as keys.
        tracing::debug!(id = %head.id, parameters = ?head.parameters, "dispatched");
        if head.method == Method::OPTIONS && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            head.trace.set_operation("preflight");
            return Ok(preflight());
        }
        let base = self.0.base_url.resolve(&head)?;
        let (project, mut place) = self.place(&head)?;
        let registry = &self.0.registry;
        let mut admissions = Admissions::default();
        for policy in &self.0.policies {
            admissions.0.push(policy.admit(&head).await?);
        }
        let is_shared = admissions.scope() == CacheScope::Shared;
        if ows::is_asked(&place.rest, &head) {
            let cx = Context::new(self.0.clone(), project, head, base, place, admissions);
            return Ok(kept_private(is_shared, ows::dispatch(registry, cx, request).await?));
        }
        let path = place.rest.clone();
        let Some((api, rest)) = registry.find(path.strip_suffix('/').unwrap_or(&path)) else {
            return Err(Error::new(Kind::UnknownPath, format!("nothing answers at {}", head.path)));
        };
        place.root.clone_from(&api.info().root);
        rest.clone_into(&mut place.rest);
        let body = std::mem::replace(&mut request.body, Body::empty());
        let cx = Context::new(self.0.clone(), project, head, base, place, admissions).with_body(body);
        Ok(kept_private(is_shared, api.execute(cx).await?))
    }

    /// The client's message in its dialect; the cause goes to the log alone.
    fn fault(&self, head: &Head, error: &Error) -> Response {
        // What is not implemented is the client's wish, whatever the class of its status.
        if error.kind().status().is_server_error() && error.kind() != Kind::Unsupported {
            tracing::error!(id = %head.id, path = head.path, ?error, "failed");
        } else {
            tracing::info!(id = %head.id, path = head.path, ?error, "refused");
        }
        let response = if self.is_for_service(head) {
            ows::fault(&self.0.registry, head, error)
        } else {
            self.problem(head, error)
        };
        // A 404 may be a policy's, and others may see what is not there for this client.
        kept_private(self.0.policies.is_empty(), response)
    }

    fn conclude(&self, head: &Head, response: &mut Response) {
        if self.0.compression {
            encoding::mark(response);
        }
        validators::settle(head, response);
        if self.0.compression {
            self.0.packed.pack(&head.headers, response);
        }
    }

    fn finish(&self, head: &Head, response: &mut Response) {
        response.set(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response.set(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        response.set(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(id) = HeaderValue::from_str(head.id.as_str()) {
            response.set(REQUEST_ID, id);
        }
    }
}

/// An answer that a policy may have cut is nobody else's.
fn kept_private(is_shared: bool, mut response: Response) -> Response {
    if !is_shared {
        let said =
            response.headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kept = said.split(',').map(str::trim).filter(|word| !matches!(*word, "" | "public" | "private"));
        let value = std::iter::once("private").chain(kept).collect::<Vec<_>>().join(", ");
        let value = HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("private"));
        response.set(header::CACHE_CONTROL, value);
        response.headers.append(header::VARY, HeaderValue::from_static("Authorization"));
    }
    response
}

/// The answer to a browser that asks whether a page of another origin may ask.
fn preflight() -> Response {
    let mut response = Response::new(StatusCode::NO_CONTENT);
    let mut set = |name, value| response.set(name, HeaderValue::from_static(value));
    set(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    set(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    set(header::ACCESS_CONTROL_MAX_AGE, "86400");
    set(header::VARY, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    response
}
