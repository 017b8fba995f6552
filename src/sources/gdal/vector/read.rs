//! Reads rows of a layer: as they lie, by a rectangle or condition that the driver knows how to follow, or one by one by
//! their numbers. Each row is tested before anything of it is copied into a batch.

use std::ffi::CString;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ogr::{self, Feature, OgrLayer};
use super::order::{self, Fault, Order, Way, finds_numbers};
use super::schema::Table;
use super::seek::{Side, Stretch};
use super::{back, cells, condition, driver, hits, sorted};
use crate::base::bbox::Rect;
use crate::expr::Expr;
use crate::expr::evaluate::Predicate;
use crate::model::batch::{Batch, Cell, Layout};
use crate::model::value::FeatureId;

/// The conditions of a plan.
#[derive(Debug, Default)]
pub(super) struct Filter {
    conjuncts: Vec<Expr>,
    /// What is tested here, and the cells that the test reads.
    test: Option<(Predicate, Layout)>,
    subsets: Vec<String>,
    ids: Option<Vec<FeatureId>>,
}

impl Filter {
    /// Divides conditions; the error is a name that the layer does not have.
    pub(super) fn new(table: &Table, conjuncts: &[Expr]) -> Result<Self, String> {
        let conjuncts: Vec<Expr> = conjuncts.iter().cloned().flat_map(Expr::conjuncts).collect();
        let tested: Vec<Expr> = conjuncts.iter().filter(|part| !matches!(part, Expr::Subset(_))).cloned().collect();
        let ids = conjuncts.iter().find_map(|part| match part {
            Expr::Ids(ids) => Some(ids.clone()),
            _ => None,
        });
        let mut filter = Self { ids, subsets: condition::subsets(&conjuncts), ..Self::default() };
        if !tested.is_empty() {
            let all = Expr::And(tested);
            let layout = Layout { geometry: all.reads_geometry(), fields: all.fields(&table.schema)? };
            filter.test = Some((Predicate::new(&all, &table.schema, &layout)?, layout));
        }
        filter.conjuncts = conjuncts;
        Ok(filter)
    }

    /// Whether every row passes.
    pub(super) fn is_empty(&self) -> bool {
        self.test.is_none() && self.subsets.is_empty()
    }

    /// What policies say in the language of the source.
    pub(super) fn subsets(&self) -> &[String] {
        &self.subsets
    }

    /// A rectangle that every row that passes meets; `None` where that may be anywhere.
    fn rectangle(&self, extent: Option<Rect>) -> Option<Rect> {
        let mut best: Option<Rect> = None;
        for rects in self.conjuncts.iter().filter_map(Expr::reach) {
            let near = |rect: &&Rect| extent.is_none_or(|extent| extent.intersects(rect));
            let mut around = Rect::EMPTY;
            for rect in rects.iter().filter(near) {
                around.include(rect.min_x, rect.min_y);
                around.include(rect.max_x, rect.max_y);
            }
            let area = |rect: &Rect| (rect.max_x - rect.min_x) * (rect.max_y - rect.min_y);
            if best.is_none_or(|best| around.is_empty() || area(&around) < area(&best)) {
                best = Some(around);
            }
        }
        best
    }
}

/// A row that passed: the feature, its place from 1 on where that is its id, and its geometry where it was read already.
pub(super) struct Passed<'a, 'f> {
    pub(super) feature: &'a mut Feature<'f>,
    pub(super) place: Option<u64>,
    wkb: &'a mut Vec<u8>,
    geometry: Option<bool>,
}

impl Passed<'_, '_> {
    /// Its geometry.
    pub(super) fn geometry(&mut self) -> Option<&[u8]> {
        let has = match self.geometry {
            Some(has) => has,
            None => self.feature.wkb(self.wkb),
        };
        self.geometry = Some(has);
        has.then_some(&**self.wkb)
    }

    /// Appends it to a batch.
    pub(super) fn push(&mut self, table: &Table, layout: &Layout, batch: &mut Batch) {
        cells::push_id(batch, self.feature, table.key.as_ref(), table.schema.key.1, self.place);
        if layout.geometry {
            match self.geometry() {
                Some(wkb) => batch.push_blob(wkb),
                None => batch.push(Cell::Null),
            }
        }
        for &field in &layout.fields {
            match table.columns.get(field) {
                Some(column) => cells::push(batch, self.feature, column),
                None => batch.push(Cell::Null),
            }
        }
    }
}

/// One way through a layer.
pub(super) struct Scan<'a> {
    pub(super) table: &'a Table,
    pub(super) filter: &'a Filter,
    pub(super) order: Option<&'a Order>,
    /// The cells that are wanted of each row.
    pub(super) layout: &'a Layout,
    pub(super) offset: u64,
    pub(super) limit: Option<u64>,
    pub(super) stretch: Option<&'a Stretch>,
    /// The last rows come first.
    pub(super) is_backwards: bool,
    /// Whether rows must come in the order of their ids; else they come as the driver finds them.
    pub(super) is_in_order: bool,
    pub(super) stop: &'a AtomicBool,
}

/// What the scan does with a row.
pub(super) type Visit<'v> = &'v mut dyn FnMut(Passed<'_, '_>) -> ControlFlow<()>;

impl<'a> Scan<'a> {
    /// Of every row that passes a filter.
    pub(super) fn of_all(table: &'a Table, filter: &'a Filter, layout: &'a Layout, stop: &'a AtomicBool) -> Self {
        let (order, limit, stretch) = (None, None, None);
        Self { table, filter, order, layout, offset: 0, limit, stretch, is_backwards: false, is_in_order: false, stop }
    }
}

impl Scan<'_> {
    /// Visits every row that passes, in the order of the ids.
    pub(super) fn run(&self, layer: &mut OgrLayer<'_>, visit: Visit<'_>) -> Result<(), Fault> {
        if self.limit == Some(0) {
            return Ok(());
        }
        self.set_ignored(layer);
        layer.set_condition(None);
        layer.set_rectangle(None);
        if self.is_backwards {
            return back::run(self, layer, visit);
        }
        let mut rows = Rows::new(self, visit);
        let way = self.order.map_or(&Way::Stored, |order| &order.way);
        let places = matches!(way, Way::Places).then_some(0);
        let mut is_scattered = self.table.has_index && self.table.schema.geometry.is_none();
        // What a policy says in the language of the source only the source can test: that is a way through all rows.
        if self.filter.subsets.is_empty() {
            let is_own = self.table.key.is_none();
            if let Some(ids) = &self.filter.ids
                && (!is_own || finds_numbers(layer, self.table))
                && let Some(numbers) = way.numbers_of(ids, is_own)
            {
                return rows.by_numbers(layer, numbers.into_iter(), true).map(drop);
            }
            if let Some(numbers) = way.numbers() {
                let skip = if self.filter.is_empty() { rows.take_skip() } else { 0 };
                let before = self.stretch.map_or(0, |stretch| way.before(stretch));
                return rows.by_numbers(layer, numbers.skip(before.saturating_add(skip)), false).map(drop);
            }
            let is_later = self.offset > 0 || self.stretch.is_some();
            if self.filter.is_empty() && is_later && self.jump(layer, &mut rows)?.is_break() {
                return Ok(());
            }
            // Whoever counts places must see all rows.
            if places.is_none() {
                match self.narrow(layer)? {
                    Narrowed::ToNumbers(numbers) => {
                        return rows.by_numbers(layer, numbers.into_iter(), false).map(drop);
                    }
                    Narrowed::ToNothing => return Ok(()),
                    Narrowed::ToSome => is_scattered = true,
                    Narrowed::Not => {}
                }
            }
        } else if places.is_some() {
            return Err(Fault::Unreadable("the subset of a policy cannot be told of rows without numbers".to_owned()));
        } else if way.numbers().is_some() {
            return self.by_subset(layer, way, &mut rows);
        } else if !self.set_subset(layer) {
            return Err(Fault::Unreadable(not_understood()));
        } else {
            is_scattered = true;
        }
        let is_known = self.table.driver.keeps_order || self.table.key.is_some() || places.is_some();
        if self.is_in_order && is_scattered && !is_known && finds_numbers(layer, self.table) {
            return sorted::run(self, layer, &mut rows);
        }
        rows.leaves_out = is_scattered;
        rows.as_stored(layer, places)
    }

    /// Rows that OGR's condition lets pass, in the order of ids that is not that of the file.
    fn by_subset(&self, layer: &mut OgrLayer<'_>, way: &Way, rows: &mut Rows<'_, '_>) -> Result<(), Fault> {
        if !self.set_subset(layer) {
            return Err(Fault::Unreadable(not_understood()));
        }
        layer.rewind();
        let mut passed = std::collections::HashSet::new();
        loop {
            ogr::forget_failure();
            let Some(feature) = layer.next() else { break };
            passed.insert(feature.id());
            if self.stop.load(Ordering::Relaxed) {
                return Err(Fault::Stopped);
            }
        }
        if let Some(failure) = ogr::failure() {
            return Err(Fault::Unreadable(failure));
        }
        order::check_end(layer, self.table, None, self.stop)?;
        layer.set_condition(None);
        let numbers = way.numbers().into_iter().flatten().filter(|number| passed.contains(number));
        rows.by_numbers(layer, numbers, false).map(drop)
    }

    fn set_subset(&self, layer: &mut OgrLayer<'_>) -> bool {
        let all: Vec<String> = self.filter.subsets.iter().map(|text| format!("({text})")).collect();
        CString::new(all.join(" AND ")).is_ok_and(|text| layer.set_condition(Some(&text)))
    }

    /// Has the driver leave out what it can.
    fn narrow(&self, layer: &mut OgrLayer<'_>) -> Result<Narrowed, Fault> {
        let mut narrowed = Narrowed::Not;
        let table = self.table;
        // Features without an index are counted as they come.
        let is_counted = order::told(layer, table.driver).is_some();
        let has_places = table.driver.finds_places && (!is_counted || finds_numbers(layer, table));
        if has_places && table.schema.geometry.is_some() {
            let extent = layer.extent();
            match self.filter.rectangle(extent) {
                Some(rect) if rect.is_empty() => return Ok(Narrowed::ToNothing),
                Some(rect) if extent.is_none_or(|extent| !rect.contains(&extent)) => {
                    if is_counted
                        && let Some(path) = &table.elsewhere
                        && let Some(mut numbers) = hits::numbers(path, &rect, self.stop)?
                    {
                        let stretch = self.stretch.filter(|_| table.key.is_none());
                        let first = stretch.and_then(Stretch::first).unwrap_or(i64::MIN);
                        let last = stretch.and_then(Stretch::last).unwrap_or(i64::MAX);
                        numbers.retain(|number| (first..=last).contains(number));
                        return Ok(Narrowed::ToNumbers(numbers));
                    }
                    layer.set_rectangle(Some(&rect));
                    narrowed = Narrowed::ToSome;
                }
                _ => {}
            }
        }
        if self.table.driver.finds_values
            && let Some(text) = condition::condition(self.table, &self.filter.conjuncts)
        {
            if layer.set_condition(Some(&text)) {
                narrowed = Narrowed::ToSome;
            } else {
                tracing::debug!(layer = self.table.name, ?text, "OGR does not take a condition");
                layer.set_condition(None);
            }
        }
        Ok(narrowed)
    }

    /// Goes to the first row of a page without reading those before it, where that is possible.
    fn jump(&self, layer: &mut OgrLayer<'_>, rows: &mut Rows<'_, '_>) -> Result<ControlFlow<()>, Fault> {
        let Some(Order { count, first: Some(first), .. }) = self.order else { return Ok(ControlFlow::Continue(())) };
        let (Ok(offset), Ok(count)) = (i64::try_from(self.offset), i64::try_from(*count)) else {
            return Ok(ControlFlow::Break(()));
        };
        let before = self.stretch.and_then(Stretch::first).map_or(0, |begin| begin.saturating_sub(*first).max(0));
        let offset = offset.saturating_add(before);
        if offset >= count {
            return Ok(ControlFlow::Break(()));
        }
        if layer.can(c"FastSetNextByIndex") {
            layer.rewind();
            if layer.go_to(offset) {
                rows.skip = 0;
                rows.is_placed = true;
            }
        } else if finds_numbers(layer, self.table) {
            rows.skip = 0;
            let _ = rows.by_numbers(layer, first + offset..first + count, false)?;
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Tells the numbers of all rows that pass, in the order in which the driver has them, and leaves the layer ready for rows to be
    /// looked up by their numbers.
    pub(super) fn numbers(&self, layer: &mut OgrLayer<'_>, mut told: impl FnMut(i64)) -> Result<(), Fault> {
        let layout = Layout { geometry: false, fields: Vec::new() };
        let all = Scan {
            order: None,
            layout: &layout,
            offset: 0,
            limit: None,
            stretch: None,
            is_backwards: false,
            is_in_order: false,
            ..*self
        };
        all.run(layer, &mut |row| {
            told(row.feature.id());
            ControlFlow::Continue(())
        })?;
        self.set_ignored(layer);
        layer.set_condition(None);
        layer.set_rectangle(None);
        Ok(())
    }

    /// Spares OGR the fields that nobody reads.
    pub(super) fn set_ignored(&self, layer: &mut OgrLayer<'_>) {
        if !self.filter.subsets.is_empty() {
            // A condition may read any field.
            return layer.ignore(&[]);
        }
        let mut wanted: Vec<usize> = self.layout.fields.clone();
        let mut geometry = self.layout.geometry;
        if let Some((_, test)) = &self.filter.test {
            wanted.extend(&test.fields);
            geometry |= test.geometry;
        }
        // With the geometry no index is read in place of the rows.
        geometry |= self.is_in_order && self.table.has_index;
        let columns = &self.table.columns;
        let needed: Vec<&str> = wanted
            .iter()
            .filter_map(|&field| columns.get(field))
            .chain(&self.table.key)
            .map(|column| column.name.as_str())
            .collect();
        let ignored = columns.iter().map(|column| column.name.as_str()).filter(|name| !needed.contains(name));
        let mut ignored: Vec<CString> = ignored.filter_map(|name| CString::new(name).ok()).collect();
        if !geometry {
            ignored.push(c"OGR_GEOMETRY".to_owned());
        }
        layer.ignore(&ignored);
    }
}

/// What a driver leaves out.
enum Narrowed {
    Not,
    ToSome,
    /// The numbers that an index names, each of which is there.
    ToNumbers(Vec<i64>),
    ToNothing,
}

fn not_understood() -> String {
    format!("OGR does not understand the subset of a policy: {}", ogr::failure().unwrap_or_default())
}

/// Rows on their way: tested, passed over, counted.
pub(super) struct Rows<'a, 'v> {
    scan: &'a Scan<'a>,
    visit: Visit<'v>,
    skip: u64,
    left: Option<u64>,
    scratch: Batch,
    /// The id of a row.
    id: Batch,
    wkb: Vec<u8>,
    /// The layer stands at the first row already.
    is_placed: bool,
    /// The driver leaves features out.
    leaves_out: bool,
}

impl<'a, 'v> Rows<'a, 'v> {
    pub(super) fn new(scan: &'a Scan<'a>, visit: Visit<'v>) -> Self {
        let (skip, left) = (scan.offset, scan.limit);
        Self {
            scan,
            visit,
            skip,
            left,
            scratch: Batch::default(),
            id: Batch::default(),
            wkb: Vec::new(),
            is_placed: false,
            leaves_out: false,
        }
    }

    /// The rows to be passed over, which the caller does.
    fn take_skip(&mut self) -> usize {
        usize::try_from(std::mem::take(&mut self.skip)).unwrap_or(usize::MAX)
    }

    pub(super) fn by_numbers(
        &mut self,
        layer: &mut OgrLayer<'_>,
        numbers: impl Iterator<Item = i64>,
        may_lack: bool,
    ) -> Result<ControlFlow<()>, Fault> {
        for number in numbers {
            ogr::forget_failure();
            let Some(mut feature) = layer.get(number) else {
                let failure = ogr::failure();
                let is_known = failure.as_ref().is_none_or(|failure| driver::is_absent(failure));
                if may_lack && is_known && !self.is_told(layer, number) {
                    continue;
                }
                return Err(Fault::Unreadable(failure.unwrap_or_else(|| format!("row {number} does not come"))));
            };
            self.is_sound()?;
            if self.row(&mut feature, None)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether the file says that it has a feature with this number.
    fn is_told(&self, layer: &mut OgrLayer<'_>, number: i64) -> bool {
        let driver = self.scan.table.driver;
        let count = order::told(layer, driver).and_then(|count| i64::try_from(count).ok());
        driver.first.zip(count).is_some_and(|(first, count)| (first..first.saturating_add(count)).contains(&number))
    }

    fn as_stored(&mut self, layer: &mut OgrLayer<'_>, mut place: Option<u64>) -> Result<(), Fault> {
        if !self.is_placed {
            layer.rewind();
        }
        let mut seen = 0;
        loop {
            ogr::forget_failure();
            let Some(mut feature) = layer.next() else {
                if let Some(failure) = ogr::failure() {
                    return Err(Fault::Unreadable(failure));
                }
                let seen = (!self.leaves_out && !self.is_placed).then_some(seen);
                return order::check_end(layer, self.scan.table, seen, self.scan.stop);
            };
            seen += 1;
            self.is_sound()?;
            place = place.map(|place| place + 1);
            if self.row(&mut feature, place)?.is_break() {
                return Ok(());
            }
        }
    }

    /// A feature may come without what could not be read of it, such as its geometry.
    fn is_sound(&self) -> Result<(), Fault> {
        self.scan.table.driver.damage().map_or(Ok(()), |damage| Err(Fault::Unreadable(damage)))
    }

    fn row(&mut self, feature: &mut Feature<'_>, place: Option<u64>) -> Result<ControlFlow<()>, Fault> {
        if self.scan.stop.load(Ordering::Relaxed) {
            return Err(Fault::Stopped);
        }
        if let Some(stretch) = self.scan.stretch {
            let table = self.scan.table;
            self.id.reset(1);
            cells::push_id(&mut self.id, feature, table.key.as_ref(), table.schema.key.1, place);
            match stretch.side(self.id.row(0)) {
                Side::Within => {}
                Side::Before if !self.scan.is_backwards => return Ok(ControlFlow::Continue(())),
                Side::Beyond if self.scan.is_backwards => return Ok(ControlFlow::Continue(())),
                Side::Before | Side::Beyond => return Ok(ControlFlow::Break(())),
            }
        }
        let mut passed = Passed { feature, place, wkb: &mut self.wkb, geometry: None };
        if let Some((predicate, layout)) = &self.scan.filter.test {
            self.scratch.reset(layout.width());
            passed.push(self.scan.table, layout, &mut self.scratch);
            if !predicate.test(self.scratch.row(0)) {
                return Ok(ControlFlow::Continue(()));
            }
        }
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(ControlFlow::Continue(()));
        }
        let flow = (self.visit)(passed);
        if let Some(left) = &mut self.left {
            *left -= 1;
            if *left == 0 {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(flow)
    }
}
