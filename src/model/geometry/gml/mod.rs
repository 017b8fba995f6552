//! Reads geometries as GML 2, 3.1.1 and 3.2: the simple ones, curves and surfaces made of them, sets of all, and boxes.
//! Arcs become straight segments.

use crate::base::bbox::Bbox;
use crate::base::crs::Crs;
use crate::base::xml::Element;

use super::figure::{DEEPEST, Figure, Position};

mod positions;

#[cfg(test)]
mod tests;

/// Says of an `srsName` (or of none) which system it is, and whether its coordinates come in the order of an authority that
/// has north before east. The error is for the client.
pub type Rule<'a> = &'a dyn Fn(Option<&str>) -> Result<(Crs, bool), String>;

/// What an element is.
#[derive(Clone, Debug, PartialEq)]
pub enum Gml {
    /// A geometry.
    Figure(Figure),
    /// An envelope; west may be greater than east.
    Box(Bbox),
}

/// Why an element is no geometry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// The line of the element at which it shows.
    pub line: usize,
}

/// The local names of geometries.
const NAMES: [&str; 22] = [
    "Point",
    "LineString",
    "LinearRing",
    "Ring",
    "Polygon",
    "Curve",
    "OrientableCurve",
    "CompositeCurve",
    "Surface",
    "OrientableSurface",
    "CompositeSurface",
    "PolyhedralSurface",
    "TriangulatedSurface",
    "Tin",
    "MultiPoint",
    "MultiLineString",
    "MultiCurve",
    "MultiPolygon",
    "MultiSurface",
    "MultiGeometry",
    "Envelope",
    "Box",
];

/// Whether the element is a geometry of GML.
pub fn is_geometry(element: &Element) -> bool {
    let is_gml = element.namespace.as_deref().is_none_or(|uri| uri.starts_with("http://www.opengis.net/gml"));
    is_gml && NAMES.contains(&&*element.name)
}

/// Reads a geometry, x (longitude) before y whatever its system says.
pub fn read(element: &Element, rule: Rule<'_>) -> Result<(Gml, Crs), Fault> {
    let names = systems(element, 0);
    let name = names.first();
    if let Some(other) = names.iter().find(|other| Some(*other) != name) {
        return Err(fault(element, format!("the geometry is in two systems, '{}' and '{other}'", names[0])));
    }
    let (crs, is_swapped) = rule(name.copied()).map_err(|message| fault(element, message))?;
    if matches!(&*element.name, "Envelope" | "Box") {
        return Ok((Gml::Box(envelope(element, is_swapped)?), crs));
    }
    let mut figure = geometry(element, 2, 0)?;
    if let Some(message) = figure.fault() {
        return Err(fault(element, message));
    }
    if is_swapped {
        figure.swap();
    }
    Ok((Gml::Figure(figure), crs))
}

fn fault(element: &Element, message: impl Into<String>) -> Fault {
    Fault { message: message.into(), line: element.place }
}

/// The names of systems in an element, each once, from the outside inwards.
fn systems(element: &Element, depth: usize) -> Vec<&str> {
    let mut names: Vec<&str> = element.attribute("srsName").into_iter().collect();
    if depth < DEEPEST * 2 {
        for child in &element.children {
            for name in systems(child, depth + 1) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    names
}

fn envelope(element: &Element, is_swapped: bool) -> Result<Bbox, Fault> {
    let dimension = positions::dimension(element, 2)?;
    let corner = |name: &str| element.child(name).map(|corner| positions::of_pos(corner, dimension)).transpose();
    let corners = match (corner("lowerCorner")?, corner("upperCorner")?) {
        (Some(lower), Some(upper)) => vec![lower, upper],
        _ => positions::of(element, dimension)?,
    };
    let [lower, upper] = corners[..] else {
        return Err(fault(element, "a box has two corners"));
    };
    let [(min_x, min_y), (max_x, max_y)] = [lower, upper].map(|[a, b, _]| if is_swapped { (b, a) } else { (a, b) });
    if [min_x, min_y, max_x, max_y].iter().any(|number| !number.is_finite()) || min_y > max_y {
        return Err(fault(element, "the lower corner of the box is not below the upper one"));
    }
    let z = Some((lower[2], upper[2])).filter(|(low, high)| low <= high);
    Ok(Bbox { z, ..Bbox::new(min_x, min_y, max_x, max_y) })
}

fn geometry(element: &Element, dimension: usize, depth: usize) -> Result<Figure, Fault> {
    if depth > DEEPEST {
        return Err(fault(element, format!("geometries nest deeper than {DEEPEST} levels")));
    }
    let dimension = positions::dimension(element, dimension)?;
    Ok(match &*element.name {
        "Point" => match positions::of(element, dimension)?[..] {
            [at] => Figure::Point(Some(at)),
            _ => return Err(fault(element, "a point has one position")),
        },
        "LineString" | "LinearRing" | "Curve" | "OrientableCurve" | "CompositeCurve" | "Ring" => {
            Figure::LineString(line(element, dimension, depth)?)
        }
        "Polygon" | "PolygonPatch" | "Triangle" | "Rectangle" => Figure::Polygon(rings(element, dimension, depth)?),
        "Surface" | "CompositeSurface" | "PolyhedralSurface" | "TriangulatedSurface" | "Tin" | "OrientableSurface" => {
            let mut faces = surfaces(element, dimension, depth)?;
            match faces.len() {
                1 => Figure::Polygon(faces.swap_remove(0)),
                _ => Figure::MultiPolygon(faces.into_iter().map(Figure::Polygon).collect()),
            }
        }
        "MultiPoint" => {
            let members = members(element, &["pointMember", "pointMembers"]);
            Figure::MultiPoint(all(members, |member| match geometry(member, dimension, depth + 1)? {
                point @ Figure::Point(_) => Ok(point),
                _ => Err(fault(member, "a MultiPoint has points alone")),
            })?)
        }
        "MultiLineString" | "MultiCurve" => {
            let members = members(element, &["lineStringMember", "curveMember", "curveMembers"]);
            let one = |member: &Element| line(member, dimension, depth + 1).map(Figure::LineString);
            Figure::MultiLineString(all(members, one)?)
        }
        "MultiPolygon" | "MultiSurface" => {
            let members = members(element, &["polygonMember", "surfaceMember", "surfaceMembers"]);
            let faces = all(members, |member| surfaces(member, dimension, depth + 1))?;
            Figure::MultiPolygon(faces.into_iter().flatten().map(Figure::Polygon).collect())
        }
        "MultiGeometry" => {
            let members = members(element, &["geometryMember", "geometryMembers"]);
            Figure::GeometryCollection(all(members, |member| geometry(member, dimension, depth + 1))?)
        }
        other => return Err(fault(element, format!("'{other}' is no geometry that is known here"))),
    })
}

/// What stands in the properties of these names.
fn members<'a>(element: &'a Element, names: &'a [&'a str]) -> impl Iterator<Item = &'a Element> {
    element.children.iter().filter(|child| names.contains(&&*child.name)).flat_map(|property| property.children.iter())
}

fn all<'a, T>(
    elements: impl Iterator<Item = &'a Element>,
    one: impl FnMut(&'a Element) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    elements.map(one).collect()
}

/// The first geometry in a property.
fn inner(property: &Element) -> Result<&Element, Fault> {
    property.children.first().ok_or_else(|| fault(property, format!("'{}' is empty", property.name)))
}

/// The positions of a line of any kind.
fn line(element: &Element, dimension: usize, depth: usize) -> Result<Vec<Position>, Fault> {
    if depth > DEEPEST {
        return Err(fault(element, format!("geometries nest deeper than {DEEPEST} levels")));
    }
    let dimension = positions::dimension(element, dimension)?;
    let parts: Vec<&Element> = match &*element.name {
        "LineString" | "LinearRing" | "LineStringSegment" => return positions::of(element, dimension),
        "Arc" | "ArcString" => return positions::of_arcs(element, dimension),
        "Curve" => members(element, &["segments"]).collect(),
        "CompositeCurve" | "Ring" => members(element, &["curveMember"]).collect(),
        "OrientableCurve" => {
            let base =
                element.child("baseCurve").ok_or_else(|| fault(element, "an OrientableCurve has a baseCurve"))?;
            let mut line = line(inner(base)?, dimension, depth + 1)?;
            if element.attribute("orientation") == Some("-") {
                line.reverse();
            }
            return Ok(line);
        }
        other => return Err(fault(element, format!("'{other}' is no line that is known here"))),
    };
    let mut joined: Vec<Position> = Vec::new();
    for part in parts {
        let part = line(part, dimension, depth + 1)?;
        // One starts where the other ends.
        let is_shared = joined.last().zip(part.first()).is_some_and(|(end, start)| end[..2] == start[..2]);
        joined.extend(part.into_iter().skip(usize::from(is_shared)));
    }
    Ok(joined)
}

/// The rings of a polygon or patch.
fn rings(element: &Element, dimension: usize, depth: usize) -> Result<Vec<Vec<Position>>, Fault> {
    let dimension = positions::dimension(element, dimension)?;
    let named = |names: [&'static str; 2]| {
        element.children.iter().filter(move |child| names.contains(&&*child.name)).map(move |property| {
            let ring = inner(property)?;
            line(ring, positions::dimension(ring, dimension)?, depth + 1)
        })
    };
    let outer: Vec<_> = named(["exterior", "outerBoundaryIs"]).collect::<Result<_, _>>()?;
    if outer.len() != 1 {
        return Err(fault(element, "a polygon has one outer ring"));
    }
    outer.into_iter().map(Ok).chain(named(["interior", "innerBoundaryIs"])).collect()
}

/// The polygons of a surface of any kind.
fn surfaces(element: &Element, dimension: usize, depth: usize) -> Result<Vec<Vec<Vec<Position>>>, Fault> {
    if depth > DEEPEST {
        return Err(fault(element, format!("geometries nest deeper than {DEEPEST} levels")));
    }
    let dimension = positions::dimension(element, dimension)?;
    let parts: Vec<&Element> = match &*element.name {
        "Polygon" | "PolygonPatch" | "Triangle" | "Rectangle" => return Ok(vec![rings(element, dimension, depth)?]),
        "Surface" | "PolyhedralSurface" | "TriangulatedSurface" | "Tin" => {
            members(element, &["patches", "polygonPatches", "trianglePatches"]).collect()
        }
        "CompositeSurface" => members(element, &["surfaceMember"]).collect(),
        "OrientableSurface" => members(element, &["baseSurface"]).collect(),
        other => return Err(fault(element, format!("'{other}' is no surface that is known here"))),
    };
    let faces = all(parts.into_iter(), |part| surfaces(part, dimension, depth + 1))?;
    Ok(faces.into_iter().flatten().collect())
}
