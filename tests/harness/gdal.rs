//! GDAL's answer to the same question, by its command line programs.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// How GDAL finds the types and points of a CSV answer.
pub(crate) const CSV: [&str; 8] = [
    "-oo",
    "AUTODETECT_TYPE=YES",
    "-oo",
    "X_POSSIBLE_NAMES=x",
    "-oo",
    "Y_POSSIBLE_NAMES=y",
    "-oo",
    "Z_POSSIBLE_NAMES=z",
];

/// Runs one of GDAL's programs and gives back what it prints.
pub(crate) fn run(program: &str, args: &[&str]) -> String {
    // A proxy of the environment has no business between two programs of this machine.
    let mut command = Command::new(program);
    command.args(args).env("NO_PROXY", "127.0.0.1").env("CPL_LOG_ERRORS", "ON");
    let output = command.output().unwrap_or_else(|cause| panic!("{program} (Debian: gdal-bin): {cause}"));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {args:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// A layer as GeoJSON in longitude and latitude; `more` are options such as `-where`.
pub(crate) fn features(file: &Path, layer: &str, more: &[&str]) -> Vec<Value> {
    let options = [
        "-q",
        "-f",
        "GeoJSON",
        "-t_srs",
        "OGC:CRS84",
        "-lco",
        "COORDINATE_PRECISION=15",
        "-lco",
        "SIGNIFICANT_FIGURES=17",
    ];
    let out = tempfile::Builder::new().suffix(".geojson").tempfile().unwrap().into_temp_path();
    std::fs::remove_file(&out).unwrap();
    let mut args = options.to_vec();
    args.extend_from_slice(more);
    args.extend([out.to_str().unwrap(), file.to_str().unwrap(), layer]);
    run("ogr2ogr", &args);
    let document: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    document["features"].as_array().unwrap().clone()
}

/// The first column of a file of features, as text: the ids, as this server writes them.
pub(crate) fn first_column(bytes: &[u8], ending: &str) -> Vec<String> {
    let path = tempfile::Builder::new().suffix(&format!(".{ending}")).tempfile().unwrap().into_temp_path();
    std::fs::write(&path, bytes).unwrap();
    let said = run("ogr2ogr", &["-q", "-f", "CSV", "/vsistdout/", path.to_str().unwrap()]);
    let first = |line: &str| line.split(',').next().unwrap_or_default().trim_matches('"').to_owned();
    said.lines().skip(1).map(first).collect()
}
