//! The one table of output formats: name for `f=`, suffix, media type, label.

use std::fmt;

/// A format that an answer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// JSON.
    Json,
    /// GeoJSON (RFC 7946).
    GeoJson,
    /// An OpenAPI 3.0 document as JSON.
    OpenApi,
    /// JSON Schema.
    SchemaJson,
    /// A page.
    Html,
    /// Plain text.
    Text,
    /// GeoJSON text sequences (RFC 8142).
    GeoJsonSeq,
    /// FlatGeobuf.
    FlatGeobuf,
    /// Comma-separated values (RFC 4180).
    Csv,
}

/// One row of the table of formats.
struct Row {
    format: Format,
    name: &'static str,
    media_type: &'static str,
    label: &'static str,
    /// Other media types by which clients ask for it.
    also: &'static [&'static str],
    /// A wish for JSON is met by it.
    is_json: bool,
    /// How the names of its files end, where people keep it as a file rather than look at it.
    extension: Option<&'static str>,
}

const ROWS: &[Row] = &[
    Row {
        format: Format::Json,
        name: "json",
        media_type: "application/json",
        label: "JSON",
        also: &[],
        is_json: true,
        extension: None,
    },
    Row {
        format: Format::GeoJson,
        name: "geojson",
        media_type: "application/geo+json",
        label: "GeoJSON",
        also: &["application/vnd.geo+json"],
        is_json: true,
        extension: None,
    },
    Row {
        format: Format::OpenApi,
        name: "openapi3",
        media_type: "application/vnd.oai.openapi+json;version=3.0",
        label: "OpenAPI 3.0",
        also: &["application/vnd.oai.openapi+json", "application/openapi+json"],
        is_json: true,
        extension: None,
    },
    Row {
        format: Format::SchemaJson,
        name: "schema",
        media_type: "application/schema+json",
        label: "JSON Schema",
        also: &[],
        is_json: true,
        extension: None,
    },
    Row {
        format: Format::Html,
        name: "html",
        media_type: "text/html",
        label: "HTML",
        also: &["application/xhtml+xml"],
        is_json: false,
        extension: None,
    },
    Row {
        format: Format::Text,
        name: "txt",
        media_type: "text/plain",
        label: "plain text",
        also: &[],
        is_json: false,
        extension: None,
    },
    Row {
        format: Format::GeoJsonSeq,
        name: "geojsonseq",
        media_type: "application/geo+json-seq",
        label: "GeoJSON sequence",
        also: &[],
        is_json: false,
        extension: Some("geojsons"),
    },
    Row {
        format: Format::FlatGeobuf,
        name: "fgb",
        media_type: "application/flatgeobuf",
        label: "FlatGeobuf",
        also: &["application/vnd.flatgeobuf"],
        is_json: false,
        extension: Some("fgb"),
    },
    Row {
        format: Format::Csv,
        name: "csv",
        media_type: "text/csv",
        label: "CSV",
        also: &[],
        is_json: false,
        extension: Some("csv"),
    },
];

impl Format {
    fn row(self) -> &'static Row {
        // The table has a row for every variant (tested), in the order of the enum.
        &ROWS[self as usize]
    }

    /// Every format.
    pub fn all() -> impl Iterator<Item = Format> {
        ROWS.iter().map(|row| row.format)
    }

    /// The name used by `f=` and as a suffix, such as `geojson`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The media type of links and of `Content-Type`, without a charset.
    pub fn media_type(self) -> &'static str {
        self.row().media_type
    }

    /// The `Content-Type` header: text says that it is UTF-8.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            other => other.media_type(),
        }
    }

    /// What a person calls it.
    pub fn label(self) -> &'static str {
        self.row().label
    }

    /// Whether a wish for plain JSON is met by this format.
    pub fn is_json(self) -> bool {
        self.row().is_json
    }

    /// How the names of its files end; `None` where it is looked at rather than kept.
    pub fn extension(self) -> Option<&'static str> {
        self.row().extension
    }

    /// Whether a document of it has a place for links; others have them in a header.
    pub fn carries_links(self) -> bool {
        self.is_json() || self == Self::Html
    }

    /// The format with this name or suffix (without the dot).
    pub fn by_name(name: &str) -> Option<Format> {
        ROWS.iter().find(|row| row.name == name).map(|row| row.format)
    }

    /// Whether `range` (a media type without parameters, lower case) asks for this format by name.
    pub fn is_called(self, range: &str) -> bool {
        let row = self.row();
        let essence = row.media_type.split(';').next().unwrap_or_default();
        essence == range || row.also.contains(&range)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, row) in ROWS.iter().enumerate() {
            assert_eq!(row.format as usize, index);
            assert_eq!(Format::by_name(row.name), Some(row.format));
        }
    }
}
