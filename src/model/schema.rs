//! What a layer's rows look like.

use crate::base::crs::Crs;

/// The type of a property, as clients see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// A whole number of up to 64 bits.
    Integer,
    /// A floating point number.
    Number,
    /// True or false.
    Boolean,
    /// Text.
    String,
    /// A day.
    Date,
    /// An instant.
    DateTime,
    /// Bytes, written as base64.
    Binary,
    /// A JSON document.
    Json,
}

impl FieldKind {
    /// Whether values of this type can be compared and sorted.
    pub fn is_comparable(self) -> bool {
        !matches!(self, Self::Binary | Self::Json)
    }
}

/// One property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name, as the source has it.
    pub name: String,
    /// Type.
    pub kind: FieldKind,
    /// Title for people.
    pub title: Option<String>,
    /// Description for people.
    pub description: Option<String>,
}

impl Field {
    /// A field without title and description.
    pub fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        Self { name: name.into(), kind, title: None, description: None }
    }
}

/// The type of the key that makes feature ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Ids are whole numbers.
    Integer,
    /// Ids are text.
    String,
}

impl From<KeyKind> for FieldKind {
    fn from(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Integer => Self::Integer,
            KeyKind::String => Self::String,
        }
    }
}

/// What kind of geometries a layer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeometryKind {
    /// Of any kind.
    Any,
    /// Points.
    Point,
    /// Lines.
    LineString,
    /// Polygons.
    Polygon,
    /// Sets of points.
    MultiPoint,
    /// Sets of lines.
    MultiLineString,
    /// Sets of polygons.
    MultiPolygon,
    /// Sets of anything.
    GeometryCollection,
}

impl GeometryKind {
    /// The name as GeoJSON and WKT have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Point => "Point",
            Self::LineString => "LineString",
            Self::Polygon => "Polygon",
            Self::MultiPoint => "MultiPoint",
            Self::MultiLineString => "MultiLineString",
            Self::MultiPolygon => "MultiPolygon",
            Self::GeometryCollection => "GeometryCollection",
        }
    }
}

/// The geometry of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct GeometryField {
    /// Name of the column.
    pub name: String,
    /// Kind of geometries.
    pub kind: GeometryKind,
    /// The system of the stored coordinates, which are x before y whatever the authority says.
    pub crs: Crs,
    /// The epoch of the coordinates in years, where the file tells it: in a system whose points move with the ground, that is
    /// when they were there.
    pub epoch: Option<f64>,
    /// Whether coordinates may have a height.
    pub has_z: bool,
}

/// Which fields say when a feature is (or was).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeFields {
    /// Index of the field of the instant, or of the start.
    pub start: usize,
    /// Index of the field of the end, where features last.
    pub end: Option<usize>,
}

/// The schema of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Properties, in the source's order; neither the key nor the geometry is among them.
    pub fields: Vec<Field>,
    /// The key's name and type.
    pub key: (String, KeyKind),
    /// The geometry, where the layer has one.
    pub geometry: Option<GeometryField>,
    /// The fields of time, where the layer has some.
    pub time: Option<TimeFields>,
}

impl Schema {
    /// The index of the field with this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Whether this is the name of the key, and of no field.
    pub fn is_key(&self, name: &str) -> bool {
        self.key.0 == name && self.position(name).is_none()
    }

    /// The type of the field, or of the key, with this name.
    pub fn kind(&self, name: &str) -> Option<FieldKind> {
        match self.position(name) {
            Some(field) => Some(self.fields[field].kind),
            None => (self.key.0 == name).then(|| self.key.1.into()),
        }
    }
}
