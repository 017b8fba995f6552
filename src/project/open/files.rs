//! Which files a path of data means: itself, the files of a folder, or those that a pattern fits.

use std::path::{Component, Path, PathBuf};

use regex::Regex;

use super::left_out;
use crate::sources::gdal;
use crate::sources::gdal::archive::is_named_as_archive;

/// Endings of names by which files of features are known in a folder. A `.dbf` beside a `.shp` is a part of it.
const FEATURES: [&str; 25] = [
    "gpkg", "shp", "shz", "fgb", "geojson", "geojsonl", "geojsons", "topojson", "csv", "tsv", "gml", "kml", "kmz",
    "gpx", "tab", "mif", "gdb", "parquet", "sqlite", "jml", "dxf", "ods", "xlsx", "zip", "gmt",
];

/// Ending of the name of a folder that programs take for one file.
pub(super) const FILE_LIKE: &str = "gdb";

/// How many folders `**` goes down.
const DEPTH: usize = 16;

/// The files that are meant, in order; a folder or pattern of none is told. What else lies in a folder is named in the log.
pub(super) fn meant(path: &Path) -> Result<Vec<PathBuf>, String> {
    if path.is_dir() && !is_file_like(path) {
        let (files, other) = inside(path)?.into_iter().partition::<Vec<_>, _>(|file| is_data(file));
        let other = left_out::names(&other);
        if files.is_empty() {
            let has =
                if other.is_empty() { String::new() } else { format!("; there is {}", left_out::some_of(&other)) };
            return Err(format!(
                "{}: there is no file of data in this folder: none whose name ends with .gpkg, .shp, .fgb, .geojson, .tif \
                 or another ending that is known{has}",
                path.display()
            ));
        }
        if !other.is_empty() {
            tracing::info!(folder = %path.display(), "not published: {}", left_out::some_of(&other));
        }
        return Ok(files);
    }
    if is_pattern(path) {
        let mut files = Vec::new();
        let (start, parts) = split(path);
        fitting(&start, &parts, DEPTH, &mut files);
        files.sort();
        files.dedup();
        // What a pattern takes with it, such as the parts of a Shapefile, is no data of its own.
        let (files, other) = files.into_iter().partition::<Vec<_>, _>(|file| is_data(file));
        let other = left_out::names(&other);
        if files.is_empty() {
            return Err(format!("{}: no file of data fits this pattern", path.display()));
        }
        if !other.is_empty() {
            tracing::info!(pattern = %path.display(), "not published: {}", left_out::some_of(&other));
        }
        return Ok(files);
    }
    Ok(vec![path.to_owned()])
}

/// The folders whose files a pattern or folder takes, to see when one comes or goes.
pub(super) fn folder(path: &Path) -> Option<PathBuf> {
    if is_pattern(path) { Some(split(path).0) } else { path.is_dir().then(|| path.to_owned()) }
}

/// Whether a path has characters that stand for others, and no file has it for a name.
fn is_pattern(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.contains(['*', '?', '[']) && !text.starts_with("/vsi") && !path.exists()
}

/// Whether the name is that of a file of features or a raster, or it is GeoJSON by the ending of all JSON.
fn is_data(path: &Path) -> bool {
    if left_out::is_special(path) {
        return false;
    }
    let ending = ending(path);
    let is_file = !path.is_dir() || is_file_like(path);
    (is_file && (FEATURES.contains(&ending.as_str()) || is_named_as_archive(path)))
        || gdal::is_named_as_raster(path)
        || (ending == "json" && is_file && left_out::is_geojson(path))
}

/// Whether the name is that of a file of features.
pub(super) fn is_named_as_features(path: &Path) -> bool {
    FEATURES.contains(&ending(path).as_str())
}

/// A folder that programs take for one file.
fn is_file_like(path: &Path) -> bool {
    ending(path) == FILE_LIKE
}

fn ending(path: &Path) -> String {
    path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

fn inside(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|_| format!("{}: the folder cannot be read", folder.display()))?;
    let is_shown = |path: &PathBuf| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'));
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_shown).collect();
    files.sort();
    Ok(files)
}

/// The folder before the first part that is a pattern, and the parts from there on.
fn split(path: &Path) -> (PathBuf, Vec<String>) {
    let (mut start, mut parts) = (PathBuf::new(), Vec::new());
    for component in path.components() {
        let text = component.as_os_str().to_string_lossy();
        if parts.is_empty() && !(matches!(component, Component::Normal(_)) && text.contains(['*', '?', '['])) {
            start.push(component);
        } else {
            parts.push(text.into_owned());
        }
    }
    if start.as_os_str().is_empty() {
        start.push(".");
    }
    (start, parts)
}

fn fitting(folder: &Path, parts: &[String], depth: usize, found: &mut Vec<PathBuf>) {
    let Some((part, rest)) = parts.split_first() else { return found.push(folder.to_owned()) };
    let within = inside(folder).unwrap_or_default();
    if part == "**" {
        if rest.is_empty() {
            found.extend(within.iter().filter(|path| !path.is_dir() || is_file_like(path)).cloned());
        } else {
            fitting(folder, rest, depth, found);
        }
        let Some(depth) = depth.checked_sub(1) else { return };
        // A link could lead in a circle.
        let folders = within.iter().filter(|path| path.is_dir() && !path.is_symlink() && !is_file_like(path));
        return folders.for_each(|folder| fitting(folder, parts, depth, found));
    }
    let Ok(pattern) = Regex::new(&expression(part)) else { return };
    let fits = |path: &&PathBuf| path.file_name().is_some_and(|name| pattern.is_match(&name.to_string_lossy()));
    for path in within.iter().filter(fits) {
        if rest.is_empty() || path.is_dir() {
            fitting(path, rest, depth, found);
        }
    }
}

/// A part of a pattern as a regular expression over a whole name.
fn expression(part: &str) -> String {
    let mut text = "^".to_owned();
    let mut rest = part.chars();
    while let Some(it) = rest.next() {
        match it {
            '*' => text.push_str(".*"),
            '?' => text.push('.'),
            '[' => {
                let set: String = rest.by_ref().take_while(|it| *it != ']').collect();
                let (not, set) = set.strip_prefix(['!', '^']).map_or(("", set.as_str()), |set| ("^", set));
                let set: String =
                    set.chars().map(|it| if "\\[&~^".contains(it) { format!("\\{it}") } else { it.into() }).collect();
                text.extend(["[", not, &set, "]"]);
            }
            it => text.push_str(&regex::escape(it.encode_utf8(&mut [0; 4]))),
        }
    }
    text + "$"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path, start: &Path) -> Vec<String> {
        let name = |file: PathBuf| file.strip_prefix(start).unwrap().to_string_lossy().into_owned();
        meant(path).unwrap().into_iter().map(name).collect()
    }

    #[test]
    fn folders_and_patterns_mean_their_files_of_data() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        for name in
            ["a.shp", "a.dbf", "a.shx", "b.GeoJSON", "c.txt", ".d.fgb", "e.tif", "f/g.fgb", "f/h/i.csv", "j[1].fgb"]
        {
            let path = at.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::fs::create_dir(at.join("k.gdb")).unwrap();
        assert_eq!(names(at, at), ["a.shp", "b.GeoJSON", "e.tif", "j[1].fgb", "k.gdb"]);
        for (pattern, wanted) in [
            ("a.*", vec!["a.shp"]),
            ("[ab].*", vec!["a.shp", "b.GeoJSON"]),
            ("[!a].*", vec!["b.GeoJSON", "e.tif", "k.gdb"]),
            ("?.tif", vec!["e.tif"]),
            ("*/*.fgb", vec!["f/g.fgb"]),
            ("**/*.fgb", vec!["f/g.fgb", "j[1].fgb"]),
            ("f/**", vec!["f/g.fgb", "f/h/i.csv"]),
            ("f/**/*", vec!["f/g.fgb", "f/h/i.csv"]),
            ("j[1].fgb", vec!["j[1].fgb"]),
        ] {
            assert_eq!(names(&at.join(pattern), at), wanted, "{pattern}");
        }
        assert!(meant(&at.join("*.gpkg")).unwrap_err().contains("no file of data fits this pattern"));
        assert!(meant(&at.join("f/h/..")).is_ok());
        assert_eq!(meant(&at.join("nothing.shp")).unwrap().len(), 1, "whoever opens it tells that it is not there");
    }
}
