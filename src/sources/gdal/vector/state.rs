//! Which files a dataset consists of on this machine, and in which state they are.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::sources::pool::{identity, log_of};

/// Prefixes of GDAL's for files within files.
const WITHIN: [&str; 6] = ["/vsizip/", "/vsitar/", "/vsigzip/", "/vsi7z/", "/vsirar/", "/vsisubfile/"];

/// The file on this machine behind a path of GDAL's; `None` where it is elsewhere.
pub(in crate::sources::gdal) fn local(path: &Path) -> Option<PathBuf> {
    let text = path.to_string_lossy();
    let mut rest: &str = &text;
    let mut has_braces = false;
    while let Some(inner) = WITHIN.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        // The name of an archive may stand in braces; what follows it is within.
        let braced = inner.strip_prefix('{');
        has_braces = braced.is_some();
        rest = braced.unwrap_or(inner);
    }
    if rest.starts_with("/vsi") {
        return None;
    }
    let rest = if has_braces { rest.split('}').next().unwrap_or(rest) } else { rest };
    let found = Path::new(rest).ancestors().find(|path| path.exists());
    Some(found.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new(rest)).to_owned())
}

/// The files of a dataset on this machine, each once, the one that was named among them.
pub(super) fn files(path: &Path, parts: &[PathBuf]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = parts.iter().map(PathBuf::as_path).chain([path]).filter_map(local).collect();
    files.sort();
    files.dedup();
    files
}

/// Whether a file is one of SQLite's.
pub(super) fn is_database(file: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0; 16];
    fs::File::open(file).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *b"SQLite format 3\0"
}

/// A number that changes whenever one of the files does.
pub(super) fn stamp(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        (identity(file), identity(&log_of(file))).hash(&mut hasher);
    }
    hasher.finish()
}

/// When one of the files was last written; unknown where one is not on this machine any more.
pub(super) fn modified(files: &[PathBuf]) -> Option<SystemTime> {
    let time = |file: &Path| fs::metadata(file).ok()?.modified().ok();
    let times: Option<Vec<_>> = files.iter().map(|file| time(file)).collect();
    times?.into_iter().chain(files.iter().filter_map(|file| time(&log_of(file)))).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_behind_a_path_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a.zip");
        std::fs::write(&archive, "x").unwrap();
        let name = archive.to_str().unwrap();
        for path in [
            name.to_owned(),
            format!("/vsizip/{name}"),
            format!("/vsizip/{{{name}}}/b/c.shp"),
            format!("/vsizip/{name}/c.shp"),
            format!("/vsizip/{{/vsizip/{{{name}}}/b.zip}}/c.shp"),
            format!("{name}/b/c.shp"),
        ] {
            assert_eq!(local(Path::new(&path)).as_ref(), Some(&archive), "{path}");
        }
        assert_eq!(local(Path::new("/vsicurl/https://example.org/a.fgb")), None);
        assert_eq!(local(Path::new("/vsizip//vsicurl/https://example.org/a.zip")), None);
        let before = stamp(std::slice::from_ref(&archive));
        std::fs::write(&archive, "xy").unwrap();
        assert_ne!(stamp(&[archive]), before);
    }
}
