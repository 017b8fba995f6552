//! Far pages begin where they should.

use proptest::prelude::*;

use rusqlite::{Connection, OptionalExtension};

use super::super::milestones::Ways;
use super::super::table::{self, Table};
use super::*;
use crate::data::rows::Stop;

fn file(numbers: impl IntoIterator<Item = i64>) -> File {
    let file = File::new();
    file.run("PRAGMA synchronous=OFF; CREATE TABLE t (fid INTEGER PRIMARY KEY, name TEXT); BEGIN");
    for number in numbers {
        file.insert("INSERT OR IGNORE INTO t VALUES (?1, 'x')", &[&number]);
    }
    file.run("COMMIT");
    file.attributes("t");
    file
}

/// The row with which a page begins, by way of the milestones and by counting.
fn found(milestones: &mut Ways, reader: &Connection, table: &Table, offset: u64) -> [Option<i64>; 2] {
    reader.execute_batch("BEGIN").unwrap();
    let way = milestones.towards(reader, table, offset, &Stop::default()).unwrap();
    let (number, rest) = way.unwrap_or((i64::MIN, offset));
    let query = "SELECT fid FROM t WHERE fid >= ?1 ORDER BY fid LIMIT 1 OFFSET ?2";
    let row = |number: i64, offset: u64| {
        reader.query_row(query, (number, offset.cast_signed()), |row| row.get(0)).optional().unwrap()
    };
    let rows = [row(number, rest), row(i64::MIN, offset)];
    reader.execute_batch("COMMIT").unwrap();
    rows
}

#[test]
fn few_rows_are_passed_over_and_few_milestones_are_kept() {
    let file = file(1..=1000);
    let reader = Connection::open(&file.path).unwrap();
    let table = table::read(&reader, "t", &LayerOptions::default()).unwrap();
    let mut milestones = Ways::default();
    let mut far = |offset| milestones.towards(&reader, &table, offset, &Stop::default()).unwrap();
    assert_eq!(far(5), None);
    assert_eq!(far(6), Some((7, 0)));
    // Of so many rows each 192nd is one in the end.
    assert_eq!(far(900), Some((769, 132)));
    assert_eq!(far(200), Some((193, 8)));
    assert_eq!(far(5000), Some((961, 4040)));
}

#[test]
fn who_leaves_is_not_waited_for() {
    let file = file(1..=100);
    let reader = Connection::open(&file.path).unwrap();
    let table = table::read(&reader, "t", &LayerOptions::default()).unwrap();
    let (mut milestones, stop) = (Ways::default(), Stop::default());
    stop.stop();
    assert_eq!(milestones.towards(&reader, &table, 50, &stop).unwrap(), None);
    assert_eq!(found(&mut milestones, &reader, &table, 50), [Some(51); 2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_page_begins_where_it_should_whoever_wrote(
        numbers in prop::collection::vec(-200i64..200, 0..150),
        is_logged: bool,
        steps in prop::collection::vec((0u64..160, prop::option::of((-220i64..220, any::<bool>()))), 1..40),
    ) {
        let file = file(numbers);
        if is_logged {
            file.run("PRAGMA journal_mode=WAL");
        }
        let reader = Connection::open(&file.path).unwrap();
        let table = table::read(&reader, "t", &LayerOptions::default()).unwrap();
        let mut milestones = Ways::default();
        for (offset, change) in steps {
            if let Some((number, is_there)) = change {
                let how = if is_there { "INSERT OR IGNORE INTO t VALUES (?1, 'y')" } else { "DELETE FROM t WHERE fid = ?1" };
                file.insert(how, &[&number]);
            }
            let [found, counted] = found(&mut milestones, &reader, &table, offset);
            prop_assert_eq!(found, counted, "{}", offset);
        }
    }
}

#[tokio::test]
async fn far_pages_follow_what_is_written() {
    for mode in ["DELETE", "WAL"] {
        let file = file(1..=300);
        file.run(&format!("PRAGMA journal_mode={mode}"));
        let view = open(&layer(&file, "t").source);
        for round in 0..20i64 {
            let query = Query { offset: 250, limit: Some(5), ..Query::default() };
            let (rows, _) = read(&view, &query).await.unwrap();
            let first = 251 + round;
            assert_eq!(ids(&rows), (first..first + 5).collect::<Vec<_>>(), "{mode} {round}");
            file.insert("DELETE FROM t WHERE fid = ?1", &[&(round + 10)]);
        }
    }
}
