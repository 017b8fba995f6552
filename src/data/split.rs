//! What of a question goes to the source, and what stays with the gate.

use std::sync::Arc;

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::model::batch::Layout;

use super::attended::Attended;
use super::coarse;
use super::gate::View;
use super::plan::Sort;
use super::query::Query;
use super::test::{framed, in_every_turn, unknown};

/// A question, divided.
pub(super) struct Split {
    pub(super) pushed: Vec<Expr>,
    /// What the gate tests, each with the system of its places where that is not the layer's.
    pub(super) rest: Vec<(Expr, Option<Crs>)>,
    /// The order of the rows in fields of the source.
    pub(super) sort: Vec<Sort>,
    /// Whether the source sorts.
    pub(super) pushes_sort: bool,
    /// Whether the source has to do with places in that order, where the question has.
    pub(super) seeks: bool,
    /// What the source is asked for: the wanted cells, then those that only the rest and the order read.
    pub(super) layout: Arc<Layout>,
    /// What leaves the gate.
    pub(super) out: Arc<Layout>,
    /// The system of the geometries, where the source is asked for them.
    pub(super) stored: Option<Crs>,
    pub(super) attended: Attended,
}

impl View {
    /// Splits the conjunction of the client's filter and the policies into what the source takes and what remains.
    pub(super) fn split(&self, query: &Query, output: bool) -> Result<Split> {
        let (source, visible) = (self.source(), self.visible());
        let full = source.schema();
        let selected = self.selected(query)?;
        let sort = self.order(query)?;
        let stored = full.geometry.as_ref().map(|geometry| &geometry.crs);
        let mut client = query.filter.clone();
        if visible.schema.time.is_none() {
            // Where the time is hidden, the layer has none for the client, and features without a time stay in.
            client = client.map(timeless);
        }
        let (client, attended) = client.map(Attended::over).unzip();
        let client = client.map(|filter| filter.gathered().conjuncts()).unwrap_or_default();
        for conjunct in &client {
            // A hidden property is as unknown to the client as one that does not exist.
            conjunct.fields(&visible.schema).map_err(unknown)?;
            // What is the key to the client may be a hidden property of that name to the source.
            let mut read = conjunct.fields(full).map_err(unknown)?;
            read.retain(|field| !visible.fields.contains(field));
            if let Some(&hidden) = read.first() {
                return Err(unknown(full.fields[hidden].name.clone()));
            }
            if conjunct.has_subset() {
                return Err(Error::internal("a condition in the source's language is a policy's alone"));
            }
        }
        let (mut pushed, mut rest) = (Vec::new(), Vec::new());
        let push_coarse = |rects: Vec<Rect>, pushed: &mut Vec<Expr>| {
            let crs = stored.cloned().unwrap_or_default();
            let coarse = Expr::Bbox { rects, z: None, crs };
            if source.takes(&coarse) {
                pushed.push(coarse);
            }
        };
        for conjunct in client.into_iter().chain(self.policies().iter().cloned()) {
            let (conjunct, frame) = framed(conjunct, stored)?;
            match (&conjunct, &frame) {
                // A box has no say over a layer without geometry.
                (Expr::Bbox { .. }, _) if stored.is_none() => {}
                (Expr::Bbox { .. } | Expr::Spatial { .. }, Some(crs)) => {
                    // Bent by the projection, the box is a coarse filter there, and exact only in its own system.
                    if let (Some(stored), Some(rects)) = (stored, conjunct.reach())
                        && let Some(rects) = coarse::all(&rects, crs, stored)
                    {
                        push_coarse(rects, &mut pushed);
                    }
                    rest.push((in_every_turn(conjunct, crs)?, frame));
                }
                (_, None) if source.takes(&conjunct) => pushed.push(conjunct),
                (_, Some(crs)) => rest.push((in_every_turn(conjunct, crs)?, frame)),
                (Expr::Spatial { .. }, None) => {
                    if let Some(rects) = conjunct.reach() {
                        push_coarse(rects, &mut pushed);
                    }
                    rest.push((conjunct, frame));
                }
                _ => rest.push((conjunct, frame)),
            }
        }
        if let (Some(area), Some(stored)) = (&query.area, stored)
            && let Some(rects) = coarse::map(area, stored)
        {
            push_coarse(rects, &mut pushed);
        }
        if rest.iter().any(|(conjunct, _)| conjunct.has_subset()) {
            // Whoever cannot test a policy lets nothing out.
            return Err(Error::internal("the source of a layer cannot take the subset of a policy"));
        }
        let mut fields: Vec<usize> =
            if output { selected.iter().map(|&seen| visible.fields[seen]).collect() } else { Vec::new() };
        let seeks = query.has_places() && source.seeks(&sort, query.backwards);
        let pushes_sort = !sort.is_empty() && source.sorts(&sort) && (seeks || !query.has_places());
        let sorted = sort.iter().filter(|_| output && !pushes_sort).filter_map(|step| step.field);
        let tested =
            rest.iter().map(|(conjunct, _)| conjunct.fields(full).map_err(unknown)).collect::<Result<Vec<_>>>()?;
        for field in sorted.chain(tested.into_iter().flatten()) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        let wanted = stored.is_some() && output && !query.without_geometry;
        let geometry = wanted || (stored.is_some() && rest.iter().any(|(conjunct, _)| conjunct.reads_geometry()));
        // A geometry that only a test reads stays behind.
        let out = Layout { geometry: wanted, fields: if output { selected } else { Vec::new() } };
        Ok(Split {
            pushed,
            rest,
            sort,
            pushes_sort,
            seeks,
            layout: Arc::new(Layout { geometry, fields }),
            out: Arc::new(out),
            stored: stored.filter(|_| geometry).cloned(),
            attended: attended.unwrap_or_default(),
        })
    }

    /// The fields of the view's schema that the query wants.
    fn selected(&self, query: &Query) -> Result<Vec<usize>> {
        let schema = self.schema();
        match &query.properties {
            None => Ok((0..schema.fields.len()).collect()),
            Some(names) => {
                names.iter().map(|name| schema.position(name).ok_or_else(|| unknown(name.clone()))).collect()
            }
        }
    }

    /// The order in the source's fields. A hidden property is as unknown as one that does not exist: an order would tell
    /// its values. Nothing that comes after the key can matter.
    pub(super) fn order(&self, query: &Query) -> Result<Vec<Sort>> {
        let visible = self.visible();
        let mut order: Vec<Sort> = Vec::new();
        for by in &query.sort {
            let field = visible.schema.position(&by.property).map(|seen| visible.fields[seen]);
            if field.is_none() && visible.schema.key.0 != by.property {
                return Err(unknown(by.property.clone()));
            }
            let is_done = order.iter().any(|before| before.field.is_none() || before.field == field);
            if !is_done {
                order.push(Sort { field, descending: by.descending });
            }
        }
        if matches!(order[..], [Sort { field: None, descending: false }]) {
            order.clear();
        }
        Ok(order)
    }
}

/// A client's filter over a layer that has no time for it: every part on time holds, wherever it stands.
fn timeless(expr: Expr) -> Expr {
    let all = |parts: Vec<Expr>| parts.into_iter().map(timeless).collect();
    match expr {
        Expr::During(_) => Expr::And(Vec::new()),
        Expr::And(parts) => Expr::And(all(parts)),
        Expr::Or(parts) => Expr::Or(all(parts)),
        Expr::Not(part) => Expr::Not(Box::new(timeless(*part))),
        Expr::IsUnknown(part) => Expr::IsUnknown(Box::new(timeless(*part))),
        other => other,
    }
}
