//! Pages: the same value that the JSON has, plus links, operation and parameters.

use serde_json::{Map, Value, json};

use crate::base::format::Format;
use crate::base::link::Rel;
use crate::error::{Error, Result};
use crate::message::response::Response;
use crate::web::page::{Crumb, Page, page_urls};

use super::reply::Rendering;

/// The page of operations that have no template of their own.
pub(crate) const GENERIC: &str = "operation.html";

/// Renders the page of an operation; `error` is shown above its form.
pub(crate) fn page(
    rendering: &Rendering,
    data: &Value,
    error: Option<&Error>,
    mut more: Map<String, Value>,
) -> Result<Response> {
    let (cx, route) = (&rendering.cx, &rendering.route);
    let breadcrumbs = breadcrumbs(rendering);
    let title = more.remove("title").and_then(|title| title.as_str().map(str::to_owned));
    let title = title.or_else(|| Some(breadcrumbs.last()?.title.clone())).unwrap_or_else(|| route.summary.clone());
    let mut page = Page::new(title, cx.project(), cx.base(), cx.head());
    page.breadcrumbs = breadcrumbs;
    page.viewer = viewer(rendering);
    for format in route.formats.iter().filter(|format| **format != Format::Html) {
        page.add_format(*format, rendering.url(&["f"], &[("f", format.name())]));
    }
    let given = |name: &str| cx.head().parameters.get(name).and_then(|parameter| parameter.value.clone());
    let words: Vec<Value> = rendering.params.iter().map(|param| param.words(given(&param.name).as_deref())).collect();
    let values: Map<String, Value> =
        cx.head().parameters.iter().map(|it| (it.name.clone(), it.value.clone().into())).collect();
    let links = data.get("links").cloned().unwrap_or_else(|| json!(rendering.own_links()));
    let mut context = json!({
        "data": data, "links": links, "params": values, "page": page,
        "kept": cx.kept().into_iter().map(|(name, value)| (name, value.into())).collect::<Map<String, Value>>(),
        "operation": {
            "id": route.operation_id, "summary": route.summary, "description": route.description, "parameters": words,
        },
        "values": *rendering.values,
        "error": error.map(|error| json!({
            "title": error.kind().title(), "detail": error.message(), "parameter": error.locator(),
            "status": error.kind().status().as_u16(),
        })),
    });
    if let Some(context) = context.as_object_mut() {
        context.extend(more);
    }
    let name = route.page_name();
    let name = if cx.templates().has(&name) { &name } else { GENERIC };
    let html = cx.templates().render(name, &context, &page_urls(cx.base(), cx.head()))?;
    Ok(rendering.response(html))
}

/// The page of maps, where the API at the root links to one.
fn viewer(rendering: &Rendering) -> Option<String> {
    let cx = &rendering.cx;
    let root = cx.registry().apis().find(|api| api.info().root.is_empty())?;
    cx.registry().with_operation("GetMap")?;
    let links = root.links(cx);
    links.into_iter().find(|link| link.rel == Rel::Map).map(|link| link.href)
}

/// The way to the page: home, the API, and each part of the path that is a page itself.
fn breadcrumbs(rendering: &Rendering) -> Vec<Crumb> {
    let cx = &rendering.cx;
    let mut crumbs = vec![Crumb { title: "Home".to_owned(), href: Some(cx.url("/")) }];
    let path = rendering.path.as_str();
    let mut ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).collect();
    if cx.root().is_empty() {
        // The root is home already.
        ends.remove(0);
    }
    ends.dedup();
    for path in ends.into_iter().map(|end| &path[..end]) {
        let found = rendering.routes.iter().filter(|route| !route.hidden).find_map(|route| {
            let groups = route.pattern.as_ref()?.find(cx.root(), path)?;
            Some((route, groups))
        });
        if let Some((route, groups)) = found {
            let last = path.rsplit('/').next().unwrap_or_default();
            let last = percent_encoding::percent_decode_str(last).decode_utf8_lossy();
            let title = match groups.last() {
                Some((_, value)) if *value == last => value.clone(),
                _ => route.link.as_ref().map_or_else(|| route.summary.clone(), |(title, _)| title.clone()),
            };
            crumbs.push(Crumb { title, href: Some(cx.api_url(path)) });
        }
    }
    if !cx.root().is_empty() && !rendering.routes.iter().any(|route| route.is_root()) {
        // An API without a page at its root is introduced by its definition.
        let title = cx.registry().infos().find(|info| info.root == cx.root()).map(|info| info.title.clone());
        crumbs.insert(1, Crumb { title: title.unwrap_or_default(), href: Some(cx.api_url("/api.html")) });
    }
    if let Some(last) = crumbs.last_mut() {
        last.href = None;
    }
    crumbs
}
