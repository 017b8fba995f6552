//! The path of a route: a regular expression over the whole remainder of the path, and the OpenAPI template that is read
//! off it.

use percent_encoding::percent_decode_str;
use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};

/// A compiled path.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// Names of the groups, in order.
    pub(crate) groups: Vec<String>,
    /// `/collections/{collectionId}`, below the API's root.
    pub(crate) template: String,
    /// How every path that matches begins and ends: most routes are not meant, and that is seen at once.
    ends: (String, String),
    /// Whether it is matched against the full path, as QGIS Server's published example is written.
    full: bool,
}

impl Pattern {
    /// Compiles a path; the error tells what is wrong with it.
    pub(crate) fn new(text: &str, root: &str, template: Option<&str>) -> Result<Self, String> {
        let regex = Regex::new(&format!("^(?:{text})$"))
            .map_err(|cause| format!("the path '{text}' is no regular expression: {cause}"))?;
        let groups = regex.capture_names().flatten().map(str::to_owned).collect();
        let derived = regex_syntax::parse(text).ok().and_then(|hir| {
            let mut template = String::new();
            write_template(&hir, &mut template).then_some(template)
        });
        let outer = |template: &String| {
            let first = template.split('{').next().unwrap_or_default();
            let last = template.rsplit('}').next().unwrap_or_default();
            (first.to_owned(), last.to_owned())
        };
        let ends = derived.as_ref().map(outer).unwrap_or_default();
        let template = template.map(str::to_owned).or(derived).ok_or_else(|| {
            format!("the path '{text}' is more than literals and named groups: state its OpenAPI path with .template(\"/…\")")
        })?;
        let below =
            template.strip_prefix(root).filter(|rest| !root.is_empty() && (rest.is_empty() || rest.starts_with('/')));
        let full = below.is_some();
        let template = below.map_or(template.clone(), str::to_owned);
        Ok(Self { regex, groups, template, ends, full })
    }

    /// Where the template is no path of these groups.
    pub(crate) fn misfit(&self) -> Option<String> {
        let template = &self.template;
        if !template.is_empty() && !template.starts_with('/') {
            return Some(format!("its path '{template}' is neither empty nor begins with a slash"));
        }
        let mut named = template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
        let stranger = named.find(|name| !self.groups.iter().any(|group| group == name))?;
        Some(format!("its template names '{stranger}', which is no group of the path"))
    }

    /// Matches a path; gives the decoded groups. A group that is no UTF-8 matches nothing.
    pub(crate) fn find(&self, root: &str, rest: &str) -> Option<Vec<(String, String)>> {
        let whole;
        let subject = if self.full {
            whole = format!("{root}{rest}");
            &whole
        } else {
            rest
        };
        if !subject.starts_with(&self.ends.0) || !subject.ends_with(&self.ends.1) {
            return None;
        }
        let captures = self.regex.captures(subject)?;
        let mut found = Vec::new();
        for name in &self.groups {
            if let Some(group) = captures.name(name) {
                found.push((name.clone(), percent_decode_str(group.as_str()).decode_utf8().ok()?.into_owned()));
            }
        }
        Some(found)
    }
}

/// Writes literals as they are and named groups as `{name}`; false where there is anything else.
fn write_template(hir: &Hir, out: &mut String) -> bool {
    match hir.kind() {
        HirKind::Empty => true,
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).is_ok_and(|text| {
            out.push_str(text);
            true
        }),
        HirKind::Capture(capture) => capture.name.as_ref().is_some_and(|name| {
            out.push('{');
            out.push_str(name);
            out.push('}');
            true
        }),
        HirKind::Concat(parts) => parts.iter().all(|part| write_template(part, out)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read_off_the_expression() {
        let pattern = Pattern::new(r"/collections/(?P<collectionId>[^/]+)/items", "/ogcapi", None).unwrap();
        assert_eq!(pattern.template, "/collections/{collectionId}/items");
        let found = pattern.find("/ogcapi", "/collections/a%2Fb%20c/items").unwrap();
        assert_eq!(found, [("collectionId".to_owned(), "a/b c".to_owned())]);
        assert!(pattern.find("/ogcapi", "/collections/a/items/x").is_none());
        assert!(Pattern::new("/a|/b", "", None).is_err());
        assert!(Pattern::new("/a|/b", "", Some("/a")).is_ok());
        assert!(Pattern::new("/(", "", None).is_err());
    }

    #[test]
    fn the_cookbooks_spelling_answers_at_its_own_path() {
        let pattern = Pattern::new("/customapi", "/customapi", None).unwrap();
        assert_eq!(pattern.template, "");
        assert!(pattern.find("/customapi", "").is_some());
        assert!(pattern.find("/customapi", "/customapi").is_none());
        let relative = Pattern::new("", "/customapi", None).unwrap();
        assert!(relative.find("/customapi", "").is_some());
    }
}
