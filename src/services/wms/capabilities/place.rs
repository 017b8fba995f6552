//! Where and when a layer is, in the words of each version.

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::base::datetime::Instant;
use crate::base::xml::Writer;
use crate::data::reference::{self, METRES_PER_DEGREE};
use crate::data::transform;
use crate::model::schema::Schema;

use super::super::offered;
use super::super::time::{is_date, whole};
use super::super::version::Version;

/// The latitude at which web Mercator ends.
const MERCATOR_END: f64 = 85.051_128_779_806_59;

/// Steps of time in seconds, and how ISO 8601 writes them.
const STEPS: [(i64, &str); 6] =
    [(1, "PT1S"), (60, "PT1M"), (3600, "PT1H"), (86_400, "P1D"), (2_678_400, "P1M"), (31_622_400, "P1Y")];

/// The steps that a client's slider may have.
const SLIDER: i64 = 2000;

/// A number without zeros at its end.
fn written(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Degrees below which a layer's box is a point or a line to its clients, which can make no map of it.
const FLAT: f64 = 1e-6;
/// Degrees that such a box has on each side, about a hundred metres.
const ROOM: f64 = 1e-3;

/// A box of which a map can be made.
pub(super) fn roomy(rect: &Rect) -> Rect {
    let mut rect = *rect;
    if rect.max_x - rect.min_x < FLAT {
        (rect.min_x, rect.max_x) = (rect.min_x - ROOM, rect.max_x + ROOM);
    }
    if rect.max_y - rect.min_y < FLAT {
        (rect.min_y, rect.max_y) = ((rect.min_y - ROOM).max(-90.0), (rect.max_y + ROOM).min(90.0));
    }
    rect
}

/// The box in longitude and latitude.
pub(super) fn geographic(xml: &mut Writer, version: &Version, rect: &Rect) {
    let of = |number| written(number, 7);
    if version.is_1_3() {
        xml.start("EX_GeographicBoundingBox", &[]);
        xml.element("westBoundLongitude", &of(rect.min_x));
        xml.element("eastBoundLongitude", &of(rect.max_x));
        xml.element("southBoundLatitude", &of(rect.min_y));
        xml.element("northBoundLatitude", &of(rect.max_y));
        xml.end();
    } else {
        let [a, b, c, d] = [rect.min_x, rect.min_y, rect.max_x, rect.max_y].map(of);
        xml.empty("LatLonBoundingBox", &[("minx", &a), ("miny", &b), ("maxx", &c), ("maxy", &d)]);
    }
}

/// The box in a reference system; none where it has no place there.
pub(super) fn bounding_box(xml: &mut Writer, version: &Version, rect: &Rect, crs: &Crs) {
    if let Some(there) = moved(rect, crs) {
        told(xml, version, &there, crs);
    }
}

/// The box of a layer in the system that it is stored in.
pub(super) fn stored_box(xml: &mut Writer, version: &Version, rect: &Rect, crs: &Crs) {
    let degree = reference::of(crs).map_or(1.0, |found| METRES_PER_DEGREE / found.metres_per_unit);
    let mut rect = *rect;
    for (min, max) in [(&mut rect.min_x, &mut rect.max_x), (&mut rect.min_y, &mut rect.max_y)] {
        if *max - *min < FLAT * degree {
            (*min, *max) = (*min - ROOM * degree, *max + ROOM * degree);
        }
    }
    told(xml, version, &outward(&rect), crs);
}

fn told(xml: &mut Writer, version: &Version, there: &Rect, crs: &Crs) {
    let numbers = if version.is_y_first(crs) {
        [there.min_y, there.min_x, there.max_y, there.max_x]
    } else {
        [there.min_x, there.min_y, there.max_x, there.max_y]
    };
    let [a, b, c, d] = numbers.map(|number| written(number, 7));
    let name = offered::name(crs);
    xml.empty("BoundingBox", &[(version.crs, &name), ("minx", &a), ("miny", &b), ("maxx", &c), ("maxy", &d)]);
}

fn moved(rect: &Rect, crs: &Crs) -> Option<Rect> {
    if crs.is_lon_lat_wgs84() {
        return Some(*rect);
    }
    let mut rect = *rect;
    if *crs == Crs::Epsg(3857) {
        rect = Rect { min_y: rect.min_y.max(-MERCATOR_END), max_y: rect.max_y.min(MERCATOR_END), ..rect };
    }
    if rect.min_y > rect.max_y {
        return None;
    }
    let there = transform::rectangle(&rect, &Crs::Crs84, crs).ok()?;
    let all = [there.min_x, there.min_y, there.max_x, there.max_y];
    (all.iter().all(|number| number.is_finite()) && there.min_x <= there.max_x).then(|| outward(&there))
}

/// Outward to a hundredth of a metre: nobody reads more, and the layer stays within.
fn outward(rect: &Rect) -> Rect {
    if !crs_is_metric(rect) {
        return *rect;
    }
    let (down, up) = (|n: f64| (n * 100.0).floor() / 100.0, |n: f64| (n * 100.0).ceil() / 100.0);
    Rect { min_x: down(rect.min_x), min_y: down(rect.min_y), max_x: up(rect.max_x), max_y: up(rect.max_y) }
}

/// Whether the numbers are too large for degrees.
fn crs_is_metric(rect: &Rect) -> bool {
    [rect.min_x, rect.min_y, rect.max_x, rect.max_y].iter().any(|number| number.abs() > 360.0)
}

/// The dimension of time, where the layer has one: any instant from the first to the last. The step is what a slider may
/// have; every instant between is answered as well.
pub(super) fn time(
    xml: &mut Writer,
    version: &Version,
    schema: &Schema,
    time: Option<(Option<Instant>, Option<Instant>)>,
) {
    let (Some(all), Some((Some(start), Some(end)))) = (whole(schema, time), time) else { return };
    let is_date = is_date(schema);
    let seconds = (end.0.saturating_sub(start.0)) / 1_000_000;
    let fits = |(step, _): &&(i64, &str)| seconds / step <= SLIDER && (!is_date || *step >= 86_400);
    let step = STEPS.iter().find(fits).map_or("P1Y", |step| step.1);
    let steps = format!("{all}/{step}");
    if version.is_1_3() {
        let attributes = [("name", "time"), ("units", "ISO8601"), ("default", all.as_str()), ("multipleValues", "1")];
        xml.element_with("Dimension", &attributes, &steps);
    } else {
        xml.empty("Dimension", &[("name", "time"), ("units", "ISO8601")]);
        let attributes = [("name", "time"), ("default", all.as_str()), ("multipleValues", "1")];
        xml.element_with("Extent", &attributes, &steps);
    }
}
