//! Filter Encoding 1.0, 1.1 and 2.0 in XML onto the one tree. The versions differ in names alone, so one reader takes all:
//! an element is known by its local name. What it compares is checked against the schema on the way, so that a fault tells its
//! line; `matchAction` has no say, for no property has several values.

use crate::base::crs::Crs;
use crate::base::xml::Element;
use crate::error::{Error, Kind};
use crate::model::geometry::gml;
use crate::model::schema::Schema;
use crate::model::value::{FeatureId, Value};

use super::cql2::DEEPEST;
use super::{Comparison, Expr, Operand, check};
use name::is_reference;
use operand::As;

mod comparison;
mod name;
mod operand;
mod spatial;
mod temporal;
mod units;

#[cfg(test)]
mod tests;

/// Most conditions of a filter: each is tested on every row.
const MOST: usize = 5000;

/// What a filter is read against.
pub struct FesContext<'a> {
    /// The layer, as the client sees it.
    pub schema: &'a Schema,
    /// Local names and aliases of the feature type, with which a path may begin.
    pub types: &'a [&'a str],
    /// Which system an `srsName` (or none) means, and whether its coordinates come north first.
    pub rule: gml::Rule<'a>,
    /// Metres of a unit of a system.
    pub metres_per_unit: &'a dyn Fn(&Crs) -> f64,
    /// The feature that an id names; none where it is no feature of this type.
    pub id: &'a dyn Fn(&str) -> Option<FeatureId>,
}

/// What kind of fault it is, as the services' codes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The filter is not built as the standard wants it.
    OperationParsingFailed,
    /// It names or compares what does not fit.
    InvalidParameterValue,
    /// An operator that is not known here.
    OptionNotSupported,
}

/// Why an element is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub code: Code,
    /// The element at which it shows.
    pub locator: String,
    /// What is wrong.
    pub message: String,
    /// The line of that element.
    pub line: usize,
}

impl Fault {
    fn new(code: Code, element: &Element, message: impl Into<String>) -> Self {
        Self { code, locator: element.name.to_string(), message: message.into(), line: element.place }
    }

    fn parsing(element: &Element, message: impl Into<String>) -> Self {
        Self::new(Code::OperationParsingFailed, element, message)
    }

    fn value(element: &Element, message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, element, message)
    }

    fn gml(element: &Element, fault: gml::Fault) -> Self {
        Self { line: fault.line, ..Self::value(element, fault.message) }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let Fault { code, locator, message, line } = fault;
        let (kind, code) = match code {
            Code::OperationParsingFailed => (Kind::InvalidParameter, "OperationParsingFailed"),
            Code::InvalidParameterValue => (Kind::InvalidParameter, "InvalidParameterValue"),
            Code::OptionNotSupported => (Kind::Unsupported, "OptionNotSupported"),
        };
        Error::new(kind, format!("filter: {message} (in {locator}, line {line})")).coded(code).at(locator)
    }
}

/// Reads a `Filter` element, or one operator by itself.
pub fn parse(filter: &Element, context: &FesContext<'_>) -> Result<Expr, Fault> {
    let mut reader = Reader { context, conditions: 0 };
    if &*filter.name != "Filter" {
        return reader.condition(filter, 0);
    }
    let (ids, others): (Vec<_>, Vec<_>) = filter.children.iter().partition(|child| is_id(child));
    match (&ids[..], &others[..]) {
        ([], [one]) => reader.condition(one, 0),
        ([_, ..], []) => reader.ids(&ids),
        ([], []) => Err(Fault::parsing(filter, "the filter is empty")),
        _ => Err(Fault::parsing(filter, "a filter has one operator, or ids alone")),
    }
}

fn is_id(element: &Element) -> bool {
    matches!(&*element.name, "ResourceId" | "FeatureId" | "GmlObjectId")
}

struct Reader<'a> {
    context: &'a FesContext<'a>,
    conditions: usize,
}

impl Reader<'_> {
    fn condition(&mut self, element: &Element, depth: usize) -> Result<Expr, Fault> {
        self.conditions += 1;
        if self.conditions > MOST {
            return Err(Fault::parsing(element, format!("the filter has more than {MOST} conditions")));
        }
        if depth > DEEPEST {
            return Err(Fault::parsing(element, format!("the filter nests deeper than {DEEPEST} levels")));
        }
        match &*element.name {
            "And" | "Or" => {
                if element.children.len() < 2 {
                    return Err(Fault::parsing(element, format!("'{}' joins two conditions or more", element.name)));
                }
                let parts = element.children.iter().map(|child| self.condition(child, depth + 1));
                let parts = parts.collect::<Result<_, _>>()?;
                Ok(if &*element.name == "And" { Expr::And(parts) } else { Expr::Or(parts) })
            }
            "Not" => match &element.children[..] {
                [one] => Ok(Expr::Not(Box::new(self.condition(one, depth + 1)?))),
                _ => Err(Fault::parsing(element, "'Not' turns one condition")),
            },
            "ResourceId" | "FeatureId" | "GmlObjectId" => self.ids(&[element]),
            // Beyond the standard, as QGIS sends it: a property that is true or false stands alone.
            _ if is_reference(element) => {
                let property = self.operand(element, As::Looks, 0)?;
                let condition = Expr::Compare(property, Comparison::Equal, Operand::Literal(Value::Bool(true)));
                check(&condition, self.context.schema).map_err(|misfit| Fault::value(element, misfit))
            }
            _ => {
                let condition = match self.comparison(element)? {
                    Some(condition) => condition,
                    None => match self.spatial(element)? {
                        Some(condition) => condition,
                        None => self.temporal(element)?.ok_or_else(|| {
                            let message = format!("there is no operator '{}'", element.name);
                            Fault::new(Code::OptionNotSupported, element, message)
                        })?,
                    },
                };
                check(&condition, self.context.schema).map_err(|misfit| Fault::value(element, misfit))
            }
        }
    }

    /// Features by their ids; one that is of another type is none of these.
    fn ids(&self, elements: &[&Element]) -> Result<Expr, Fault> {
        let mut ids = Vec::with_capacity(elements.len());
        for element in elements {
            let id = ["rid", "fid", "id"].iter().find_map(|name| element.attribute(name));
            let id = id.ok_or_else(|| Fault::parsing(element, format!("'{}' names no feature", element.name)))?;
            ids.extend((self.context.id)(id.trim()));
        }
        Ok(Expr::Ids(ids))
    }
}
