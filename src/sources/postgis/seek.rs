//! Orders of rows in SQL, and where in them reading begins and ends.

use super::columns::{Column, Compared, Form};
use super::literal::{FIRST_DAY, LAST_DAY};
use super::sql::{Bound, Sql};
use super::table::Table;
use crate::data::plan::{Plan, Sort};
use crate::data::position::{Edge, Mark};
use crate::model::value::Value;

/// An order: the steps that were asked for, and the key. What has no value is last, backwards first.
pub(super) struct Order<'a> {
    steps: Vec<Step<'a>>,
    key: &'a Column,
    pub(super) is_backwards: bool,
}

struct Step<'a> {
    column: &'a Column,
    is_descending: bool,
    is_key: bool,
}

/// Rows that one statement reads, in their order.
pub(super) struct Part {
    /// What they meet, all of it.
    tests: Vec<Test>,
    /// What follows `ORDER BY`.
    pub(super) order: String,
}

/// A test of one column.
struct Test {
    text: String,
    value: Option<(Bound, &'static str)>,
}

/// Whether the places of rows in this order can be told.
pub(super) fn can(table: &Table, sort: &[Sort]) -> bool {
    let mut columns = sort.iter().map(|step| step.field.map_or(&table.key, |field| &table.columns[field]));
    columns.all(|column| column.form != Form::Bytes)
}

impl Column {
    /// Whether a row may have no value there, or one that is none.
    fn may_be_null(&self) -> bool {
        !self.is_filled || self.has_more_than_all()
    }

    /// Whether what is none may be greater than all that is one: without end, or not a number.
    fn has_more_than_all(&self) -> bool {
        matches!(self.form, Form::Date | Form::Timestamp) || self.form.has_nan()
    }

    /// The column as it is compared with a mark, and ordered by where it has a value.
    pub(super) fn compared_by(&self) -> String {
        let stored = self.stored();
        match (self.form, self.compared) {
            (_, Compared::Uuid) => stored,
            (form, _) if form.is_text() => format!("{stored}::text COLLATE \"C\""),
            (Form::Int8, Compared::Not) => format!("{stored}::int8"),
            _ => stored,
        }
    }

    /// What is selected to make a mark, and its form.
    pub(super) fn mark(&self) -> (String, Form) {
        match (self.form, self.compared) {
            // A float does not have all its digits.
            (_, Compared::Numeric) | (Form::Text | Form::Json, _) => (format!("{}::text", self.stored()), Form::Text),
            (form, _) => (self.select.clone(), form),
        }
    }

    /// Whether there is a value, or whether there is none.
    fn presence(&self, is_there: bool) -> String {
        let stored = self.stored();
        match (self.form, is_there) {
            // An index finds these.
            (Form::Date | Form::Timestamp, true) => format!("{stored} > '-infinity' AND {stored} < 'infinity'"),
            (form, true) if form.has_nan() => format!("{stored} < 'NaN'"),
            (_, true) => format!("{stored} IS NOT NULL"),
            (_, false) => self.absent.clone(),
        }
    }

    /// A mark as it is bound; none for what is no value of this column.
    fn bound(&self, mark: &Mark) -> Option<(Bound, &'static str)> {
        let Mark::Value(value) = mark else { return None };
        Some(match (self.form, self.compared, value) {
            (_, Compared::Numeric, Value::Text(text)) if is_number(text) => {
                (Bound::Text(text.clone()), "text::numeric")
            }
            (_, Compared::Uuid, Value::Text(text)) if is_uuid(text) => (Bound::Text(text.clone()), "text::uuid"),
            // PostgreSQL has no text with a zero in it.
            (Form::Text | Form::Json, _, Value::Text(text)) if !text.contains('\0') => {
                (Bound::Text(text.clone()), "text")
            }
            (_, _, Value::Float(number)) if number.is_nan() => return None,
            (Form::Int2 | Form::Int4 | Form::Int8, _, Value::Int(number)) => (Bound::Int(*number), "int8"),
            (Form::Float8, Compared::Float, Value::Float(number)) => (Bound::Float(*number), "float8"),
            #[allow(clippy::cast_possible_truncation)] // it was a short number before
            (Form::Float4, _, Value::Float(number)) => (Bound::Float(f64::from(*number as f32)), "float8"),
            (_, _, Value::Instant(at)) if at.day().is_none_or(|day| day.0 < FIRST_DAY) => return None,
            (Form::Bool, _, Value::Bool(truth)) => (Bound::Bool(*truth), "bool"),
            (Form::Date, _, Value::Date(day)) if (FIRST_DAY..=LAST_DAY).contains(&day.0) => {
                (Bound::Date(day.0), "date")
            }
            (Form::Timestamp, Compared::Timestamp, Value::Instant(at)) => (Bound::Instant(at.0), "timestamp"),
            (Form::Timestamp, _, Value::Instant(at)) => (Bound::Instant(at.0), "timestamptz"),
            _ => return None,
        })
    }
}

fn is_number(text: &str) -> bool {
    let is_written = text.len() <= 4096 && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    matches!(text, "Infinity" | "-Infinity") || (is_written && text.parse::<f64>().is_ok())
}

fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(
            |(at, byte)| {
                if hyphens.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
            },
        )
}

impl Step<'_> {
    /// The step within `ORDER BY`, where values may be missing.
    fn by(&self, is_backwards: bool) -> String {
        let direction = if self.is_descending == is_backwards { "ASC" } else { "DESC" };
        let nulls = match (self.is_key, is_backwards) {
            (true, _) => "",
            (false, true) => " NULLS FIRST",
            (false, false) => " NULLS LAST",
        };
        format!("{} {direction}{nulls}", self.column.sorted())
    }

    /// The same where none is missing: so an index is used, whichever way it has them.
    fn by_value(&self, is_backwards: bool) -> String {
        format!("{} {}", self.column.compared_by(), if self.is_descending == is_backwards { "ASC" } else { "DESC" })
    }
}

impl<'a> Order<'a> {
    pub(super) fn new(table: &'a Table, plan: &Plan) -> Self {
        let step = |step: &Sort| Step {
            column: step.field.map_or(&table.key, |field| &table.columns[field]),
            is_descending: step.descending,
            is_key: step.field.is_none(),
        };
        let mut steps: Vec<Step<'_>> = plan.sort().iter().map(step).collect();
        if steps.last().is_none_or(|last| !last.is_key) {
            steps.push(Step { column: &table.key, is_descending: false, is_key: true });
        }
        Self { steps, key: &table.key, is_backwards: plan.is_backwards() }
    }

    /// What is selected to make the marks of a row of an order of so many steps: those, and that of the key.
    pub(super) fn marks(&self, steps: usize) -> impl Iterator<Item = (String, Form)> {
        self.steps.iter().take(steps).map(|step| step.column.mark()).chain([self.key.mark()])
    }

    /// What follows `ORDER BY` from a step on.
    fn by_all(&self, from: usize, is_present: bool) -> String {
        let step = |(at, step): (usize, &Step<'_>)| {
            if at == from && is_present { step.by_value(self.is_backwards) } else { step.by(self.is_backwards) }
        };
        let all: Vec<_> = self.steps.iter().enumerate().skip(from).map(step).collect();
        // Where the last step has one value, there is one row.
        if all.is_empty() { "1".to_owned() } else { all.join(", ") }
    }

    /// The statements that read all rows beyond the place where reading begins, or all rows: parts that follow one another, where an index has the
    /// rows by the first step; else one, which finds them in a single scan.
    pub(super) fn parts(&self, plan: &Plan, begin: Option<&Edge>) -> Vec<Part> {
        let Some(first) = self.steps.first() else { return Vec::new() };
        let is_indexed = !first.is_key && first.column.is_indexed;
        let mut parts = match begin {
            Some(edge) if is_indexed => self.beyond(edge, self.is_backwards),
            None if is_indexed => self.presences(),
            Some(edge) if self.steps.len() == 1 => self.beyond(edge, self.is_backwards),
            _ => vec![Part { tests: Vec::new(), order: self.by_all(0, self.steps.len() == 1) }],
        };
        let end = plan.end().and_then(|edge| edge.position.0.first()).and_then(|mark| first.column.bound(mark));
        if end.is_some() && !self.is_backwards && parts.len() > 1 {
            // What has no value comes after an end that has one.
            let absent = first.column.presence(false);
            parts.retain(|part| part.tests.len() != 1 || part.tests.iter().any(|test| test.text != absent));
        }
        parts
    }

    /// Rows with a value in the first step, and those without.
    fn presences(&self) -> Vec<Part> {
        let part = |is_there: bool| Part {
            tests: self.steps.first().map(|step| Test::new(step.column.presence(is_there))).into_iter().collect(),
            order: if is_there { self.by_all(0, true) } else { self.by_all(1, false) },
        };
        let mut parts = vec![part(true)];
        if self.steps.first().is_some_and(|first| first.column.may_be_null()) {
            parts.push(part(false));
        }
        if self.is_backwards {
            parts.reverse();
        }
        parts
    }

    /// Appends what rows between two places meet, where the parts do not say it already.
    pub(super) fn write_range(&self, plan: &Plan, begin: Option<&Edge>, has_parts: bool, sql: &mut Sql) {
        if let Some(edge) = begin.filter(|_| !has_parts) {
            self.write_beyond(edge, self.is_backwards, sql);
        }
        if let Some(edge) = plan.end() {
            if begin.is_some() && !has_parts {
                sql.add(" AND ");
            }
            self.write_beyond(edge, !self.is_backwards, sql);
            // The same once more for the first step alone ends a walk through an index. Backwards what has no value is
            // before the end as well.
            if let (Some(first), Some(mark), false) = (self.steps.first(), edge.position.0.first(), self.is_backwards)
                && let Some(value) = first.column.bound(mark)
            {
                sql.add(" AND ");
                let how = if first.is_descending { ">=" } else { "<=" };
                Test { text: format!("{} {how} ", first.column.compared_by()), value: Some(value) }.write(sql);
            }
        }
    }

    fn write_beyond(&self, edge: &Edge, is_backwards: bool, sql: &mut Sql) {
        sql.add("(");
        for (at, part) in self.beyond(edge, is_backwards).iter().enumerate() {
            sql.add(if at == 0 { "(" } else { " OR (" });
            part.write(sql);
            sql.add(")");
        }
        sql.add(")");
    }

    fn beyond(&self, edge: &Edge, is_backwards: bool) -> Vec<Part> {
        let marks = &edge.position.0;
        let mut parts = Vec::new();
        for (at, (step, mark)) in self.steps.iter().zip(marks).enumerate().rev() {
            let same = || {
                let test = |(step, mark): (&Step<'_>, &Mark)| match step.column.bound(mark) {
                    Some(value) => Test { text: format!("{} = ", step.column.compared_by()), value: Some(value) },
                    None => Test::new(step.column.presence(false)),
                };
                self.steps.iter().zip(marks).take(at).map(test).collect::<Vec<_>>()
            };
            let mut part = |test: Test, order: String| {
                let mut tests = same();
                tests.push(test);
                parts.push(Part { tests, order });
            };
            let is_last = at + 1 == self.steps.len();
            match (step.column.bound(mark), is_backwards) {
                (Some(value), _) => {
                    let how = if step.is_descending == is_backwards { ">" } else { "<" };
                    let or_same = if is_last && edge.is_inclusive { "=" } else { "" };
                    let text = format!("{} {how}{or_same} ", step.column.compared_by());
                    part(Test { text, value: Some(value) }, self.by_all(at, true));
                    // What has no end or is no number is greater than all, and nothing.
                    if step.column.has_more_than_all()
                        && let Some(part) = parts.last_mut()
                    {
                        part.tests.push(Test::new(step.column.presence(true)));
                    }
                    if !is_backwards && !step.is_key && step.column.may_be_null() {
                        let mut tests = same();
                        tests.push(Test::new(step.column.presence(false)));
                        parts.push(Part { tests, order: self.by_all(at + 1, false) });
                    }
                }
                (None, true) => part(Test::new(step.column.presence(true)), self.by_all(at, true)),
                (None, false) => {}
            }
        }
        if parts.is_empty() {
            parts.push(Part { tests: vec![Test::new("false".to_owned())], order: self.by_all(0, false) });
        }
        parts
    }
}

impl Test {
    fn new(text: String) -> Self {
        Self { text, value: None }
    }

    fn write(&self, sql: &mut Sql) {
        sql.add(&self.text);
        if let Some((value, cast)) = &self.value {
            sql.bind(value.clone(), cast);
        }
    }
}

impl Part {
    /// Whether it is about all rows.
    pub(super) fn is_all(&self) -> bool {
        self.tests.is_empty()
    }

    /// Appends what its rows meet.
    pub(super) fn write(&self, sql: &mut Sql) {
        for (at, test) in self.tests.iter().enumerate() {
            if at > 0 {
                sql.add(" AND ");
            }
            test.write(sql);
        }
    }
}
