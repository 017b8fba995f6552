//! A role that may open fewer connections than the server would.

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

#[test]
fn requests_wait_for_the_connections_that_a_role_may_have() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE towns (id int PRIMARY KEY, geom geometry(Point, 4326));
         INSERT INTO towns SELECT n, ST_Point(n % 360 - 180, n % 170 - 85, 4326) FROM generate_series(1, 20000) n;
         CREATE ROLE reader LOGIN CONNECTION LIMIT 5; GRANT SELECT ON towns TO reader;",
    );
    let server = Server::start(&[&database.dsn().replace("gis@", "reader@")]);
    std::thread::scope(|scope| {
        for at in 0..20 {
            let server = &server;
            scope.spawn(move || {
                let page = server.json(&format!("/ogcapi/collections/towns/items?limit=5000&offset={at}"));
                assert_eq!(page["numberReturned"], 5000);
            });
        }
    });
}
