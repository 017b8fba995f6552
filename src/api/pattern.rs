//! The path of a route: a regular expression over the whole remainder of the path, and the OpenAPI template that is read
//! off it.

use percent_encoding::percent_decode_str;
use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};

/// A part of a path between slashes.
#[derive(Clone, Debug)]
enum Segment {
    Literal(String),
    /// Whatever is not empty: `(?<name>[^/]+)`.
    Group,
}

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
    /// What stands between slashes, where it is nothing but literals and groups of one segment each: such a path, which
    /// most are, is matched without the expression.
    segments: Option<Vec<Segment>>,
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
        let segments = segments(text);
        Ok(Self { regex, groups, template, ends, segments, full })
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
        if let Some(segments) = &self.segments {
            return self.find_segments(segments, subject);
        }
        let captures = self.regex.captures(subject)?;
        let mut found = Vec::new();
        for name in &self.groups {
            if let Some(group) = captures.name(name) {
                found.push((name.clone(), decoded(group.as_str())?));
            }
        }
        Some(found)
    }

    fn find_segments(&self, segments: &[Segment], subject: &str) -> Option<Vec<(String, String)>> {
        let (mut given, mut names) = (subject.split('/'), self.groups.iter());
        let mut found = Vec::with_capacity(self.groups.len());
        for segment in segments {
            match (segment, given.next()?) {
                (Segment::Literal(literal), given) if given == literal => {}
                (Segment::Group, given) if !given.is_empty() => found.push((names.next()?.clone(), decoded(given)?)),
                _ => return None,
            }
        }
        given.next().is_none().then_some(found)
    }
}

fn decoded(segment: &str) -> Option<String> {
    Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
}

/// The segments of a path that has only plain ones.
fn segments(text: &str) -> Option<Vec<Segment>> {
    // A group's own slash must not divide it.
    const SEGMENT: &str = "[^/]+)";
    let plain = |literal: &str| literal.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte));
    let segment = |part: &str| match part.strip_prefix("(?") {
        None => plain(part).then(|| Segment::Literal(part.to_owned())),
        Some(group) => {
            let name = group.strip_prefix('P').unwrap_or(group).strip_prefix('<')?.strip_suffix('\0')?;
            plain(name.strip_suffix('>')?).then_some(Segment::Group)
        }
    };
    text.replace(SEGMENT, "\0").split('/').map(segment).collect()
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
        assert!(pattern.find("/ogcapi", "/collections//items").is_none());
        assert!(Pattern::new("/a|/b", "", None).is_err());
        assert!(Pattern::new("/a|/b", "", Some("/a")).is_ok());
        assert!(Pattern::new("/(", "", None).is_err());
    }

    #[test]
    fn plain_paths_match_without_the_expression_as_they_do_with_it() {
        let paths = [
            "",
            "/a",
            "/a/",
            "/a/b",
            "/a//c",
            "/a/b/c",
            "/a/b%2Fd/c",
            "/a/%FF/c",
            "/x/b/c",
            "/a/b/c/",
            "/a/b/c/d",
            "a",
        ];
        for (text, is_plain) in [
            ("", true),
            ("/a", true),
            ("/a/(?P<one>[^/]+)", true),
            ("/a/(?<one>[^/]+)/c", true),
            ("/(?<one>[^/]+)/(?<two>[^/]+)/c", true),
            ("/a/(?<one>[^/]*)", false),
            ("/a/(?<one>[a-z]+)/c", false),
            ("/a/x(?<one>[^/]+)", false),
        ] {
            let pattern = Pattern::new(text, "/root", None).unwrap();
            assert_eq!(pattern.segments.is_some(), is_plain, "{text}");
            let whole = Pattern { segments: None, ..pattern.clone() };
            for path in paths {
                assert_eq!(pattern.find("/root", path), whole.find("/root", path), "{text} {path}");
            }
        }
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
