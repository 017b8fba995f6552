//! The piece of the world that a map shows: box, reference system, size and resolution, read and checked once for GetMap,
//! GetFeatureInfo and the legend.

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::reference;
use crate::error::{Error, Kind, Result};
use crate::project::map_settings::Wms;
use crate::render::MapFrame;
use crate::server::context::Context;
use crate::services::ows::kvp::{Kvp, invalid};

use super::offered;
use super::version::Version;

/// Dots per inch of a pixel of 0.28 mm, the standard's idea of a screen (WMS 1.3.0, 7.2.4.6.9).
pub(super) const STANDARD_DPI: f64 = 25.4 / 0.28;

/// The resolutions that are believed.
const DPI: std::ops::RangeInclusive<f64> = 10.0..=2400.0;

/// A piece of the world on so many pixels.
#[derive(Clone, Debug)]
pub(super) struct MapArea {
    /// Box, size and scale; in the units of `crs`, x before y.
    pub(super) frame: MapFrame,
    /// The reference system of the map.
    pub(super) crs: Crs,
}

impl MapArea {
    /// Reads the parameters of a map.
    pub(super) fn read(cx: &Context, kvp: Kvp<'_>, version: &Version) -> Result<Self> {
        let crs = crs(cx, kvp, version)?;
        let (width, height) = size(kvp, &cx.project().wms)?;
        let rect = rect(kvp, version.is_y_first(&crs))?;
        let metres_per_unit = reference::of(&crs)?.metres_per_unit;
        Ok(Self { frame: MapFrame::new(rect, width, height, metres_per_unit).with_dpi(dpi(kvp)?), crs })
    }
}

/// A map shows the world at most so often beside itself.
const TURNS: i32 = 3;

impl MapArea {
    /// How far the world must be moved, along x, to be on the map: nowhere, and by a turn to the east or west where the map
    /// goes on over the date line.
    pub(super) fn turns(&self) -> Vec<f64> {
        let Some(turn) = reference::of(&self.crs).ok().and_then(|found| found.turn) else { return vec![0.0] };
        let Rect { min_x, max_x, .. } = self.frame.rect;
        let is_shown = |moved: &f64| min_x < moved + turn / 2.0 && max_x > moved - turn / 2.0;
        let moved: Vec<f64> = (-TURNS..=TURNS).map(|times| f64::from(times) * turn).filter(is_shown).collect();
        if moved.is_empty() { vec![0.0] } else { moved }
    }
}

/// The reference system that a request names, which must be one that the capabilities list.
fn crs(cx: &Context, kvp: Kvp<'_>, version: &Version) -> Result<Crs> {
    // Clients mix up the two, and nothing else can be meant.
    let (_, name) = match kvp.first(&[version.crs, "CRS", "SRS"])? {
        Some(found) => found,
        None => (version.crs, kvp.required(version.crs)?),
    };
    let unknown =
        || Error::new(Kind::UnknownCrs, format!("{} is '{name}', which is not offered", version.crs)).at(version.crs);
    let crs: Crs = name.to_ascii_uppercase().parse().map_err(|_| unknown())?;
    if offered::is_offered(cx, &crs) { Ok(crs) } else { Err(unknown()) }
}

/// The size of the image within the limits.
pub(super) fn size(kvp: Kvp<'_>, limits: &Wms) -> Result<(u32, u32)> {
    let side = |name: &'static str, most: u32| -> Result<u32> {
        let given = kvp.required(name)?;
        let expected = format!("a whole number of pixels from 1 to {most}");
        let pixels = given.parse().ok().filter(|pixels| (1..=most).contains(pixels));
        pixels.ok_or_else(|| invalid(name, given, &expected))
    };
    Ok((side("WIDTH", limits.max_width)?, side("HEIGHT", limits.max_height)?))
}

/// The box, x before y.
fn rect(kvp: Kvp<'_>, is_y_first: bool) -> Result<Rect> {
    let given = kvp.required("BBOX")?;
    let wrong = |why: &str| invalid("BBOX", given, &format!("four numbers; {why}"));
    // A plus in a URL that nobody escaped is a blank.
    let number = |part: &str| part.trim().replace(' ', "+").parse().ok().filter(|number: &f64| number.is_finite());
    let numbers: Option<Vec<f64>> = given.split(',').map(number).collect();
    let numbers = numbers.ok_or_else(|| wrong("one is not a number"))?;
    let [a, b, c, d] = numbers[..] else { return Err(wrong(&format!("there are {}", numbers.len()))) };
    let rect = if is_y_first {
        Rect { min_x: b, min_y: a, max_x: d, max_y: c }
    } else {
        Rect { min_x: a, min_y: b, max_x: c, max_y: d }
    };
    let (across, down) = (rect.max_x - rect.min_x, rect.max_y - rect.min_y);
    if !across.is_finite() || !down.is_finite() {
        return Err(wrong("they are too large"));
    }
    if across <= 0.0 || down <= 0.0 {
        return Err(wrong("the lower corner must lie below the upper one on both axes"));
    }
    Ok(rect)
}

/// The resolution, in each of its spellings: QGIS's, UMN MapServer's and GeoServer's.
pub(super) fn dpi(kvp: Kvp<'_>) -> Result<f64> {
    let options = kvp.text("FORMAT_OPTIONS")?.unwrap_or_default();
    let option = options.split(';').find_map(|option| option.trim().strip_prefix("dpi:")?.parse().ok());
    if let Some((name, given)) = kvp.first(&["DPI", "MAP_RESOLUTION"])? {
        let dpi = given.parse().ok().filter(|dpi| DPI.contains(dpi));
        return dpi.ok_or_else(|| invalid(name, given, &format!("a number from {} to {}", DPI.start(), DPI.end())));
    }
    Ok(option.filter(|dpi| DPI.contains(dpi)).unwrap_or(STANDARD_DPI))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::request::Request;

    fn with<T>(query: &str, read: impl FnOnce(Kvp<'_>) -> T) -> T {
        read(Kvp::new(Request::get(&format!("/ows?{query}")).head()))
    }

    #[test]
    fn a_box_is_turned_and_bad_ones_are_refused() {
        let rect_of = |query, turned| with(query, |kvp| rect(kvp, turned));
        let turned = rect_of("bbox=-90,-180,80,170", true).unwrap();
        assert_eq!(turned, Rect { min_x: -180.0, min_y: -90.0, max_x: 170.0, max_y: 80.0 });
        assert_eq!(rect_of("BBOX=-180,-90,170,80", false).unwrap(), turned);
        assert_eq!(rect_of("BBOX=-.18E3,-900E-1,+1.7e+2,.8E%2B2", false).unwrap(), turned);
        for bad in [
            "",
            "BBOX=",
            "BBOX=1,2,3",
            "BBOX=1,2,3,4,5",
            "BBOX=a,b,c,d",
            "BBOX=1,1,1,2",
            "BBOX=2,1,1,2",
            "BBOX=1,1,2,NaN",
            "BBOX=1,1,inf,2",
            "BBOX=-1.7e308,1,1.7e308,2",
        ] {
            assert!(rect_of(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_keep_to_the_limits() {
        let limits = Wms { max_width: 100, max_height: 50, ..Wms::default() };
        let size_of = |query| with(query, |kvp| size(kvp, &limits));
        assert_eq!(size_of("WIDTH=100&HEIGHT=50").unwrap(), (100, 50));
        for bad in [
            "WIDTH=101&HEIGHT=5",
            "WIDTH=10&HEIGHT=51",
            "WIDTH=0&HEIGHT=5",
            "WIDTH=-1&HEIGHT=5",
            "WIDTH=x&HEIGHT=5",
            "WIDTH=1e2&HEIGHT=5",
            "WIDTH=99.5&HEIGHT=5",
            "WIDTH=NaN&HEIGHT=5",
            "WIDTH=99999999999999999999&HEIGHT=1",
            "HEIGHT=5",
        ] {
            assert!(size_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_resolution_has_several_spellings() {
        for (query, expected) in [
            ("DPI=96", 96.0),
            ("MAP_RESOLUTION=120&FORMAT_OPTIONS=dpi:150", 120.0),
            ("format_options=antialias:on;dpi:180", 180.0),
            ("FORMAT_OPTIONS=dpi:many", STANDARD_DPI),
            ("", STANDARD_DPI),
        ] {
            assert!((with(query, dpi).unwrap() - expected).abs() < 1e-9, "{query}");
        }
        for bad in ["DPI=-1", "DPI=0", "DPI=1e9", "MAP_RESOLUTION=nan", "DPI=x&MAP_RESOLUTION=96"] {
            assert_eq!(with(bad, dpi).unwrap_err().kind(), Kind::InvalidParameter, "{bad}");
        }
    }
}
