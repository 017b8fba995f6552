//! What the tests share: the built server, a client, GeoPackages of every odd kind, GDAL's answer to the same question,
//! and a validator of answers against OpenAPI documents.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) mod client;
pub(crate) mod examples;
pub(crate) mod gdal;
pub(crate) mod odd;
pub(crate) mod package;
pub(crate) mod page;
pub(crate) mod postgres;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod shape;
pub(crate) mod walk;

/// The sample data.
pub(crate) const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");

/// The folder of this test binary's files. They are made anew in each run and stay there to be looked at.
pub(crate) fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME"));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A file in that folder, made by `make` under another name and then moved: whoever has an older one open keeps it.
pub(crate) fn made(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let draft = tempfile::Builder::new().suffix(name).tempfile_in(folder()).unwrap().into_temp_path();
    std::fs::remove_file(&draft).unwrap();
    make(&draft);
    let path = folder().join(name);
    draft.persist(&path).unwrap();
    path
}

/// A path as text; those of the tests are UTF-8.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs a future to its end, on threads that all tests share.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    let start = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    RUNTIME.get_or_init(start).block_on(future)
}

/// Asks until the answer is the one that is waited for; a test that waits in vain fails.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
