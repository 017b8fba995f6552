//! What a browser makes of the links of a page.

/// The values of `href` and `src` of a page.
pub(crate) fn attributes(page: &str) -> Vec<String> {
    let starts = [" href=\"", " src=\""];
    let found = starts.iter().flat_map(|start| page.match_indices(start).map(|(at, _)| &page[at + start.len()..]));
    found.map(|rest| decoded(&rest[..rest.find('"').unwrap()])).collect()
}

/// A value of an attribute as a browser reads it.
fn decoded(text: &str) -> String {
    text.replace("&#x2f;", "/").replace("&#x27;", "'").replace("&quot;", "\"").replace("&amp;", "&")
}

/// A relative reference as a browser resolves it.
pub(crate) fn resolve(page: &str, reference: &str) -> String {
    let path = page.split('?').next().unwrap();
    if reference.starts_with('?') {
        return format!("{path}{reference}");
    }
    let mut segments: Vec<&str> = path[1..].split('/').collect();
    segments.pop();
    let reference = reference.split('#').next().unwrap();
    let (target, query) = reference.split_once('?').map_or((reference, None), |(target, query)| (target, Some(query)));
    let parts: Vec<&str> = target.split('/').collect();
    for (number, part) in parts.iter().enumerate() {
        let last = number + 1 == parts.len();
        match *part {
            ".." => drop(segments.pop()),
            "." => {}
            part => segments.push(part),
        }
        if last && matches!(*part, "." | "..") {
            segments.push("");
        }
    }
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("/{}{query}", segments.join("/"))
}
