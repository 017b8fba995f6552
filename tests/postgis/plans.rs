//! A filter on a property that has an index goes by it.

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

#[test]
fn a_filter_goes_by_the_index_of_its_property() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE EXTENSION pg_trgm;
         CREATE TABLE far (id int PRIMARY KEY, n bigint, x float8, r real, m numeric, t text, c text, f text, at timestamptz NOT NULL, d date,
            ends timestamp, geom geometry(Point, 4326));
         INSERT INTO far SELECT n, n * 7919 % 20000, n * 7907 % 20000, n * 7901 % 20000, n * 7883 % 20000, md5(n::text), md5((n + 1)::text),
            md5((n + 2)::text), '2000-01-01'::timestamptz + (n * 7919 % 20000) * '1 day'::interval, '2000-01-01'::date + n * 7919 % 20000,
            '2000-01-01'::timestamp + (n * 7919 % 20000) * '1 day'::interval, ST_Point(n % 360 - 180, n % 170 - 85, 4326)
            FROM generate_series(1, 20000) n;
         CREATE INDEX by_n ON far (n); CREATE INDEX by_x ON far (x); CREATE INDEX by_r ON far (r); CREATE INDEX by_m ON far (m);
         CREATE INDEX by_t ON far (t text_pattern_ops); CREATE INDEX by_c ON far (c COLLATE \"C\"); CREATE INDEX by_f ON far USING gin (f gin_trgm_ops);
         CREATE INDEX by_at ON far (at); CREATE INDEX by_d ON far (d); CREATE INDEX by_geom ON far USING gist (geom); ANALYZE far;",
    );
    database.explain();
    let server = Server::start(&[&database.dsn()]);
    for (question, index) in [
        ("filter=n=77", "by_n"),
        ("filter=n IN (77,78,15000)", "by_n"),
        ("filter=n BETWEEN 100 AND 120", "by_n"),
        ("filter=n<30", "by_n"),
        ("filter=n<>30 AND n>19980", "by_n"),
        ("filter=x=77.0", "by_x"),
        ("filter=x IN (77,78.5,15000)", "by_x"),
        ("filter=x>19980", "by_x"),
        ("filter=r=77", "by_r"),
        ("filter=r<30", "by_r"),
        ("filter=m BETWEEN 100 AND 120", "by_m"),
        ("filter=m=77", "by_m"),
        ("filter=t LIKE 'abc%25'", "by_t"),
        ("filter=t='c4ca4238a0b923820dcc509a6f75849b'", "by_t"),
        ("filter=c LIKE 'abc%25'", "by_c"),
        ("filter=c BETWEEN '0010' AND '0012'", "by_c"),
        ("filter=c='c4ca4238a0b923820dcc509a6f75849b'", "by_c"),
        ("filter=CASEI(f)='C4CA4238A0B923820DCC509A6F75849B' OR CASEI(f) LIKE 'abcd%25'", "by_f"),
        ("filter=at>TIMESTAMP('2054-09-20T00:00:00Z')", "by_at"),
        ("filter=at BETWEEN '2010-01-01' AND '2010-01-20'", "by_at"),
        ("filter=T_DURING(at,INTERVAL('2010-01-01','2010-01-20'))", "by_at"),
        ("datetime=2010-01-01/2010-01-20", "by_at"),
        ("datetime=2054-09-20/..", "by_at"),
        ("filter=d=DATE('2010-01-01')", "by_d"),
        ("filter=year(d)=2054 AND month(d)=9", "by_d"),
        ("filter=d IN ('2010-01-01','2010-01-02')", "by_d"),
        ("bbox=1,1,3,3", "by_geom"),
        ("filter=S_WITHIN(geom,POLYGON((1 1,3 1,1 3,1 1)))", "by_geom"),
    ] {
        let before = database.log().len();
        let page = server.json(&format!(
            "/ogcapi/collections/far/items?limit=5&{}",
            question.replace(' ', "%20").replace('<', "%3C").replace('>', "%3E")
        ));
        assert!(page["numberReturned"].is_number(), "{question}");
        let log = database.log();
        let entries = log[before..]
            .split("LOG: ")
            .filter(|entry| entry.contains("\"far\" AS t WHERE") && entry.contains("LIMIT"));
        let told: String = entries.collect();
        assert!(told.contains(&format!(" {index}")), "{question}: {told}");
        assert!(!told.contains("Seq Scan") && !told.contains("far_pkey"), "{question}: {told}");
    }
}
