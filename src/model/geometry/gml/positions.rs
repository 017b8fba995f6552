//! Positions in all their spellings: `pos`, `posList`, `coordinates`, `coord`, points of their own.

use crate::base::xml::Element;

use super::super::figure::{Figure, Position};
use super::{Fault, fault};

/// How many numbers a position has from here on.
pub(super) fn dimension(element: &Element, outer: usize) -> Result<usize, Fault> {
    match element.attribute("srsDimension").or_else(|| element.attribute("dimension")).map(str::trim) {
        None => Ok(outer),
        Some("2") => Ok(2),
        Some("3") => Ok(3),
        Some(other) => Err(fault(element, format!("srsDimension is '{other}', and can be 2 or 3"))),
    }
}

/// All positions of an element, in their order.
pub(super) fn of(element: &Element, outer: usize) -> Result<Vec<Position>, Fault> {
    let mut all = Vec::new();
    for child in &element.children {
        match &*child.name {
            "pos" => all.push(of_pos(child, outer)?),
            "posList" => all.extend(of_list(child, outer)?),
            "coordinates" => all.extend(of_coordinates(child)?),
            "coord" => all.push(of_coord(child)?),
            "pointProperty" | "pointRep" => {
                for point in &child.children {
                    all.extend(of(point, dimension(point, outer)?)?);
                }
            }
            _ => {}
        }
    }
    if all.is_empty() { Err(fault(element, format!("'{}' has no positions", element.name))) } else { Ok(all) }
}

/// A line of arcs through every three positions, made straight.
pub(super) fn of_arcs(element: &Element, outer: usize) -> Result<Vec<Position>, Fault> {
    /// A circular string in WKB.
    const CIRCULAR: u32 = 8;
    let through = of(element, outer)?;
    if through.len() < 3 || through.len() % 2 == 0 {
        return Err(fault(element, "an arc has three positions, and two more for each that follows"));
    }
    let mut wkb = Figure::LineString(through).wkb();
    let code = u32::from_le_bytes([wkb[1], wkb[2], wkb[3], wkb[4]]) - 2 + CIRCULAR;
    wkb[1..5].copy_from_slice(&code.to_le_bytes());
    match Figure::read(&wkb) {
        Ok(Figure::LineString(line)) => Ok(line),
        _ => Err(fault(element, "the arc cannot be drawn")),
    }
}

fn number(element: &Element, text: &str) -> Result<f64, Fault> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| fault(element, format!("'{}' is not a number", text.chars().take(40).collect::<String>())))
}

fn numbers(element: &Element) -> Result<Vec<f64>, Fault> {
    element.text.split_whitespace().map(|text| number(element, text)).collect()
}

/// One position; how many numbers it has, it says itself.
pub(super) fn of_pos(element: &Element, _: usize) -> Result<Position, Fault> {
    match numbers(element)?[..] {
        [x, y] => Ok([x, y, f64::NAN]),
        [x, y, z] => Ok([x, y, z]),
        _ => Err(fault(element, "a position has two numbers or three")),
    }
}

fn of_list(element: &Element, outer: usize) -> Result<Vec<Position>, Fault> {
    let (numbers, dimension) = (numbers(element)?, dimension(element, outer)?);
    if numbers.len() % dimension != 0 {
        return Err(fault(element, format!("{} numbers make no positions of {dimension}", numbers.len())));
    }
    let position = |at: &[f64]| [at[0], at[1], at.get(2).copied().unwrap_or(f64::NAN)];
    Ok(numbers.chunks_exact(dimension).map(position).collect())
}

/// GML 2: `1,2 3,4`, with other signs where attributes say so.
fn of_coordinates(element: &Element) -> Result<Vec<Position>, Fault> {
    let sign =
        |name: &str, default: char| element.attribute(name).and_then(|sign| sign.chars().next()).unwrap_or(default);
    let (decimal, between, after) = (sign("decimal", '.'), sign("cs", ','), sign("ts", ' '));
    let is_after = |c: char| if after == ' ' { c.is_whitespace() } else { c == after };
    // Blanks about the sign between two numbers part nothing.
    let mut text = element.text.trim().to_owned();
    if after == ' ' && !between.is_whitespace() {
        let parts: Vec<&str> = text.split(between).map(str::trim).collect();
        text = parts.join(&between.to_string());
    }
    let tuple = |tuple: &str| {
        let ordinates: Vec<f64> = tuple
            .split(between)
            .map(|text| number(element, &text.trim().replace(decimal, ".")))
            .collect::<Result<_, _>>()?;
        match ordinates[..] {
            [x, y] => Ok([x, y, f64::NAN]),
            [x, y, z] => Ok([x, y, z]),
            _ => Err(fault(element, "coordinates have two numbers or three")),
        }
    };
    text.split(is_after).filter(|text| !text.trim().is_empty()).map(tuple).collect()
}

fn of_coord(element: &Element) -> Result<Position, Fault> {
    let ordinate = |name: &str| element.child(name).map(|child| number(child, child.trimmed())).transpose();
    match (ordinate("X")?, ordinate("Y")?, ordinate("Z")?) {
        (Some(x), Some(y), z) => Ok([x, y, z.unwrap_or(f64::NAN)]),
        _ => Err(fault(element, "a coord has X and Y")),
    }
}
