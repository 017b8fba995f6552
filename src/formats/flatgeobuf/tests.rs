use std::fs;

use gdal::Dataset;
use gdal::vector::{Geometry, LayerAccess};
use proptest::prelude::*;

use super::*;
use crate::base::crs::Crs;
use crate::formats::samples::{KINDS, closing, opening, part, places};
use crate::model::geometry::samples::{Sample, Style, any_sample, any_style, wkb};
use crate::model::schema::GeometryKind;

fn written(part: &Part, batch: &Batch) -> tempfile::NamedTempFile {
    let (mut encoder, mut out) = (FlatGeobuf::new(), Vec::new());
    encoder.open(&opening(), &mut out);
    encoder.part(part, &mut out);
    encoder.batch(batch, &mut out);
    encoder.end_part(&mut out);
    encoder.close(&closing(batch), &mut out);
    let file = tempfile::Builder::new().suffix(".fgb").tempfile().unwrap();
    fs::write(file.path(), out).unwrap();
    file
}

#[test]
fn gdal_reads_every_kind_of_cell() {
    let (part, batch) = places();
    let file = written(&part, &batch);
    let dataset = Dataset::open(file.path()).unwrap();
    let mut layer = dataset.layer(0).unwrap();
    assert_eq!(layer.name(), "places");
    assert_eq!(layer.spatial_ref().unwrap().auth_code().unwrap(), 4326);
    let features: Vec<_> = layer.features().collect();
    assert_eq!(features.len(), 3);
    let first = &features[0];
    assert_eq!(first.geometry().unwrap().wkt().unwrap(), "POINT (7.5 46.25)");
    let text = |name: &str| first.field_as_string(first.field_index(name).unwrap()).unwrap().unwrap_or_default();
    assert_eq!(text("fid"), "1");
    assert_eq!(text(KINDS[0].0), "x,\"y\"\nz");
    assert_eq!((text("int"), text("float"), text("bool")), ("-7".to_owned(), "0.1".to_owned(), "1".to_owned()));
    assert_eq!(
        (text("date"), text("instant")),
        ("2024/02/29 00:00:00".to_owned(), "2024/02/29 12:00:00.500+00".to_owned())
    );
    assert_eq!((text("json"), text("bytes")), ("{\"a\":1}".to_owned(), "00FF".to_owned()));
    assert!(features[1].geometry().is_none_or(|geometry| geometry.wkt().is_err()));
    assert_eq!(features[1].field_as_string(1).unwrap(), Some(String::new()));
    assert_eq!(features[2].field_as_integer64(2).unwrap(), Some(i64::MIN));
}

#[test]
fn a_file_without_features_is_one() {
    let (part, _) = places();
    let file = written(&part, &Batch::new(part.layout.width()));
    let dataset = Dataset::open(file.path()).unwrap();
    assert_eq!(dataset.layer(0).unwrap().features().count(), 0);
}

/// What GDAL reads of a layer of this kind with these geometries.
fn read_back(kind: GeometryKind, has_z: bool, samples: &[Vec<u8>]) -> Vec<Option<String>> {
    let mut part = part();
    let mut schema = (*part.schema).clone();
    schema.fields.clear();
    if let Some(geometry) = &mut schema.geometry {
        (geometry.kind, geometry.has_z) = (kind, has_z);
    }
    part.schema = schema.into();
    part.layout = crate::model::batch::Layout { geometry: true, fields: Vec::new() }.into();
    part.crs = Crs::Epsg(2056);
    let mut batch = Batch::new(2);
    for (number, sample) in (0..).zip(samples) {
        batch.push(Cell::Int(number));
        batch.push_blob(sample);
    }
    let file = written(&part, &batch);
    let dataset = Dataset::open(file.path()).unwrap();
    let mut layer = dataset.layer(0).unwrap();
    layer.features().map(|feature| feature.geometry().and_then(|geometry| geometry.wkt().ok())).collect()
}

#[test]
fn one_becomes_a_set_of_one_where_the_layer_has_sets() {
    let ring = vec![[0.0; 4], [1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [0.0; 4]];
    let bytes = |sample: &Sample| wkb(sample, Style::default());
    let polygon = Sample::Polygon(vec![ring.clone(), ring.clone()]);
    let line = Sample::Line(ring.clone());
    let point = Sample::Point([3.0, 4.0, 0.0, 0.0]);
    for (kind, single, set, code) in [
        (GeometryKind::MultiPolygon, GeometryKind::Polygon, polygon, 6),
        (GeometryKind::MultiLineString, GeometryKind::LineString, line, 5),
        (GeometryKind::MultiPoint, GeometryKind::Point, point, 4),
    ] {
        let one = Sample::Members(code, vec![set.clone()]);
        let two = Sample::Members(code, vec![set.clone(), set.clone()]);
        let as_text = |bytes: &[u8]| Some(Geometry::from_wkb(bytes).unwrap().wkt().unwrap());
        let all = [bytes(&set), bytes(&one), bytes(&two)];
        let sets = read_back(kind, false, &all);
        assert_eq!(sets, [as_text(&all[1]), as_text(&all[1]), as_text(&all[2])]);
        let singles = read_back(single, false, &all);
        assert_eq!(singles, [as_text(&all[0]), as_text(&all[0]), None]);
    }
}

#[test]
fn a_flat_geometry_among_others_had_heights_that_are_no_numbers() {
    let flat = Style { z: false, ..Style::default() };
    let ring = vec![[0.0; 4], [1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [0.0; 4]];
    let samples = [Sample::Point([1.0, 2.0, 0.0, 0.0]), Sample::Polygon(vec![ring])];
    let read = read_back(GeometryKind::Any, true, &samples.map(|sample| wkb(&sample, flat)));
    let wanted = ["POINT (1 2 0)", "POLYGON ((0 0 0,1 0 0,1 1 0,0 0 0))"];
    assert_eq!(read, wanted.map(|text| Some(text.to_owned())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn gdal_reads_every_shape(samples in prop::collection::vec(any_sample(), 1..8), style in any_style()) {
        let style = Style { m: false, ewkb: false, ..style };
        let all: Vec<Vec<u8>> = samples.iter().map(|sample| wkb(sample, style)).collect();
        let read = read_back(GeometryKind::Any, style.z, &all);
        prop_assert_eq!(read.len(), all.len());
        for (bytes, read) in all.iter().zip(read) {
            // GDAL refuses some of what our reader takes; curves and surfaces are written as what they are drawn as.
            let Ok(wanted) = Geometry::from_wkb(bytes) else { continue };
            let text = wanted.wkt().unwrap();
            let is_told_otherwise = |word: &&str| text.contains(*word);
            if wanted.is_empty() {
                prop_assert!(read.is_none());
            } else if !["EMPTY", "CURVE", "SURFACE", "TIN", "TRIANGLE"].iter().any(is_told_otherwise) {
                prop_assert_eq!(read, Some(text));
            }
        }
    }
}
