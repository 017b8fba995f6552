//! Temporal operators (FES 2.0): a property of time beside an instant or a period.

use crate::base::datetime::Instant;
use crate::base::xml::Element;
use crate::model::value::Value;

use super::super::temporal::{Time, TimeRelation};
use super::super::{Expr, Operand};
use super::name::is_reference;
use super::operand::{As, time};
use super::{Fault, Reader};

impl Reader<'_> {
    /// A temporal operator, where the element is one.
    pub(super) fn temporal(&self, element: &Element) -> Result<Option<Expr>, Fault> {
        let relation = match &*element.name {
            "After" => TimeRelation::After,
            "Before" => TimeRelation::Before,
            "Begins" => TimeRelation::Starts,
            "BegunBy" => TimeRelation::StartedBy,
            "TContains" => TimeRelation::Contains,
            "During" => TimeRelation::During,
            "TEquals" => TimeRelation::Equals,
            "TOverlaps" => TimeRelation::Overlaps,
            "Meets" => TimeRelation::Meets,
            "OverlappedBy" => TimeRelation::OverlappedBy,
            "MetBy" => TimeRelation::MetBy,
            "Ends" => TimeRelation::Finishes,
            "EndedBy" => TimeRelation::FinishedBy,
            "AnyInteracts" => TimeRelation::Intersects,
            _ => return Ok(None),
        };
        let [left, right] = &element.children[..] else {
            return Err(Fault::parsing(element, format!("'{}' relates two times", element.name)));
        };
        Ok(Some(Expr::Temporal(self.time(left)?, relation, self.time(right)?)))
    }

    fn time(&self, element: &Element) -> Result<Time, Fault> {
        let element = match &element.children[..] {
            [inner] if &*element.name == "Literal" => inner,
            _ => element,
        };
        Ok(match &*element.name {
            "TimeInstant" => Time::At(Operand::Literal(instant(element)?)),
            "TimePeriod" => {
                let end = |names: [&str; 2]| -> Result<Option<Operand>, Fault> {
                    if let Some(position) = element.child(names[0]) {
                        return Ok(position_of(position)?.map(Operand::Literal));
                    }
                    let inner = element.child(names[1]).and_then(|end| end.children.first());
                    let inner =
                        inner.ok_or_else(|| Fault::value(element, format!("a TimePeriod has a {}", names[0])))?;
                    instant(inner).map(|at| Some(Operand::Literal(at)))
                };
                Time::Between(end(["beginPosition", "begin"])?, end(["endPosition", "end"])?)
            }
            _ if is_reference(element) || &*element.name == "Function" => {
                Time::At(self.operand(element, As::Looks, 0)?)
            }
            "Literal" => {
                let text = element.trimmed();
                let read = |text: &str| {
                    let wrong = || Fault::value(element, format!("'{text}' is not a time"));
                    time(text).map(Operand::Literal).ok_or_else(wrong)
                };
                match text.split_once('/') {
                    Some((start, end)) => {
                        let end_of =
                            |text: &str| if matches!(text, "" | "..") { Ok(None) } else { read(text).map(Some) };
                        Time::Between(end_of(start)?, end_of(end)?)
                    }
                    None => Time::At(read(text)?),
                }
            }
            other => return Err(Fault::parsing(element, format!("'{other}' is no time"))),
        })
    }
}

fn instant(element: &Element) -> Result<Value, Fault> {
    let position =
        element.child("timePosition").ok_or_else(|| Fault::value(element, "a TimeInstant has a timePosition"))?;
    position_of(position)?.ok_or_else(|| Fault::value(position, "an instant cannot be indeterminate"))
}

/// The value of a position; `None` for an open end.
fn position_of(element: &Element) -> Result<Option<Value>, Fault> {
    let text = element.trimmed();
    match element.attribute("indeterminatePosition") {
        Some("now") => return Ok(Some(Value::Instant(Instant::now()))),
        Some("unknown" | "before" | "after") if text.is_empty() => return Ok(None),
        _ => {}
    }
    time(text).map(Some).ok_or_else(|| Fault::value(element, format!("'{text}' is not a time")))
}
