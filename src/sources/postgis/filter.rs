//! Which conditions the database tests, and which the loop that reads its rows. The database has the last word only where
//! it is certain to agree with the evaluator.

use super::columns::{Column, Compared, Form};
use super::literal::{FIRST_DAY, bound, is_uuid, surely_within};
use super::number::Calculated;
use super::sql::{Bound, Sql};
use super::table::Table;
use crate::base::datetime::{Instant, Interval};
use crate::expr::evaluate::Test;
use crate::expr::like::{Pattern, canonical};
use crate::expr::temporal::{Time, as_comparisons};
use crate::expr::{Comparison, Expr, Operand, Relation};
use crate::model::schema::KeyKind;
use crate::model::value::{FeatureId, Value};

/// The conditions of a plan, by who tests them.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// What the database tests, as what follows `WHERE`; empty where it tests nothing.
    pub(super) sql: Sql,
    /// What the loop tests.
    pub(super) test: Option<Test>,
    /// The area of a box that is likely to have few rows; its sides are not told to the planner.
    pub(super) sparse: Option<f64>,
    /// Whether geometries without end are nothing to the loop.
    pub(super) only_finds: bool,
}

/// Whether all names of a condition are the table's; what takes long is not for the threads that wait for the database.
pub(super) fn takes(table: &Table, conjunct: &Expr) -> bool {
    !conjunct.is_dear()
        && conjunct.fields(&table.schema).is_ok()
        && (table.geometry.is_some() || !conjunct.reads_geometry())
}

impl Filter {
    /// Divides conditions; the error is a name that the table does not have. Where no geometry may be beyond ±180, boxes
    /// that stand a turn further are left out; geometries are only found by their boxes where PostGIS cannot test them all.
    pub(super) fn new(
        table: &Table,
        conjuncts: &[Expr],
        may_be_beyond: bool,
        only_finds: bool,
        sparse: Option<f64>,
    ) -> Result<Self, String> {
        let mut sql = Sql::default();
        let mut rest = Vec::new();
        let is_taken = |sql: &Sql, from: (usize, usize), conjunct: &Expr| {
            // What nobody but SQL can test must have room.
            let has_room = sql.text.len() <= MOST_BYTES && sql.values.len() <= MOST_VALUES;
            let is_told = sql.values[from.1..].iter().all(|value| table.letters.takes(value));
            (has_room && is_told) || conjunct.has_subset()
        };
        for conjunct in conjuncts.iter().cloned().flat_map(|conjunct| conjunct.plain().conjuncts()) {
            let before = sql.mark();
            if !sql.text.is_empty() {
                sql.add(" AND ");
            }
            let mark = sql.mark();
            let hides_boxes = sparse.is_some();
            let mut writer = Writer { table, out: &mut sql, may_be_beyond, only_finds, hides_boxes };
            if writer.exact(&conjunct, true).is_none() || !is_taken(writer.out, mark, &conjunct) {
                writer.out.undo(mark);
                // The mark stands behind the word that joins.
                if writer.superset(&conjunct).is_none() || !is_taken(writer.out, mark, &conjunct) {
                    writer.out.undo(before);
                }
                rest.push(conjunct);
            }
        }
        let test = Test::all(rest, &table.schema)?;
        Ok(Self { only_finds, sparse: sparse.filter(|_| test.is_none()), sql, test })
    }
}

/// How long all conditions may be, and how many values they may bind (of 65,535): the loop tests what goes beyond.
const MOST_BYTES: usize = 1_000_000;
const MOST_VALUES: usize = 20_000;
/// Most values with which what is made of columns is compared, one by one.
const MOST_MADE: usize = 20;

/// Whether PostgreSQL reads a pattern as the evaluator does.
fn is_told(pattern: &str) -> bool {
    // A stray backslash means itself to the evaluator, and an error or nothing to PostgreSQL.
    !pattern.contains('\0') && canonical(pattern) == pattern
}

/// A whole number of 64 bits beside a float, exactly: PostgreSQL would compare them as floats. Below 2^53 it may; from there on
/// a float is a whole number, or beyond all of them.
fn long_beside_float(long: &str, how: Comparison, float: &str) -> String {
    let sign = how.sign();
    format!(
        "CASE WHEN abs({float}) < 9007199254740992::float8 THEN {long}::float8 {sign} {float} \
         WHEN {float} >= 9223372036854775808::float8 THEN {long}::float8 {sign} 'Infinity'::float8 \
         WHEN {float} < -9223372036854775808::float8 THEN {long}::float8 {sign} '-Infinity'::float8 \
         ELSE {long} {sign} ({float})::int8 END"
    )
}

/// Writes conditions. What returns nothing may have written a part, which the caller takes back.
pub(super) struct Writer<'a> {
    pub(super) table: &'a Table,
    pub(super) out: &'a mut Sql,
    pub(super) may_be_beyond: bool,
    /// Whether PostGIS tests no geometry.
    pub(super) only_finds: bool,
    /// Whether the planner shall not see which box it is, so that a plan serves all.
    pub(super) hides_boxes: bool,
}

impl Writer<'_> {
    /// SQL that is true, false and null just where the condition is true, false and unknown; where `positive`, false and
    /// null may stand for each other.
    pub(super) fn exact(&mut self, expr: &Expr, positive: bool) -> Option<()> {
        match expr {
            Expr::And(parts) => self.joined(parts, " AND ", "true", positive),
            Expr::Or(parts) => self.joined(parts, " OR ", "false", positive),
            Expr::Not(part) => {
                self.out.add("NOT (");
                self.exact(part, false)?;
                self.out.add(")");
                Some(())
            }
            Expr::IsUnknown(part) => {
                self.out.add("((");
                self.exact(part, false)?;
                self.out.add(") IS NULL)");
                Some(())
            }
            Expr::IsNull(Operand::Property(name)) => {
                let absent = self.column(name)?.absent.clone();
                self.out.add(&absent);
                Some(())
            }
            Expr::NoGeometry(_) => {
                let column = self.table.geometry.as_ref()?.column.clone();
                self.out.add(&format!("{column} IS NULL"));
                Some(())
            }
            Expr::Compare(Operand::Property(name), how, Operand::Literal(value)) => {
                self.compare(name, *how, value, positive)
            }
            Expr::Compare(Operand::Literal(value), how, Operand::Property(name)) => {
                self.compare(name, how.turned(), value, positive)
            }
            Expr::Compare(Operand::Property(left), how, Operand::Property(right)) => {
                self.two(left, *how, right, positive)
            }
            Expr::Compare(left, how, right) => self.made(left, *how, right),
            Expr::Temporal(left, relation, right) => {
                let is_of = |time: &Time, wanted: Compared| matches!(time, Time::At(Operand::Property(name)) if self.column(name).is_some_and(|it| it.compared == wanted));
                let is_day = is_of(left, Compared::Date) || is_of(right, Compared::Date);
                self.exact(&as_comparisons(left, *relation, right, is_day)?, positive)
            }
            Expr::Between(operand, low, high) => {
                let bound = |how, bound: &Operand| Expr::Compare(operand.clone(), how, bound.clone());
                let bounds = [bound(Comparison::GreaterOrEqual, low), bound(Comparison::LessOrEqual, high)];
                self.joined(&bounds, " AND ", "true", positive)
            }
            Expr::In(Operand::Property(name), values) => self.among(name, values, positive),
            Expr::In(operand, values) if values.len() <= MOST_MADE => {
                let equal =
                    |value: &Value| Expr::Compare(operand.clone(), Comparison::Equal, Operand::Literal(value.clone()));
                self.exact(&Expr::Or(values.iter().map(equal).collect()), positive)
            }
            Expr::IsNull(operand) => {
                let test = match self.words(operand) {
                    Some(text) => format!("({text}) IS NULL"),
                    None => self.has_no_number(operand).filter(|made| made.guard.is_none())?.text,
                };
                self.out.add(&format!("({test})"));
                Some(())
            }
            Expr::Like { operand: Operand::Property(name), pattern } => self.like(name, pattern, positive),
            Expr::Like { operand, pattern } if is_told(pattern) => {
                let text = self.words(operand)?;
                self.out.add(&format!("{text} LIKE "));
                self.out.bind(Bound::Text(pattern.clone()), "text");
                Some(())
            }
            Expr::Ids(ids) => {
                self.ids(ids);
                Some(())
            }
            Expr::During(interval) => self.during(interval),
            Expr::Bbox { rects, z: None, .. } => {
                if !positive {
                    self.out.add("coalesce(");
                }
                self.meets(rects, positive)?;
                if !positive {
                    self.out.add(", false)");
                }
                Some(())
            }
            // Unknown, not false, where there is no geometry: as the function has it.
            Expr::Spatial { relation: Relation::Intersects, geometry, .. } if geometry.heights.is_none() => {
                self.meets(&geometry.boxes()?, positive)
            }
            Expr::Geometries(_, relation, _) => self.beside_itself(*relation),
            // From whoever runs the server; a comment at its end must not swallow the bracket.
            Expr::Subset(text) => {
                self.out.add(&format!("({text}\n)"));
                Some(())
            }
            _ => None,
        }
    }

    fn joined(&mut self, parts: &[Expr], word: &str, none: &str, positive: bool) -> Option<()> {
        if parts.is_empty() {
            self.out.add(none);
            return Some(());
        }
        for (at, part) in parts.iter().enumerate() {
            self.out.add(if at == 0 { "(" } else { word });
            self.exact(part, positive)?;
        }
        self.out.add(")");
        Some(())
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        match self.table.schema.position(name) {
            Some(field) => Some(&self.table.columns[field]),
            None => (self.table.schema.key.0 == name).then_some(&self.table.key),
        }
    }

    /// A comparison with a literal; null where the two cannot be compared.
    fn compare(&mut self, name: &str, how: Comparison, value: &Value, positive: bool) -> Option<()> {
        let column = self.column(name)?;
        let (stored, compared) = (column.stored(), column.compared);
        let (bound, cast) = bound(compared, value)?;
        let operator = how.sign();
        let is_equality = matches!(how, Comparison::Equal | Comparison::NotEqual);
        let left = match compared {
            Compared::Text { plain: true } if is_equality => stored.clone(),
            Compared::Text { .. } => format!("{stored}::text COLLATE \"C\""),
            Compared::Uuid if !is_equality => return None,
            _ => column.float.clone().unwrap_or_else(|| stored.clone()),
        };
        let (has_order, is_indexed) = (column.has_order(), column.is_indexed);
        let near = match bound {
            _ if !positive => None,
            // The index that has texts by their bytes may be the only one.
            Bound::Text(_)
                if how == Comparison::Equal && is_indexed && compared == (Compared::Text { plain: true }) =>
            {
                let bytes = format!("{stored}::text COLLATE \"C\" = ");
                Some(bytes + &self.bound(bound.clone(), cast))
            }
            Bound::Float(number) => surely_within(compared, &stored, how, number),
            _ => None,
        };
        if let Some(near) = near {
            self.out.add(&format!("({near} AND {left} {operator} "));
            self.out.bind(bound, cast);
            let has_order = has_order.map(|has_order| format!(" AND {has_order}"));
            self.out.add(&(has_order.unwrap_or_default() + ")"));
            return Some(());
        }
        // An index is of no use within CASE, so it stands there only where false and unknown must be told apart.
        match &has_order {
            Some(has_order) if !positive => self.out.add(&format!("CASE WHEN {has_order} THEN ")),
            _ => self.out.add("("),
        }
        self.out.add(&format!("{left} {operator} "));
        self.out.bind(bound, cast);
        match has_order {
            Some(_) if !positive => self.out.add(" END"),
            Some(has_order) => self.out.add(&format!(" AND {has_order})")),
            None => self.out.add(")"),
        }
        Some(())
    }

    /// A comparison of two columns.
    fn two(&mut self, left: &str, how: Comparison, right: &str, positive: bool) -> Option<()> {
        let is_equality = matches!(how, Comparison::Equal | Comparison::NotEqual);
        let (left, right) = (self.column(left)?, self.column(right)?);
        let is_day = |column: &Column| column.compared == Compared::Date;
        let has_zone = |column: &Column| column.compared == Compared::TimestampTz;
        let is_mixed = left.compared != right.compared;
        let side = |column: &Column| match column.compared {
            Compared::Text { .. } | Compared::Uuid => format!("{}::text COLLATE \"C\"", column.stored()),
            // A day beside an instant is its first one, in UTC.
            Compared::TimestampTz if is_mixed => format!("({} AT TIME ZONE 'UTC')", column.stored()),
            _ => column.float.clone().unwrap_or_else(|| column.stored()),
        };
        let is_text = |column: &Column| matches!(column.compared, Compared::Text { .. } | Compared::Uuid);
        let is_number = |column: &Column| column.compared == Compared::Integer || column.float.is_some();
        let is_time = |column: &Column| is_day(column) || has_zone(column) || column.compared == Compared::Timestamp;
        let is_truth = |column: &Column| column.compared == Compared::Bool && is_equality;
        let both = |is: &dyn Fn(&Column) -> bool| is(left) && is(right);
        if !(both(&is_text) || both(&is_number) || both(&is_time) || both(&is_truth)) {
            return None;
        }
        let guards: Vec<String> = [left, right].into_iter().filter_map(Column::has_order).collect();
        let is_long = |column: &Column| column.form == Form::Int8;
        let test = match (left.compared, right.compared) {
            (Compared::Integer, other) if other != Compared::Integer && is_long(left) => {
                long_beside_float(&left.stored(), how, &side(right))
            }
            (other, Compared::Integer) if other != Compared::Integer && is_long(right) => {
                long_beside_float(&right.stored(), how.turned(), &side(left))
            }
            _ => format!("{} {} {}", side(left), how.sign(), side(right)),
        };
        let test = match &guards[..] {
            [] => format!("({test})"),
            all if positive => format!("({test} AND {})", all.join(" AND ")),
            all => format!("CASE WHEN {} THEN {test} END", all.join(" AND ")),
        };
        self.out.add(&test);
        Some(())
    }

    /// A comparison of what is made of columns.
    fn made(&mut self, left: &Operand, how: Comparison, right: &Operand) -> Option<()> {
        let mark = self.out.mark();
        if let Some(Calculated { text, guard: None }) = self.calculated(left, how, right) {
            self.out.add(&format!("({text})"));
            return Some(());
        }
        self.out.undo(mark);
        if self.compared_words(left, how, right).is_some() {
            return Some(());
        }
        self.out.undo(mark);
        match (left, right) {
            (Operand::Literal(Value::Text(text)), other) | (other, Operand::Literal(Value::Text(text))) => {
                self.same_letters(other, how, text)
            }
            _ => None,
        }
    }

    fn among(&mut self, name: &str, values: &[Value], positive: bool) -> Option<()> {
        if values.is_empty() {
            self.out.add("false");
            return Some(());
        }
        let column = self.column(name)?;
        let (stored, compared) = (column.stored(), column.compared);
        let bounds = values.iter().map(|value| bound(compared, value)).collect::<Option<Vec<_>>>()?;
        let cast = bounds.first().map(|(_, cast)| *cast)?;
        if bounds.iter().any(|(_, other)| *other != cast) {
            // Some are whole numbers and some are not.
            let few = values.len() <= MOST_MADE;
            let equal = |value: &Value| Expr::equals(name, value.clone());
            return if few { self.exact(&Expr::Or(values.iter().map(equal).collect()), positive) } else { None };
        }
        let left = match compared {
            Compared::Text { plain: false } => format!("{stored}::text COLLATE \"C\""),
            _ => column.float.clone().unwrap_or_else(|| stored.clone()),
        };
        let has_order = column.has_order().filter(|_| !positive);
        if let Some(has_order) = &has_order {
            self.out.add(&format!("CASE WHEN {has_order} THEN "));
        }
        self.out.add(&format!("{left} = ANY ("));
        let array = match cast {
            "text::uuid" => "text[]::uuid[]".to_owned(),
            cast => format!("{cast}[]"),
        };
        self.out.bind(Bound::Many(bounds.into_iter().map(|(bound, _)| bound).collect()), &array);
        self.out.add(if has_order.is_some() { ") END" } else { ")" });
        Some(())
    }

    fn like(&mut self, name: &str, pattern: &str, positive: bool) -> Option<()> {
        if let Some(text) = Pattern::new(pattern).literal() {
            let text = Value::Text(text.to_owned());
            return self.compare(name, Comparison::Equal, &text, positive);
        }
        let column = self.column(name)?;
        if !matches!(column.compared, Compared::Text { .. }) || !is_told(pattern) {
            return None;
        }
        // Of indexes only that of the same collation is used.
        let left = match column.compared {
            Compared::Text { plain: true } if !column.is_indexed => column.stored(),
            _ => format!("{}::text COLLATE \"C\"", column.stored()),
        };
        self.out.add(&format!("{left} LIKE "));
        self.out.bind(Bound::Text(pattern.to_owned()), "text");
        Some(())
    }

    fn ids(&mut self, ids: &[FeatureId]) {
        let key = &self.table.key;
        let stored = key.stored();
        if self.table.schema.key.1 == KeyKind::Integer {
            let numbers = ids.iter().filter_map(|id| match id {
                FeatureId::Int(number) => Some(Bound::Int(*number)),
                FeatureId::Text(_) => None,
            });
            let numbers = numbers.collect();
            self.out.add(&format!("{stored} = ANY ("));
            self.out.bind(Bound::Many(numbers), "int8[]");
        } else {
            let letters = self.table.letters;
            let texts = ids.iter().filter_map(|id| match id {
                FeatureId::Text(text) if !text.contains('\0') && !letters.lacks(text) => {
                    Some(Bound::Text(text.clone()))
                }
                _ => None,
            });
            match key.compared {
                Compared::Uuid => {
                    // Only the form in which ids are written is an id; any other text would be an error of the cast.
                    let texts = texts.filter(|text| matches!(text, Bound::Text(text) if is_uuid(text))).collect();
                    self.out.add(&format!("{stored} = ANY ("));
                    self.out.bind(Bound::Many(texts), "text[]");
                    self.out.add("::uuid[]");
                }
                Compared::Text { plain: true } => {
                    self.out.add(&format!("{stored} = ANY ("));
                    self.out.bind(Bound::Many(texts.collect()), "text[]");
                }
                _ => {
                    self.out.add(&format!("{stored}::text COLLATE \"C\" = ANY ("));
                    self.out.bind(Bound::Many(texts.collect()), "text[]");
                }
            }
        }
        self.out.add(")");
    }

    /// Features without a time pass, and so do those whose end is missing, on that side.
    fn during(&mut self, interval: &Interval) -> Option<()> {
        let Some(time) = self.table.schema.time else {
            self.out.add("true");
            return Some(());
        };
        let (start, end) = (time.start, time.end.unwrap_or(time.start));
        // Whoever lasts for an instant, or a day, is found by an index at once.
        let sides = match (interval.end, interval.start) {
            (None, None) => Vec::new(),
            (until, from) if start == end => vec![(start, until, from)],
            (until, from) => vec![(start, until, None), (end, None, from)],
        };
        self.out.add("(true");
        for (field, until, from) in sides.into_iter().filter(|(_, until, from)| until.is_some() || from.is_some()) {
            let column = &self.table.columns[field];
            let stored = column.stored();
            let bound = |at: Instant| {
                let day = at.day().filter(|day| day.0 >= FIRST_DAY)?;
                Some(match column.compared {
                    Compared::Timestamp => (Bound::Instant(at.0), "timestamp"),
                    Compared::TimestampTz => (Bound::Instant(at.0), "timestamptz"),
                    // A day lasts until the next begins.
                    Compared::Date => (Bound::Date(day.0), "date"),
                    _ => return None,
                })
            };
            let ends = [(until, " <= "), (from, " >= ")];
            let ends = ends.into_iter().filter_map(|(at, sign)| Some((bound(at?), sign)));
            let ends = ends.map(|(bound, sign)| Some((bound?, sign))).collect::<Option<Vec<_>>>()?;
            self.out.add(&format!(" AND ({stored} = 'infinity' OR {stored} = '-infinity'"));
            if !column.is_filled {
                self.out.add(&format!(" OR {stored} IS NULL"));
            }
            for (at, ((value, cast), sign)) in ends.into_iter().enumerate() {
                self.out.add(if at == 0 { " OR (" } else { " AND " });
                self.out.add(&stored);
                self.out.add(sign);
                self.out.bind(value, cast);
            }
            self.out.add("))");
        }
        self.out.add(")");
        Some(())
    }

    /// A geometry beside itself: by whether there is one, and it is empty.
    fn beside_itself(&mut self, relation: Relation) -> Option<()> {
        let column = self.table.geometry.as_ref()?.column.clone();
        let always = |truth| format!("CASE WHEN {column} IS NOT NULL THEN {truth} END");
        let test = match relation {
            Relation::Intersects | Relation::Within | Relation::Contains => format!("(NOT ST_IsEmpty({column}))"),
            Relation::Disjoint => format!("ST_IsEmpty({column})"),
            Relation::Equals => always(true),
            Relation::Touches | Relation::Crosses | Relation::Overlaps => always(false),
            Relation::DWithin | Relation::Beyond => return None,
        };
        self.out.add(&test);
        Some(())
    }
}
