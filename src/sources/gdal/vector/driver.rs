//! What is known of GDAL's drivers beyond what they say of themselves: one row each.

use super::ogr;
use crate::model::schema::GeometryKind;

/// How a driver reads.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // each is one fact
pub(super) struct Driver {
    name: &'static str,
    /// Its features come in the order of their numbers, where nothing is left out.
    pub(super) is_ordered: bool,
    /// A rectangle or a condition leaves its features in the order in which they come without; the indexes of databases have
    /// an order of their own.
    pub(super) keeps_order: bool,
    /// It finds features by a rectangle without looking at each, or at least without reading each.
    pub(super) finds_places: bool,
    /// It evaluates conditions by indexes or by a database.
    pub(super) finds_values: bool,
    /// It finds a feature by its number at once, where it says that it does.
    pub(super) finds_numbers: bool,
    /// An open file needs next to no memory; others hold all that they read, for each thread.
    pub(super) is_lean: bool,
    /// The number of features that it tells may be too high: deleted ones count.
    pub(super) miscounts: bool,
    /// Features have the numbers from this one on without a gap, as many as the file says, unless that is none.
    pub(super) first: Option<i64>,
    /// What it complains about while it reads means that the file is damaged, though a feature comes; others complain about
    /// single values as well.
    tells_damage: bool,
    /// Names of lines and polygons stand for sets of them as well.
    mixes_sets: bool,
}

const UNKNOWN: Driver = Driver {
    name: "",
    is_ordered: false,
    keeps_order: false,
    finds_places: false,
    finds_values: false,
    finds_numbers: true,
    is_lean: false,
    miscounts: false,
    first: None,
    tells_damage: false,
    mixes_sets: false,
};

const DRIVERS: &[Driver] = &[
    Driver {
        name: "ESRI Shapefile",
        is_ordered: true,
        keeps_order: true,
        finds_places: true,
        is_lean: true,
        miscounts: true,
        tells_damage: true,
        mixes_sets: true,
        ..UNKNOWN
    },
    Driver {
        name: "FlatGeobuf",
        is_ordered: true,
        keeps_order: true,
        finds_places: true,
        is_lean: true,
        miscounts: true,
        first: Some(0),
        tells_damage: true,
        ..UNKNOWN
    },
    Driver {
        name: "OpenFileGDB",
        is_ordered: true,
        keeps_order: true,
        finds_places: true,
        finds_values: true,
        is_lean: true,
        ..UNKNOWN
    },
    Driver {
        name: GEOPACKAGE,
        is_ordered: true,
        finds_places: true,
        finds_values: true,
        is_lean: true,
        tells_damage: true,
        ..UNKNOWN
    },
    Driver { name: "SQLite", is_ordered: true, finds_places: true, finds_values: true, is_lean: true, ..UNKNOWN },
    Driver { name: "CSV", is_ordered: true, keeps_order: true, finds_numbers: false, is_lean: true, ..UNKNOWN },
    Driver {
        name: "GeoJSONSeq",
        keeps_order: true,
        finds_numbers: false,
        is_lean: true,
        tells_damage: true,
        ..UNKNOWN
    },
    Driver { name: "GPX", keeps_order: true, finds_numbers: false, is_lean: true, tells_damage: true, ..UNKNOWN },
    Driver { name: "GML", keeps_order: true, finds_numbers: false, is_lean: true, tells_damage: true, ..UNKNOWN },
    Driver { name: "MapInfo File", keeps_order: true, is_lean: true, ..UNKNOWN },
    Driver { name: "Parquet", is_ordered: true, is_lean: true, ..UNKNOWN },
    Driver { name: "Arrow", is_ordered: true, is_lean: true, ..UNKNOWN },
];

/// Drivers that speak to servers, or write: what the project file names is a file.
pub(super) const REFUSED: &[&str] = &[
    "AmigoCloud",
    "Carto",
    "CSW",
    "EEDA",
    "Elasticsearch",
    "GMLAS",
    "GPSBabel",
    "HTTP",
    "MSSQLSpatial",
    "MongoDBv3",
    "MySQL",
    "NGW",
    "OAPIF",
    "OCI",
    "ODBC",
    "OGCAPI",
    "OGR_OGDI",
    "PGDUMP",
    "PGeo",
    "PLSCENES",
    "PostgreSQL",
    "WFS",
];

/// A GeoPackage on this machine has a reader of its own. Elsewhere, and in archives, only GDAL reads it.
pub(super) const GEOPACKAGE: &str = "GPKG";
/// Its files name other files and what else GDAL opens; by content alone any file could be one.
pub(super) const VIRTUAL: &str = "OGR_VRT";

/// What drivers say of a number that no feature has.
const ABSENT: [&str; 5] =
    ["out of available range", "marked deleted", "invalid feature id", "out of bounds", "feature at invalid index"];

/// Whether a failure to find a feature by its number says merely that there is none.
pub(super) fn is_absent(failure: &str) -> bool {
    ABSENT.iter().any(|said| failure.contains(said))
}

impl Driver {
    /// The driver with this short name.
    pub(super) fn named(name: &str) -> Self {
        DRIVERS.iter().find(|driver| driver.name == name).copied().unwrap_or(UNKNOWN)
    }

    /// What is damaged, where the driver has complained about that since the last look on this thread.
    pub(super) fn damage(self) -> Option<String> {
        if self.tells_damage { ogr::failure() } else { None }
    }

    /// The kind of geometries that may come where the driver names this one.
    pub(super) fn geometry(self, kind: GeometryKind) -> GeometryKind {
        match kind {
            GeometryKind::LineString if self.mixes_sets => GeometryKind::MultiLineString,
            GeometryKind::Polygon if self.mixes_sets => GeometryKind::MultiPolygon,
            kind => kind,
        }
    }
}
