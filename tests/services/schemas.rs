//! Validation of XML answers against the OGC's published schemas, offline, by xmllint.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness;

/// The folder with the schemas; none where `make setup-test` could not fetch them. Tests say then that they are skipped.
fn published() -> Option<PathBuf> {
    let named = std::env::var_os("GRATICULE_OGC_SCHEMAS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("ogc-schemas"));
    let found = folder.join("ogc/wfs/2.0/wfs.xsd").exists();
    if !found {
        println!("skipped: no schemas in {}", folder.display());
    }
    found.then_some(folder)
}

/// A schema that a document is validated against: its namespace, and where it stands.
pub(crate) type Place<'a> = (&'a str, &'a str);

/// Panics where a document is not valid against the schemas of its namespaces. False where there are no schemas.
pub(crate) fn valid(document: &str, places: &[Place<'_>]) -> bool {
    let Some(folder) = published() else { return false };
    let mut driver = "<schema xmlns=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:driver\">".to_owned();
    for (namespace, place) in places {
        let place = local(&folder, place);
        driver.extend(["<import namespace=\"", namespace, "\" schemaLocation=\"", &place, "\"/>"]);
    }
    let scratch = |suffix: &str, text: &str| {
        let file = tempfile::Builder::new().suffix(suffix).tempfile_in(harness::folder()).unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    };
    let (schema, file) = (scratch(".xsd", &(driver + "</schema>")), scratch(".xml", document));
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .args([schema.path(), file.path()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{document}", said.chars().take(3000).collect::<String>());
    true
}

/// Panics where a document is not valid by a published DTD, which it names. False where there is none.
pub(crate) fn valid_by_dtd(document: &str, place: &str) -> bool {
    let Some(folder) = published() else { return false };
    assert!(document.contains(&format!("SYSTEM \"{place}\"")), "{document}");
    let file = tempfile::Builder::new().suffix(".xml").tempfile_in(harness::folder()).unwrap();
    std::fs::write(file.path(), document).unwrap();
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--dtdvalid", &local(&folder, place)])
        .arg(file.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{document}", said.chars().take(3000).collect::<String>());
    true
}

/// The file of a published schema.
fn local(folder: &Path, place: &str) -> String {
    place.replace("http://schemas.opengis.net/", &format!("file://{}/ogc/", folder.display()))
}

/// A schema that the server sends, as a file that documents are validated against.
pub(crate) fn kept(name: &str, schema: &str) -> String {
    let schema = published().map_or(schema.to_owned(), |folder| local(&folder, schema));
    let path = harness::made(name, |path| std::fs::write(path, schema).unwrap());
    format!("file://{}", path.display())
}
