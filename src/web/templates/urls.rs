//! URLs in pages: always relative, because a proxy may have put a prefix before ours; and never a script.

use std::sync::Arc;

use minijinja::value::{Kwargs, Object, Value};
use minijinja::{Environment, State};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{URLS, VERSION};
use crate::web::negotiate::{ending_in_id, segment};

/// Where a page is: what its relative URLs are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageUrls {
    /// The server's absolute URL without a slash at its end, such as `http://example.org/prefix`.
    pub base: String,
    /// The relative path from this page to the server's root: `./`, `../`, `../../` …
    pub up: String,
}

impl Object for PageUrls {}

impl PageUrls {
    /// An absolute URL below the base, relative to this page; any other as it is. A URL that is no link for a browser
    /// (`javascript:`, `data:` …) becomes empty, so that data can never bring a script into a page.
    pub fn relative(&self, url: &str) -> String {
        let below = url.strip_prefix(self.base.as_str()).filter(|_| !self.base.is_empty());
        match below.map(|rest| rest.strip_prefix('/').unwrap_or(rest)) {
            // `http://host` must not swallow the start of `http://host.example`.
            Some(rest) if below.is_some_and(|b| b.is_empty() || b.starts_with(['/', '?', '#'])) => {
                format!("{}{rest}", self.up())
            }
            _ if is_link(url) => url.to_owned(),
            _ => String::new(),
        }
    }

    fn up(&self) -> &str {
        if self.up.is_empty() { "./" } else { &self.up }
    }
}

/// Whether a browser may follow it from a page: http, https, mailto, or relative. Browsers drop control characters and
/// leading spaces before they look for the scheme, so a URL that has any is none.
pub(super) fn is_link(url: &str) -> bool {
    if url.is_empty() || url.starts_with(' ') || url.chars().any(char::is_control) {
        return false;
    }
    match url.find([':', '/', '?', '#']) {
        Some(at) if url[at..].starts_with(':') => {
            let scheme = url[..at].to_ascii_lowercase();
            matches!(scheme.as_str(), "http" | "https" | "mailto")
        }
        _ => true,
    }
}

/// What a path segment or a query's value need not escape (RFC 3986: unreserved).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One segment of a path or one value of a query, escaped.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("relative", |state: &State, url: &Value| of(state).relative(plain(url).as_str()));
    environment.add_filter("segment", |value: &Value| segment(&plain(value)));
    environment.add_function("static", |state: &State, path: &str| {
        let version = state.lookup(VERSION).unwrap_or_default();
        format!("{}static/{version}/{}", of(state).up(), path.trim_start_matches('/'))
    });
    environment.add_function("path_append", path_append);
    environment.add_function("path_chomp", path_chomp);
    environment.add_function("query", |params: &Value, changes: Kwargs| query(params, &changes));
    environment.add_filter("links_filter", links_filter);
    environment.add_function("links_filter", links_filter);
}

fn of(state: &State) -> Arc<PageUrls> {
    state.lookup(URLS).and_then(|value| value.downcast_object::<PageUrls>()).unwrap_or_default()
}

/// A text as it is, a number as JSON has it; what is not there is empty, for optional members must not fail a page.
pub(super) fn plain(value: &Value) -> String {
    if value.is_none() { String::new() } else { value.to_string() }
}

/// The page's own path, from its link to itself, without query and without the suffix of a format.
fn own_path(state: &State) -> String {
    let links = state.lookup("links").unwrap_or_default();
    let own =
        links_filter(&links, "rel", "self").first().and_then(|link| link.get_attr("href").ok()).unwrap_or_default();
    let url = plain(&own);
    let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    path.strip_suffix(".html").unwrap_or(path).to_owned()
}

/// The page's own URL with a path after it.
fn path_append(state: &State, path: &str) -> String {
    of(state).relative(&ending_in_id(&format!("{}/{}", own_path(state), path.trim_start_matches('/'))))
}

/// The page's own URL without its last `count` segments.
fn path_chomp(state: &State, count: usize) -> String {
    let urls = of(state);
    let mut path = own_path(state);
    for _ in 0..count {
        if path.len() > urls.base.len() {
            path.truncate(path.rfind('/').unwrap_or_default().max(urls.base.len()));
        }
    }
    urls.relative(&path)
}

/// The links whose member `key` is `value`, such as `links|links_filter("rel", "items")`.
fn links_filter(links: &Value, key: &str, value: &str) -> Vec<Value> {
    let Ok(all) = links.try_iter() else { return Vec::new() };
    all.filter(|link| link.get_attr(key).is_ok_and(|found| found.as_str() == Some(value))).collect()
}

/// This page's query with some parameters changed, `none` taking one out: `query(params, offset=none, sortby="name")`.
fn query(params: &Value, changes: &Kwargs) -> Result<String, minijinja::Error> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    if let Ok(names) = params.try_iter() {
        for name in names {
            let value = params.get_item(&name).unwrap_or_default();
            pairs.push((plain(&name), plain(&value)));
        }
    }
    for name in changes.args().map(str::to_owned).collect::<Vec<_>>() {
        let value: Value = changes.get(&name)?;
        pairs.retain(|(known, _)| *known != name);
        if !value.is_none() && !value.is_undefined() {
            pairs.push((name, plain(&value)));
        }
    }
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    Ok(format!("?{}", pairs.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls() -> PageUrls {
        PageUrls { base: "http://h/prefix".into(), up: "../../".into() }
    }

    #[test]
    fn urls_below_the_base_are_relative() {
        let urls = urls();
        assert_eq!(urls.relative("http://h/prefix/ogcapi/api?f=html"), "../../ogcapi/api?f=html");
        assert_eq!(urls.relative("http://h/prefix/"), "../../");
        assert_eq!(urls.relative("http://h/prefix"), "../../");
        assert_eq!(urls.relative("http://h/prefix?f=html"), "../../?f=html");
        assert_eq!(urls.relative("http://h/prefixes/x"), "http://h/prefixes/x");
        assert_eq!(urls.relative("https://example.org/a"), "https://example.org/a");
        assert_eq!(PageUrls::default().relative("http://h/a"), "http://h/a");
    }

    #[test]
    fn a_script_is_no_link() {
        for url in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\tscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "",
        ] {
            assert_eq!(urls().relative(url), "", "{url:?}");
        }
        for url in ["mailto:a@example.org", "items/a:b", "?x=a:b", "#a:b", "./a:b"] {
            assert_eq!(urls().relative(url), url);
        }
    }

    #[test]
    fn segments_are_escaped() {
        assert_eq!(encode("a/b c?é"), "a%2Fb%20c%3F%C3%A9");
        assert_eq!(encode("cities.12"), "cities.12");
    }
}
