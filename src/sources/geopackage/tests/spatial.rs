//! Boxes on files that are sorted by place, and what the index may not say.

use super::*;
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::expr::{Comparison, Expr, Operand};

fn boxed(min_x: f64, min_y: f64, max_x: f64, max_y: f64, limit: u64) -> Query {
    let filter = Expr::Bbox { rects: vec![Rect { min_x, min_y, max_x, max_y }], z: None, crs: Crs::Crs84 };
    Query { filter: Some(filter), limit: Some(limit), ..Query::default() }
}

/// Points from west to east.
fn sorted(count: u32) -> File {
    let file = File::new();
    file.run("CREATE TABLE t (id INTEGER PRIMARY KEY, geom POINT); BEGIN");
    for at in 0..count {
        let x = -180.0 + 360.0 * f64::from(at) / f64::from(count);
        file.insert("INSERT INTO t VALUES (?1, ?2)", &[&at, &point(x, 0.5)]);
    }
    file.run("COMMIT");
    file.features("t", "geom", "POINT", 4326, 0);
    file.index("t", "geom");
    file
}

#[tokio::test]
async fn a_file_that_is_sorted_by_place_answers_for_its_end() {
    let file = sorted(20_000);
    let view = open(&layer(&file, "t").source);
    for limit in [1, 5, 100] {
        let (rows, more) = read(&view, &boxed(0.0, 0.0, 180.0, 1.0, limit)).await.unwrap();
        assert!(more);
        assert_eq!(ids(&rows), (10_000..).take(rows.len()).collect::<Vec<_>>());
    }
    assert_eq!(view.count(&boxed(0.0, 0.0, 180.0, 1.0, 1), AMPLE).await.unwrap(), Some(10_000));
    assert_eq!(view.count(&boxed(-999.0, -99.0, 999.0, 99.0, 1), AMPLE).await.unwrap(), Some(20_000));
    let both = Expr::Bbox {
        rects: vec![
            Rect { min_x: 179.0, min_y: 0.0, max_x: 180.0, max_y: 1.0 },
            Rect { min_x: -180.0, min_y: 0.0, max_x: -179.0, max_y: 1.0 },
        ],
        z: None,
        crs: Crs::Crs84,
    };
    let query = Query { filter: Some(both), ..Query::default() };
    let (rows, _) = read(&view, &query).await.unwrap();
    assert_eq!(view.count(&query, AMPLE).await.unwrap(), Some(rows.len() as u64));
    assert!(ids(&rows).windows(2).all(|pair| pair[0] < pair[1]) && rows.len() > 100);
    let space = view.extent(AMPLE).await.unwrap().space.unwrap();
    assert!((space.min_x + 180.0).abs() < 1e-4 && (space.max_y - 0.5).abs() < 1e-4);
}

#[tokio::test]
async fn no_row_is_lost_where_one_handful_of_ids_ends() {
    let file = sorted(2000);
    file.run("ALTER TABLE t ADD COLUMN name TEXT; UPDATE t SET name = printf('%05d', id)");
    let view = open(&layer(&file, "t").source);
    for wanted in 1000..1100 {
        // Order of text is not left to SQL.
        let name = || Operand::Property("name".to_owned());
        let number = || Operand::Literal(Value::Text(format!("{wanted:05}")));
        let mut query = boxed(0.0, 0.0, 180.0, 1.0, 1);
        query.and(Expr::Compare(name(), Comparison::GreaterOrEqual, number()));
        query.and(Expr::Compare(name(), Comparison::LessOrEqual, number()));
        let (rows, more) = read(&view, &query).await.unwrap();
        assert_eq!((ids(&rows), more), (vec![wanted], false));
    }
}

#[tokio::test]
async fn an_edge_is_exact_although_the_index_is_rounded() {
    let file = File::new();
    file.run("CREATE TABLE t (id INTEGER PRIMARY KEY, geom POINT)");
    let x = 0.1;
    file.insert("INSERT INTO t VALUES (1, ?1)", &[&point(x, 1.0)]);
    file.features("t", "geom", "POINT", 4326, 0);
    file.index("t", "geom");
    let view = open(&layer(&file, "t").source);
    for (edge, expected) in [(x, 1), (x - 1e-12, 0), (x + 1e-12, 1)] {
        let query = boxed(0.0, 0.0, edge, 2.0, 10);
        assert_eq!(read(&view, &query).await.unwrap().0.len(), expected);
        assert_eq!(view.count(&query, AMPLE).await.unwrap(), Some(expected as u64));
    }
}

#[tokio::test]
async fn an_index_that_was_never_filled_is_not_used() {
    let file = sorted(100);
    file.run("DELETE FROM rtree_t_geom");
    let view = open(&layer(&file, "t").source);
    assert_eq!(read(&view, &boxed(-200.0, 0.0, 200.0, 1.0, 500)).await.unwrap().0.len(), 100);
}

#[tokio::test]
async fn an_extent_that_was_not_kept_up_is_measured() {
    let file = sorted(100);
    file.run("UPDATE gpkg_contents SET min_x = 0, min_y = 0, max_x = 1, max_y = 1");
    let grown = open(&layer(&file, "t").source).extent(AMPLE).await.unwrap().space.unwrap();
    assert!(grown.min_x < -179.0);
    file.run("DROP TABLE rtree_t_geom; UPDATE gpkg_contents SET min_x = NULL");
    let looked = open(&layer(&file, "t").source).extent(AMPLE).await.unwrap().space.unwrap();
    assert!((looked.min_x + 180.0).abs() < 1e-9);
}
