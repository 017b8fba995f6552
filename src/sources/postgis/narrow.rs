//! What the database finds by an index, where the loop that reads its rows has the last word.

use super::filter::Writer;
use super::sql::Bound;
use super::turns::EDGE;
use crate::base::bbox::Rect;
use crate::expr::array::{ArrayRelation, List};
use crate::expr::folding::{made_of_one, spellings};
use crate::expr::function::Function;
use crate::expr::like::Pattern;
use crate::expr::{Expr, Operand};

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
            Expr::Like { operand: Operand::Call(Function::CaseI, inner), pattern } => match &inner[..] {
                [Operand::Property(name)] => self.spelled(name, pattern),
                _ => None,
            },
            _ => {
                let rects = expr.reach()?;
                self.near(&rects)
            }
        }
    }

    /// Rows whose text has the letters of a pattern in one of their cases, each spelled out: what the database takes for the same
    /// letter depends on its locale. An index of pg_trgm on the column serves such an expression.
    fn spelled(&mut self, name: &str, pattern: &str) -> Option<()> {
        let column = self.column(name)?;
        let (stored, is_searched) = (column.stored(), column.is_searched);
        let expression = expression(pattern).filter(|_| is_searched)?;
        self.out.add(&format!("{stored} ~ "));
        self.out.bind(Bound::Text(expression), "text");
        Some(())
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
        self.out.bind(Bound::Texts(texts), kind);
        Some(())
    }

    /// Whether a geometry can lie in the rectangle.
    pub(super) fn is_within_reach(&self, rect: &Rect) -> bool {
        self.may_be_beyond || (rect.min_x <= EDGE && rect.max_x >= -EDGE)
    }

    /// Rows whose boxes meet one of the rectangles, by the index.
    fn near(&mut self, rects: &[Rect]) -> Option<()> {
        let column = self.geometry()?.column.clone();
        self.out.add("(false");
        for rect in rects {
            if self.is_within_reach(rect) {
                self.out.add(&format!(" OR {column} && "));
                self.envelope(rect)?;
            }
        }
        self.out.add(")");
        Some(())
    }
}

/// A regular expression that every text of the form has, whatever the case of its letters; `None` where it would say nothing.
fn expression(pattern: &str) -> Option<String> {
    let mut expression = String::new();
    let mut says = false;
    for run in Pattern::new(pattern).runs() {
        if !expression.is_empty() {
            expression.push_str(".*");
        }
        for (&letter, is_made) in run.iter().zip(made_of_one(&run)) {
            let letters = if is_made || letter == '\0' { Vec::new() } else { spellings(letter) };
            match letters[..] {
                [] if expression.ends_with(".*") => {}
                // Other letters may stand here, and another number of them.
                [] => expression.push_str(".*"),
                [one] if one.is_ascii() && !one.is_ascii_alphanumeric() => expression.extend(['\\', one]),
                [one] => expression.push(one),
                _ => {
                    expression.push('[');
                    expression.extend(&letters);
                    expression.push(']');
                }
            }
            says |= !letters.is_empty();
        }
    }
    says.then_some(expression)
}
