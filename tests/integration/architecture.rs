//! The order of the modules: each imports only from those left of itself, siblings never from each other; and no file is
//! too long to be read at a sitting.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From left to right; modules of one group are siblings.
const ORDER: [&[&str]; 18] = [
    &["error"],
    &["base"],
    &["model"],
    &["expr"],
    &["message"],
    &["data"],
    &["sources", "formats", "render"],
    &["project"],
    &["exchange"],
    &["web"],
    &["server"],
    &["api", "access"],
    &["apis", "services"],
    &["standard"],
    &["gateways"],
    &["lib"],
    &["commands"],
    &["main"],
];

/// The longest file, in lines.
const LONGEST: usize = 500;

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                walk(&entry, found);
            } else if entry.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&entry).unwrap();
                found.push((entry, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    found
}

/// The module path of a file: `src/data/gate.rs` is `["data", "gate"]`.
fn module_of(path: &Path) -> Vec<String> {
    let relative = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().with_extension("");
    let mut parts: Vec<String> = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// The line without comment, and without what stands in text.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// The top-level modules that a line names, by `crate::`, by `graticule::` (the program's files) or by going up.
fn named(module: &[String], line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "graticule::"] {
        found.extend(
            line.match_indices(start)
                .filter(|(at, _)| !ends_a_word(&line[..*at]))
                .flat_map(|(at, _)| heads(&line[at + start.len()..])),
        );
    }
    // Each `super` goes up one: from `a::b` one leads to `a`, two to the root.
    for (at, _) in line.match_indices("super::").filter(|(at, _)| !line[..*at].ends_with("super::")) {
        let rest = &line[at..];
        let ups = rest.split("::").take_while(|part| *part == "super").count();
        if ups >= module.len() {
            found.extend(heads(&rest[ups * "super::".len()..]));
        }
    }
    found
}

fn ends_a_word(text: &str) -> bool {
    text.chars().last().is_some_and(|it| it.is_alphanumeric() || it == '_' || it == '$')
}

/// The first names of a path or of a group of paths in braces.
fn heads(path: &str) -> Vec<String> {
    let word = |text: &str| text.trim().chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect::<String>();
    match path.strip_prefix('{') {
        Some(group) => {
            group.split('}').next().unwrap_or_default().split(',').map(word).filter(|it| !it.is_empty()).collect()
        }
        None => vec![word(path)],
    }
}

fn place_of(name: &str) -> Option<usize> {
    ORDER.iter().position(|group| group.contains(&name))
}

#[test]
fn no_import_runs_back() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        let own = module[0].as_str();
        let Some(place) = place_of(own) else { panic!("{} has no place in the order", path.display()) };
        for (number, line) in text.lines().enumerate() {
            for name in named(&module, code(line)).iter().filter(|name| *name != own) {
                // What is no module is re-exported at the root from `error` and `server`.
                let imported = match name.as_str() {
                    "Error" | "Kind" | "Result" => place_of("error"),
                    "Context" | "Server" | "Builder" => place_of("server"),
                    name => place_of(name),
                };
                if imported.is_some_and(|imported| imported >= place) {
                    wrong.push(format!("{}:{}: {own} imports {name}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against the order of the modules:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(declared.len() > 10);
    for name in declared {
        assert!(place_of(name).is_some(), "{name} has no place in the order");
    }
}

#[test]
fn no_file_is_too_long_and_no_name_says_nothing() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{}: {lines} lines", path.display());
        let stem = path.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
        assert!(!["utils", "util", "helpers", "common", "misc"].contains(&stem), "{}", path.display());
    }
}

#[test]
fn the_reader_of_imports_reads() {
    let module = ["api".to_owned(), "reply".to_owned(), "features".to_owned()];
    let cases: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("use crate::base::bbox;", &["base"][..]),
        ("use crate::{base::bbox, web};", &["base", "web"]),
        ("let x = crate::server::y();", &["server"]),
        ("use super::super::super::apis::x;", &["apis"]),
        ("use super::super::route;", &[]),
        ("use super::x;", &[]),
        ("use mycrate::base;", &[]),
        ("pub(crate) fn x() {}", &[]),
    ]);
    for (line, wanted) in cases {
        assert_eq!(named(&module, line), wanted, "{line}");
    }
}
