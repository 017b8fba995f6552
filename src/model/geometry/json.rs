//! Reads geometries as GeoJSON (RFC 7946), x (longitude) before y.

use serde_json::Value as Json;

use super::figure::{DEEPEST, Figure, Position};

/// Reads a geometry object. The error says what is wrong with it.
pub fn read(json: &Json) -> Result<Figure, String> {
    let figure = geometry(json, 0)?;
    figure.fault().map_or(Ok(figure), |fault| Err(fault.to_owned()))
}

fn geometry(json: &Json, depth: usize) -> Result<Figure, String> {
    if depth > DEEPEST {
        return Err(format!("collections nest deeper than {DEEPEST} levels"));
    }
    let Some(kind) = json.get("type").and_then(Json::as_str) else {
        return Err("a geometry is an object with a type".to_owned());
    };
    let array = |name: &str| {
        let array = json.get(name).and_then(Json::as_array);
        array.ok_or_else(|| format!("a {kind} has '{name}', which is an array"))
    };
    Ok(match kind {
        "Point" => {
            let coordinates = array("coordinates")?;
            Figure::Point(if coordinates.is_empty() { None } else { Some(position(&json["coordinates"])?) })
        }
        "LineString" => Figure::LineString(line(&json["coordinates"])?),
        "Polygon" => Figure::Polygon(rings(&json["coordinates"])?),
        "MultiPoint" => {
            let point = |at| position(at).map(|at| Figure::Point(Some(at)));
            Figure::MultiPoint(array("coordinates")?.iter().map(point).collect::<Result<_, _>>()?)
        }
        "MultiLineString" => {
            let one = |json| line(json).map(Figure::LineString);
            Figure::MultiLineString(array("coordinates")?.iter().map(one).collect::<Result<_, _>>()?)
        }
        "MultiPolygon" => {
            let one = |json| rings(json).map(Figure::Polygon);
            Figure::MultiPolygon(array("coordinates")?.iter().map(one).collect::<Result<_, _>>()?)
        }
        "GeometryCollection" => {
            let one = |json| geometry(json, depth + 1);
            Figure::GeometryCollection(array("geometries")?.iter().map(one).collect::<Result<_, _>>()?)
        }
        other => return Err(format!("'{other}' is no geometry of GeoJSON")),
    })
}

fn array(json: &Json) -> Result<&Vec<Json>, String> {
    json.as_array().ok_or_else(|| "coordinates are arrays of numbers".to_owned())
}

fn position(json: &Json) -> Result<Position, String> {
    let numbers = array(json)?.iter().map(Json::as_f64).collect::<Option<Vec<f64>>>();
    match numbers.as_deref() {
        Some([x, y]) => Ok([*x, *y, f64::NAN]),
        // What follows the height has no meaning (RFC 7946, 3.1.1).
        Some([x, y, z, ..]) => Ok([*x, *y, *z]),
        _ => Err("a position has two numbers or three".to_owned()),
    }
}

fn line(json: &Json) -> Result<Vec<Position>, String> {
    array(json)?.iter().map(position).collect()
}

fn rings(json: &Json) -> Result<Vec<Vec<Position>>, String> {
    array(json)?.iter().map(line).collect()
}

/// A geometry as GeoJSON.
pub fn write(figure: &Figure) -> Json {
    let members =
        |name: &str, one: &dyn Fn(&Figure) -> Json| (name.to_owned(), figure.members().iter().map(one).collect());
    let coordinates = |json: Json| ("coordinates".to_owned(), json);
    let (kind, (name, content)) = match figure {
        Figure::Point(at) => ("Point", coordinates(at.as_ref().map_or_else(|| Json::Array(Vec::new()), written))),
        Figure::LineString(line) => ("LineString", coordinates(line.iter().map(written).collect())),
        Figure::Polygon(rings) => ("Polygon", coordinates(written_rings(rings))),
        Figure::MultiPoint(_) | Figure::MultiLineString(_) | Figure::MultiPolygon(_) => {
            let kind = match figure {
                Figure::MultiPoint(_) => "MultiPoint",
                Figure::MultiLineString(_) => "MultiLineString",
                _ => "MultiPolygon",
            };
            (kind, members("coordinates", &|member| write(member)["coordinates"].take()))
        }
        Figure::GeometryCollection(_) => ("GeometryCollection", members("geometries", &write)),
    };
    Json::Object([("type".to_owned(), Json::from(kind)), (name, content)].into_iter().collect())
}

fn written(at: &Position) -> Json {
    at.iter().filter(|number| !number.is_nan()).copied().collect()
}

fn written_rings(rings: &[Vec<Position>]) -> Json {
    rings.iter().map(|ring| ring.iter().map(written).collect::<Json>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::geometry::samples::{any_sample, any_style, wkb};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn faults_are_told() {
        for (json, message) in [
            (json!(1), "with a type"),
            (json!({"type": "Circle"}), "no geometry"),
            (json!({"type": "Point"}), "'coordinates'"),
            (json!({"type": "Point", "coordinates": [1]}), "two numbers"),
            (json!({"type": "Point", "coordinates": ["1", 2]}), "two numbers"),
            (json!({"type": "LineString", "coordinates": [[1, 2]]}), "two positions"),
            (json!({"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 7], [8, 8]]]}), "ends where it starts"),
            (json!({"type": "GeometryCollection"}), "'geometries'"),
        ] {
            let error = read(&json).unwrap_err();
            assert!(error.contains(message), "{json}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(sample in any_sample(), style in any_style()) {
            let figure = Figure::read(&wkb(&sample, style)).unwrap();
            if figure.fault().is_none() && !format!("{figure:?}").contains("Point(None)") {
                prop_assert_eq!(read(&write(&figure)).unwrap().wkb(), figure.wkb());
            }
        }
    }
}
