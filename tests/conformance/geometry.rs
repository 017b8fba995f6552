//! What little geometry the checks need: positions of a GeoJSON geometry, and boxes.

use serde_json::Value;

/// Every position of a geometry: longitude and latitude.
pub(crate) fn positions(geometry: &Value) -> Vec<[f64; 2]> {
    let mut found = Vec::new();
    collect(&geometry["coordinates"], &mut found);
    for part in geometry["geometries"].as_array().into_iter().flatten() {
        found.extend(positions(part));
    }
    found
}

fn collect(coordinates: &Value, found: &mut Vec<[f64; 2]>) {
    let Some(parts) = coordinates.as_array() else { return };
    match (parts.first().and_then(Value::as_f64), parts.get(1).and_then(Value::as_f64)) {
        (Some(x), Some(y)) => found.push([x, y]),
        _ => parts.iter().for_each(|part| collect(part, found)),
    }
}

/// A box in longitude and latitude; west greater than east crosses the date line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) west: f64,
    pub(crate) south: f64,
    pub(crate) east: f64,
    pub(crate) north: f64,
}

impl Area {
    pub(crate) const fn new(west: f64, south: f64, east: f64, north: f64) -> Self {
        Self { west, south, east, north }
    }

    /// As the value of `bbox`.
    pub(crate) fn text(&self) -> String {
        format!("{},{},{},{}", self.west, self.south, self.east, self.north)
    }

    fn parts(&self) -> Vec<[f64; 2]> {
        if self.west <= self.east {
            vec![[self.west, self.east]]
        } else {
            vec![[self.west, 180.0], [-180.0, self.east]]
        }
    }

    pub(crate) fn holds(&self, [x, y]: [f64; 2]) -> bool {
        // A feature may run past the date line: 190 is -170.
        let turns = [x, x - 360.0, x + 360.0];
        let in_width = self.parts().iter().any(|[west, east]| turns.iter().any(|x| west <= x && x <= east));
        in_width && self.south <= y && y <= self.north
    }

    /// Whether the envelope of a geometry shares a point with the box: what intersects it, does so with its envelope.
    pub(crate) fn meets_envelope(&self, geometry: &Value) -> bool {
        let all = positions(geometry);
        let fold =
            |axis: usize, pick: fn(f64, f64) -> f64, start: f64| all.iter().fold(start, |at, it| pick(at, it[axis]));
        let (west, east) = (fold(0, f64::min, f64::INFINITY), fold(0, f64::max, f64::NEG_INFINITY));
        let (south, north) = (fold(1, f64::min, f64::INFINITY), fold(1, f64::max, f64::NEG_INFINITY));
        let in_width = self
            .parts()
            .iter()
            .any(|[left, right]| [0.0, -360.0, 360.0].iter().any(|turn| *left <= east + turn && west + turn <= *right));
        in_width && self.south <= north && south <= self.north
    }
}
