//! The one table of the formats in which coverages are written.

use crate::error::{Error, Kind, Result};
use crate::formats::coverage::{Picture, PictureEncoder, ascii_grid, geotiff, jpeg, png};

/// A format.
pub(super) struct PictureFormat {
    /// The media type.
    pub(super) media_type: &'static str,
    /// The name in WCS 1.0.
    pub(super) name: &'static str,
    /// What else clients call it.
    also: &'static [&'static str],
    /// How the names of its files end.
    pub(super) extension: &'static str,
    make: fn(Picture) -> Result<Box<dyn PictureEncoder>>,
}

static FORMATS: [PictureFormat; 4] = [
    PictureFormat {
        media_type: "image/tiff",
        name: "GeoTIFF",
        also: &["image/geotiff", "image/tiff; application=geotiff", "tiff", "tif", "gtiff", "geotiff"],
        extension: "tif",
        make: |picture| Ok(Box::new(geotiff::GeoTiff::new(picture)?)),
    },
    PictureFormat {
        media_type: "image/png",
        name: "PNG",
        also: &["png"],
        extension: "png",
        make: |picture| Ok(Box::new(png::Png::new(picture)?)),
    },
    PictureFormat {
        media_type: "image/jpeg",
        name: "JPEG",
        also: &["jpeg", "jpg", "image/jpg"],
        extension: "jpg",
        make: |picture| Ok(Box::new(jpeg::Jpeg::new(picture)?)),
    },
    PictureFormat {
        media_type: "text/plain; subtype=\"aaigrid\"",
        name: "ArcGrid",
        also: &["aaigrid", "text/plain", "image/x-aaigrid", "application/arcgrid", "application/x-asc", "ascii", "asc"],
        extension: "asc",
        make: |picture| Ok(Box::new(ascii_grid::AsciiGrid::new(picture)?)),
    },
];

/// All of them; the first is the usual one.
pub(super) fn all() -> &'static [PictureFormat] {
    &FORMATS
}

/// The format that a client names.
pub(super) fn find(text: &str) -> Result<&'static PictureFormat> {
    let is = |name: &str| name.eq_ignore_ascii_case(text.trim());
    let found = FORMATS.iter().find(|it| is(it.media_type) || is(it.name) || it.also.iter().any(|name| is(name)));
    found.ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.media_type).collect();
        Error::new(Kind::NotAcceptable, format!("FORMAT is '{text}', expected one of: {}", names.join(", ")))
            .at("FORMAT")
    })
}

impl PictureFormat {
    /// An encoder of a picture; an error where the format cannot have it.
    pub(super) fn encoder(&self, picture: Picture) -> Result<Box<dyn PictureEncoder>> {
        (self.make)(picture)
    }
}
