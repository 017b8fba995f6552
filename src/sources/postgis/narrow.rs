//! What the database finds by an index, where the loop that reads its rows has the last word.

use super::columns::Compared;
use super::filter::Writer;
use super::number::Calculated;
use super::sql::Bound;
use super::turns::EDGE;
use crate::base::bbox::Rect;
use crate::expr::array::{ArrayRelation, List};
use crate::expr::temporal::narrowed;
use crate::expr::{Comparison, Expr, GeometryLiteral, Operand, Relation};
use crate::model::value::Value;

/// Most points of a geometry that rows are measured against: each is, against each of theirs.
const MOST_POINTS: usize = 100;
/// By how much, of the greatest coordinate, two that touch may seem apart.
const HAIR: f64 = 1e-9;

impl Writer<'_> {
    /// SQL that is true at least where the condition is, so that an index helps.
    pub(super) fn superset(&mut self, expr: &Expr) -> Option<()> {
        let mark = self.out.mark();
        if self.exact(expr, true).is_some() {
            return Some(());
        }
        self.out.undo(mark);
        match expr {
            // Those parts that SQL can say.
            Expr::And(parts) => {
                self.out.add("(true");
                let mut any = None;
                for part in parts {
                    let mark = self.out.mark();
                    self.out.add(" AND ");
                    if self.superset(part).is_some() {
                        any = Some(());
                    } else {
                        self.out.undo(mark);
                    }
                }
                self.out.add(")");
                any
            }
            // All parts, else nothing.
            Expr::Or(parts) => {
                self.out.add("(false");
                for part in parts {
                    self.out.add(" OR ");
                    self.superset(part)?;
                }
                self.out.add(")");
                Some(())
            }
            Expr::Array(List::Property(name), relation, List::Literal(members)) => {
                self.listed(name, *relation, members)
            }
            Expr::Array(List::Literal(members), relation, List::Property(name)) => {
                let relation = match relation {
                    ArrayRelation::Contains => ArrayRelation::ContainedBy,
                    ArrayRelation::ContainedBy => ArrayRelation::Contains,
                    other => *other,
                };
                self.listed(name, relation, members)
            }
            Expr::Like { operand, pattern } => self.may_have(operand, pattern),
            Expr::Compare(Operand::Literal(Value::Text(text)), Comparison::Equal, operand)
            | Expr::Compare(operand, Comparison::Equal, Operand::Literal(Value::Text(text))) => {
                self.may_be(operand, text)
            }
            Expr::Compare(left, how, right) => {
                let Calculated { text, guard } = self.calculated(left, *how, right)?;
                // Within CASE nothing is calculated before its guard holds.
                match guard {
                    Some(guard) => self.out.add(&format!("CASE WHEN {guard} THEN {text} ELSE true END")),
                    None => self.out.add(&text),
                }
                Some(())
            }
            Expr::Between(operand, low, high) => {
                let bound = |how, bound: &Operand| Expr::Compare(operand.clone(), how, bound.clone());
                let bounds = [bound(Comparison::GreaterOrEqual, low), bound(Comparison::LessOrEqual, high)];
                self.superset(&Expr::And(bounds.into()))
            }
            Expr::In(operand, values) => self.may_be_one(operand, values),
            Expr::Temporal(left, relation, right) => {
                let is_day = |name: &str| self.column(name).is_some_and(|column| column.compared == Compared::Date);
                let narrowed = narrowed(left, *relation, right, &is_day)?;
                self.superset(&narrowed)
            }
            Expr::Spatial { relation, geometry, distance: None, .. } => {
                let rects = expr.reach()?;
                // Boxes lie within each other where what they are around does; but what lies within a set of geometries need
                // not lie within one of them.
                let operator = match relation {
                    Relation::Within if rects.len() == geometry.turns().len() => "@",
                    Relation::Contains if rects.len() == geometry.turns().len() => "~",
                    _ => "&&",
                };
                self.near(&rects, operator)?;
                self.touching(geometry);
                Some(())
            }
            _ => {
                let rects = expr.reach()?;
                self.near(&rects, "&&")
            }
        }
    }

    /// Rows whose list of texts lies so to another. Lists within lists are taken for their members: the loop knows better.
    fn listed(&mut self, name: &str, relation: ArrayRelation, members: &[serde_json::Value]) -> Option<()> {
        let column = self.column(name)?;
        let (stored, kind) = (column.stored(), column.texts?);
        let texts = members.iter().map(|member| member.as_str().filter(|text| !text.contains('\0')).map(str::to_owned));
        let texts = texts.collect::<Option<Vec<_>>>()?;
        let operator = match relation {
            ArrayRelation::Equals | ArrayRelation::Contains => "@>",
            ArrayRelation::ContainedBy => "<@",
            ArrayRelation::Overlaps => "&&",
        };
        self.out.add(&format!("{stored} {operator} "));
        self.out.bind(Bound::Many(texts.into_iter().map(Bound::Text).collect()), kind);
        Some(())
    }

    /// Whether a geometry can lie in the rectangle.
    pub(super) fn is_within_reach(&self, rect: &Rect) -> bool {
        self.may_be_beyond || (rect.min_x <= EDGE && rect.max_x >= -EDGE)
    }

    /// Rows whose boxes meet one of the rectangles, or lie so to it, by the index.
    fn near(&mut self, rects: &[Rect], operator: &str) -> Option<()> {
        let column = self.geometry()?.column.clone();
        self.out.add("(false");
        for rect in rects {
            if self.is_within_reach(rect) {
                self.out.add(&format!(" OR {column} {operator} "));
                self.envelope(rect)?;
            }
        }
        self.out.add(")");
        Some(())
    }

    /// And of those only rows that touch the geometry, or all but do: what they share to the last digit is for the loop to say.
    fn touching(&mut self, geometry: &GeometryLiteral) {
        let Some(stored) = self.geometry() else { return };
        let (column, srid) = (stored.column.clone(), stored.srid);
        let around = geometry.figure().envelope();
        let furthest = [around.min_x, around.min_y, around.max_x, around.max_y].map(f64::abs);
        let all_but = (furthest.into_iter().fold(1.0, f64::max) + 360.0) * HAIR;
        let says_more = geometry.boxes().is_none() && (2..=MOST_POINTS).contains(&geometry.points());
        if self.only_finds || around.is_empty() || !all_but.is_finite() || !says_more {
            return;
        }
        self.out.add(" AND (false");
        for by in geometry.turns() {
            let turned = Rect { min_x: around.min_x + by, max_x: around.max_x + by, ..around };
            if self.is_within_reach(&turned) {
                self.out.add(&format!(" OR ST_DWithin({column}, ST_Translate(ST_GeomFromWKB("));
                self.out.bind(Bound::Bytes(geometry.wkb.clone()), "bytea");
                self.out.add(&format!(", {srid}), {by}, 0), "));
                self.out.bind(Bound::Float(all_but), "float8");
                self.out.add(")");
            }
        }
        self.out.add(")");
    }
}
