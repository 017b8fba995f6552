//! The gate: the one door to rows. It joins the client's filter with the policies, tells the source what it takes, tests
//! the rest itself, and lets nothing out that is hidden. Sources are locked ([`Locked`]); only a [`View`] opens them, so
//! no handler can forget a policy.

use std::sync::Arc;
use std::time::Duration;

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::base::datetime::Instant;
use crate::error::{Error, Kind, Result};
use crate::expr::evaluate::{Predicate, instant};
use crate::expr::{Expr, GeometryLiteral};
use crate::model::batch::{Batch, Layout};
use crate::model::geometry::envelope;
use crate::model::schema::{Schema, TimeFields};

use super::coarse;
use super::extent::Extent;
use super::measure::Measured;
use super::plan::Plan;
use super::query::Query;
use super::rows::Rows;
use super::source::{FeatureSource, Pending};
use super::transform;

/// How long an answer waits for a number that must be measured.
pub const COUNT_BUDGET: Duration = Duration::from_millis(300);

/// A source that nobody reads but through a [`View`], with what was measured of it.
#[derive(Clone)]
pub struct Locked(Arc<Room>);

struct Room {
    source: Arc<dyn FeatureSource>,
    counts: Measured<String, u64>,
    extents: Measured<String, Extent>,
}

/// The part of a layer's schema that is shown.
pub struct Visible {
    /// The source's schema without what is hidden.
    schema: Arc<Schema>,
    /// The source's field for each field of that schema.
    fields: Vec<usize>,
}

/// What one request may see of a layer.
#[derive(Clone)]
pub struct View {
    room: Arc<Room>,
    visible: Arc<Visible>,
    /// Conditions of the policies, in the source's names; they may read hidden fields.
    policies: Vec<Expr>,
}

impl Locked {
    /// Locks a source.
    pub fn new(source: Arc<dyn FeatureSource>) -> Self {
        Self(Arc::new(Room { source, counts: Measured::default(), extents: Measured::default() }))
    }

    /// The part of the schema with only these properties; all where `None`.
    pub fn visible(&self, properties: Option<&[String]>) -> Arc<Visible> {
        let full = self.0.source.schema();
        let shown = |name: &str| properties.is_none_or(|names| names.iter().any(|other| other == name));
        let fields: Vec<usize> = (0..full.fields.len()).filter(|&field| shown(&full.fields[field].name)).collect();
        let schema = if fields.len() == full.fields.len() {
            full.clone()
        } else {
            let seen = |field: usize| fields.iter().position(|&other| other == field);
            let time = full.time.and_then(|time| {
                let end = time.end.map(seen);
                (end != Some(None)).then_some(TimeFields { start: seen(time.start)?, end: end.flatten() })
            });
            let kept = fields.iter().map(|&field| full.fields[field].clone()).collect();
            Arc::new(Schema { fields: kept, key: full.key.clone(), geometry: full.geometry.clone(), time })
        };
        Arc::new(Visible { schema, fields })
    }

    /// Opens a view on which only what is visible exists, and only rows that pass every policy.
    pub(crate) fn open(&self, visible: Arc<Visible>, policies: Vec<Expr>) -> View {
        View { room: self.0.clone(), visible, policies }
    }

    /// A view for a test.
    #[cfg(test)]
    pub(crate) fn view(&self, properties: Option<&[String]>, policies: Vec<Expr>) -> View {
        self.open(self.visible(properties), policies)
    }

    /// The source's schema, with what is hidden: for the guard.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        self.0.source.schema()
    }

    /// The names of all properties, hidden ones too: to check a project file.
    pub fn property_names(&self) -> Vec<String> {
        self.0.source.schema().fields.iter().map(|field| field.name.clone()).collect()
    }
}

impl View {
    /// The schema of what is visible.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.visible.schema
    }

    /// A number that changes whenever the rows may have changed.
    pub fn state(&self) -> u64 {
        self.room.source.state()
    }

    /// Starts to read. Geometries come in CRS84, rows in ascending order of the key.
    pub fn features(&self, query: &Query) -> Result<Features> {
        let split = self.split(query, true)?;
        let pushes_page = split.rest.is_empty() && self.room.source.pages();
        let (offset, limit) =
            if pushes_page { (query.offset, query.limit.map(|limit| limit.saturating_add(1))) } else { (0, None) };
        let plan = Plan::new(split.pushed, split.layout.clone(), offset, limit);
        let test = Predicate::new(&Expr::And(split.rest), self.room.source.schema(), &split.layout).map_err(unknown)?;
        Ok(Features {
            rows: self.room.source.features(plan),
            layout: split.out,
            from: split.from,
            test: (!pushes_page).then_some(test),
            skip: if pushes_page { 0 } else { query.offset },
            left: query.limit,
            more: false,
        })
    }

    /// How many rows match, where that is known or counted within the budget; a count that takes longer goes on and is
    /// kept for the next that asks.
    pub async fn count(&self, query: &Query, budget: Duration) -> Result<Option<u64>> {
        let split = self.split(query, false)?;
        let key = format!("{:?}|{:?}", split.pushed, split.rest);
        let view = self.clone();
        let measure = move || -> Pending<Result<u64>> {
            if split.rest.is_empty() {
                return view.room.source.count(Plan::new(split.pushed, split.layout, 0, None));
            }
            Box::pin(async move {
                let plan = Plan::new(split.pushed, split.layout.clone(), 0, None);
                let test = Predicate::new(&Expr::And(split.rest), view.room.source.schema(), &split.layout);
                let mut features = Features {
                    rows: view.room.source.features(plan),
                    layout: split.out,
                    from: split.from,
                    test: Some(test.map_err(unknown)?),
                    skip: 0,
                    left: None,
                    more: false,
                };
                let mut count = 0;
                while let Some(batch) = features.next().await {
                    let batch = batch?;
                    count += batch.len() as u64;
                    features.recycle(batch);
                }
                Ok(count)
            })
        };
        Ok(self.room.counts.get(key, self.state(), budget, measure).await)
    }

    /// Where and when the features are, in CRS84, where that is known or measured within the budget.
    pub async fn extent(&self, budget: Duration) -> Option<Extent> {
        let source = self.room.source.clone();
        let has_time = self.visible.schema.time.is_some();
        // Policies that cut rows away cut the extent as well: it must be measured through the gate then, which knows no
        // time where that is hidden.
        let key = format!("{has_time} {:?}", self.policies);
        let view = self.clone();
        let measure = move || -> Pending<Result<Extent>> {
            if view.policies.is_empty() {
                Box::pin(async move { Ok(to_crs84(source.extent().await?, source.schema())) })
            } else {
                Box::pin(view.measure_extent())
            }
        };
        let extent = self.room.extents.get(key, self.state(), budget, measure).await?;
        Some(if has_time { extent } else { Extent { time: None, ..extent } })
    }

    /// The extent of the rows that pass, by reading them all.
    async fn measure_extent(self) -> Result<Extent> {
        let schema = self.schema();
        let times = schema.time.map(|time| [Some(time.start), time.end]).into_iter().flatten().flatten();
        let properties: Vec<String> = times.map(|field| schema.fields[field].name.clone()).collect();
        let mut features = self.features(&Query { properties: Some(properties), ..Query::default() })?;
        let mut space = Rect::EMPTY;
        let mut time: Option<(Instant, Instant)> = None;
        let cells = features.layout.first_property()..features.layout.width();
        while let Some(batch) = features.next().await {
            let batch = batch?;
            if features.layout.geometry {
                for wkb in batch.rows().filter_map(|row| row.geometry()) {
                    // What has no place in longitude and latitude is infinite.
                    if let Ok(Some(rect)) = envelope(wkb)
                        && rect.max_x.is_finite()
                    {
                        space.include(rect.min_x, rect.min_y);
                        space.include(rect.max_x, rect.max_y);
                    }
                }
            }
            for (row, cell) in batch.rows().flat_map(|row| cells.clone().map(move |cell| (row, cell))) {
                let cell = row.cell(cell);
                if let (Some(start), Some(end)) = (instant(cell, false), instant(cell, true)) {
                    let (least, most) = time.unwrap_or((start, end));
                    time = Some((least.min(start), most.max(end)));
                }
            }
            features.recycle(batch);
        }
        let time = time.map(|(start, end)| (Some(start), Some(end)));
        Ok(Extent { space: (!space.is_empty()).then(|| rounded_out(space)), time })
    }

    /// Splits the conjunction of the client's filter and the policies into what the source takes and what remains.
    fn split(&self, query: &Query, output: bool) -> Result<Split> {
        let source = &self.room.source;
        let full = source.schema();
        let selected = self.selected(query)?;
        let from = full.geometry.as_ref().map(|geometry| &geometry.crs).filter(|crs| !crs.is_lon_lat_wgs84());
        let mut client = query.filter.clone();
        if self.visible.schema.time.is_none() {
            // Where the time is hidden, the layer has none for the client, and features without a time stay in.
            client = client.map(timeless);
        }
        // Rows are tested in longitude and latitude.
        let client = client.map(|client| client.map_literals(&mut in_degrees)).transpose()?;
        let client = client.map(Expr::conjuncts).unwrap_or_default();
        for conjunct in &client {
            // A hidden property is as unknown to the client as one that does not exist.
            conjunct.fields(&self.visible.schema).map_err(unknown)?;
            if conjunct.has_subset() {
                return Err(Error::internal("a condition in the source's language is a policy's alone"));
            }
        }
        let (mut pushed, mut rest) = (Vec::new(), Vec::new());
        for conjunct in client.into_iter().chain(self.policies.iter().cloned()) {
            match (&conjunct, from) {
                // A box has no say over a layer without geometry.
                (Expr::Bbox { .. }, _) if full.geometry.is_none() => {}
                (Expr::Bbox { .. } | Expr::Spatial { .. }, Some(crs)) => {
                    // Bent by the projection, the box is a coarse filter there, and exact only in longitude and latitude.
                    let there = |rects: Vec<Rect>| -> Option<Vec<Vec<Rect>>> {
                        // Metres never come out a turn further, where no rectangle need be followed then.
                        let is_met =
                            |rect: &&Rect| (rect.min_x < 180.0 && rect.max_x > -180.0) || transform::may_run_on(crs);
                        rects.iter().filter(is_met).map(|rect| coarse::rectangles(rect, crs)).collect()
                    };
                    if let Some(rects) = conjunct.reach().and_then(there) {
                        let coarse = Expr::Bbox { rects: rects.concat(), z: None };
                        if source.takes(&coarse) {
                            pushed.push(coarse);
                        }
                    }
                    rest.push(conjunct);
                }
                _ if source.takes(&conjunct) && !(from.is_some() && conjunct.reads_geometry()) => pushed.push(conjunct),
                _ => rest.push(conjunct),
            }
        }
        if rest.iter().any(Expr::has_subset) {
            // Whoever cannot test a policy lets nothing out.
            return Err(Error::internal("the source of a layer cannot take the subset of a policy"));
        }
        let mut fields =
            if output { selected.iter().map(|&seen| self.visible.fields[seen]).collect() } else { Vec::new() };
        for conjunct in &rest {
            for field in conjunct.fields(full).map_err(unknown)? {
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
        let has_geometry = full.geometry.is_some();
        let wanted = has_geometry && output && !query.without_geometry;
        let geometry = wanted || (has_geometry && rest.iter().any(Expr::reads_geometry));
        let out = Layout { geometry, fields: if output { selected } else { Vec::new() } };
        Ok(Split {
            pushed,
            rest,
            layout: Arc::new(Layout { geometry, fields }),
            out: Arc::new(out),
            from: from.filter(|_| geometry).cloned(),
        })
    }

    /// The fields of the view's schema that the query wants.
    fn selected(&self, query: &Query) -> Result<Vec<usize>> {
        match &query.properties {
            None => Ok((0..self.visible.schema.fields.len()).collect()),
            Some(names) => names
                .iter()
                .map(|name| self.visible.schema.position(name).ok_or_else(|| unknown(name.clone())))
                .collect(),
        }
    }
}

/// A literal in longitude and latitude.
fn in_degrees(literal: GeometryLiteral, distance: Option<f64>) -> Result<(GeometryLiteral, Option<f64>)> {
    if literal.crs.is_lon_lat_wgs84() {
        return Ok((literal, distance));
    }
    let moved = literal.moved(&Crs::Crs84, |xs, ys| {
        let has_all = transform::points(xs, ys, &literal.crs, &Crs::Crs84)?;
        let lost = || Error::new(Kind::OutOfRange, format!("a geometry of the filter has no place in {}", literal.crs));
        if has_all { Ok(()) } else { Err(lost()) }
    });
    moved.map(|literal| (literal, distance))
}

fn unknown(name: String) -> Error {
    Error::new(Kind::UnknownParameter, format!("there is no property '{name}'")).at(name)
}

/// A client's filter over a layer that has no time for it: every part on time holds, wherever it stands.
fn timeless(expr: Expr) -> Expr {
    let all = |parts: Vec<Expr>| parts.into_iter().map(timeless).collect();
    match expr {
        Expr::During(_) => Expr::And(Vec::new()),
        Expr::And(parts) => Expr::And(all(parts)),
        Expr::Or(parts) => Expr::Or(all(parts)),
        Expr::Not(part) => Expr::Not(Box::new(timeless(*part))),
        other => other,
    }
}

/// Brings a measured extent into CRS84 and into the world.
fn to_crs84(extent: Extent, schema: &Schema) -> Extent {
    let crs = schema.geometry.as_ref().map(|geometry| &geometry.crs).filter(|crs| !crs.is_lon_lat_wgs84());
    let moved = match (extent.space, crs) {
        (Some(rect), Some(crs)) => coarse::extent(&rect, crs),
        // What runs past 180 is on the other side of the date line, so the whole width of the world.
        (Some(rect), None) if rect.min_x < -180.0 || rect.max_x > 180.0 => {
            Some(Rect { min_x: -180.0, max_x: 180.0, ..rect })
        }
        (space, _) => space,
    };
    Extent { space: moved.map(rounded_out), ..extent }
}

/// Rounds outward to a centimetre: files tell extents that fall short of their features by the noise of arithmetic, and
/// clients ask with fewer decimals than they were told.
fn rounded_out(rect: Rect) -> Rect {
    let up = |number: f64| {
        let steps = (number * 1e7).ceil();
        // The product of a number a hair beyond a step is that step itself.
        if steps / 1e7 < number { (steps + 1.0) / 1e7 } else { steps / 1e7 }
    };
    let down = |number: f64| -up(-number);
    Rect { min_x: down(rect.min_x), min_y: down(rect.min_y), max_x: up(rect.max_x), max_y: up(rect.max_y) }
}

struct Split {
    pushed: Vec<Expr>,
    rest: Vec<Expr>,
    /// What the source is asked for: the wanted cells, then those that only the rest reads.
    layout: Arc<Layout>,
    /// What leaves the gate.
    out: Arc<Layout>,
    from: Option<Crs>,
}

/// Rows that passed the gate.
pub struct Features {
    rows: Rows,
    layout: Arc<Layout>,
    from: Option<Crs>,
    /// What the source did not take; where it is there, the gate pages as well.
    test: Option<Predicate>,
    skip: u64,
    left: Option<u64>,
    more: bool,
}

impl Features {
    /// What the cells of the rows are, with the fields of the view's schema.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Whether there are rows beyond the limit; known when the last batch has come.
    pub fn more(&self) -> bool {
        self.more
    }

    /// Gives a batch back to be filled again.
    pub fn recycle(&self, batch: Batch) {
        self.rows.recycle(batch);
    }

    /// The next batch, never empty; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Batch>> {
        loop {
            if self.more {
                return None;
            }
            let mut batch = match self.rows.next().await? {
                Ok(batch) => batch,
                Err(error) => return Some(Err(error)),
            };
            if let Some(crs) = &self.from
                && let Err(error) = transform::reproject(&mut batch, 1, crs, &Crs::Crs84)
            {
                return Some(Err(error));
            }
            self.take_page(&mut batch);
            if !batch.is_empty() {
                batch.narrow(self.layout.width());
                return Some(Ok(batch));
            }
            self.recycle(batch);
        }
    }

    /// Tests, skips and limits.
    fn take_page(&mut self, batch: &mut Batch) {
        let (test, skip, left, more) = (&self.test, &mut self.skip, &mut self.left, &mut self.more);
        batch.retain(usize::MAX, |row| {
            if *more || !test.as_ref().is_none_or(|test| test.test(row)) {
                return false;
            }
            if *skip > 0 {
                *skip -= 1;
                return false;
            }
            match left {
                Some(0) => *more = true,
                Some(left) => *left -= 1,
                None => {}
            }
            !*more
        });
    }
}
