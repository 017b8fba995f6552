//! What a browser makes of the links of a page.

/// The values of `href` and `src` of a page.
pub(crate) fn attributes(page: &str) -> Vec<String> {
    let starts = [" href=\"", " src=\""];
    let found = starts.iter().flat_map(|start| page.match_indices(start).map(|(at, _)| &page[at + start.len()..]));
    found.map(|rest| decoded(&rest[..rest.find('"').unwrap()])).collect()
}

/// A value of an attribute as a browser reads it.
fn decoded(text: &str) -> String {
    text.replace("&#x2f;", "/")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
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

/// What a browser without scripts sends of a form: every field that has a name, filled in or not.
pub(crate) fn fields(form: &str) -> Vec<(String, String)> {
    let value_of = |tag: &str, name: &str| {
        let start = format!(" {name}=\"");
        let at = tag.find(&start)? + start.len();
        Some(decoded(&tag[at..at + tag[at..].find('"').unwrap()]))
    };
    let starts = ["<input", "<select", "<textarea"];
    let mut found: Vec<usize> = starts.iter().flat_map(|it| form.match_indices(it).map(|(at, _)| at)).collect();
    found.sort_unstable();
    let fields = found.into_iter().filter_map(|at| {
        let tag = &form[at..at + form[at..].find('>').unwrap()];
        let value = if tag.starts_with("<select") {
            let list = &form[at..at + form[at..].find("</select>").unwrap()];
            let option = list.split("<option").skip(1).find(|option| option.contains(" selected"));
            option.and_then(|option| value_of(option, "value"))
        } else {
            value_of(tag, "value")
        };
        Some((value_of(tag, "name")?, value.unwrap_or_default()))
    });
    fields.collect()
}

/// Fields as a query, as a browser writes them.
pub(crate) fn query(fields: &[(String, String)]) -> String {
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}
