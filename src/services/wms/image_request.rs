//! How an image is made: its format, its ground, its quality. Read once for maps, legends, and exceptions as images.

use crate::error::{Error, Kind, Result};
use crate::render::canvas::Colour;
use crate::render::picture::PictureFormat;
use crate::services::ows::kvp::{Kvp, invalid};

use super::formats::IMAGE_FORMATS;
use super::parameters::is_true;

/// Format and ground of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Image {
    /// The format.
    pub(super) format: PictureFormat,
    /// Its media type.
    pub(super) media_type: &'static str,
    /// The colour of the ground; none where it is transparent.
    pub(super) ground: Option<Colour>,
}

impl Image {
    /// Reads FORMAT, TRANSPARENT, BGCOLOR and IMAGE_QUALITY.
    pub(super) fn read(kvp: Kvp<'_>) -> Result<Self> {
        let given = kvp.required("FORMAT")?;
        let found = format(given).ok_or_else(|| {
            let all: Vec<&str> = IMAGE_FORMATS.iter().map(|row| row.0).collect();
            let message = format!("FORMAT is '{given}', expected one of: {}", all.join(", "));
            Error::new(Kind::InvalidParameter, message).at("FORMAT").coded("InvalidFormat")
        })?;
        let background =
            kvp.text("BGCOLOR")?.map(|given| colour("BGCOLOR", given)).transpose()?.unwrap_or(Colour::WHITE);
        Ok(Self::new(found, is_true(kvp, "TRANSPARENT")?, quality(kvp)?, background))
    }

    /// The same where nothing may fail: what cannot be read is what it is by default.
    pub(super) fn of(kvp: Kvp<'_>) -> Self {
        let text = |name| kvp.text(name).ok().flatten();
        let found = text("FORMAT").and_then(format).unwrap_or(IMAGE_FORMATS[0]);
        let background = text("BGCOLOR").and_then(|given| colour("BGCOLOR", given).ok()).unwrap_or(Colour::WHITE);
        let is_transparent = is_true(kvp, "TRANSPARENT").unwrap_or(false);
        Self::new(found, is_transparent, quality(kvp).unwrap_or(PictureFormat::USUAL_QUALITY), background)
    }

    fn new(row: Row, is_transparent: bool, quality: u8, background: Colour) -> Self {
        let is_opaque = matches!(row.1, PictureFormat::Jpeg { .. }) || !is_transparent;
        let format = match row.1 {
            PictureFormat::Jpeg { .. } => PictureFormat::Jpeg { quality, background },
            other => other,
        };
        Self { format, media_type: row.2, ground: is_opaque.then_some(background) }
    }
}

/// The quality of JPEG that the client wants.
fn quality(kvp: Kvp<'_>) -> Result<u8> {
    let Some(given) = kvp.text("IMAGE_QUALITY")? else { return Ok(PictureFormat::USUAL_QUALITY) };
    let quality = given.parse().ok().filter(|quality| (1..=100).contains(quality));
    quality.ok_or_else(|| invalid("IMAGE_QUALITY", given, "a whole number from 1 to 100"))
}

type Row = (&'static str, PictureFormat, &'static str);

/// The row of a format as clients write it: blanks and case do not count.
fn format(given: &str) -> Option<Row> {
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let given = plain(given);
    let alias = match given.as_str() {
        "image/jpg" | "jpg" | "jpeg" => "image/jpeg",
        "png" | "image/png;mode=16bit" | "image/png;mode=32bit" | "image/png24" | "image/png32" => "image/png",
        "image/png8" | "image/png;mode=1bit" => "image/png;mode=8bit",
        "webp" => "image/webp",
        other => other,
    };
    IMAGE_FORMATS.into_iter().find(|row| plain(row.0) == alias)
}

/// A colour as `0xRRGGBB`, or with `#`, or alone.
pub(super) fn colour(name: &str, given: &str) -> Result<Colour> {
    let digits = ["0x", "0X", "#"].iter().find_map(|prefix| given.strip_prefix(prefix)).unwrap_or(given);
    let number = Some(digits).filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let number = number.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let number = number.ok_or_else(|| invalid(name, given, "a colour such as 0xFFFFFF"))?;
    let [_, red, green, blue] = number.to_be_bytes();
    Ok(Colour::rgb(red, green, blue))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::request::Request;

    fn read(query: &str) -> Result<Image> {
        Image::read(Kvp::new(Request::get(&format!("/ows?{query}")).head()))
    }

    #[test]
    fn formats_have_many_spellings() {
        for (given, media_type) in [
            ("image/png", "image/png"),
            ("image/png;+mode=8bit", "image/png"),
            ("IMAGE/PNG;MODE=8BIT", "image/png"),
            ("image/jpg", "image/jpeg"),
            ("image/webp", "image/webp"),
        ] {
            assert_eq!(read(&format!("FORMAT={given}")).unwrap().media_type, media_type, "{given}");
        }
        for bad in ["", "FORMAT=", "FORMAT=image/nope", "FORMAT=text/html"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(read("FORMAT=image/nope").unwrap_err().code(), Some("InvalidFormat"));
    }

    #[test]
    fn the_ground_is_white_unless_told() {
        assert_eq!(read("FORMAT=image/png").unwrap().ground, Some(Colour::WHITE));
        assert_eq!(read("FORMAT=image/png&TRANSPARENT=TRUE").unwrap().ground, None);
        assert_eq!(read("FORMAT=image/png&BGCOLOR=0x102030").unwrap().ground, Some(Colour::rgb(16, 32, 48)));
        assert_eq!(read("FORMAT=image/png&BGCOLOR=%23ff0000").unwrap().ground, Some(Colour::rgb(255, 0, 0)));
        assert_eq!(read("FORMAT=image/jpeg&TRANSPARENT=TRUE").unwrap().ground, Some(Colour::WHITE));
        for bad in ["0x12345", "0x1234567", "red", "0xGGGGGG", "+12345"] {
            assert!(read(&format!("FORMAT=image/png&BGCOLOR={bad}")).is_err(), "{bad}");
        }
    }
}
