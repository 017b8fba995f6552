//! What SQLite makes of the statements: by which index it goes, and that it sorts nothing.

use std::sync::Mutex;

use rusqlite::Connection;

use super::super::filter::Filter;
use super::super::read::Reader;
use super::super::table::{self, Table};
use super::*;
use crate::data::extent::Extent;
use crate::data::plan::{Plan, Sort};
use crate::data::position::{Edge, Mark, Position};
use crate::data::query::SortBy;
use crate::data::rows::{Rows, channel};
use crate::data::source::Pending;
use crate::expr::Expr;
use crate::model::schema::Schema;

/// Passes plans on, and keeps what SQLite says of their statements.
struct Told {
    inner: Arc<dyn FeatureSource>,
    connection: Mutex<Connection>,
    table: Table,
    steps: Mutex<Vec<String>>,
}

impl Told {
    fn note(&self, plan: &Plan) -> rusqlite::Result<()> {
        let connection = self.connection.lock().unwrap();
        let mut filter = Filter::new(&self.table, plan.filter()).unwrap();
        filter.narrow(&connection, &self.table, plan.limit().is_some() && plan.sort().is_empty())?;
        let (sender, _rows) = channel(plan.layout().clone());
        let statements = Reader::new(&connection, &self.table, plan, &filter, &sender).statements();
        for query in statements {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", query.text))?;
            let steps = statement.query_map(query.bound(), |row| row.get::<_, String>(3))?;
            self.steps.lock().unwrap().extend(steps.map(Result::unwrap));
        }
        Ok(())
    }
}

impl FeatureSource for Told {
    fn schema(&self) -> &Arc<Schema> {
        self.inner.schema()
    }
    fn takes(&self, conjunct: &Expr) -> bool {
        self.inner.takes(conjunct)
    }
    fn pages(&self) -> bool {
        true
    }
    fn sorts(&self, order: &[Sort]) -> bool {
        self.inner.sorts(order)
    }
    fn seeks(&self, order: &[Sort], is_backwards: bool) -> bool {
        self.inner.seeks(order, is_backwards)
    }
    fn features(&self, plan: Plan) -> Rows {
        self.note(&plan).unwrap();
        self.inner.features(plan)
    }
    fn count(&self, plan: Plan) -> Pending<Result<u64>> {
        self.inner.count(plan)
    }
    fn extent(&self) -> Pending<Result<Extent>> {
        self.inner.extent()
    }
    fn state(&self) -> u64 {
        self.inner.state()
    }
}

/// The ids of an answer, and the steps by which SQLite finds it.
pub(super) async fn explained(file: &File, name: &str, query: &Query) -> (Vec<i64>, Vec<String>) {
    let connection = Connection::open(&file.path).unwrap();
    super::super::passes::register(&connection).unwrap();
    let table = table::read(&connection, name, &LayerOptions::default()).unwrap();
    let (inner, steps) = (layer(file, name).source, Mutex::default());
    let told = Arc::new(Told { inner, connection: Mutex::new(connection), table, steps });
    let view = open(&(told.clone() as Arc<dyn FeatureSource>));
    let rows = read(&view, query).await.unwrap().0;
    let steps = std::mem::take(&mut *told.steps.lock().unwrap());
    (ids(&rows), steps)
}

fn file() -> File {
    let file = File::new();
    file.run(
        "CREATE TABLE places (fid INTEGER PRIMARY KEY, name TEXT, size INTEGER);
         CREATE INDEX by_name ON places (name);
         CREATE INDEX by_size ON places (size);
         WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500)
         INSERT INTO places SELECT i, CASE WHEN i % 50 THEN 'p' || (i * 37 % 101) END, nullif(i * 53 % 97, 0) FROM n;",
    );
    file.attributes("places");
    file
}

#[tokio::test]
async fn a_page_behind_a_place_goes_by_the_index_and_sorts_nothing() {
    let file = file();
    let value = |value: Value| Mark::Value(value);
    let null = || value(Value::Null);
    let text = |text: &str| value(Value::Text(text.to_owned()));
    let by = |property: &str, descending| vec![SortBy { property: property.to_owned(), descending }];
    let size = value(Value::Int(50));
    for (sort, first, index) in [
        (vec![], vec![], "INTEGER PRIMARY KEY"),
        (by("fid", true), vec![], "INTEGER PRIMARY KEY"),
        (by("name", false), vec![text("p5")], "by_name"),
        (by("name", true), vec![text("p5")], "by_name"),
        (by("name", false), vec![null()], "by_name"),
        (by("size", false), vec![size.clone()], "by_size"),
        (by("size", true), vec![size], "by_size"),
    ] {
        for backwards in [false, true] {
            let marks = first.iter().cloned().chain([value(Value::Int(250))]).collect();
            let after = Some(Edge { position: Position(marks), is_inclusive: false });
            let (begin, end) = if backwards { (None, after) } else { (after, None) };
            let query =
                Query { sort: sort.clone(), after: begin, until: end, backwards, limit: Some(10), ..Query::default() };
            let (ids, steps) = explained(&file, "places", &query).await;
            assert!(!ids.is_empty(), "{sort:?} {backwards}");
            for step in &steps {
                let goes = step.starts_with("SEARCH") && step.contains(index);
                // A walk through an index from its end is one as well; the place is where it stops.
                let walks = backwards && step.starts_with("SCAN") && step.contains(&format!("INDEX {index}"));
                // An index that is read from its end has equal values from the greatest number: those alone are sorted.
                let is_turned = sort.first().is_some_and(|step| step.descending && step.property != "fid");
                let sorts_equals = is_turned && step == "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY";
                assert!(goes || walks || sorts_equals, "{sort:?} backwards {backwards}: {steps:#?}");
            }
        }
    }
}

/// A range of ids is a stretch of the table, whatever else is asked.
#[tokio::test]
async fn a_range_of_ids_goes_by_the_key() {
    let file = file();
    let filter = |text: &str| crate::expr::cql2::parse(text).unwrap();
    let ask = |text| Query { filter: Some(filter(text)), limit: Some(3), ..Query::default() };
    let (ids, steps) = explained(&file, "places", &ask("fid > 400 AND fid <= 450.5")).await;
    assert_eq!((ids, steps), (vec![401, 402, 403], vec![SEARCH_BY_ID.to_owned()]));
    // Few rows of an index are found, and then looked up.
    let (ids, steps) = explained(&file, "places", &ask("fid > 0 AND name = 'p5'")).await;
    assert!(ids.is_sorted() && !ids.is_empty());
    assert!(!steps.iter().any(|step| step.contains("(rowid>")), "{steps:#?}");
}

const SEARCH_BY_ID: &str = "SEARCH t USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
