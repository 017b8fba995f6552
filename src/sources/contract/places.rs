//! Pages by places: a walk there and back visits each row once, whatever the order, the conditions and the source.

use super::*;
use crate::data::position::{Edge, Position};

/// A page: its rows, its ends, and whether there are more.
async fn page(view: &View, query: &Query) -> (Vec<Value>, Option<(Position, Position)>, bool) {
    let mut features = view.features(query).unwrap();
    let mut ids = Vec::new();
    while let Some(batch) = features.next().await {
        ids.extend(batch.unwrap().rows().map(|row| row.value(0)));
    }
    (ids, features.ends().cloned(), features.more())
}

/// The rows of all pages, by the place where each ends.
async fn walk(view: &View, query: &Query, is_backwards: bool) -> Vec<Value> {
    let mut query = Query { places: true, backwards: is_backwards, offset: 0, ..query.clone() };
    let mut all = Vec::new();
    loop {
        let (ids, ends, more) = page(view, &query).await;
        assert!(ids.len() as u64 <= query.limit.unwrap_or(u64::MAX));
        all.extend(ids);
        let Some((_, last)) = ends.filter(|_| more) else { return all };
        assert!(all.len() < 10_000, "a walk without end");
        let edge = Some(Edge { position: last, is_inclusive: false });
        if is_backwards { query.until = edge } else { query.after = edge }
    }
}

fn walks(pair: &Pair, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let (file, memory) = (Locked::new(pair.file.clone()), Locked::new(pair.memory.clone()));
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    proptest!(config, |(question in any_question(pair), size in 1u64..90, at in 0u64..300, length in 1u64..60)| {
        let Question { query, visible, policy } = &question;
        let view = |of: &Locked| of.view(Some(visible), policy.iter().cloned().collect());
        let (file, memory) = (view(&file), view(&memory));
        runtime.block_on(async {
            let whole = Query { offset: 0, limit: None, ..query.clone() };
            let expected = page(&memory, &whole).await.0;
            let query = Query { limit: Some(size), ..whole.clone() };
            for of in [&memory, &file] {
                let found = walk(of, &query, false).await;
                prop_assert_eq!(&found, &expected, "{}: {:?}", pair.name, question);
                let mut back = walk(of, &query, true).await;
                back.reverse();
                prop_assert_eq!(&back, &expected, "{} backwards: {:?}", pair.name, question);
                // Between two places.
                let first = |limit: u64| Query { limit: Some(limit), ..whole.clone() };
                let begin = of.place(&first(at + 1)).await.unwrap();
                let end = of.place(&first(at + length)).await.unwrap();
                let edge = |position: &Option<Position>, is_inclusive| {
                    position.clone().map(|position| Edge { position, is_inclusive })
                };
                for (first, last) in [(true, true), (false, false), (true, false), (false, true)] {
                    let stretch = Query { after: edge(&begin.last, first), until: edge(&end.last, last), ..whole.clone() };
                    let found = page(of, &stretch).await.0;
                    let begins = usize::try_from(begin.count).unwrap().saturating_sub(usize::from(first));
                    let ends = usize::try_from(end.count).unwrap().saturating_sub(usize::from(!last));
                    let wanted = expected.get(begins..ends).unwrap_or_default();
                    prop_assert_eq!(&found[..], wanted, "{} {} {} {}: {:?}", pair.name, at, length, first, question);
                }
            }
            Ok(())
        })?;
    });
}

#[test]
fn sources_with_ids_in_any_order_are_walked_there_and_back() {
    let (folder, rows) = (tempfile::tempdir().unwrap(), rows(false, false));
    for path in written(folder.path(), &rows, &["gpkg", "shp", "fgb", "geojson", "sqlite"]) {
        if path.extension().is_some_and(|it| it == "gpkg") {
            // The same with an index on each column.
            walks(&pair(&path, &rows), 30);
            let file = rusqlite::Connection::open(&path).unwrap();
            for (name, _) in FIELDS {
                file.execute_batch(&format!("CREATE INDEX by_{name} ON rows (\"{name}\")")).unwrap();
            }
        }
        walks(&pair(&path, &rows), 30);
    }
}

#[test]
fn sources_with_ids_in_order_are_walked_there_and_back() {
    let (folder, rows) = (tempfile::tempdir().unwrap(), rows(true, true));
    for path in written(folder.path(), &rows, &["gpkg", "geojson", "csv", "gml"]) {
        walks(&pair(&path, &rows), 20);
    }
}
