//! The picture of a collection or coverage on its page, and the services that have it: where a WMS is registered, it draws.

use serde_json::{Value, json};

use crate::base::bbox::Rect;
use crate::message::request::COMPONENT;
use crate::server::context::Context;

/// The picture's longer side in pixels.
const SIDE: f64 = 720.0;

/// No picture is narrower or lower than this share of its other side.
const NARROWEST: f64 = 0.5;

/// The radius of web Mercator.
const RADIUS: f64 = 6_378_137.0;

/// A place without an extent, such as one point, is shown with this much around it, in metres.
const AROUND: f64 = 500.0;

/// Southern and northern end of a picture, as the pages' maps have them: the poles of Mercator's projection would take most
/// of the room.
const ENDS: (f64, f64) = (-84.0, 84.0);

/// Whether a service draws maps.
pub(in crate::apis) fn is_drawn(cx: &Context) -> bool {
    cx.registry().with_operation("GetMap") == Some("WMS")
}

/// The URL of a layer's legend.
pub(in crate::apis) fn legend(cx: &Context, id: &str) -> String {
    let layer = percent_encoding::utf8_percent_encode(id, COMPONENT);
    cx.url(&format!(
        "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&LAYER={layer}&FORMAT=image/png&TRANSPARENT=TRUE&LAYERTITLE=FALSE"
    ))
}

/// The URLs of pictures of a layer, for its page; none where no service draws it.
pub(in crate::apis) fn map(cx: &Context, id: &str, extent: &Rect) -> Option<Value> {
    if !is_drawn(cx) {
        return None;
    }
    let layer = percent_encoding::utf8_percent_encode(id, COMPONENT);
    let ([left, bottom, right, top], width, height) = frame(extent);
    let url = |query: String| cx.url(&format!("/ows?SERVICE=WMS&{query}"));
    Some(json!({
        "image": url(format!(
            "VERSION=1.3.0&REQUEST=GetMap&LAYERS={layer}&STYLES=&CRS=EPSG:3857&BBOX={left},{bottom},{right},{top}\
             &WIDTH={width}&HEIGHT={height}&FORMAT=image/png&TRANSPARENT=TRUE"
        )),
        "width": width,
        "height": height,
        "wms": cx.url("/ows"),
        "layer": id,
        "legend": legend(cx, id),
    }))
}

/// The services that have a layer, with the URL of their capabilities.
pub(in crate::apis) fn services(cx: &Context) -> Value {
    let one = |(name, version): (&str, &str)| {
        let href = cx.url(&format!("/ows?SERVICE={name}&VERSION={version}&REQUEST=GetCapabilities"));
        json!({
            "href": href, "rel": "service", "type": "text/xml", "title": format!("{name} {version}"),
            "name": name, "version": version,
        })
    };
    cx.registry().with_capabilities().map(one).collect()
}

/// A frame around an extent in web Mercator: its edges in whole metres, and the picture's width and height.
fn frame(extent: &Rect) -> ([i64; 4], i64, i64) {
    let x = |longitude: f64| RADIUS * longitude.clamp(-180.0, 180.0).to_radians();
    let y = |latitude: f64| {
        RADIUS * (std::f64::consts::FRAC_PI_4 + latitude.clamp(ENDS.0, ENDS.1).to_radians() / 2.0).tan().ln()
    };
    let (left, right, bottom, top) = (x(extent.min_x), x(extent.max_x), y(extent.min_y), y(extent.max_y));
    let margin = ((right - left).max(top - bottom) * 0.04).max(AROUND);
    let (mut across, mut down) = (right - left + 2.0 * margin, top - bottom + 2.0 * margin);
    across = across.max(down * NARROWEST);
    down = down.max(across * NARROWEST);
    let (middle_x, middle_y) = (f64::midpoint(left, right), f64::midpoint(bottom, top));
    let per_pixel = across.max(down) / SIDE;
    #[allow(clippy::cast_possible_truncation)] // metres on Earth, and pixels of a picture
    let whole = |number: f64| number.round() as i64;
    let edges = [middle_x - across / 2.0, middle_y - down / 2.0, middle_x + across / 2.0, middle_y + down / 2.0];
    (edges.map(whole), whole(across / per_pixel), whole(down / per_pixel))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_extent_and_a_shape_that_fits_a_page() {
        for rect in [
            Rect::WORLD,
            Rect { min_x: 7.0, min_y: 46.0, max_x: 7.0, max_y: 46.0 },
            Rect { min_x: -180.0, min_y: -90.0, max_x: 180.0, max_y: -60.0 },
            Rect { min_x: 10.0, min_y: -60.0, max_x: 10.1, max_y: 70.0 },
        ] {
            let ([left, bottom, right, top], width, height) = frame(&rect);
            assert!(left < right && bottom < top, "{rect:?}");
            assert!((360..=720).contains(&width) && (360..=720).contains(&height), "{rect:?} {width} {height}");
        }
    }
}
