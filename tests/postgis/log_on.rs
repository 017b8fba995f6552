//! Passwords and privileges that are wrong for a while.

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::{SAMPLE, until};

const TOWNS: &str = "/ogcapi/collections/towns/items";

/// A database whose role `reader` has this password.
fn database(password: &str) -> Postgres {
    let database = Postgres::start();
    database.sql(
        "gis",
        &format!(
            "CREATE TABLE towns (id int PRIMARY KEY, geom geometry(Point, 4326));
             CREATE ROLE reader LOGIN PASSWORD '{password}'; GRANT SELECT ON towns TO reader"
        ),
    );
    database.ask_password_of("reader");
    database
}

fn dsn(database: &Postgres, password: &str) -> String {
    database.dsn().replace("gis@", &format!("reader:{password}@"))
}

#[test]
fn a_password_that_is_wrong_at_the_start_is_tried_again() {
    if !is_here() {
        return;
    }
    let database = database("other");
    let dsn = dsn(&database, "secret-word");
    let file = crate::harness::made("log_on.toml", |path| {
        let project = format!("data = ['{SAMPLE}']\n[[layers]]\nsource = '{dsn}'\nlayer = 'towns'\n");
        std::fs::write(path, project).unwrap();
    });
    let mut named = Server::start(&["--project", file.to_str().unwrap()]);
    let mut whole = Server::start(&[SAMPLE, &dsn]);
    assert!(!named.get(TOWNS).expect(503).header("retry-after").is_empty());
    whole.get(TOWNS).expect(404);
    database.sql("gis", "ALTER ROLE reader PASSWORD 'secret-word'");
    for server in [&mut named, &mut whole] {
        until("the layer does not come", || server.get(TOWNS).status == 200);
        let log = server.log();
        assert!(log.contains("refuses the log-on") && !log.contains("secret-word"), "{log}");
    }
}

#[test]
fn a_password_that_becomes_wrong_is_an_outage_not_a_fault() {
    if !is_here() {
        return;
    }
    let database = database("first");
    let server = Server::start(&[&dsn(&database, "first")]);
    server.get(TOWNS).expect(200);
    database.sql("gis", "ALTER ROLE reader PASSWORD 'second'");
    database.sql("gis", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'");
    for _ in 0..5 {
        let answer = server.get(TOWNS).expect(503);
        assert!(!answer.header("retry-after").is_empty());
    }
    database.sql("gis", "ALTER ROLE reader PASSWORD 'first'");
    until("the layer does not come back", || server.get(TOWNS).status == 200);
}

#[test]
fn a_table_that_may_not_be_read_any_more_is_told_as_changed() {
    if !is_here() {
        return;
    }
    let database = database("first");
    let dsn = dsn(&database, "first");
    let unwatched = Server::start(&["--watch", "0", &dsn]);
    let file = crate::harness::made("revoked.toml", |path| {
        let project = format!("data = ['{SAMPLE}']\n[[layers]]\nsource = '{dsn}'\nlayer = 'towns'\n");
        std::fs::write(path, project).unwrap();
    });
    let named = Server::start(&["--project", file.to_str().unwrap()]);
    named.get(TOWNS).expect(200);
    unwatched.get(TOWNS).expect(200);
    for (revoked, from) in [("SELECT ON towns", "reader"), ("USAGE ON SCHEMA public", "public, reader")] {
        database.sql("gis", &format!("REVOKE {revoked} FROM {from}"));
        assert!(!unwatched.get(TOWNS).expect(503).header("retry-after").is_empty(), "{revoked}");
        until("the layer is still there", || named.get(TOWNS).status == 404);
        database.sql("gis", &format!("GRANT {revoked} TO {from}"));
        unwatched.get(TOWNS).expect(200);
    }
}
