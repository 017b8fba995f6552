//! Orders over files: what is hidden, what is empty, and what a map asks for.

use super::*;
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::query::{Area, SortBy};
use crate::error::Kind;
use crate::expr::Expr;
use crate::model::geometry::envelope;

fn by(text: &str) -> Vec<SortBy> {
    let step = |name: &str| {
        let descending = name.starts_with('-');
        SortBy { property: name.trim_start_matches('-').to_owned(), descending }
    };
    text.split(',').map(step).collect()
}

fn file() -> File {
    let file = File::new();
    file.run(
        "CREATE TABLE people (fid INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, born DATE, seen DATETIME, pay INTEGER);
         INSERT INTO people VALUES (1, 'b', '1980-01-02', '2020-01-01T00:00:00Z', 7), (2, 'A', NULL, NULL, 9),
            (3, NULL, '1979-12-31', '2019-01-01T00:00:00Z', 8), (4, 'a', '1980-01-02', '2021-01-01T00:00:00Z', 1);",
    );
    file.attributes("people");
    file
}

#[tokio::test]
async fn rows_come_in_the_order_that_was_asked_for() {
    let file = file();
    let view = open(&layer(&file, "people").source);
    for (sort, expected) in [
        ("name", [2, 4, 1, 3]),
        ("-name", [1, 4, 2, 3]),
        ("born", [3, 1, 4, 2]),
        ("-born,name", [4, 1, 3, 2]),
        ("-seen", [4, 1, 3, 2]),
        ("-fid", [4, 3, 2, 1]),
        ("fid,-name", [1, 2, 3, 4]),
        ("pay,pay", [4, 1, 3, 2]),
    ] {
        let rows = read(&view, &Query { sort: by(sort), ..Query::default() }).await.unwrap().0;
        assert_eq!(ids(&rows), expected, "{sort}");
        let page = Query { sort: by(sort), offset: 1, limit: Some(2), ..Query::default() };
        let (rows, more) = read(&view, &page).await.unwrap();
        assert_eq!((ids(&rows), more), (vec![expected[1], expected[2]], true), "{sort}");
    }
}

#[tokio::test]
async fn an_order_by_what_is_hidden_tells_nothing() {
    let file = file();
    let locked = Locked::new(layer(&file, "people").source);
    let view = locked.view(Some(&["name".to_owned()]), vec![Expr::equals("pay", Value::Int(9))]);
    for hidden in ["pay", "-born", "name,seen", "nothing", ""] {
        let error = view.features(&Query { sort: by(hidden), ..Query::default() }).err().expect(hidden);
        assert_eq!(error.kind(), Kind::UnknownParameter, "{hidden}");
        assert!(!error.message().contains("hidden"));
    }
    let rows = read(&view, &Query { sort: by("-name"), ..Query::default() }).await.unwrap().0;
    assert_eq!(ids(&rows), [2]);
}

#[tokio::test]
async fn a_map_gets_what_it_shows_and_no_more() {
    let view = open(&GeoPackage::open(&natural_earth()).unwrap().layers().remove(0).unwrap().source);
    let metres = Crs::Epsg(3857);
    let rect = Rect { min_x: -2.004e7, min_y: -2.004e7, max_x: 2.004e7, max_y: 2.004e7 };
    let area = Some(Area { rect, crs: metres.clone() });
    let whole = Query { crs: metres.clone(), area: area.clone(), ..Query::default() };
    let coarse = Query { detail: Some(4e7 / 100.0), ..whole.clone() };
    let (whole, coarse) = (read(&view, &whole).await.unwrap().0, read(&view, &coarse).await.unwrap().0);
    assert_eq!((whole.len(), ids(&coarse)), (177, ids(&whole)));
    let bytes = |rows: &[Seen]| rows.iter().filter_map(|row| row.geometry.as_ref()).map(Vec::len).sum::<usize>();
    assert!(bytes(&coarse) * 2 < bytes(&whole), "{} {}", bytes(&coarse), bytes(&whole));
    for (row, other) in coarse.iter().zip(&whole) {
        let rects = [row, other].map(|row| envelope(row.geometry.as_ref().unwrap()).unwrap().unwrap());
        assert!(rects[1].min_y > -2.01e7 && (rects[0].min_x - rects[1].min_x).abs() < 1e6, "{rects:?}");
    }
    let small = Rect { min_x: 1.5e6, min_y: 6.2e6, max_x: 1.6e6, max_y: 6.3e6 };
    let query = Query { crs: metres.clone(), area: Some(Area { rect: small, crs: metres }), ..Query::default() };
    let rows = read(&view, &query).await.unwrap().0;
    assert!((1..6).contains(&rows.len()), "{}", rows.len());
}

#[test]
fn a_thread_that_may_block_reads_the_same() {
    let view = open(&GeoPackage::open(&natural_earth()).unwrap().layers().remove(0).unwrap().source);
    let mut features = view.features(&Query { sort: by("-name"), crs: Crs::Epsg(3857), ..Query::default() }).unwrap();
    let mut count = 0;
    while let Some(batch) = features.blocking_next() {
        count += batch.unwrap().len();
    }
    assert_eq!(count, 177);
    let error = view.features(&Query { crs: Crs::Epsg(1), ..Query::default() }).err().unwrap();
    assert_eq!(error.kind(), Kind::UnknownCrs);
}
