//! Settings that say nothing of a layer of its kind: whoever wrote them expects something that will not be.

use super::reading::FileKind;
use super::settings::Layer;

/// What is wrong with each of them.
pub(super) fn settings(layer: &Layer, kind: FileKind, is_database: bool) -> impl Iterator<Item = String> + use<> {
    let (is_raster, is_features) = (kind == FileKind::Raster, kind == FileKind::Features);
    let database = ("layers of a database", is_database);
    let features = ("layers with features", !is_raster);
    let rasters = ("rasters", is_raster);
    let all = [
        ("sql", layer.sql.is_some(), database),
        ("parameters", !layer.parameters.is_empty(), database),
        ("key", layer.key.is_some(), features),
        ("time", layer.time.is_some(), features),
        ("properties", layer.properties.is_some(), features),
        ("bands", layer.bands.is_some(), rasters),
        ("units", layer.units.is_some(), rasters),
        ("options", !layer.options.is_empty(), ("files of features that GDAL reads", is_features)),
    ];
    let wrong = all.into_iter().filter(|(_, is_there, (_, is_of_them))| *is_there && !is_of_them);
    wrong.map(|(name, _, (whose, _))| format!("'{name}' is a setting of {whose} alone"))
}
