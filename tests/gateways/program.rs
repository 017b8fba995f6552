//! Programs that end with the test, and a file of ten thousand features.

use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use rusqlite::Connection;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_graticule");

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");

/// Starts a program, and stops it when its own input ends: also when the test binary is killed.
const GUARD: &str = r#""$0" "$@" & child=$!; exec >&-; read -r _; kill -TERM $child 2>/dev/null; wait $child"#;

/// A program that runs until it is dropped.
pub(crate) struct Guarded {
    guard: Child,
    input: Option<ChildStdin>,
    pub(crate) output: BufReader<ChildStdout>,
}

impl Guarded {
    pub(crate) fn start(program: &str, args: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, program]).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut guard = without_settings(&mut command).spawn().unwrap();
        let output = BufReader::new(guard.stdout.take().unwrap());
        Self { input: guard.stdin.take(), guard, output }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.guard.wait();
    }
}

/// Takes the settings of whoever runs the tests away.
pub(crate) fn without_settings(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GRATICULE_")) {
        command.env_remove(name);
    }
    command
}

/// `graticule fcgi` or `scgi` with the sample data and the large layer; gives it and the address that it listens on.
pub(crate) fn gateway(name: &str) -> (Guarded, String) {
    let many = many().to_str().unwrap();
    let mut program = Guarded::start(PROGRAM, &[name, SAMPLE, many, "--listen", "127.0.0.1:0", "--log", "warn"]);
    let address = listening(&mut program.output);
    (program, address)
}

/// `graticule serve` with the same data; gives it and the address that it listens on.
pub(crate) fn server() -> (Guarded, String) {
    let many = many().to_str().unwrap();
    let mut program = Guarded::start(PROGRAM, &["serve", many, "--listen", "127.0.0.1:0", "--log", "warn"]);
    let mut greeting = String::new();
    while !greeting.contains("http://") && program.output.read_line(&mut greeting).unwrap() > 0 {}
    let after = greeting.split_once("http://").unwrap_or_else(|| panic!("it did not start: {greeting}")).1;
    let address = after.split(|c: char| c == '/' || c.is_whitespace()).next().unwrap_or_default().to_owned();
    (program, address)
}

/// Reads what a gateway prints at start, and finds where it listens.
pub(crate) fn listening(output: &mut impl BufRead) -> String {
    let mut greeting = String::new();
    while !greeting.contains("Ctrl+C") && output.read_line(&mut greeting).unwrap() > 0 {}
    let first = greeting.lines().next().unwrap_or_default();
    first.split_once(" on ").unwrap_or_else(|| panic!("it did not start: {greeting}")).1.to_owned()
}

/// A gateway whose standard input is a listening socket, as a manager of processes starts it. It is killed when dropped.
pub(crate) struct Worker(pub(crate) Child);

impl Worker {
    pub(crate) fn start(name: &str, socket: OwnedFd) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args([name, SAMPLE, "--log", "warn"]).stdin(socket).stdout(Stdio::piped());
        let mut child = without_settings(&mut command).spawn().unwrap();
        assert_eq!(listening(&mut BufReader::new(child.stdout.take().unwrap())), "the socket at standard input");
        Self(child)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A GeoPackage with a layer `many` of ten thousand points.
fn many() -> &'static Path {
    static MANY: OnceLock<PathBuf> = OnceLock::new();
    MANY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let draft = tempfile::Builder::new().suffix(".gpkg").tempfile_in(folder).unwrap();
        let connection = Connection::open(draft.path()).unwrap();
        connection.execute_batch(LAYER).unwrap();
        drop(connection);
        let path = folder.join("gateways_many.gpkg");
        draft.persist(&path).unwrap();
        path
    })
}

/// Each geometry is a header (GP, version 0, little-endian without envelope, EPSG:4326) and the WKB of POINT(8 47).
const LAYER: &str = "
    PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA application_id = 1196444487; PRAGMA user_version = 10300;
    CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
    CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
        description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT '2026-01-01T00:00:00.000Z',
        min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
    CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
        geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL);
    INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84', 4326, 'EPSG', 4326, 'undefined', NULL);
    INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('many', 'features', 'many', 4326);
    INSERT INTO gpkg_geometry_columns VALUES ('many', 'geom', 'POINT', 4326, 0, 0);
    CREATE TABLE many (fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, name TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO many SELECT i, x'47500001E6100000' || x'0101000000' || x'0000000000002040' || x'0000000000804740',
        'Feature of the number ' || i FROM n;
    INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('slashed', 'features', 'slashed', 4326);
    INSERT INTO gpkg_geometry_columns VALUES ('slashed', 'geom', 'POINT', 4326, 0, 0);
    CREATE TABLE slashed (code TEXT NOT NULL PRIMARY KEY, geom POINT);
    INSERT INTO slashed (code) VALUES ('a/b'), ('a.json'), ('a'), ('..'), ('50%2F');
    -- The operator makes text of blobs.
    UPDATE many SET geom = CAST(geom AS BLOB);
";
