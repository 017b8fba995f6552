//! Passwords in the names of data: neither an answer, nor the log, nor a command has them.

use crate::harness::server::{Server, run, stderr, stdout};
use crate::harness::text;
use crate::made::file;

/// Names of data that cannot be opened, with a password in them.
const NAMES: [&str; 12] = [
    "PG:dbname=x host=127.0.0.1 port=1 password=TOPSECRET",
    "pg:dbname=x password='TOP SECRET' host=127.0.0.1",
    "host=127.0.0.1 port=1 dbname=x password=TOPSECRET",
    "/vsicurl/http://127.0.0.1:1/none.fgb?token=TOPSECRET",
    "/vsicurl/http://u:TOPSECRET@127.0.0.1:1/none.fgb",
    "POSTGRES://u:TOPSECRET@127.0.0.1:1/x",
    "PostgreSQL://u:TOPSECRET@127.0.0.1:1/x",
    "postgis://u:TOPSECRET@127.0.0.1:1/x",
    "postgis://u:TOP SECRET@127.0.0.1:1",
    "postgres://u:other@TOPSECRET@127.0.0.1:1/x",
    "postgres://u:other/TOPSECRET@127.0.0.1:1/x",
    "postgres://u:other?TOPSECRET@127.0.0.1:1/x",
];

#[test]
fn the_password_of_data_that_cannot_be_opened_is_told_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path(), "good", "geojson");
    let is_told = |said: &str| said.contains("SECRET") || said.contains("other");
    for name in NAMES {
        let mut server = Server::start(&[name, text(&good)]);
        for path in ["/ready", "/", "/ogcapi/?f=json", "/ogcapi/collections?f=json", "/metrics"] {
            let said = server.get(path).text();
            assert!(!is_told(&said), "{name}: {path}: {said}");
        }
        let (log, greeting) = (server.log(), server.greeting.clone());
        assert!(!is_told(&log) && !is_told(&greeting) && log.contains("ERROR"), "{name}: {greeting}{log}");
        // Alone, its name makes no title.
        let project = folder.path().join("project.toml");
        std::fs::write(&project, format!("[[layers]]\nsource = \"{name}\"\nlayer = \"x\"\n")).unwrap();
        for args in [vec!["check", name], vec!["init", name], vec!["check", "--project", text(&project)]] {
            let output = run(&args);
            let said = stdout(&output) + &stderr(&output);
            assert!(!is_told(&said) && !output.status.success(), "{args:?}: {said}");
        }
    }
}
