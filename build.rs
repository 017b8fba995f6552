//! Lists the pages' files for `web::assets`: every template, the browser code of our own, and the map library where npm
//! has put it. Nothing is fetched here: without the library the build works, and the pages say that the map is missing.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where npm puts the map library; the path of its files below `/static/` is `leaflet/…`.
const LIBRARY: &str = "templates/static/node_modules/leaflet/dist";

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());

    // Cargo looks through a whole folder for newer files, so this one line also notices a later `npm ci`. (A path that
    // does not exist would make it build every time.)
    println!("cargo:rerun-if-changed=templates");
    println!("cargo:rerun-if-changed=build.rs");

    let mut files = Vec::new();
    walk(&root.join("templates"), "", &mut files)?;

    let library = root.join(LIBRARY);
    let present = library.join("leaflet.js").is_file() && library.join("leaflet.css").is_file();
    if present {
        for name in ["leaflet.js", "leaflet.css"] {
            files.push((format!("static/leaflet/{name}"), library.join(name)));
        }
        let licence = library.with_file_name("LICENSE");
        if licence.is_file() {
            files.push(("static/leaflet/LICENSE.txt".into(), licence));
        }
        if library.join("images").is_dir() {
            walk(&library.join("images"), "static/leaflet/images/", &mut files)?;
        }
    }
    files.sort();

    let mut table = String::from("/// Path below `templates/`, bytes, hash of the bytes; sorted by path.\n");
    table.push_str("static FILES: &[(&str, &[u8], &str)] = &[\n");
    for (name, path) in &files {
        let hash = hash(&fs::read(path)?);
        // Named from the crate's folder, for a target folder may serve several copies of the crate.
        let path = format!("/{}", path.strip_prefix(&root).unwrap_or(path).display());
        let bytes = format!("include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))");
        let _ = writeln!(table, "    ({name:?}, {bytes}, \"{hash:016x}\"),");
    }
    table.push_str("];\n\n/// Whether the map library is part of this build: `make` gets it.\n");
    let _ = writeln!(table, "pub const MAP_LIBRARY: bool = {present};");

    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("assets.rs"), table)
}

/// Adds every file below `folder`, except what belongs to npm.
fn walk(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Hidden files are npm's settings or an editor's leavings.
        if name.starts_with('.') || matches!(name.as_str(), "node_modules" | "package.json" | "package-lock.json") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{prefix}{name}/"), files)?;
        } else {
            files.push((format!("{prefix}{name}"), entry.path()));
        }
    }
    Ok(())
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
