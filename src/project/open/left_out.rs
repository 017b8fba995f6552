//! What lies among files of data and is none, or cannot be told from its name.

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Names that are told.
const TOLD: usize = 8;
/// How much of a JSON document is looked at.
const HEAD: u64 = 64 * 1024;

/// Endings of files that belong to others of the same name.
pub(super) const PARTS: [&str; 23] = [
    "dbf", "shx", "prj", "cpg", "sbn", "sbx", "qix", "qpj", "qmd", "qml", "sld", "xml", "dat", "id", "map", "ind",
    "mid", "xsd", "gfs", "tfw", "aux", "ovr", "csvt",
];

/// What is put behind the whole name of a file for one that belongs to it.
const APPENDED: [&str; 7] = [".aux.xml", ".ovr", ".msk", "-wal", "-shm", "-journal", ".xml"];

/// Whether this is there, and neither a regular file nor a folder: to open a pipe is to wait for who writes into it, perhaps
/// for ever.
pub(super) fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// What would be opened with a file and is neither a regular file nor a folder: itself, or what belongs to it.
pub(super) fn special(path: &Path) -> Option<PathBuf> {
    let parts = PARTS.iter().map(|ending| path.with_extension(ending));
    let appended = APPENDED.iter().map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    });
    std::iter::once(path.to_owned()).chain(parts).chain(appended).find(|path| is_special(path))
}

/// What of the entries of a folder somebody may miss, by its name.
pub(super) fn names(entries: &[PathBuf]) -> Vec<String> {
    let is_part = |path: &Path| {
        let ends = |ends: &[&str]| {
            let name = path.to_string_lossy();
            ends.iter().any(|end| name.ends_with(end))
        };
        ends(&APPENDED) || path.extension().is_some_and(|it| PARTS.iter().any(|part| it.eq_ignore_ascii_case(part)))
    };
    let told = |path: &PathBuf| {
        let name = path.file_name()?.to_string_lossy();
        match () {
            () if is_special(path) => Some(format!("{name} (neither a file nor a folder)")),
            () if path.is_dir() => Some(format!("{name} (a folder)")),
            () => (!is_part(path)).then(|| name.into_owned()),
        }
    };
    entries.iter().filter_map(told).collect()
}

/// As many of the names as anybody reads.
pub(super) fn some_of(names: &[String]) -> String {
    let more = names.len().saturating_sub(TOLD);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names[..names.len().min(TOLD)].join(", "))
}

/// Whether a file of JSON is GeoJSON or TopoJSON, as far as its beginning tells.
pub(super) fn is_geojson(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && begins_as_geojson(&head)
}

/// Goes through the members of the document's object: what is in them has types of its own.
fn begins_as_geojson(head: &[u8]) -> bool {
    const TYPES: [&[u8]; 3] = [b"FeatureCollection", b"Feature", b"Topology"];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if head.first() != Some(&b'{') {
        return false;
    }
    let (mut depth, mut at, mut key, mut is_value) = (0_usize, 0, &b""[..], false);
    let mut has_features = false;
    while let Some(byte) = head.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let start = at;
                loop {
                    match head.get(at) {
                        Some(b'"') => break,
                        Some(b'\\') => at += 2,
                        Some(_) => at += 1,
                        None => return has_features,
                    }
                }
                let text = &head[start..at];
                at += 1;
                match (depth, is_value) {
                    (1, false) => key = text,
                    (1, true) if key == b"type" => return TYPES.contains(&text),
                    _ => {}
                }
            }
            b':' if depth == 1 => is_value = true,
            b',' if depth == 1 => is_value = false,
            b'{' | b'[' => {
                // A type may as well follow the features.
                has_features |= depth == 1 && is_value && key == b"features" && *byte == b'[';
                depth += 1;
            }
            b'}' | b']' => match depth {
                0 | 1 => return false,
                _ => depth -= 1,
            },
            _ => {}
        }
    }
    has_features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geojson_is_known_by_its_head() {
        let long = format!("{{\"features\":[{{\"type\":\"Feature\",\"properties\":{{\"a\":\"{}", "x".repeat(99_000));
        for (text, is) in [
            (r#"{"type":"FeatureCollection","features":[]}"#, true),
            (
                "\u{feff} \n{ \"name\" : \"a\\\"}{[\",\n\"crs\":{\"type\":\"name\"},\"type\" : \"FeatureCollection\"",
                true,
            ),
            (r#"{"type":"Feature","geometry":null}"#, true),
            (r#"{"type":"Topology","objects":{}}"#, true),
            (r#"{"features":[{"type":"Feature"}],"type":"FeatureCollection"}"#, true),
            (&long, true),
            (r#"{"version":8,"sources":{"a":{"type":"geojson","data":{"type":"FeatureCollection"}}}}"#, false),
            (r#"{"name":"type","type":{"type":"Feature"}}"#, false),
            (r#"{"a":"type","b":"Feature"}"#, false),
            (r#"[{"type":"Feature"}]"#, false),
            (r#"{"features":["a","b"]}"#, false),
            (r#"{"type":"Collection"}"#, false),
            ("}}}}{\"type\":\"Feature\"}", false),
            ("{]", false),
            ("{\"", false),
            ("{\"a\\", false),
            ("", false),
        ] {
            assert_eq!(begins_as_geojson(text.as_bytes()), is, "{}", &text[..text.len().min(80)]);
        }
    }
}
