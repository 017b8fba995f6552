//! Exceptions as images: written into one, or a blank one, where EXCEPTIONS asks for it.

use crate::error::Error;
use crate::message::request::Head;
use crate::message::response::Response;
use crate::render::canvas::{Canvas, Colour};
use crate::render::picture;
use crate::render::text::TextStyle;
use crate::services::ows::kvp::Kvp;

use super::image_request::Image;
use super::parameters::count;
use super::version::Exceptions;

/// The largest side of such an image, whatever the request wants: an error must not cost what a map does.
const LARGEST: u32 = 1024;

/// Its side where the request names none.
const USUAL: u32 = 256;

/// Pixels around the text.
const MARGIN: f64 = 6.0;

/// The exception as an image of the size and format that the request wants; none where it wants a report. Its status is
/// 200, for clients show no image of another.
pub(super) fn image(head: &Head, error: &Error) -> Option<Response> {
    let kvp = Kvp::new(head);
    let text = |name| kvp.text(name).ok().flatten();
    let how = text("EXCEPTIONS").map(Exceptions::parse)?;
    let has_images = |name: &str| ["GetMap", "GetLegendGraphic"].iter().any(|other| other.eq_ignore_ascii_case(name));
    if how == Exceptions::Xml || !text("REQUEST").is_some_and(has_images) {
        return None;
    }
    let image = Image::of(kvp);
    let side = |name| count(kvp, name, 1, LARGEST).ok().flatten().unwrap_or(USUAL);
    let mut canvas = Canvas::new(side("WIDTH"), side("HEIGHT"));
    // Over what lies below a transparent map, text alone could not be read.
    let ground = if how == Exceptions::InImage { image.ground.or(Some(Colour::WHITE)) } else { image.ground };
    if let Some(colour) = ground {
        canvas.clear(colour);
    }
    if how == Exceptions::InImage {
        let ground = ground.unwrap_or(Colour::WHITE);
        let is_dark = u32::from(ground.red) + u32::from(ground.green) + u32::from(ground.blue) < 3 * 128;
        let style = TextStyle { colour: if is_dark { Colour::WHITE } else { Colour::BLACK }, ..TextStyle::new(12.0) };
        let width = f64::from(canvas.width()) - 2.0 * MARGIN;
        let mut y = MARGIN;
        for line in style.broken(error.message(), width) {
            style.draw(&mut canvas, &line, MARGIN, y);
            y += style.line_height();
        }
    }
    let bytes = picture::encode(&canvas.finish(), image.format).ok()?;
    Some(Response::ok(image.media_type, bytes))
}
