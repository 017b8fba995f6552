//! The files that pages need, embedded: stylesheet, browser code, map library, Swagger UI. Nothing is ever loaded from
//! another host, so pages work without the Internet and tell nobody who reads them.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file for the browser.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The file; a static one is not copied.
    pub bytes: Bytes,
    /// The `Content-Type` header.
    pub content_type: &'static str,
    /// The `ETag` header, with its quotes: it changes when the bytes do.
    pub etag: String,
}

impl Asset {
    /// A file that is not embedded, such as one from the folder of overrides.
    pub fn new(name: &str, bytes: Vec<u8>) -> Self {
        let etag = etag_of(&bytes);
        Self { bytes: bytes.into(), content_type: content_type(name), etag }
    }
}

/// What Swagger UI's page needs. The crate has more (its own page, source maps, a demo's settings) that must not show.
static SWAGGER: LazyLock<Vec<(&str, Asset)>> = LazyLock::new(|| {
    let settings = Arc::new(utoipa_swagger_ui::Config::default());
    let file = |name| {
        let file = utoipa_swagger_ui::serve(name, Arc::clone(&settings)).ok()??;
        let etag = etag_of(&file.bytes);
        let bytes = match file.bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        Some((name, Asset { bytes, content_type: content_type(name), etag }))
    };
    ["swagger-ui.css", "swagger-ui-bundle.js"].into_iter().filter_map(file).collect()
});

/// The file at `/static/{path}`: one of our own, `leaflet/…` or `swagger/…`.
pub fn static_file(path: &str) -> Option<Asset> {
    if let Some(name) = path.strip_prefix("swagger/") {
        return SWAGGER.iter().find(|(known, _)| *known == name).map(|(_, asset)| asset.clone());
    }
    // The table is sorted, but so short that a search of halves would not be felt.
    let (_, bytes, hash) = FILES.iter().find(|(name, ..)| name.strip_prefix("static/") == Some(path))?;
    Some(Asset { bytes: Bytes::from_static(bytes), content_type: content_type(path), etag: format!("\"{hash}\"") })
}

/// Adds what all embedded files are to a fingerprint.
pub(super) fn fingerprint(hasher: &mut impl Hasher) {
    env!("CARGO_PKG_VERSION").hash(hasher);
    for (name, _, hash) in FILES {
        (name, hash).hash(hasher);
    }
}

/// The embedded templates: name (such as `parts/map.html`) and source.
pub fn templates() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    FILES
        .iter()
        .filter(|(name, ..)| !name.starts_with("static/") && Path::new(name).extension() == Some("html".as_ref()))
        .map(|(name, bytes, _)| (*name, *bytes))
}

/// Writes the default templates and static files of our own to `folder`, for a publisher to change, and says how many.
/// A file that is there already stays as it is: it may have been changed. What was not changed is best deleted, so that
/// it follows later versions.
pub fn write_defaults(folder: &Path) -> io::Result<usize> {
    let mut written = 0;
    for (name, bytes, _) in FILES.iter().filter(|(name, ..)| !name.starts_with("static/leaflet/")) {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => file.write_all(bytes)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        }
        written += 1;
    }
    Ok(written)
}

/// Text says that it is UTF-8; browsers take modules only as JavaScript.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, suffix)| suffix) {
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        _ => mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream"),
    }
}

fn etag_of(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_files_are_there() {
        let css = static_file("graticule.css").unwrap();
        assert_eq!(css.content_type, "text/css; charset=utf-8");
        assert_eq!(css.etag, etag_of(&css.bytes));
        assert_eq!(static_file("favicon.svg").unwrap().content_type, "image/svg+xml");
        assert_eq!(static_file("map.js").unwrap().content_type, "text/javascript; charset=utf-8");
        assert_eq!(static_file("leaflet/leaflet.js").is_some(), MAP_LIBRARY);
        assert_eq!(static_file("leaflet/images/layers.png").is_some(), MAP_LIBRARY);
    }

    #[test]
    fn swagger_ui_comes_without_its_own_page() {
        assert!(static_file("swagger/swagger-ui-bundle.js").unwrap().bytes.len() > 1_000_000);
        assert_eq!(static_file("swagger/swagger-ui.css").unwrap().content_type, "text/css; charset=utf-8");
        assert!(static_file("swagger/index.html").is_none());
        assert!(static_file("swagger/swagger-initializer.js").is_none());
    }

    #[test]
    fn nothing_else_is_there() {
        for path in
            ["", "..", "../base.html", "package.json", ".npmrc", "node_modules/leaflet/package.json", "/etc/passwd"]
        {
            assert!(static_file(path).is_none(), "{path}");
        }
    }

    #[test]
    fn defaults_are_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let written = write_defaults(folder.path()).unwrap();
        assert!(written > 10);
        assert!(folder.path().join("base.html").is_file());
        assert!(folder.path().join("static/graticule.css").is_file());

        std::fs::write(folder.path().join("base.html"), "mine").unwrap();
        std::fs::remove_file(folder.path().join("error.html")).unwrap();
        assert_eq!(write_defaults(folder.path()).unwrap(), 1);
        assert_eq!(std::fs::read(folder.path().join("base.html")).unwrap(), b"mine");
    }
}
