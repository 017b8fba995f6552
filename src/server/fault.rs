//! Errors as the client of an API reads them: a page for a browser, else a problem document.

use http::{HeaderValue, Method, header};
use serde_json::json;

use crate::base::format::Format;
use crate::error::{Error, Kind, Result};
use crate::message::request::Head;
use crate::message::response::Response;
use crate::web::base_url::BaseUrl;
use crate::web::negotiate;
use crate::web::page::{Crumb, Page, content_security_policy, page_urls};
use crate::web::problem::{Problem, Root};

use super::setup::Snapshot;

impl Snapshot {
    /// The answer to a request of an API that failed.
    pub(super) fn problem(&self, head: &Head, error: &Error) -> Response {
        let base = self.0.base_url.resolve(head).ok();
        let mut problem = Problem::new(error, head.id);
        if let (Kind::UnknownPath, Some(base)) = (error.kind(), &base) {
            problem.roots.extend(self.roots(head, base));
        }
        let suffix = head.path.rsplit_once('.').and_then(|(_, suffix)| Format::by_name(suffix));
        let f = head.parameters.get("f").and_then(|f| f.value.as_deref());
        let page = base.filter(|_| negotiate::prefers_html(f, suffix, &head.headers));
        let page = page.and_then(|base| self.error_page(head, error, &problem, &base).ok());
        let mut response = page.unwrap_or_else(|| problem.to_response(error));
        response.status = error.kind().status();
        for (name, value) in error.headers() {
            response.headers.append(name.clone(), value.clone());
        }
        response.headers.append(header::VARY, HeaderValue::from_static("Accept"));
        response
    }

    /// What there is, for whoever asked for what there is not.
    fn roots(&self, head: &Head, base: &BaseUrl) -> Vec<Root> {
        let place = self.place(head).map(|(_, place)| place).unwrap_or_default();
        let apis = self.0.registry.infos().map(|info| Root {
            title: info.title.clone(),
            href: place.url(base, if info.root.is_empty() { "/" } else { &info.root }),
        });
        let services = self
            .0
            .registry
            .service_names()
            .into_iter()
            .map(|name| Root { title: name.to_owned(), href: place.url(base, &format!("/ows?SERVICE={name}")) });
        apis.chain(services).collect()
    }

    fn error_page(&self, head: &Head, error: &Error, problem: &Problem, base: &BaseUrl) -> Result<Response> {
        let project = self.place(head).map_or_else(|_| self.0.root.clone(), |(project, _)| project);
        let mut page = Page::new(problem.title, &project, base, head);
        page.breadcrumbs = vec![
            Crumb { title: "Home".to_owned(), href: Some(page.home.clone()) },
            Crumb { title: problem.title.to_owned(), href: None },
        ];
        let query = |without: &[&str]| match head.parameters.query(without, &[]) {
            none if none.is_empty() => "?".to_owned(),
            some => some,
        };
        // Whoever may ask again by a link, and what for: without the parameter at fault, without any, the same once more.
        let is_get = matches!(head.method, Method::GET | Method::HEAD);
        let is_query = error.locator().is_some_and(|name| head.parameters.get(name).is_some());
        let without = error.locator().filter(|_| is_get && is_query).map(|name| query(&[name]));
        let retry = error.headers().iter().find(|(name, _)| *name == header::RETRY_AFTER);
        let retry = retry.and_then(|(_, value)| value.to_str().ok());
        let kept = self.place(head).ok().and_then(|(_, place)| place.map).unwrap_or_default();
        let bare = format!("?{kept}");
        let ways = json!({
            "without": without, "bare": without.as_ref().filter(|query| **query != bare).map(|_| &bare),
            "again": is_get.then(|| query(&[])), "after": retry,
        });
        let context = json!({
            "data": problem, "page": page, "links": [], "operation": null, "params": {}, "error": null, "ways": ways,
        });
        let html = self.0.templates.render("error.html", &context, &page_urls(base, head))?;
        let mut response = Response::ok(Format::Html.content_type(), html);
        if let Ok(policy) = HeaderValue::try_from(content_security_policy(&project.map)) {
            response.set(header::CONTENT_SECURITY_POLICY, policy);
        }
        Ok(response)
    }
}
