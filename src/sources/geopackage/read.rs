//! Reads the rows of a plan: one statement, or two where the first way through the table turns out to be the longer one.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::cells;
use super::filter::{Filter, WantedBox};
use super::milestones::Ways;
use super::nodes::Held;
use super::seek::{self, Order};
use super::spatial::{self, Route};
use super::sql::Sql;
use super::table::Table;
use crate::base::bbox::Rect;
use crate::data::plan::Plan;
use crate::data::rows::RowSender;
use crate::model::batch::{Batch, Layout};
use crate::model::geometry::{intersects, intersects_z};

mod hits;

/// What the reading of one row, or of all, comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// There may be more.
    Row,
    /// The page is full, or nobody reads any more.
    End,
    /// As many rows were visited as the route allows.
    Budget,
}

/// Which columns are selected, and where they stand.
pub(super) struct Selected {
    columns: Vec<String>,
    geometry: Option<usize>,
    fields: Vec<(usize, usize)>,
}

impl Selected {
    pub(super) fn new(table: &Table, layouts: &[&Layout], filter: &Filter) -> Self {
        let mut columns = vec![table.key.sql.clone()];
        let needs_geometry = !filter.boxes.is_empty() || layouts.iter().any(|layout| layout.geometry);
        let geometry = table.geometry.as_ref().filter(|_| needs_geometry).map(|column| {
            columns.push(column.clone());
            1
        });
        let mut fields: Vec<(usize, usize)> = Vec::new();
        for &field in layouts.iter().flat_map(|layout| &layout.fields) {
            if !fields.iter().any(|(other, _)| *other == field) {
                fields.push((field, columns.len()));
                columns.push(table.columns[field].clone());
            }
        }
        Self { columns, geometry, fields }
    }

    pub(super) fn list(&self) -> String {
        self.columns.join(", ")
    }

    /// Where the column of a field stands.
    fn place_of(&self, field: usize) -> Option<usize> {
        self.fields.iter().find(|(other, _)| *other == field).map(|(_, at)| *at)
    }

    fn places(&self, layout: &Layout) -> Vec<(usize, usize)> {
        let at = |field: &usize| self.fields.iter().find(|(other, _)| other == field).copied();
        layout.fields.iter().filter_map(at).collect()
    }

    pub(super) fn geometry<'a>(&self, row: &'a Row<'_>) -> rusqlite::Result<ValueRef<'a>> {
        self.geometry.map_or(Ok(ValueRef::Null), |at| row.get_ref(at))
    }
}

/// Tests rows before anything of them is copied.
pub(super) struct Tester<'a> {
    table: &'a Table,
    filter: &'a Filter,
    places: Vec<(usize, usize)>,
    scratch: Batch,
}

impl<'a> Tester<'a> {
    pub(super) fn new(table: &'a Table, filter: &'a Filter, selected: &Selected) -> Self {
        let places = filter.test.as_ref().map(|test| selected.places(&test.layout)).unwrap_or_default();
        Self { table, filter, places, scratch: Batch::default() }
    }

    pub(super) fn passes(&mut self, row: &Row<'_>, selected: &Selected) -> rusqlite::Result<bool> {
        if !self.filter.boxes.is_empty() {
            let geometry = selected.geometry(row)?;
            if !self.filter.boxes.iter().all(|wanted| meets(geometry, wanted)) {
                return Ok(false);
            }
        }
        let Some(test) = &self.filter.test else { return Ok(true) };
        self.scratch.reset(test.layout.width());
        cells::push_id(&mut self.scratch, self.table.key.kind, row.get_ref(0)?);
        if test.layout.geometry {
            cells::push_geometry(&mut self.scratch, selected.geometry(row)?);
        }
        for &(field, at) in &self.places {
            cells::push(&mut self.scratch, self.table.schema.fields[field].kind, row.get_ref(at)?);
        }
        Ok(test.predicate.test(self.scratch.row(0)))
    }
}

/// Whether a stored geometry meets a box, as the evaluator says; the header's envelope spares a look at most of those that
/// do not.
pub(super) fn meets(geometry: ValueRef<'_>, wanted: &WantedBox) -> bool {
    let Some(stored) = cells::geometry(geometry) else { return false };
    let near = |rect: &&Rect| stored.envelope.is_none_or(|envelope| envelope.intersects(rect));
    wanted.rects.iter().filter(near).any(|rect| intersects(stored.wkb, rect).unwrap_or(false))
        && wanted.z.is_none_or(|(low, high)| intersects_z(stored.wkb, low, high).unwrap_or(false))
}

/// A time in which a connection sees one state of the file.
pub(super) struct Moment<'a>(&'a Connection);

impl<'a> Moment<'a> {
    pub(super) fn begin(connection: &'a Connection) -> rusqlite::Result<Self> {
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self(connection))
    }
}

impl Drop for Moment<'_> {
    fn drop(&mut self) {
        // Nothing was written; an interrupted statement may have ended it already.
        let _ = self.0.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
    }
}

/// Reads what one plan asks for.
pub(super) struct Reader<'a> {
    connection: &'a Connection,
    table: &'a Table,
    plan: &'a Plan,
    filter: &'a Filter,
    sender: &'a RowSender,
    selected: Selected,
    places: Vec<(usize, usize)>,
    order: Order,
    /// Columns of the marks of a row, where some are wanted.
    marks: Vec<usize>,
    /// Between which places rows lie, as far as one statement tells.
    between: Vec<Sql>,
    /// The parts that follow one another after the place where reading begins; none where one statement reads all.
    parts: Vec<Sql>,
    tester: Tester<'a>,
    batch: Batch,
    /// Rows that SQL passes over, where it pages.
    offset: u64,
    /// Rows still to be passed over and to be given, where the loop counts them.
    skip: u64,
    left: Option<u64>,
    /// The rowid of the row that was visited last.
    last: Option<i64>,
    /// Rows that passed until now.
    passed: u64,
    /// Whether a blob was there that is no geometry.
    pub(super) has_bad_geometry: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        table: &'a Table,
        plan: &'a Plan,
        filter: &'a Filter,
        sender: &'a RowSender,
    ) -> Self {
        let sorted = Layout { geometry: false, fields: plan.sort().iter().filter_map(|step| step.field).collect() };
        let mut layouts = vec![&**plan.layout()];
        layouts.extend(filter.test.as_ref().map(|test| &test.layout));
        layouts.extend(plan.has_marks().then_some(&sorted));
        let selected = Selected::new(table, &layouts, filter);
        let order = Order::new(table, plan.sort(), plan.is_backwards());
        let (mut between, mut parts): (Vec<_>, _) =
            (plan.end().map(|edge| order.to(edge)).into_iter().collect(), Vec::new());
        if let Some(edge) = plan.begin() {
            parts = order.from(edge, plan.end());
            if parts.len() == 1 || !order.is_indexed {
                between.push(Sql::join(std::mem::take(&mut parts), " OR "));
            }
        }
        let marks = plan.sort().iter().map(|step| step.field).chain([None]);
        let marks = marks.map(|field| field.and_then(|field| selected.place_of(field)).unwrap_or(0));
        let counts = !filter.is_exact() || !parts.is_empty();
        let mut batch = sender.batch(plan.width());
        batch.reserve(plan.limit().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX));
        Self {
            connection,
            table,
            plan,
            filter,
            sender,
            places: selected.places(plan.layout()),
            marks: if plan.has_marks() { marks.collect() } else { Vec::new() },
            order,
            between,
            parts,
            tester: Tester::new(table, filter, &selected),
            selected,
            batch,
            offset: plan.offset(),
            skip: if counts { plan.offset() } else { 0 },
            left: plan.limit().filter(|_| counts),
            last: None,
            passed: 0,
            has_bad_geometry: false,
        }
    }

    /// Reads all and sends it.
    pub(super) fn run(&mut self, ways: &mut Ways) -> rusqlite::Result<()> {
        if self.plan.limit() == Some(0) {
            return Ok(());
        }
        let is_cut = !self.between.is_empty() || !self.parts.is_empty() || self.plan.is_backwards();
        let is_all = self.filter.is_exact() && self.filter.sql.is_empty() && !is_cut;
        if is_all
            && self.plan.sort().is_empty()
            && self.table.key.is_rowid()
            && let Some((number, rest)) = ways.towards(self.connection, self.table, self.offset, self.sender.stop())?
        {
            self.between.push(Sql::new(format!("{} >= ?", self.table.key.sql), vec![number.into()]));
            self.offset = rest;
        }
        let wanted = self.plan.limit().map(|limit| limit.saturating_add(self.plan.offset()));
        // In another order than that of the key, what is found first says nothing of what comes first.
        let wanted = wanted.filter(|_| self.plan.sort().is_empty());
        let (connection, table) = (self.connection, self.table);
        let rtree = table.rtree.as_ref().filter(|_| !self.filter.boxes.is_empty());
        let mut held = rtree.map(|rtree| Held::new(connection, rtree)).transpose()?;
        let held = held.as_mut().map(Held::root).transpose()?;
        let root = held.as_ref().map(|(root, _)| root);
        match spatial::route(connection, table, self.filter, root, wanted)? {
            Route::Nowhere => return Ok(()),
            Route::Hits(hits) => self.hits(hits)?,
            Route::Index(index) if self.plan.sort().is_empty() => {
                self.pass(Some(index), None)?;
            }
            Route::Index(index) => self.sorted(Some(index))?,
            Route::Scan { .. } if !self.plan.sort().is_empty() => self.sorted(None)?,
            // The numbers after the last are those of rows before it.
            Route::Scan { .. } if self.plan.is_backwards() => {
                self.pass(None, None)?;
            }
            Route::Scan { budget, ids } => {
                if self.pass(None, budget)? == Next::Budget
                    && let (Some(ids), Some(rowid)) = (ids, &self.table.key.rowid)
                {
                    self.go_on(&ids, rowid)?;
                }
            }
        }
        if !self.batch.is_empty() {
            self.sender.send_last(std::mem::take(&mut self.batch));
        }
        Ok(())
    }

    /// One statement, row by row.
    fn pass(&mut self, index: Option<Sql>, budget: Option<u64>) -> rusqlite::Result<Next> {
        if self.sender.stop().is_stopped() {
            return Ok(Next::End);
        }
        let query = self.query(&self.selected.list(), index, None);
        let mut statement = self.connection.prepare_cached(&query.text)?;
        let mut rows = statement.query(query.bound())?;
        let mut visited = 0;
        while let Some(row) = rows.next()? {
            if self.visit(row)? == Next::End {
                return Ok(Next::End);
            }
            visited += 1;
            if budget.is_some_and(|budget| visited >= budget) {
                if self.table.key.is_rowid() {
                    self.last = Some(row.get(0)?);
                }
                return Ok(Next::Budget);
            }
        }
        Ok(Next::Row)
    }

    /// The statements of a reading without a box, for tests to see what SQLite makes of them.
    #[cfg(test)]
    pub(super) fn statements(&self) -> Vec<Sql> {
        let rowid = self.table.key.rowid.clone().filter(|_| !self.plan.sort().is_empty());
        let columns = rowid.unwrap_or_else(|| self.selected.list());
        match &self.parts[..] {
            [] => vec![self.query(&columns, None, None)],
            parts => parts.iter().map(|part| self.query(&columns, None, Some(part))).collect(),
        }
    }

    /// A statement over the rows that SQL finds; it pages where it has the last word.
    fn query(&self, columns: &str, index: Option<Sql>, part: Option<&Sql>) -> Sql {
        let mut query = Sql::new(format!("SELECT {columns} FROM {}", self.filter.from(self.table)), Vec::new());
        let conditions = self.filter.sql.iter().chain(&self.between).chain(part).cloned();
        for (at, condition) in conditions.chain(index).enumerate() {
            query.add(if at == 0 { " WHERE " } else { " AND " });
            query.append(condition);
        }
        query.add(&format!(" ORDER BY {}", self.order.by()));
        if self.filter.is_exact() && (self.plan.limit().is_some() || self.plan.offset() > 0) {
            query.add(" LIMIT ? OFFSET ?");
            // Of several parts each may have all the rows, and those to be passed over are counted here.
            let (limit, offset) = match part {
                Some(_) => (self.left.map(|left| left.saturating_add(self.skip)), 0),
                None => (self.plan.limit(), self.offset),
            };
            // Minus one is no limit.
            query.values.push(limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX)).into());
            query.values.push(i64::try_from(offset).unwrap_or(i64::MAX).into());
        }
        query
    }

    /// In the plan's order: SQLite sorts the numbers of the rows alone, and each row is then read by its number.
    fn sorted(&mut self, index: Option<Sql>) -> rusqlite::Result<()> {
        let parts = std::mem::take(&mut self.parts);
        if parts.is_empty() {
            return self.sorted_part(index, None).map(|_| ());
        }
        for part in &parts {
            if self.sorted_part(index.clone(), Some(part))? == Next::End || self.sender.stop().is_stopped() {
                break;
            }
        }
        Ok(())
    }

    fn sorted_part(&mut self, index: Option<Sql>, part: Option<&Sql>) -> rusqlite::Result<Next> {
        let Some(rowid) = &self.table.key.rowid else {
            let query = self.query(&self.selected.list(), index, part);
            let mut statement = self.connection.prepare_cached(&query.text)?;
            let mut rows = statement.query(query.bound())?;
            while let Some(row) = rows.next()? {
                if self.visit(row)? == Next::End {
                    return Ok(Next::End);
                }
            }
            return Ok(Next::Row);
        };
        let query = self.query(rowid, index, part);
        let look = format!("SELECT {} FROM {} WHERE {rowid} = ?1", self.selected.list(), self.table.from);
        let (mut numbers, mut look) =
            (self.connection.prepare_cached(&query.text)?, self.connection.prepare_cached(&look)?);
        let mut numbers = numbers.query(query.bound())?;
        while let Some(number) = numbers.next()? {
            let mut rows = look.query([number.get::<_, i64>(0)?])?;
            if let Some(row) = rows.next()?
                && self.visit(row)? == Next::End
            {
                return Ok(Next::End);
            }
        }
        Ok(Next::Row)
    }

    fn visit(&mut self, row: &Row<'_>) -> rusqlite::Result<Next> {
        if !self.tester.passes(row, &self.selected)? {
            return Ok(Next::Row);
        }
        self.passed += 1;
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(Next::Row);
        }
        cells::push_id(&mut self.batch, self.table.key.kind, row.get_ref(0)?);
        if self.plan.layout().geometry {
            let value = self.selected.geometry(row)?;
            let is_good = match self.plan.detail() {
                None => cells::push_geometry(&mut self.batch, value),
                Some(least) => cells::push_simplified(&mut self.batch, value, least),
            };
            self.has_bad_geometry |= !is_good;
        }
        for &(field, at) in &self.places {
            cells::push(&mut self.batch, self.table.schema.fields[field].kind, row.get_ref(at)?);
        }
        for &at in &self.marks {
            seek::push_mark(&mut self.batch, row.get_ref(at)?);
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
            if *left == 0 {
                return Ok(Next::End);
            }
        }
        if self.batch.is_full() {
            let mut empty = self.sender.batch(self.plan.width());
            empty.reserve(usize::MAX);
            if !self.sender.send(std::mem::replace(&mut self.batch, empty)) {
                return Ok(Next::End);
            }
        }
        Ok(Next::Row)
    }
}
