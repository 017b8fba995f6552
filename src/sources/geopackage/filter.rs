//! Which conditions SQL tests, and which the evaluator, asked by SQL or by the loop that reads the rows. SQL compares by the type
//! of what is stored, the evaluator by the schema; only where the two agree for certain does SQL have the last word.

use rusqlite::Connection;
use rusqlite::types::Value as Bound;

use super::cells;
use super::narrow::superset;
use super::nodes::Held;
use super::number;
use super::passes::{self, Asked};
use super::spatial;
use super::sql::{GROUP, Sql};
use super::table::{Stored, Table};
use crate::base::bbox::Rect;
use crate::expr::evaluate::Test;
use crate::expr::like::Pattern;
use crate::expr::{Comparison, Expr, Operand, Relation};
use crate::model::schema::FieldKind;
use crate::model::value::{FeatureId, Value};

/// From here on not every integer is a float: SQLite compares exactly, the evaluator as floats.
const EXACT: i64 = 1 << 53;
/// Most ids, or values of a list, that are bound one by one.
const BOUND_IDS: usize = 500;
/// Most candidates of a full-text index for a page in the order of the key.
const FEW_FOUND: usize = if cfg!(test) { 50 } else { 5_000 };
/// Most of them for what looks at all rows otherwise.
const MOST_FOUND: usize = if cfg!(test) { 100 } else { 100_000 };

/// Most rows that other indexes may find for such a page; of more it meets the first soon without.
const FEW_PROBED: usize = if cfg!(test) { 50 } else { 2_000 };
/// Most values with which a calculation is compared, one by one.
const MOST_CALCULATED: usize = 20;
/// How many brackets a calculation is worth.
const BRACKETS: u32 = 6;

/// How deep brackets may stand within brackets (SQLite's parser remembers a hundred things), how long all conditions may
/// be (of the million bytes of a statement), and how many values they may bind (of 32,766). The loop tests what goes beyond.
const DEEPEST: u32 = 20;
const MOST_BYTES: usize = 500_000;
const MOST_VALUES: usize = 30_000;

/// The conditions of a plan, by who tests them.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// What SQL tests; rows that fail it fail the filter.
    pub(super) sql: Vec<Sql>,
    /// The boxes, tested on the stored geometry.
    pub(super) boxes: Vec<WantedBox>,
    /// What else the loop tests.
    pub(super) test: Option<Test>,
    /// What SQL asks the evaluator.
    asked: Option<Asked>,
    /// The same in words by which indexes are used, whatever they find.
    by_index: Vec<Sql>,
    /// What a full-text index can be asked for.
    searches: Vec<String>,
    /// Whether indexes find too many rows for a page, which are to be sorted.
    pub(super) is_common: bool,
    /// Whether SQL finds the rows by their ids: then there is no shorter way.
    pub(super) is_by_id: bool,
}

/// A box of a filter.
#[derive(Debug)]
pub(super) struct WantedBox {
    pub(super) rects: Vec<Rect>,
    pub(super) z: Option<(f64, f64)>,
}

/// Whether all names of a condition are the table's.
pub(super) fn takes(table: &Table, conjunct: &Expr) -> bool {
    conjunct.fields(&table.schema).is_ok() && (table.geometry.is_some() || !conjunct.reads_geometry())
}

impl Filter {
    /// Divides conditions; the error is a name that the table does not have.
    pub(super) fn new(table: &Table, conjuncts: &[Expr]) -> Result<Self, String> {
        let mut filter = Filter::default();
        let mut rest = Vec::new();
        let mut room = Room { bytes: MOST_BYTES, values: MOST_VALUES };
        for conjunct in conjuncts.iter().cloned().flat_map(|conjunct| conjunct.plain().conjuncts()) {
            filter.is_by_id |= matches!(conjunct, Expr::Ids(_));
            if let Some(wanted) = wanted_box(&conjunct) {
                filter.boxes.push(wanted);
            } else if let Some(sql) = exact(table, &conjunct, true).filter(|sql| room.takes(&conjunct, sql)) {
                filter.by_index.push(sql.clone());
                filter.sql.push(sql);
            } else {
                let narrowed = superset(table, &conjunct, false).filter(|sql| room.takes(&conjunct, sql));
                filter.by_index.extend(narrowed.is_some().then(|| superset(table, &conjunct, true)).flatten());
                filter.sql.extend(narrowed);
                let trigrams = table.trigrams.as_ref();
                filter.searches.extend(trigrams.and_then(|trigrams| trigrams.question(table, &conjunct)));
                filter.boxes.extend(conjunct.reach().map(|rects| WantedBox { rects, z: None }));
                rest.push(conjunct);
            }
        }
        filter.by_index.truncate(GROUP);
        if filter.sql.len() > GROUP {
            filter.sql = vec![Sql::join(std::mem::take(&mut filter.sql), " AND ")];
        }
        filter.test = Test::all(rest, &table.schema)?;
        // A box may lead to its rows by a way on which the loop counts those that fail.
        if filter.boxes.is_empty()
            && let Some(test) = filter.test.take_if(|test| passes::can_ask(test))
        {
            let (sql, asked) = passes::asked(table, test);
            filter.sql.push(sql);
            filter.asked = Some(asked);
        }
        Ok(filter)
    }

    /// Leaves out rectangles beyond everything that the R-tree has, as most are that stand a turn further; and all rows but those
    /// that a full-text index has for a search. A page that ends early finds what is common sooner without.
    pub(super) fn narrow(&mut self, connection: &Connection, table: &Table, ends_early: bool) -> rusqlite::Result<()> {
        let most = if ends_early { FEW_FOUND } else { MOST_FOUND };
        if let (Some(trigrams), Some(rowid), false) = (&table.trigrams, &table.key.rowid, self.is_by_id) {
            for search in self.searches.iter().take(GROUP) {
                if let Some(found) = trigrams.find(connection, search, most)? {
                    self.sql.push(spatial::among(rowid, spatial::listed(found)));
                    self.is_by_id = true;
                }
            }
        }
        if let (Some(rowid), true, false) = (&table.key.rowid, ends_early, self.is_by_id) {
            match self.probed(connection, table, rowid)? {
                Some(found) if found.len() <= FEW_PROBED => {
                    self.sql.push(spatial::among(rowid, spatial::listed(found)));
                    self.is_by_id = true;
                }
                found => self.is_common = found.is_some(),
            }
        }
        if let Some(rtree) = &table.rtree
            && self.boxes.iter().any(|wanted| wanted.rects.len() > 1)
            && let Some(bounds) = Held::new(connection, rtree)?.root()?.0.bounds()
        {
            self.boxes.iter_mut().for_each(|wanted| wanted.rects.retain(|rect| rect.intersects(&bounds)));
        }
        Ok(())
    }

    /// The first rows that indexes find, in no order; none where SQLite would not go by one.
    fn probed(&self, connection: &Connection, table: &Table, rowid: &str) -> rusqlite::Result<Option<Vec<i64>>> {
        let names = |column: &str| self.by_index.iter().any(|sql| sql.text.contains(column));
        if !table.columns.iter().zip(&table.indexed).any(|(column, is_indexed)| *is_indexed && names(column)) {
            return Ok(None);
        }
        let query = |conditions: &[Sql], end: &str| {
            let mut query = Sql::new(format!("SELECT {rowid} FROM {} WHERE ", table.from), Vec::new());
            query.append(Sql::join(conditions.iter().cloned(), " AND "));
            query.add(end);
            query
        };
        let own = steps(connection, &query(&self.sql, &format!(" ORDER BY {rowid} LIMIT 1")))?;
        if own.iter().all(|step| !is_scan(step) && !step.contains("TEMP B-TREE")) {
            // It finds the rows in their order.
            return Ok(None);
        }
        let query = query(&self.by_index, &format!(" LIMIT {}", FEW_PROBED + 1));
        if steps(connection, &query)?.iter().any(|step| is_scan(step)) {
            return Ok(None);
        }
        let mut statement = connection.prepare_cached(&query.text)?;
        statement.query_map(query.bound(), |row| row.get(0))?.collect::<rusqlite::Result<_>>().map(Some)
    }

    /// The table, as a page of it is read.
    pub(super) fn from(&self, table: &Table) -> String {
        format!("{}{}", table.from, if self.is_common { " NOT INDEXED" } else { "" })
    }

    /// Whether SQL has the last word on every row.
    pub(super) fn is_exact(&self) -> bool {
        self.boxes.is_empty() && self.test.is_none()
    }
}

/// The steps by which SQLite would go.
fn steps(connection: &Connection, query: &Sql) -> rusqlite::Result<Vec<String>> {
    let mut plan = connection.prepare_cached(&format!("EXPLAIN QUERY PLAN {}", query.text))?;
    plan.query_map(query.bound(), |row| row.get(3))?.collect()
}

/// Whether a step goes through the table itself, be it from an id on.
fn is_scan(step: &str) -> bool {
    step.starts_with("SCAN t") || ["(rowid>", "(rowid<"].iter().any(|from| step.contains(from))
}

/// What a statement still has room for.
struct Room {
    bytes: usize,
    values: usize,
}

impl Room {
    /// Whether a condition fits in. What nobody but SQL can test must.
    fn takes(&mut self, expr: &Expr, sql: &Sql) -> bool {
        let fits = depth(expr) <= DEEPEST && sql.text.len() <= self.bytes && sql.values.len() <= self.values;
        if fits {
            (self.bytes, self.values) = (self.bytes - sql.text.len(), self.values - sql.values.len());
        }
        fits || expr.has_subset()
    }
}

/// How many brackets stand within each other.
fn depth(expr: &Expr) -> u32 {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => {
            let groups = parts.len().max(2) - 1;
            groups.ilog(GROUP) + 1 + parts.iter().map(depth).max().unwrap_or(0)
        }
        Expr::Not(part) | Expr::IsUnknown(part) => 1 + depth(part),
        Expr::Compare(left, _, right) => BRACKETS * number::nesting(left).max(number::nesting(right)),
        Expr::Between(operand, low, high) => {
            1 + BRACKETS * [operand, low, high].into_iter().map(number::nesting).max().unwrap_or(0)
        }
        Expr::In(operand, _) | Expr::IsNull(operand) => 1 + BRACKETS * number::nesting(operand),
        _ => 0,
    }
}

/// The box that says all of a condition.
fn wanted_box(conjunct: &Expr) -> Option<WantedBox> {
    let z = match conjunct {
        Expr::Bbox { z, .. } => *z,
        Expr::Spatial { relation: Relation::Intersects, geometry, .. } => {
            return geometry.boxes().map(|rects| WantedBox { rects, z: geometry.heights });
        }
        _ => return None,
    };
    conjunct.reach().map(|rects| WantedBox { rects, z })
}

/// SQL that is true, false and null just where the condition is true, false and unknown; where `positive`, false and null
/// may stand for each other.
pub(super) fn exact(table: &Table, expr: &Expr, positive: bool) -> Option<Sql> {
    let all = |parts: &[Expr]| parts.iter().map(|part| exact(table, part, positive)).collect::<Option<Vec<_>>>();
    match expr {
        Expr::And(parts) if parts.is_empty() => Some(Sql::new("1", Vec::new())),
        Expr::Or(parts) if parts.is_empty() => Some(Sql::new("0", Vec::new())),
        Expr::And(parts) => Some(Sql::join(all(parts)?, " AND ")),
        Expr::Or(parts) => Some(Sql::join(all(parts)?, " OR ")),
        Expr::Not(part) => {
            let part = exact(table, part, false)?;
            Some(Sql::new(format!("NOT ({})", part.text), part.values))
        }
        Expr::IsUnknown(part) => {
            let part = exact(table, part, false)?;
            Some(Sql::new(format!("(({}) IS NULL)", part.text), part.values))
        }
        Expr::IsNull(Operand::Property(name)) => {
            Some(Sql::new(format!("{} IS NULL", table.stored(name)?.sql), Vec::new()))
        }
        Expr::Compare(Operand::Property(name), how, Operand::Literal(value)) => {
            compare(table, name, *how, value, positive)
        }
        Expr::Compare(Operand::Literal(value), how, Operand::Property(name)) => {
            compare(table, name, how.turned(), value, positive)
        }
        Expr::Compare(left, how, right) => number::compare(table, left, *how, right),
        Expr::IsNull(operand) => number::is_null(table, operand),
        Expr::Between(operand, low, high) => {
            let bound = |how, bound: &Operand| Expr::Compare(operand.clone(), how, bound.clone());
            let bounds = [bound(Comparison::GreaterOrEqual, low), bound(Comparison::LessOrEqual, high)];
            exact(table, &Expr::And(bounds.into()), positive)
        }
        Expr::In(Operand::Property(name), values) => equals_one(table, name, values, positive),
        Expr::In(operand, values) if values.len() <= MOST_CALCULATED => {
            let equal =
                |value: &Value| Expr::Compare(operand.clone(), Comparison::Equal, Operand::Literal(value.clone()));
            exact(table, &Expr::Or(values.iter().map(equal).collect()), positive)
        }
        // SQL's own LIKE and GLOB end at a zero byte, and read broken text in another way.
        Expr::Like { operand: Operand::Property(name), pattern } => {
            let text = Pattern::new(pattern).literal()?.to_owned();
            compare(table, name, Comparison::Equal, &Value::Text(text), positive)
        }
        Expr::Ids(ids) if table.key.is_rowid() => Some(integer_ids(&table.key.sql, ids)),
        // From whoever runs the server; a comment at its end must not swallow the bracket.
        Expr::Subset(text) => Some(Sql::new(format!("({text}\n)"), Vec::new())),
        Expr::Like { .. }
        | Expr::In(..)
        | Expr::NoGeometry(_)
        | Expr::Spatial { .. }
        | Expr::Geometries(..)
        | Expr::Temporal(..)
        | Expr::Array(..)
        | Expr::Ids(_)
        | Expr::Bbox { .. }
        | Expr::During(_) => None,
    }
}

/// `IN`, where each of the values can be compared by SQL, and in the same way.
fn equals_one(table: &Table, name: &str, values: &[Value], positive: bool) -> Option<Sql> {
    if values.is_empty() {
        return Some(Sql::new("0", Vec::new()));
    }
    let sides = values.iter().map(|value| side(table, name, Comparison::Equal, value)).collect::<Option<Vec<_>>>()?;
    let (comparable, left) = (sides[0].comparable.clone(), sides[0].left.clone());
    let bound = sides.into_iter().map(|side| side.bound);
    let test = if values.len() > BOUND_IDS { listed(&left, bound)? } else { among(&left, bound.collect()) };
    Some(tested(test, &comparable, positive))
}

/// A test of what is comparable; what is not has neither passed nor failed it.
fn tested(test: Sql, comparable: &str, positive: bool) -> Sql {
    let Sql { text, values } = test;
    if positive {
        // In this form an index on the column can be used.
        return Sql::new(format!("({text} AND {comparable})"), values);
    }
    Sql::new(format!("CASE WHEN {comparable} THEN {text} END"), values)
}

/// A comparison with a literal.
fn compare(table: &Table, name: &str, how: Comparison, value: &Value, positive: bool) -> Option<Sql> {
    let Side { comparable, left, bound } = side(table, name, how, value)?;
    let operator = how.sign();
    Some(tested(Sql::new(format!("{left} {operator} ?"), vec![bound]), &comparable, positive))
}

/// A column beside a value that it is compared with.
struct Side {
    /// What is true where the stored value can be compared: one of another type is neither equal nor unequal to it.
    comparable: String,
    left: String,
    bound: Bound,
}

fn side(table: &Table, name: &str, how: Comparison, value: &Value) -> Option<Side> {
    let Stored { sql: column, kind, makes_text } = table.stored(name)?;
    let is_equality = matches!(how, Comparison::Equal | Comparison::NotEqual);
    let (comparable, left, bound) = match (kind, value) {
        (FieldKind::Integer | FieldKind::Number, Value::Int(number))
            if number.unsigned_abs() < EXACT.unsigned_abs() =>
        {
            (format!("typeof({column}) IN ('integer', 'real')"), column.to_owned(), Bound::Integer(*number))
        }
        #[allow(clippy::cast_precision_loss)] // it is a power of two
        (FieldKind::Integer | FieldKind::Number, Value::Float(number)) if number.abs() < EXACT as f64 => {
            (format!("typeof({column}) IN ('integer', 'real')"), column.to_owned(), Bound::Real(*number))
        }
        (FieldKind::Boolean, Value::Bool(truth)) => (
            format!("typeof({column}) = 'integer' AND {column} IN (0, 1)"),
            column.to_owned(),
            Bound::Integer(i64::from(*truth)),
        ),
        // Text that is no UTF-8 is read with the replacement character, which SQL does not know of; and by what order
        // SQL sorts depends on the encoding of the file.
        (FieldKind::String | FieldKind::Json, Value::Text(text))
            if makes_text && is_equality && !text.contains('\u{fffd}') =>
        {
            (format!("typeof({column}) = 'text'"), format!("{column} COLLATE BINARY"), Bound::Text(text.clone()))
        }
        _ => return None,
    };
    Some(Side { comparable, left, bound })
}

pub(super) fn integer_ids(key: &str, ids: &[FeatureId]) -> Sql {
    let numbers = ids.iter().filter_map(|id| match id {
        FeatureId::Int(id) => Some(*id),
        FeatureId::Text(_) => None,
    });
    let numbers: Vec<i64> = numbers.collect();
    if numbers.len() <= BOUND_IDS {
        return among(key, numbers.into_iter().map(Bound::Integer).collect());
    }
    // SQLite has a limit on question marks.
    let list = serde_json::Value::from(numbers).to_string();
    Sql::new(format!("{key} IN (SELECT value FROM json_each(?))"), vec![Bound::Text(list)])
}

pub(super) fn text_ids(key: &str, ids: &[FeatureId]) -> Option<Sql> {
    if ids.len() > BOUND_IDS {
        return None;
    }
    let mut forms = Vec::new();
    for id in ids {
        match id {
            // Text that is not UTF-8 in the file is found by no text.
            FeatureId::Text(id) if id.contains('\u{fffd}') => return None,
            FeatureId::Text(id) => forms.extend(cells::stored_ids(id)),
            FeatureId::Int(_) => {}
        }
    }
    Some(among(key, forms))
}

/// A long list as one value, for it would be a long statement; `None` where JSON does not say the same to SQLite.
fn listed(left: &str, values: impl Iterator<Item = Bound>) -> Option<Sql> {
    let plain = |value| match value {
        Bound::Integer(number) => Some(serde_json::Value::from(number)),
        Bound::Text(text) if !text.contains('\0') => Some(serde_json::Value::from(text)),
        _ => None,
    };
    let list = serde_json::Value::Array(values.map(plain).collect::<Option<_>>()?).to_string();
    Some(Sql::new(format!("{left} IN (SELECT value FROM json_each(?))"), vec![Bound::Text(list)]))
}

fn among(key: &str, values: Vec<Bound>) -> Sql {
    if values.is_empty() {
        return Sql::new("0", Vec::new());
    }
    let mut marks = "?, ".repeat(values.len());
    marks.truncate(marks.len() - 2);
    Sql::new(format!("{key} IN ({marks})"), values)
}
