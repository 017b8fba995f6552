//! Trims, slices and scales of WCS 2.0, made an area with a size.

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::bounds;
use crate::error::{Error, Kind, Result};

use super::frame::Frame;

/// An axis, by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// Longitude, easting.
    X,
    /// Latitude, northing.
    Y,
    /// The grid's own, across.
    Column,
    /// The grid's own, down.
    Row,
}

/// A part of an axis, both ends included; a slice has the same twice.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subset {
    pub(super) axis: Axis,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

/// How large the answer is to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Scaling {
    /// As large as it is.
    #[default]
    None,
    /// So many times as large.
    Factor(f64),
    /// So many times along each axis.
    Axes(Vec<(Axis, f64)>),
    /// So many pixels along each axis.
    Size(Vec<(Axis, u32)>),
}

impl Axis {
    /// The axis of a label; clients spell it as the system does, as QGIS does, or by a letter.
    pub(super) fn read(label: &str) -> Option<Self> {
        // Some name them by URI: http://www.opengis.net/def/axis/OGC/1/i
        let label = label.trim().rsplit('/').next().unwrap_or_default();
        Some(match label.to_ascii_lowercase().as_str() {
            "long" | "lon" | "longitude" | "lambda" | "x" | "e" | "east" | "easting" => Self::X,
            "lat" | "latitude" | "phi" | "y" | "n" | "north" | "northing" => Self::Y,
            "i" | "column" => Self::Column,
            "j" | "row" => Self::Row,
            _ => return None,
        })
    }

    /// Whether it runs across.
    pub(super) fn is_across(self) -> bool {
        matches!(self, Self::X | Self::Column)
    }
}

/// A label that no axis has.
pub(super) fn no_axis(label: &str, parameter: &str) -> Error {
    Error::new(Kind::OutOfRange, format!("there is no axis '{label}'"))
        .at(parameter.to_owned())
        .coded("InvalidAxisLabel")
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(Kind::OutOfRange, message.into()).at("SUBSET").coded("InvalidSubsetting")
}

/// What a request wants of a frame: area, system and size are the frame's of the answer.
pub(super) fn region(
    frame: &Frame,
    subsets: &[Subset],
    subsetting: Option<&Crs>,
    output: Option<&Crs>,
    scaling: &Scaling,
) -> Result<Frame> {
    for (number, subset) in subsets.iter().enumerate() {
        if subsets[..number].iter().any(|other| other.axis.is_across() == subset.axis.is_across()) {
            return Err(wrong("an axis is cut twice").coded("InvalidAxisLabel"));
        }
    }
    let subsetting = subsetting.filter(|crs| !crs.is_same_plane(&frame.crs));
    let by_place = subsets.iter().any(|subset| matches!(subset.axis, Axis::X | Axis::Y));
    let mut asked = None;
    let native = match subsetting.filter(|_| by_place) {
        None => pixels(frame, subsets)?,
        Some(crs) => {
            let around = bounds::around(&frame.area, &frame.crs, crs).map_err(|error| error.at("SUBSETTINGCRS"))?;
            let cut = cut(&around, &bounds::furthest(&frame.area, &frame.crs, crs)?, subsets)?;
            asked = Some((cut, crs.clone()));
            let within = bounds::around(&cut, crs, &frame.crs)?;
            let ends = |axis, low, high| Subset { axis, low: Some(low), high: Some(high) };
            let grid = subsets.iter().filter(|subset| matches!(subset.axis, Axis::Column | Axis::Row)).cloned();
            let mut all: Vec<Subset> = grid.collect();
            if !all.iter().any(|subset| subset.axis.is_across()) {
                all.push(ends(Axis::X, within.min_x.max(frame.area.min_x), within.max_x.min(frame.area.max_x)));
            }
            if !all.iter().any(|subset| !subset.axis.is_across()) {
                all.push(ends(Axis::Y, within.min_y.max(frame.area.min_y), within.max_y.min(frame.area.max_y)));
            }
            pixels(frame, &all)?
        }
    };
    let output = output.filter(|crs| !crs.is_same_plane(&frame.crs));
    let mut region = match output {
        None => native,
        Some(crs) => {
            let size = (native.width, native.height);
            let made = Frame::in_system(&native.area, &native.crs, size, crs).map_err(|error| error.at("OUTPUTCRS"))?;
            match asked {
                // Cut in the system of the answer, the cut is its edge.
                Some((cut, ref subsetting)) if subsetting.is_same_plane(crs) => {
                    let (dx, dy) = made.pixel;
                    let count = |length: f64, side: f64| round(length / side);
                    let size = (count(cut.max_x - cut.min_x, dx), count(cut.max_y - cut.min_y, dy));
                    Frame::new(crs.clone(), cut, size)
                }
                _ => made,
            }
        }
    };
    scale(&mut region, scaling)?;
    Ok(region)
}

/// The pixels of the frame that the subsets touch.
fn pixels(frame: &Frame, subsets: &[Subset]) -> Result<Frame> {
    let (dx, dy) = frame.pixel;
    let Rect { min_x, max_y, .. } = frame.area;
    let runs_round = frame.is_geographic() && frame.area.max_x - frame.area.min_x > 360.0 - dx / 2.0;
    let (mut columns, mut rows) = ((0.0, f64::from(frame.width)), (0.0, f64::from(frame.height)));
    for subset in subsets {
        let (low, high) = (subset.low, subset.high);
        match subset.axis {
            Axis::X => {
                let low = low.map(|low| (low - min_x) / dx);
                let mut high = high.map(|high| (high - min_x) / dx);
                let turn = 360.0 / dx;
                if let (Some(low), Some(end), true) = (low, high, runs_round)
                    && low > end
                {
                    // From the east of the date line to its west.
                    high = Some(end + turn);
                }
                columns = if runs_round { around(low, high, frame.width)? } else { touched(low, high, frame.width)? };
            }
            Axis::Y => {
                rows = touched(high.map(|high| (max_y - high) / dy), low.map(|low| (max_y - low) / dy), frame.height)?;
            }
            // The last pixel is included.
            Axis::Column => columns = touched(low, high.map(|high| high + 1.0), frame.width)?,
            Axis::Row => rows = touched(low, high.map(|high| high + 1.0), frame.height)?,
        }
    }
    let area = frame.edges(columns, rows);
    let (width, height) = (round(columns.1 - columns.0), round(rows.1 - rows.0));
    Ok(Frame { crs: frame.crs.clone(), area, width, height, pixel: frame.pixel })
}

/// Noise that a bound may have, in pixels.
const NOISE: f64 = 1e-6;

/// The pixels from one place to another, of those that there are.
fn touched(low: Option<f64>, high: Option<f64>, count: u32) -> Result<(f64, f64)> {
    let count = f64::from(count);
    let (low, high) = (low.unwrap_or(0.0), high.unwrap_or(count));
    if low > high + NOISE {
        return Err(wrong("the lower bound is above the upper one"));
    }
    if low > count + NOISE || high < -NOISE {
        return Err(wrong("the coverage has nothing there"));
    }
    let start = (low + NOISE).floor().clamp(0.0, count - 1.0);
    Ok((start, (high - NOISE).ceil().clamp(start + 1.0, count)))
}

/// The same where the pixels run round the Earth.
fn around(low: Option<f64>, high: Option<f64>, count: u32) -> Result<(f64, f64)> {
    let count = f64::from(count);
    let (low, high) = (low.unwrap_or(0.0), high.unwrap_or(count));
    if low > high + NOISE {
        return Err(wrong("the lower bound is above the upper one"));
    }
    if low.abs() > 10.0 * count || high.abs() > 10.0 * count {
        return Err(wrong("the coverage has nothing there"));
    }
    let start = (low + NOISE).floor();
    Ok((start, (high - NOISE).ceil().clamp(start + 1.0, start + count)))
}

/// A rectangle with its sides cut by subsets in its own system; they may reach further, as far as there is anything.
fn cut(around: &Rect, furthest: &Rect, subsets: &[Subset]) -> Result<Rect> {
    let mut rect = *around;
    for Subset { axis, low, high } in subsets {
        let (from, to, least, most) = match axis {
            Axis::X => (&mut rect.min_x, &mut rect.max_x, furthest.min_x, furthest.max_x),
            Axis::Y => (&mut rect.min_y, &mut rect.max_y, furthest.min_y, furthest.max_y),
            Axis::Column | Axis::Row => continue,
        };
        let (low, high) = (low.unwrap_or(from.min(high.unwrap_or(*from))), high.unwrap_or(to.max(low.unwrap_or(*to))));
        if low > high {
            return Err(wrong("the lower bound is above the upper one"));
        }
        if low > most || high < least {
            return Err(wrong("the coverage has nothing there"));
        }
        (*from, *to) = (low.max(least), high.min(most));
        if *from >= *to {
            // A slice: a hair's breadth of it, which is one pixel.
            *to = *from + from.abs().max(1.0) * 1e-9;
        }
    }
    Ok(rect)
}

fn scale(region: &mut Frame, scaling: &Scaling) -> Result<()> {
    let by = |size: u32, factor: f64| -> Result<u32> {
        if !(factor.is_finite() && factor > 0.0) {
            return Err(Error::new(Kind::OutOfRange, format!("the scale factor is {factor}, expected more than 0"))
                .coded("InvalidScaleFactor"));
        }
        Ok(round(f64::from(size) * factor))
    };
    let (width, height) = (region.width, region.height);
    match scaling {
        Scaling::None => return Ok(()),
        Scaling::Factor(factor) => (region.width, region.height) = (by(width, *factor)?, by(height, *factor)?),
        Scaling::Axes(axes) => {
            for (axis, factor) in axes {
                if axis.is_across() { region.width = by(width, *factor)? } else { region.height = by(height, *factor)? }
            }
        }
        Scaling::Size(axes) => {
            for (axis, size) in axes {
                if axis.is_across() { region.width = *size } else { region.height = *size }
            }
        }
    }
    *region = Frame::new(region.crs.clone(), region.area, (region.width, region.height));
    Ok(())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the range of the type
fn round(count: f64) -> u32 {
    count.round().clamp(1.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
#[path = "area_tests.rs"]
mod tests;
