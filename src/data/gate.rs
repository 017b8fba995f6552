//! The gate: the one door to rows. It joins the client's filter with the policies, tells the source what it takes, tests
//! the rest itself, and lets nothing out that is hidden. Sources are locked ([`Locked`]); only a [`View`] opens them, so
//! no handler can forget a policy.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::base::datetime::Instant;
use crate::error::Result;
use crate::expr::Expr;
use crate::expr::evaluate::instant;
use crate::model::batch::Layout;
use crate::model::geometry::envelope;
use crate::model::schema::{Schema, TimeFields};

use super::choices::{self, Choices};
use super::coarse;
use super::detail;
use super::extent::{self, Extent, in_world, rounded_out, to_crs84};
use super::frame::Frame;
use super::measure::{Measured, State};
use super::order::Sorter;
use super::plan::{Plan, Sort};
use super::position::{Position, Stretch};
use super::query::Query;
use super::source::{FeatureSource, Pending, has_settled};
use super::split::Split;
use super::test::Tests;
use super::transform;

pub use super::features::Features;

/// How long an answer waits for a number that must be measured.
pub const COUNT_BUDGET: Duration = Duration::from_millis(300);

/// A source that nobody reads but through a [`View`], with what was measured of it.
#[derive(Clone)]
pub struct Locked(Arc<Room>);

struct Room {
    source: Arc<dyn FeatureSource>,
    counts: Measured<String, u64>,
    extents: Measured<String, Extent>,
    choices: Measured<String, Arc<Choices>>,
}

/// The part of a layer's schema that is shown.
pub struct Visible {
    /// The source's schema without what is hidden.
    pub(super) schema: Arc<Schema>,
    /// The source's field for each field of that schema.
    pub(super) fields: Vec<usize>,
}

/// State of a source, and when its rows last changed.
type Seen = (u64, Option<SystemTime>);

/// What one request may see of a layer.
#[derive(Clone)]
pub struct View {
    room: Arc<Room>,
    visible: Arc<Visible>,
    /// Conditions of the policies, in the source's names; they may read hidden fields.
    policies: Vec<Expr>,
    /// State and time of the source as a request saw them first: one look is enough for it, and a validator must not be younger
    /// than the rows.
    seen: Option<Arc<OnceLock<Seen>>>,
}

/// What [`View::place`] finds.
pub struct Place {
    /// The place of the last row.
    pub last: Option<Position>,
    /// How many rows there were.
    pub count: u64,
    /// Whether there are more.
    pub more: bool,
}

impl Locked {
    /// Locks a source.
    pub fn new(source: Arc<dyn FeatureSource>) -> Self {
        Self(Arc::new(Room {
            source,
            counts: Measured::default(),
            extents: Measured::default(),
            choices: Measured::default(),
        }))
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
        View { room: self.0.clone(), visible, policies, seen: None }
    }

    /// A view for a test.
    #[cfg(test)]
    pub(crate) fn view(&self, properties: Option<&[String]>, policies: Vec<Expr>) -> View {
        self.open(self.visible(properties), policies)
    }

    /// The state of the source.
    pub(crate) fn state(&self) -> u64 {
        self.0.source.state()
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

    pub(super) fn source(&self) -> &dyn FeatureSource {
        &*self.room.source
    }

    pub(super) fn visible(&self) -> &Visible {
        &self.visible
    }

    pub(super) fn policies(&self) -> &[Expr] {
        &self.policies
    }

    /// Whether policies hide rows.
    pub fn is_limited(&self) -> bool {
        !self.policies.is_empty()
    }

    /// A number that changes whenever the rows may have changed.
    pub fn state(&self) -> u64 {
        match &self.seen {
            Some(seen) => seen.get_or_init(|| self.room.source.seen()).0,
            None => self.room.source.state(),
        }
    }

    /// The same at this very moment, whatever it was when the request began.
    pub(crate) fn state_now(&self) -> u64 {
        self.room.source.state()
    }

    /// The same view for one request, which looks at the source's state once.
    pub(crate) fn for_request(self) -> Self {
        Self { seen: Some(Arc::default()), ..self }
    }

    /// When the rows last changed, where the source knows and no policy cuts them: who asks is no matter of time.
    pub fn modified(&self) -> Option<SystemTime> {
        let modified = || match &self.seen {
            Some(seen) => seen.get_or_init(|| self.room.source.seen()).1,
            None => self.room.source.modified(),
        };
        self.policies.is_empty().then(modified).flatten()
    }

    /// What tells this state of the source's rows from all others for certain: before it is known no client is told that it
    /// has them already. To be asked for before they are read.
    pub(crate) async fn certain_state(&self) -> Option<u64> {
        match self.room.source.ask_state() {
            Some(asked) => asked.await,
            None => Some(self.state()),
        }
    }

    /// Whether rows come with the state that is certain for them.
    pub(crate) fn tells_state(&self) -> bool {
        self.room.source.tells_state()
    }

    /// Whether the rows of a state that is certain are worth keeping. Never where a policy cuts them, nor where a change that
    /// comes at once would not be noticed.
    pub(crate) fn is_to_be_kept(&self) -> bool {
        let is_told = || self.room.source.ask_state().is_some();
        self.policies.is_empty() && self.modified().map_or_else(is_told, has_settled)
    }

    /// Adds all that the view's rows depend on besides the state of the source: what is visible, what the policies demand.
    pub(crate) fn fingerprint(&self, hasher: &mut impl Hasher) {
        self.schema().fields.iter().for_each(|field| field.name.hash(hasher));
        if !self.policies.is_empty() {
            format!("{:?}", self.policies).hash(hasher);
        }
    }

    /// Starts to read. Geometries come in the query's system, rows in its order.
    pub fn features(&self, query: &Query) -> Result<Features> {
        let split = self.split(query, true)?;
        self.start(split, query)
    }

    /// What the cells of the rows will be, before they are read.
    pub fn layout(&self, query: &Query) -> Result<Arc<Layout>> {
        Ok(self.split(query, true)?.out)
    }

    /// Starts to read what was split.
    fn start(&self, split: Split, query: &Query) -> Result<Features> {
        let (source, tests) = (&self.room.source, self.tests(&split)?);
        if let Some(stored) = &split.stored {
            // What there is no way to is told now, not with the first row.
            transform::points(&mut [], &mut [], stored, &query.crs)?;
        }
        let sorts = (!split.sort.is_empty() && !split.pushes_sort) || (query.backwards && !split.seeks);
        let is_cut = !split.seeks && (query.after.is_some() || query.until.is_some());
        let pushes_page = tests.is_none() && !sorts && !is_cut && source.pages();
        let mut plan = Plan::new(split.pushed, split.layout.clone());
        plan.parameters.clone_from(&query.parameters);
        if split.pushes_sort {
            plan.sort.clone_from(&split.sort);
        }
        if split.seeks {
            (plan.after, plan.until) = (query.after.clone(), query.until.clone());
            plan.backwards = query.backwards;
            plan.marks = query.places && !(split.sort.is_empty() && source.orders_by_id());
        }
        if pushes_page {
            (plan.offset, plan.limit) = (query.offset, query.limit.map(|limit| limit.saturating_add(1)));
        }
        let is_tested = split.rest.iter().any(|(conjunct, _)| conjunct.reads_geometry());
        let stored = split.stored.as_ref().filter(|_| split.out.geometry);
        let detail = query
            .detail
            .zip(stored)
            .and_then(|(detail, stored)| detail::in_layer(detail, &query.crs, query.area.as_ref(), stored));
        // What the gate still tests must be all there.
        let simplifies = source.simplifies() && !is_tested;
        plan.detail = detail.filter(|_| simplifies);
        let frame = query.area.as_ref().zip(stored).and_then(|(area, stored)| Frame::new(stored, &query.crs, area));
        let step = |step: &Sort| {
            let cell = step.field.map_or(Some(0), |field| split.layout.cell_of(field));
            cell.map(|cell| (cell, step.descending))
        };
        let steps: Vec<_> = split.sort.iter().filter_map(step).chain([(0, false)]).collect();
        let marks = match (query.places, plan.marks) {
            (false, _) => Vec::new(),
            (true, true) => (split.layout.width()..plan.width()).collect(),
            (true, false) => steps.iter().map(|(cell, _)| *cell).collect(),
        };
        let stretch = is_cut.then(|| Stretch::new(steps.clone(), query.after.as_ref(), query.until.as_ref()));
        let keep = query.limit.map(|limit| limit.saturating_add(query.offset).saturating_add(1));
        Ok(Features {
            rows: source.features(plan),
            layout: split.out,
            stored: split.stored.clone(),
            crs: query.crs.clone(),
            frame,
            detail: detail.filter(|_| !simplifies),
            tests,
            attended: split.attended,
            stretch,
            sorter: sorts.then(|| Sorter::new(steps, keep, query.backwards)),
            skip: if pushes_page { 0 } else { query.offset },
            left: query.limit,
            more: false,
            marks,
            ends: None,
        })
    }

    /// The place of the row that is the last of so many, in the order and direction of a question, with how many rows there
    /// were until then and whether there are more.
    pub async fn place(&self, query: &Query) -> Result<Place> {
        let query = Query {
            properties: Some(Vec::new()),
            without_geometry: true,
            // What no output needs is not moved anywhere.
            crs: self.schema().geometry.as_ref().map(|geometry| geometry.crs.clone()).unwrap_or_default(),
            places: true,
            ..query.clone()
        };
        let mut features = self.features(&query)?;
        let mut count = 0;
        while let Some(batch) = features.next().await {
            let batch = batch?;
            count += batch.len() as u64;
            features.recycle(batch);
        }
        Ok(Place { count, more: features.more(), last: features.ends().map(|(_, last)| last.clone()) })
    }

    /// What the gate tests itself; none where the source takes all.
    fn tests(&self, split: &Split) -> Result<Option<Tests>> {
        if split.rest.is_empty() {
            return Ok(None);
        }
        Tests::new(&split.rest, self.room.source.schema(), &split.layout).map(Some)
    }

    /// How many rows match, where that is known or counted within the budget; a count that takes longer goes on and is
    /// kept for the next that asks.
    pub async fn count(&self, query: &Query, budget: Duration) -> Result<Option<u64>> {
        let split = self.split(&Query { filter: query.filter.clone(), ..Query::default() }, false)?;
        let parameters = query.parameters.clone();
        let key = format!("{:?}|{:?}|{parameters:?}", split.pushed, split.rest);
        let view = self.clone();
        let measure = move || -> Pending<Result<u64>> {
            if split.rest.is_empty() {
                let mut plan = Plan::new(split.pushed, split.layout);
                plan.parameters = parameters;
                let counted = view.room.source.count(plan);
                if !split.attended.is_needed() {
                    return counted;
                }
                return Box::pin(async move {
                    let counted = counted.await?;
                    split.attended.verdict().map(|()| counted)
                });
            }
            Box::pin(async move {
                // Geometries stay where the tests have them already.
                let crs = view.tests(&split)?.and_then(|tests| tests.only_frame().cloned());
                let crs = crs.or_else(|| split.stored.clone()).unwrap_or_default();
                let mut features = view.start(split, &Query { crs, parameters, ..Query::default() })?;
                let mut count = 0;
                while let Some(batch) = features.next().await {
                    let batch = batch?;
                    count += batch.len() as u64;
                    features.recycle(batch);
                }
                Ok(count)
            })
        };
        let state = match self.room.source.look_again() {
            // This moment is no other's.
            Some(looked) => State::passing(looked.await.unwrap_or_else(|| Instant::now().0.cast_unsigned())),
            // Rows may have told of a newer state than the request began in.
            None if self.tells_state() => self.state_now().into(),
            None => self.state().into(),
        };
        Ok(self.room.counts.get(key, state, budget, measure).await)
    }

    /// Values to choose from, of texts that have a few, where they are known or found within the budget.
    pub async fn choices(&self, budget: Duration) -> Option<Arc<Choices>> {
        let names: Vec<&str> = self.schema().fields.iter().map(|field| field.name.as_str()).collect();
        let (key, view) = (format!("{names:?}|{:?}", self.policies), self.clone());
        self.room.choices.get(key, self.state(), budget, move || Box::pin(choices::find(view))).await
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
                Box::pin(async move {
                    let told = source.extent().await?;
                    let Some(crs) = view.beyond(&told) else { return Ok(to_crs84(told, source.schema())) };
                    let space = view.measure(crs, Vec::new()).await?.0;
                    Ok(to_crs84(Extent { space, ..told }, source.schema()))
                })
            } else {
                Box::pin(view.measure_extent())
            }
        };
        let extent = self.room.extents.get(key, self.state(), budget, measure).await?;
        Some(if has_time { extent } else { Extent { time: None, ..extent } })
    }

    /// The rectangle around the features in the system that they are stored in, x first, where that is known or measured
    /// within the budget.
    pub async fn stored_extent(&self, budget: Duration) -> Option<Rect> {
        let crs = self.schema().geometry.as_ref()?.crs.clone();
        let (source, view) = (self.room.source.clone(), self.clone());
        let measure = move || -> Pending<Result<Extent>> {
            if view.policies.is_empty() {
                Box::pin(async move {
                    let told = source.extent().await?;
                    let Some(crs) = view.beyond(&told) else { return Ok(told) };
                    Ok(Extent { space: view.measure(crs, Vec::new()).await?.0, time: None })
                })
            } else {
                // As for the extent in CRS84.
                Box::pin(async move { Ok(Extent { space: view.measure(crs, Vec::new()).await?.0, time: None }) })
            }
        };
        let key = format!("stored {:?}", self.policies);
        self.room.extents.get(key, self.state(), budget, measure).await?.space
    }

    /// West and east of the extent in CRS84 where it crosses the date line: the west is the greater. `None` where it does not, or where
    /// nobody knows for certain, or within the budget; [`View::extent`] goes all the way round then.
    pub async fn extent_across(&self, budget: Duration) -> Option<(f64, f64)> {
        let rect = self.stored_extent(budget).await?;
        let (west, east) = coarse::across(&rect, &self.schema().geometry.as_ref()?.crs)?;
        let around = rounded_out(Rect { min_x: west, min_y: 0.0, max_x: east, max_y: 0.0 });
        Some((around.min_x, around.max_x))
    }

    /// The system of the rows, where a source tells an extent that coordinates in it cannot have: then some row is wild, and the others
    /// are looked at one by one.
    fn beyond(&self, told: &Extent) -> Option<Crs> {
        let crs = &self.room.source.schema().geometry.as_ref()?.crs;
        (!extent::possible(crs).contains(&told.space?)).then(|| crs.clone())
    }

    /// The extent of the rows that pass, by reading them all.
    async fn measure_extent(self) -> Result<Extent> {
        let schema = self.schema();
        let times = schema.time.map(|time| [Some(time.start), time.end]).into_iter().flatten().flatten();
        let properties: Vec<String> = times.map(|field| schema.fields[field].name.clone()).collect();
        let (space, time) = self.measure(Crs::default(), properties).await?;
        let time = time.map(|(start, end)| (Some(start), Some(end)));
        Ok(Extent { space: space.map(|space| rounded_out(in_world(space))), time })
    }

    /// Where, in a system, and when the rows that pass are; times are those in the properties.
    async fn measure(&self, crs: Crs, properties: Vec<String>) -> Result<(Option<Rect>, Option<(Instant, Instant)>)> {
        let possible = extent::possible(&crs);
        let mut features = self.features(&Query { properties: Some(properties), crs, ..Query::default() })?;
        let mut space = Rect::EMPTY;
        let mut time: Option<(Instant, Instant)> = None;
        let cells = features.layout().first_property()..features.layout().width();
        while let Some(batch) = features.next().await {
            let batch = batch?;
            if features.layout().geometry {
                for wkb in batch.rows().filter_map(|row| row.geometry()) {
                    // What has no place there is infinite.
                    if let Ok(Some(rect)) = envelope(wkb)
                        && let Some(rect) = extent::within(&rect, &possible)
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
        Ok(((!space.is_empty()).then_some(space), time))
    }
}
