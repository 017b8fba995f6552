//! Which bands a request wants.

use crate::data::coverage::Grid;
use crate::error::{Error, Kind, Result};
use crate::services::ows::kvp::invalid;

/// A band, or all from one to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    One(String),
    Run(String, String),
    /// From one to another, each so many after the one before.
    Steps(String, String, usize),
}

impl Wanted {
    /// Reads `a,b:c` (WCS 2.0, range subsetting).
    pub(super) fn read(text: &str) -> Vec<Self> {
        let one = |part: &str| match part.split_once(':') {
            Some((from, to)) => Self::Run(from.trim().to_owned(), to.trim().to_owned()),
            None => Self::One(part.trim().to_owned()),
        };
        text.split(',').map(one).collect()
    }

    /// Reads `a,b` or `first/last` or `first/last/step` (WCS 1.0.0, table 9).
    pub(super) fn read_v1(text: &str) -> Result<Vec<Self>> {
        let one = |part: &str| {
            let parts: Vec<String> = part.split('/').map(|part| part.trim().to_owned()).collect();
            match &parts[..] {
                [one] => Ok(Self::One(one.clone())),
                [from, to] => Ok(Self::Run(from.clone(), to.clone())),
                [from, to, step] if step.parse().is_ok_and(|step: usize| step > 0) => {
                    Ok(Self::Steps(from.clone(), to.clone(), step.parse().unwrap_or(1)))
                }
                _ => Err(invalid(
                    "BANDS",
                    text,
                    "bands by number or name, such as 1,3 or 1/3 (1 to 3) or 1/5/2 (1, 3 and 5)",
                )),
            }
        };
        text.split(',').map(one).collect()
    }
}

/// The places of the bands in the grid, in the order in which they are wanted.
pub(super) fn find(wanted: &[Wanted], grid: &Grid, parameter: &str) -> Result<Vec<usize>> {
    let names = || grid.bands.iter().map(|band| band.name.as_str()).collect::<Vec<_>>().join(", ");
    let place = |name: &str| {
        let by_name = grid.bands.iter().position(|band| band.name == name);
        // Clients of WCS 1.0 count from 1.
        let by_number = || name.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < grid.bands.len());
        by_name.or_else(by_number).ok_or_else(|| {
            Error::new(Kind::OutOfRange, format!("there is no band '{name}', only {}", names()))
                .at(parameter.to_owned())
                .coded("NoSuchField")
        })
    };
    let mut found = Vec::new();
    for wanted in wanted {
        match wanted {
            Wanted::One(name) => found.push(place(name)?),
            Wanted::Run(from, to) | Wanted::Steps(from, to, _) => {
                let step = if let Wanted::Steps(_, _, step) = wanted { *step } else { 1 };
                let (first, last) = (place(from)?, place(to)?);
                if first > last {
                    let message = format!("the band '{from}' does not come before '{to}'");
                    return Err(Error::new(Kind::OutOfRange, message)
                        .at(parameter.to_owned())
                        .coded("IllegalFieldSequence"));
                }
                found.extend((first..=last).step_by(step));
            }
        }
        if found.len() > MOST {
            return Err(
                Error::new(Kind::TooLarge, format!("more than {MOST} bands are wanted")).at(parameter.to_owned())
            );
        }
    }
    Ok(found)
}

/// Most bands of an answer, one that is asked for twice counted twice.
const MOST: usize = 4096;
