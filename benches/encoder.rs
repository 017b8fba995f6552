//! The hot path: rows to GeoJSON.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use graticule::base::crs::Crs;
use graticule::base::datetime::{Date, Instant};
use graticule::formats::geojson::GeoJson;
use graticule::formats::{Encoder, Opening, Part};
use graticule::model::batch::{Batch, Cell, Layout};
use graticule::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};

const ROWS: u32 = 1000;
const SIDES: u32 = 20;

fn part(fields: Vec<Field>, kind: GeometryKind, decimals: Option<u8>) -> Part {
    let layout = Layout { geometry: true, fields: (0..fields.len()).collect() };
    let geometry = GeometryField { name: "geom".into(), kind, crs: Crs::Crs84, epoch: None, has_z: false };
    let schema = Schema { fields, key: ("fid".into(), KeyKind::Integer), geometry: Some(geometry), time: None };
    Part { name: "bench".into(), schema: Arc::new(schema), layout: Arc::new(layout), crs: Crs::Crs84, decimals }
}

fn fields() -> Vec<Field> {
    use FieldKind as Kind;
    let kinds = [
        ("name", Kind::String),
        ("description", Kind::String),
        ("population", Kind::Integer),
        ("elevation", Kind::Number),
        ("capital", Kind::Boolean),
        ("founded", Kind::Date),
        ("updated", Kind::DateTime),
        ("remark", Kind::String),
    ];
    kinds.map(|(name, kind)| Field::new(name, kind)).into()
}

/// A place that looks like a measured one: with all its decimals.
fn place(row: u32) -> (f64, f64) {
    let part = f64::from(row) * 0.618_033_988_749_894_9;
    (part.fract() * 360.0 - 180.0, (part * 1.7).fract() * 170.0 - 85.0)
}

fn header(kind: u32) -> Vec<u8> {
    let mut wkb = vec![1];
    wkb.extend(kind.to_le_bytes());
    wkb
}

fn points() -> Batch {
    let mut batch = Batch::new(2 + fields().len());
    for row in 0..ROWS {
        let (x, y) = place(row);
        let mut wkb = header(1);
        wkb.extend([x.to_le_bytes(), y.to_le_bytes()].concat());
        batch.push(Cell::Int(i64::from(row) + 1));
        batch.push_blob(&wkb);
        batch.push_text(&format!("Place number {row}"));
        batch.push_text("A place of some size, \"on the river\", with a few words about it");
        batch.push(Cell::Int(i64::from(row) * 1234));
        batch.push(Cell::Float(f64::from(row) * 0.7));
        batch.push(Cell::Bool(row % 2 == 0));
        batch.push(Cell::Date(Date(17_000)));
        batch.push(Cell::Instant(Instant(1_518_477_650_000_000 + i64::from(row))));
        batch.push(Cell::Null);
    }
    batch
}

fn polygons() -> Batch {
    let mut batch = Batch::new(2);
    for row in 0..ROWS {
        let (x, y) = place(row);
        let mut wkb = header(3);
        wkb.extend([1u32.to_le_bytes(), (SIDES + 1).to_le_bytes()].concat());
        for side in 0..=SIDES {
            let (sin, cos) = (f64::from(side % SIDES) / f64::from(SIDES) * std::f64::consts::TAU).sin_cos();
            // Half of the rings run the wrong way.
            let sin = if row % 2 == 0 { sin } else { -sin };
            wkb.extend([(x + cos * 0.01).to_le_bytes(), (y + sin * 0.01).to_le_bytes()].concat());
        }
        batch.push(Cell::Int(i64::from(row)));
        batch.push_blob(&wkb);
    }
    batch
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("geojson");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    let cases = [
        ("points, 8 attributes", part(fields(), GeometryKind::Point, None), points()),
        ("points, 8 attributes, 7 decimals", part(fields(), GeometryKind::Point, Some(7)), points()),
        ("polygons, 21 vertices", part(vec![], GeometryKind::Polygon, None), polygons()),
        ("polygons, 21 vertices, 7 decimals", part(vec![], GeometryKind::Polygon, Some(7)), polygons()),
    ];
    for (name, part, batch) in &cases {
        let mut out = Vec::new();
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                out.clear();
                let mut encoder = GeoJson::new();
                encoder.open(&Opening { time_stamp: Instant(0), matched: None }, &mut out);
                encoder.part(part, &mut out);
                encoder.batch(black_box(batch), &mut out);
                encoder.end_part(&mut out);
                out.len()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
