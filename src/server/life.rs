//! The life of a request: project, dispatch, error in the client's dialect, headers that every answer has.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

use crate::base::format::Format;
use crate::error::{Error, Kind, Result};
use crate::message::body::Body;
use crate::message::request::{Head, Request};
use crate::message::response::Response;
use crate::project::catalog::Project;
use crate::web::base_url::BaseUrl;
use crate::web::negotiate;
use crate::web::page::{Crumb, Page, content_security_policy, page_urls};
use crate::web::problem::{Problem, Root};

use super::context::{Context, Place};
use super::setup::Server;

/// Headers that a page of another origin may send.
const ALLOWED_HEADERS: &str = "Authorization, Content-Type, Accept, Accept-Language, If-Match, If-None-Match, If-Modified-Since, Range, X-Requested-With";
/// Headers that a script of another origin may read.
const EXPOSED_HEADERS: &str = "Link, ETag, Location, Content-Crs, X-Request-Id, OGC-NumberMatched, OGC-NumberReturned";

impl Server {
    /// Answers a request. This is the whole server: gateways and embedding programs call nothing else.
    pub async fn handle(&self, request: Request) -> Response {
        let started = Instant::now();
        let head = request.head().clone();
        tracing::debug!(id = %head.id, method = %head.method, path = head.path, "asked");
        let mut response = match guarded(self.answer(&head)).await {
            Ok(response) => response,
            Err(error) => self.fault(&head, &error),
        };
        finish(&head, &mut response);
        tracing::debug!(
            id = %head.id, method = %head.method, path = head.path, status = response.status.as_u16(),
            micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX), "answered"
        );
        response
    }

    async fn answer(&self, head: &Arc<Head>) -> Result<Response> {
        if head.method == Method::OPTIONS && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            return Ok(preflight());
        }
        let base = self.0.base_url.resolve(head)?;
        let (project, mut place) = self.place(head)?;
        let path = place.rest.clone();
        let Some((api, rest)) = self.0.registry.find(path.strip_suffix('/').unwrap_or(&path)) else {
            return Err(Error::new(Kind::UnknownPath, format!("nothing answers at {}", head.path)));
        };
        place.root.clone_from(&api.info().root);
        place.rest = rest.to_owned();
        let cx = Context::new(self.0.clone(), project, head.clone(), base, place);
        api.execute(cx).await
    }

    /// The project of a request, by `MAP=` or by the first segment of the path, and the path that is left.
    fn place(&self, head: &Head) -> Result<(Arc<Project>, Place)> {
        let unknown = |name: &str| Error::new(Kind::UnknownLayer, format!("there is no project '{name}'")).at("MAP");
        let mut place = Place { rest: head.path.clone(), ..Place::default() };
        if let Some(map) = head.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case("map")) {
            let name = map.value.as_deref().unwrap_or_default();
            let project = self.0.projects.get(name).ok_or_else(|| unknown(name))?;
            place.map = Some(map.raw.clone());
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

    /// An error as the client reads it: a page for a browser, else a problem document. The cause goes to the log alone.
    fn fault(&self, head: &Head, error: &Error) -> Response {
        if error.kind().status().is_server_error() {
            tracing::error!(id = %head.id, path = head.path, ?error, "failed");
        } else {
            tracing::info!(id = %head.id, path = head.path, ?error, "refused");
        }
        let base = self.0.base_url.resolve(head).ok();
        let mut problem = Problem::new(error, head.id);
        if let (Kind::UnknownPath, Some(base)) = (error.kind(), &base) {
            let infos = self.0.registry.infos();
            problem.roots = infos
                .map(|info| Root {
                    title: info.title.clone(),
                    href: base.join(if info.root.is_empty() { "/" } else { &info.root }),
                })
                .collect();
        }
        let suffix = head.path.rsplit_once('.').and_then(|(_, suffix)| Format::by_name(suffix));
        let f = head.parameters.get("f").and_then(|f| f.value.as_deref());
        let page = base.filter(|_| negotiate::prefers_html(f, suffix, &head.headers));
        let mut response = page
            .and_then(|base| self.error_page(head, &problem, &base).ok())
            .unwrap_or_else(|| problem.to_response(error));
        response.status = error.kind().status();
        for (name, value) in error.headers() {
            response.headers.append(name.clone(), value.clone());
        }
        response.headers.append(header::VARY, HeaderValue::from_static("Accept"));
        response
    }

    fn error_page(&self, head: &Head, problem: &Problem, base: &BaseUrl) -> Result<Response> {
        let project = self.place(head).map_or_else(|_| self.0.root.clone(), |(project, _)| project);
        let mut page = Page::new(problem.title, &project, base, head);
        page.breadcrumbs = vec![
            Crumb { title: "Home".to_owned(), href: Some(page.home.clone()) },
            Crumb { title: problem.title.to_owned(), href: None },
        ];
        let context =
            json!({ "data": problem, "page": page, "links": [], "operation": null, "params": {}, "error": null });
        let html = self.0.templates.render("error.html", &context, &page_urls(base, head))?;
        let mut response = Response::ok(Format::Html.content_type(), html);
        if let Ok(policy) = HeaderValue::try_from(content_security_policy(&project.map)) {
            response.set(header::CONTENT_SECURITY_POLICY, policy);
        }
        Ok(response)
    }
}

/// Headers that every answer has, whatever made it; and no body for HEAD.
fn finish(head: &Head, response: &mut Response) {
    let headers = &mut response.headers;
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::try_from(head.id.to_string()) {
        headers.insert("x-request-id", id);
    }
    if head.method == Method::HEAD {
        if let Some(length) = response.body.len().filter(|length| *length > 0) {
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        response.body = Body::empty();
    }
}

/// The answer to a browser that asks whether a page of another origin may ask.
fn preflight() -> Response {
    let mut response = Response::new(StatusCode::NO_CONTENT);
    let mut set = |name, value| response.headers.insert(name, HeaderValue::from_static(value));
    set(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    set(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    set(header::ACCESS_CONTROL_MAX_AGE, "86400");
    set(header::VARY, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    response
}

/// Runs the future; a panic in it is an internal error of this request alone.
async fn guarded<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll,
        Err(panic) => Poll::Ready(Err(Error::internal(told(&*panic)))),
    })
    .await
}

fn told(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}
