//! What OGR says about a layer, as a schema.

use std::path::{Path, PathBuf};

use gdal_sys::{OGRFieldSubType, OGRFieldType, OGRwkbGeometryType};

use super::driver::Driver;
use super::ogr::{FieldDefinition, Source};
use super::{archive, state};
use crate::base::address;
use crate::base::crs::Crs;
use crate::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};
use crate::sources::gdal::facts;
use crate::sources::layer_options::LayerOptions;

/// How a layer is read.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    /// Its place in the file.
    pub(super) index: usize,
    pub(super) driver: Driver,
    /// The file as GDAL names it, where it is on another machine.
    pub(super) elsewhere: Option<PathBuf>,
    /// Whether an index may be read in place of the rows, and has them in an order of its own.
    pub(super) has_index: bool,
    pub(super) schema: Schema,
    /// What the file tells of its geometry and reference system, to be told again when it is opened anew.
    pub(super) told: Told,
    /// Whether the project file names the reference system.
    pub(super) is_named: bool,
    /// For each field of the schema, where OGR has it and as what.
    pub(super) columns: Vec<Column>,
    /// The column that makes the ids; OGR's own number of the feature where `None`.
    pub(super) key: Option<Column>,
}

/// What a file tells of a layer's geometry.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    /// The name of the layer, where the file has several.
    layer: Option<String>,
    kind: Option<(OGRwkbGeometryType::Type, bool)>,
    name: String,
    /// The reference system in words, unless another was named in its place.
    system: Option<String>,
    epoch: Option<f64>,
}

impl Told {
    /// What it tells now; `is_named` says that the project file names the system.
    pub(super) fn read(source: &mut Source, index: usize, is_named: bool) -> Option<Self> {
        let system = if is_named { None } else { source.reference(index).and_then(|it| it.to_wkt().ok()) };
        let epoch = source.epoch(index).filter(|_| !is_named);
        let mut names = source.layer_names();
        let named = (names.len() > 1 && index < names.len()).then(|| names.swap_remove(index));
        let layer = source.layer(index)?;
        Some(Self { layer: named, kind: layer.geometry(), name: layer.geometry_name(), system, epoch })
    }

    /// Whether what was read by this description can still be read by it: any kind of geometry goes for all.
    pub(super) fn holds(&self, now: &Self) -> bool {
        let is_any = |kind: &Option<(OGRwkbGeometryType::Type, bool)>| {
            kind.is_some_and(|(kind, _)| kind == OGRwkbGeometryType::wkbUnknown)
        };
        let has_z = |told: &Self| told.kind.map(|(_, has_z)| has_z);
        let is_kind = self.kind == now.kind || (is_any(&self.kind) && has_z(self) == has_z(now));
        is_kind
            && self.layer == now.layer
            && self.name == now.name
            && self.system == now.system
            && self.epoch == now.epoch
    }
}

/// A field as OGR has it.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) kind: OGRFieldType::Type,
    pub(super) is_boolean: bool,
    /// Whether OGR has the text of a time, which is read here.
    pub(super) is_text: bool,
}

/// Reads a layer's description; the error is for whoever runs the server.
pub(super) fn describe(
    source: &mut Source,
    path: &Path,
    name: &str,
    index: usize,
    options: &LayerOptions,
) -> Result<Table, String> {
    let (driver, own_name) = (Driver::named(&source.driver()), name);
    let (reference, epoch) = (source.reference(index), source.epoch(index));
    let has_index = !driver.keeps_order && (!driver.finds_values || source.has_index(name));
    let told = Told::read(source, index, options.crs.is_some()).ok_or("it cannot be opened")?;
    let layer = source.layer(index).ok_or("it cannot be opened")?;
    let (mut fields, mut columns, mut key) = (Vec::<Field>::new(), Vec::new(), None);
    for (at, definition) in layer.fields().into_iter().enumerate() {
        let is_boolean = definition.subtype == OGRFieldSubType::OFSTBoolean;
        let column = Column {
            index: at,
            name: definition.name.clone(),
            kind: definition.kind,
            is_boolean,
            is_text: definition.is_text,
        };
        if key.is_none() && options.id.as_ref() == Some(&definition.name) {
            key = Some((column, kind(&definition)));
            continue;
        }
        let name = free(&definition.name, |name| fields.iter().any(|field| field.name == name));
        let kind = kind(&definition);
        fields.push(Field { name, kind, title: definition.title, description: None });
        columns.push(column);
    }
    let taken = |name: &str| fields.iter().any(|field| field.name == name);
    let key_name = match (&options.id, &key) {
        (Some(wanted), None) => return Err(format!("there is no column '{wanted}' for the ids")),
        (Some(wanted), Some(_)) => (wanted.clone(), key_kind(wanted, key.as_ref().map(|(_, kind)| *kind))?),
        (None, _) => (free(&or(layer.id_name(), "fid"), taken), KeyKind::Integer),
    };
    let geometry = layer.geometry().map(|(kind, has_z)| {
        let name = free(&or(layer.geometry_name(), "geometry"), |name| taken(name) || name == key_name.0);
        (name, driver.geometry(geometry_kind(kind)), has_z)
    });
    let geometry = match geometry {
        Some((name, kind, has_z)) => {
            let crs = match (&options.crs, reference) {
                (Some(crs), _) => crs.clone(),
                (None, Some(reference)) => {
                    facts::system(&reference)
                        .map_err(|cause| format!("its reference system cannot be read: {cause}"))?
                        .0
                }
                (None, None) => {
                    tracing::warn!(
                        file = %address::shown(path), layer = own_name,
                        "the reference system is not said: coordinates are taken for longitude and latitude; name another \
                         with crs = \"EPSG:…\" in the project file"
                    );
                    Crs::Crs84
                }
            };
            // It is said of the file's own system.
            let epoch = epoch.filter(|_| options.crs.is_none());
            Some(GeometryField { name, kind, crs, epoch, has_z })
        }
        None => None,
    };
    let time = options.time_fields(&fields)?;
    Ok(Table {
        name: name.to_owned(),
        index,
        driver,
        elsewhere: state::local(path).is_none().then(|| archive::unpacked(path).into_owned()),
        has_index,
        schema: Schema { fields, key: key_name, geometry, time },
        told,
        is_named: options.crs.is_some(),
        columns,
        key: key.map(|(column, _)| column),
    })
}

fn or(name: String, other: &str) -> String {
    if name.is_empty() { other.to_owned() } else { name }
}

/// A name that is not taken yet: some files have two columns of one name.
fn free(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut numbered = (2..).map(|number| format!("{name}_{number}"));
    let plain = std::iter::once(name.to_owned());
    plain.chain(&mut numbered).find(|name| !taken(name)).unwrap_or_default()
}

fn key_kind(name: &str, kind: Option<FieldKind>) -> Result<KeyKind, String> {
    match kind {
        Some(FieldKind::Integer) => Ok(KeyKind::Integer),
        Some(FieldKind::String) => Ok(KeyKind::String),
        _ => Err(format!("the column '{name}' cannot make the ids: it is neither of whole numbers nor of text")),
    }
}

fn kind(definition: &FieldDefinition) -> FieldKind {
    match (definition.kind, definition.subtype) {
        (OGRFieldType::OFTInteger, OGRFieldSubType::OFSTBoolean) => FieldKind::Boolean,
        (OGRFieldType::OFTInteger | OGRFieldType::OFTInteger64, _) => FieldKind::Integer,
        (OGRFieldType::OFTReal, _) => FieldKind::Number,
        (OGRFieldType::OFTDate, _) => FieldKind::Date,
        (OGRFieldType::OFTDateTime, _) => FieldKind::DateTime,
        (OGRFieldType::OFTBinary, _) => FieldKind::Binary,
        (OGRFieldType::OFTString, OGRFieldSubType::OFSTJSON)
        | (
            OGRFieldType::OFTIntegerList
            | OGRFieldType::OFTInteger64List
            | OGRFieldType::OFTRealList
            | OGRFieldType::OFTStringList,
            _,
        ) => FieldKind::Json,
        _ => FieldKind::String,
    }
}

fn geometry_kind(kind: OGRwkbGeometryType::Type) -> GeometryKind {
    match kind {
        OGRwkbGeometryType::wkbPoint => GeometryKind::Point,
        OGRwkbGeometryType::wkbLineString => GeometryKind::LineString,
        OGRwkbGeometryType::wkbPolygon => GeometryKind::Polygon,
        OGRwkbGeometryType::wkbMultiPoint => GeometryKind::MultiPoint,
        OGRwkbGeometryType::wkbMultiLineString => GeometryKind::MultiLineString,
        OGRwkbGeometryType::wkbMultiPolygon => GeometryKind::MultiPolygon,
        OGRwkbGeometryType::wkbGeometryCollection => GeometryKind::GeometryCollection,
        _ => GeometryKind::Any,
    }
}
