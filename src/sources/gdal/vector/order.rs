//! In which order the features of a layer lie, and how each is found: pages must not overlap, so rows come in the order of
//! their ids, and not every format has them so. Found out by one walk through the layer for each state of its files, and
//! only where something depends on it.

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};

use super::cells;
use super::driver::Driver;
use super::ogr::{self, OgrLayer};
use super::schema::Table;
use super::seek::Stretch;
use crate::model::schema::KeyKind;
use crate::model::value::FeatureId;

/// What is known of the order of a layer.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) way: Way,
    pub(super) count: u64,
    /// The number of the first, where those after it have the numbers after it.
    pub(super) first: Option<i64>,
    /// The numbers of rows that are read as they lie, in order, where there are gaps between them: for the way back.
    numbers: Vec<i64>,
}

/// How rows are read in the order of their ids.
#[derive(Debug)]
pub(super) enum Way {
    /// As they lie.
    Stored,
    /// As they lie, and their places, from 1 on, are their ids: OGR's numbers are in disorder, and cannot be looked up.
    Places,
    /// By these numbers, one after the other.
    Numbers(Vec<i64>),
    /// By the numbers beside these ids.
    Integers(Vec<(i64, i64)>),
    /// By the numbers beside these ids.
    Texts(Vec<(Box<str>, i64)>),
}

/// Why a layer has no order.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nobody waits for it any more.
    Stopped,
    /// Rows lie in another order by now.
    Changed,
    /// The file cannot be read.
    Unreadable(String),
    /// The column of ids is none; for whoever runs the server.
    NoKey(String),
}

/// Whether a driver finds a feature by its number at once.
pub(super) fn finds_numbers(layer: &OgrLayer<'_>, table: &Table) -> bool {
    table.driver.finds_numbers && layer.can(c"RandomRead")
}

/// How many features there are, where the file itself says it exactly. It does while nothing is left out.
pub(super) fn told(layer: &mut OgrLayer<'_>, driver: Driver) -> Option<u64> {
    driver.first.and_then(|_| layer.count(false)).filter(|&count| count > 0)
}

/// Whether the end that reading has met is that of the file: a connection that broke off, and a file that is cut off, end sooner without a
/// word. `seen` is how many features came where none was left out.
pub(super) fn check_end(
    layer: &mut OgrLayer<'_>,
    table: &Table,
    seen: Option<u64>,
    stop: &AtomicBool,
) -> Result<(), Fault> {
    if table.driver.first.is_none() {
        return Ok(());
    }
    layer.set_condition(None);
    layer.set_rectangle(None);
    let Some(count) = told(layer, table.driver) else { return Ok(()) };
    let lacks = |seen: u64| Fault::Unreadable(format!("only {seen} of its {count} features can be read"));
    if let Some(seen) = seen {
        return if seen < count { Err(lacks(seen)) } else { Ok(()) };
    }
    let first = table.driver.first.unwrap_or_default();
    if table.elsewhere.is_none() && finds_numbers(layer, table) {
        let last = i64::try_from(count - 1).ok().and_then(|last| layer.get(first.saturating_add(last)));
        return if last.is_some() { Ok(()) } else { Err(lacks(count - 1)) };
    }
    layer.rewind();
    let mut seen = 0;
    while layer.next().is_some() {
        seen += 1;
        if stop.load(Ordering::Relaxed) {
            return Err(Fault::Stopped);
        }
    }
    if seen < count { Err(lacks(seen)) } else { Ok(()) }
}

/// What is known without a walk.
pub(super) fn known(layer: &mut OgrLayer<'_>, table: &Table) -> Option<Order> {
    let first = table.driver.first.filter(|_| table.key.is_none())?;
    let count = told(layer, table.driver)?;
    Some(Order { way: Way::Stored, count, first: Some(first), numbers: Vec::new() })
}

/// Walks through the layer.
pub(super) fn survey(layer: &mut OgrLayer<'_>, table: &Table, stop: &AtomicBool) -> Result<Order, Fault> {
    let own = table.key.as_ref().map(|column| column.name.as_str());
    let mut ignored: Vec<CString> = layer
        .fields()
        .into_iter()
        .filter(|field| Some(field.name.as_str()) != own)
        .filter_map(|field| CString::new(field.name).ok())
        .collect();
    ignored.push(c"OGR_GEOMETRY".to_owned());
    layer.ignore(&ignored);
    layer.set_condition(None);
    layer.set_rectangle(None);
    layer.rewind();
    let mut found = Found::default();
    loop {
        ogr::forget_failure();
        let Some(mut feature) = layer.next() else { break };
        if let Some(damage) = table.driver.damage() {
            return Err(Fault::Unreadable(damage));
        }
        found.add(&mut feature, table)?;
        if stop.load(Ordering::Relaxed) {
            return Err(Fault::Stopped);
        }
    }
    if let Some(failure) = ogr::failure() {
        return Err(Fault::Unreadable(failure));
    }
    check_end(layer, table, Some(found.count), stop)?;
    found.order(finds_numbers(layer, table), table)
}

/// What the walk has met.
#[derive(Default)]
struct Found {
    count: u64,
    first: Option<i64>,
    last: Option<i64>,
    is_dense: bool,
    is_disordered: bool,
    numbers: Vec<i64>,
    integers: Vec<(i64, i64)>,
    texts: Vec<(Box<str>, i64)>,
}

impl Found {
    fn add(&mut self, feature: &mut ogr::Feature<'_>, table: &Table) -> Result<(), Fault> {
        let number = feature.id();
        let was_dense = self.is_dense;
        self.is_dense = match self.last {
            None => true,
            Some(last) => self.is_dense && last.checked_add(1) == Some(number),
        };
        self.first = self.first.or(Some(number));
        if was_dense && !self.is_dense && table.key.is_none() && table.driver.is_ordered {
            self.numbers.extend(self.first.into_iter().flat_map(|first| first..=self.last.unwrap_or(first)));
        }
        self.count += 1;
        let no_key = |column: &str| {
            Fault::NoKey(format!(
                "the column '{column}' cannot make the ids, some of its values are null: name a unique column with \
                 key = \"…\" in the project file"
            ))
        };
        match (&table.key, table.schema.key.1) {
            (None, _) => {
                self.is_disordered |= self.last.is_some_and(|last| number <= last);
                if !table.driver.is_ordered || !self.is_dense {
                    self.numbers.push(number);
                }
            }
            (Some(column), KeyKind::Integer) => {
                let id = feature.integer(column.index).ok_or_else(|| no_key(&column.name))?;
                self.is_disordered |= self.integers.last().is_some_and(|(last, _)| id <= *last);
                self.integers.push((id, number));
            }
            (Some(column), KeyKind::String) => {
                let bytes = feature.text(column.index).ok_or_else(|| no_key(&column.name))?;
                let id = cells::text(bytes);
                self.is_disordered |= self.texts.last().is_some_and(|(last, _)| *id <= **last);
                self.texts.push((id.into(), number));
            }
        }
        self.last = Some(number);
        Ok(())
    }

    fn order(mut self, finds_numbers: bool, table: &Table) -> Result<Order, Fault> {
        self.integers.sort_unstable();
        self.texts.sort_unstable();
        let has_twins = self.integers.windows(2).any(|pair| pair[0].0 == pair[1].0)
            || self.texts.windows(2).any(|pair| pair[0].0 == pair[1].0);
        let mut gaps = Vec::new();
        let way = match (&table.key, table.schema.key.1) {
            (None, _) if !self.is_disordered => {
                if finds_numbers && !self.is_dense {
                    gaps = std::mem::take(&mut self.numbers);
                }
                Way::Stored
            }
            (None, _) => {
                self.numbers.sort_unstable();
                let is_unique = self.numbers.windows(2).all(|pair| pair[0] < pair[1]);
                if finds_numbers && is_unique && !self.numbers.is_empty() {
                    Way::Numbers(self.numbers)
                } else {
                    Way::Places
                }
            }
            (Some(column), _) if has_twins => {
                let name = &column.name;
                return Err(Fault::NoKey(format!(
                    "the column '{name}' cannot make the ids, some of its values are the same: name a unique column with \
                     key = \"…\" in the project file"
                )));
            }
            (Some(_), KeyKind::Integer) if finds_numbers => Way::Integers(self.integers),
            (Some(_), KeyKind::String) if finds_numbers => Way::Texts(self.texts),
            (Some(_), _) if !self.is_disordered => Way::Stored,
            (Some(column), _) => {
                let name = &column.name;
                return Err(Fault::NoKey(format!(
                    "the rows are not in the order of '{name}', and a file of this format cannot be read in another: make a \
                     GeoPackage of it, or a FlatGeobuf with an index"
                )));
            }
        };
        let first = self.first.filter(|_| self.is_dense && table.key.is_none() && matches!(way, Way::Stored));
        Ok(Order { way, count: self.count, first, numbers: gaps })
    }
}

impl Order {
    /// The numbers of the rows of a stretch, the last first; `None` where rows are not looked up by numbers.
    pub(super) fn backwards(&self, stretch: Option<&Stretch>) -> Option<Box<dyn Iterator<Item = i64> + '_>> {
        let of_number =
            |id: &i64| stretch.is_none_or(|stretch| !stretch.ends_before(|end| FeatureId::Int(*id).cmp(end)));
        Some(match &self.way {
            Way::Places => return None,
            Way::Stored => match self.first {
                Some(first) => {
                    let last = first.saturating_add(i64::try_from(self.count).unwrap_or(i64::MAX)).saturating_sub(1);
                    let last = stretch.and_then(Stretch::last).map_or(last, |end| last.min(end));
                    Box::new((first..=last).rev())
                }
                None if self.numbers.is_empty() && self.count > 0 => return None,
                None => Box::new(self.numbers[..self.numbers.partition_point(of_number)].iter().rev().copied()),
            },
            Way::Numbers(numbers) => Box::new(numbers[..numbers.partition_point(of_number)].iter().rev().copied()),
            Way::Integers(pairs) => {
                let count = pairs.partition_point(|(id, _)| of_number(id));
                Box::new(pairs[..count].iter().rev().map(|(_, number)| *number))
            }
            Way::Texts(pairs) => {
                let is_within = |id: &str| {
                    stretch.is_none_or(|stretch| {
                        !stretch.ends_before(|end| match end {
                            FeatureId::Text(end) => id.cmp(end),
                            FeatureId::Int(_) => std::cmp::Ordering::Greater,
                        })
                    })
                };
                let count = pairs.partition_point(|(id, _)| is_within(id));
                Box::new(pairs[..count].iter().rev().map(|(_, number)| *number))
            }
        })
    }
}

impl Way {
    /// The numbers of all rows in the order of their ids; `None` where they are read as they lie.
    pub(super) fn numbers(&self) -> Option<Box<dyn Iterator<Item = i64> + '_>> {
        Some(match self {
            Self::Stored | Self::Places => return None,
            Self::Numbers(numbers) => Box::new(numbers.iter().copied()),
            Self::Integers(pairs) => Box::new(pairs.iter().map(|(_, number)| *number)),
            Self::Texts(pairs) => Box::new(pairs.iter().map(|(_, number)| *number)),
        })
    }

    /// How many of those numbers are of rows before a stretch.
    pub(super) fn before(&self, stretch: &Stretch) -> usize {
        let of_number = |id: &i64| stretch.begins_after(|begin| FeatureId::Int(*id).cmp(begin));
        match self {
            Self::Stored | Self::Places => 0,
            Self::Numbers(numbers) => numbers.partition_point(of_number),
            Self::Integers(pairs) => pairs.partition_point(|(id, _)| of_number(id)),
            Self::Texts(pairs) => pairs.partition_point(|(id, _)| {
                stretch.begins_after(|begin| match begin {
                    FeatureId::Text(begin) => (**id).cmp(begin),
                    FeatureId::Int(_) => std::cmp::Ordering::Greater,
                })
            }),
        }
    }

    /// The numbers of the rows with these ids, in order, where they can be looked up; `is_own` says that OGR's numbers are
    /// the ids.
    pub(super) fn numbers_of(&self, ids: &[FeatureId], is_own: bool) -> Option<Vec<i64>> {
        let mut ids: Vec<&FeatureId> = ids.iter().collect();
        ids.sort_unstable();
        ids.dedup();
        let number = |id: &FeatureId| match (self, id) {
            (Self::Integers(pairs), FeatureId::Int(id)) => {
                pairs.binary_search_by_key(id, |(id, _)| *id).ok().map(|at| pairs[at].1)
            }
            (Self::Texts(pairs), FeatureId::Text(id)) => {
                pairs.binary_search_by(|(other, _)| (**other).cmp(id)).ok().map(|at| pairs[at].1)
            }
            (Self::Stored | Self::Numbers(_), FeatureId::Int(id)) => Some(*id),
            _ => None,
        };
        let is_found = match self {
            Self::Places => false,
            Self::Stored => is_own,
            _ => true,
        };
        is_found.then(|| ids.into_iter().filter_map(number).collect())
    }
}
