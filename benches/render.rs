//! Drawing: rows to pixels, pixels to files. Prints medians in milliseconds.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)] // a program that measures, and says so

use std::hint::black_box;
use std::time::Instant;

use graticule::base::bbox::Rect;
use graticule::base::crs::Crs;
use graticule::model::batch::{Batch, Cell, Layout};
use graticule::model::schema::{GeometryField, GeometryKind, KeyKind, Schema};
use graticule::render::canvas::{Canvas, Colour, Rgba};
use graticule::render::features::Painter;
use graticule::render::legend::{self, LegendLayer, LegendLook};
use graticule::render::picture::{PictureFormat, encode};
use graticule::render::style::Style;
use graticule::render::{METRES_PER_DEGREE, MapFrame};

const FILL: &str = r##"
    name = "fill"
    rules = [{ symbols = [{ fill = "#dce3d0" }] }]
"##;
const PLAIN: &str = r##"
    name = "plain"
    rules = [{ symbols = [{ fill = "#dce3d0" }, { stroke = "#7c8f6a" }] }]
"##;
const LINE: &str = r##"
    name = "line"
    rules = [{ symbols = [{ stroke = "#5f83a3" }] }]
"##;
const DASHED: &str = r##"
    name = "dashed"
    rules = [{ symbols = [{ stroke = { color = "#5f83a3", width = 3, dash = [8, 4], cap = "round" } }] }]
"##;
const MARKER: &str = r##"
    name = "marker"
    rules = [{ symbols = [{ marker = { size = 7, fill = "#b57260", stroke = "white" } }] }]
"##;

fn schema(kind: GeometryKind) -> Schema {
    let geometry = GeometryField { name: "geom".into(), kind, crs: Crs::Crs84, epoch: None, has_z: false };
    Schema { fields: vec![], key: ("fid".into(), KeyKind::Integer), geometry: Some(geometry), time: None }
}

fn batches<'a>(geometries: impl Iterator<Item = &'a [u8]>) -> Vec<Batch> {
    let mut batches = vec![Batch::new(2)];
    for wkb in geometries {
        if batches.last().is_none_or(Batch::is_full) {
            batches.push(Batch::new(2));
        }
        if let Some(batch) = batches.last_mut() {
            batch.push(Cell::Int(0));
            batch.push_blob(wkb);
        }
    }
    batches
}

/// The countries of the sample data.
fn countries() -> Vec<Batch> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let connection = rusqlite::Connection::open(file).expect("the sample data");
    let mut statement = connection.prepare("SELECT geom FROM countries").expect("a table");
    let blobs = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("rows");
    let blobs: Vec<Vec<u8>> = blobs.map(|blob| blob.expect("a blob")).collect();
    // GeoPackage's header: eight bytes and the envelope that the flags tell.
    let header = |blob: &[u8]| 8 + [0, 32, 48, 48, 64][usize::from(blob[3] >> 1 & 7)];
    batches(blobs.iter().map(|blob| &blob[header(blob)..]))
}

/// Geometries from a file of lengths (32 bits, little-endian) and WKB in turn.
fn from_file(path: &str) -> Vec<Batch> {
    let bytes = std::fs::read(path).expect("a file");
    let (mut rest, mut found) = (&bytes[..], Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (wkb, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        found.push(wkb);
        rest = after;
    }
    batches(found.into_iter())
}

fn ring(out: &mut Vec<u8>, x: f64, y: f64, radius: f64, sides: u32) {
    out.extend((sides + 1).to_le_bytes());
    for side in 0..=sides {
        let (sin, cos) = (f64::from(side % sides) / f64::from(sides) * std::f64::consts::TAU).sin_cos();
        let radius = radius * (1.0 + 0.3 * f64::from(side * 7 % 5));
        out.extend([x + radius * cos, y + radius * sin].map(f64::to_le_bytes).concat());
    }
}

fn place(row: u32) -> (f64, f64) {
    let part = f64::from(row) * 0.618_033_988_749_894_9;
    (part.fract() * 360.0 - 180.0, (part * 1.7).fract() * 170.0 - 85.0)
}

/// Small polygons of 24 vertices all over the world.
fn small_polygons(count: u32, radius: f64) -> Vec<Batch> {
    let geometries: Vec<Vec<u8>> = (0..count)
        .map(|row| {
            let (x, y) = place(row);
            let mut wkb = vec![1, 3, 0, 0, 0, 1, 0, 0, 0];
            ring(&mut wkb, x, y, radius, 23);
            wkb
        })
        .collect();
    batches(geometries.iter().map(Vec::as_slice))
}

/// Lines of many vertices that wander over the world.
fn long_lines(count: u32, vertices: u32) -> Vec<Batch> {
    let geometries: Vec<Vec<u8>> = (0..count)
        .map(|row| {
            let (mut x, mut y) = place(row);
            let mut wkb = vec![1, 2, 0, 0, 0];
            wkb.extend(vertices.to_le_bytes());
            for step in 0..vertices {
                let (sin, cos) =
                    (f64::from(row) + f64::from(step) * 0.05 + f64::from(step * 7919 % 13) * 0.3).sin_cos();
                (x, y) = ((x + cos * 0.1).clamp(-180.0, 180.0), (y + sin * 0.1).clamp(-85.0, 85.0));
                wkb.extend([x, y].map(f64::to_le_bytes).concat());
            }
            wkb
        })
        .collect();
    batches(geometries.iter().map(Vec::as_slice))
}

fn points(count: u32) -> Vec<Batch> {
    let geometries: Vec<Vec<u8>> = (0..count)
        .map(|row| {
            let (x, y) = place(row);
            [&[1, 1, 0, 0, 0][..], &x.to_le_bytes(), &y.to_le_bytes()].concat()
        })
        .collect();
    batches(geometries.iter().map(Vec::as_slice))
}

/// The median of some runs, in milliseconds, and what the last gave.
fn median<T>(mut run: impl FnMut() -> T) -> (f64, T) {
    let mut times = Vec::new();
    let mut last = black_box(run());
    let start = Instant::now();
    while times.len() < 9 || (start.elapsed().as_secs_f64() < 0.5 && times.len() < 200) {
        let start = Instant::now();
        last = black_box(run());
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], last)
}

fn draw(batches: &[Batch], kind: GeometryKind, style: &str, rect: Rect, width: u32, height: u32) -> Rgba {
    let style: Style = toml::from_str(style).expect("a style");
    let frame = MapFrame::new(rect, width, height, METRES_PER_DEGREE);
    let layout = Layout { geometry: true, fields: vec![] };
    let mut painter = Painter::new(&style, &schema(kind), &layout, &frame).expect("a painter");
    let mut canvas = Canvas::new(width, height);
    for batch in batches {
        painter.draw(&mut canvas, batch);
    }
    canvas.finish()
}

fn main() {
    let report = |name: &str, batches: &[Batch], kind: GeometryKind, style: &str, rect: Rect| {
        for (width, height) in [(256, 256), (1024, 768)] {
            let (draw_ms, picture) = median(|| draw(batches, kind, style, rect, width, height));
            println!("{name}, {width}x{height}: draw {draw_ms:.2} ms");
            files(&format!("{name} {width}"), &picture);
        }
    };
    let world = Rect::WORLD;
    let countries = countries();
    report("countries, fill", &countries, GeometryKind::MultiPolygon, FILL, world);
    report("countries, fill and stroke", &countries, GeometryKind::MultiPolygon, PLAIN, world);
    report("countries, dashed", &countries, GeometryKind::MultiPolygon, DASHED, world);
    let europe = Rect { min_x: 0.0, min_y: 40.0, max_x: 20.0, max_y: 55.0 };
    report("Europe, fill and stroke", &countries, GeometryKind::MultiPolygon, PLAIN, europe);
    let small = small_polygons(50_000, 0.3);
    report("50,000 polygons, fill", &small, GeometryKind::Polygon, FILL, world);
    report("50,000 polygons, fill and stroke", &small, GeometryKind::Polygon, PLAIN, world);
    let lines = long_lines(2_000, 500);
    report("2,000 long lines", &lines, GeometryKind::LineString, LINE, world);
    report("100,000 points", &points(100_000), GeometryKind::Point, MARKER, world);
    legends();
    // Other data: a file and a box, as in `FILE=rivers.wkb BOX=-180,-90,180,90`.
    if let (Ok(file), Ok(rect)) = (std::env::var("FILE"), std::env::var("BOX")) {
        let numbers: Vec<f64> = rect.split(',').map(|number| number.parse().expect("a number")).collect();
        let &[min_x, min_y, max_x, max_y] = numbers.as_slice() else { panic!("four numbers") };
        let rect = Rect { min_x, min_y, max_x, max_y };
        let batches = from_file(&file);
        report("the file, fill and stroke", &batches, GeometryKind::Any, PLAIN, rect);
        report("the file, stroke", &batches, GeometryKind::Any, LINE, rect);
    }
}

/// A legend of each kind, to be looked at.
fn legends() {
    let style: Style = toml::from_str(
        r##"
        name = "s"
        rules = [
            { title = "More than a hundred million", symbols = [{ fill = "#c98b5b" }, { stroke = "#7a4a28" }] },
            { title = "Fewer, Ångström & Übung", symbols = [{ fill = "#ecdcc8" }, { stroke = { color = "#7a4a28", dash = [4, 2] } }] },
        ]"##,
    )
    .expect("a style");
    let relief = r##"ramp.stops = [{ value = 200, color = "#5d8a4c" }, { value = 600, color = "#d9c98f" }, { value = 1000, color = "#f4f1ea" }]"##;
    let of = |kind, seed: &str| legend::entries(&Style::default_for(kind, seed), kind);
    let layers = [
        ("Countries", legend::entries(&style, GeometryKind::Polygon)),
        ("Relief", legend::raster_entries(&toml::from_str(relief).expect("a style"), &[])),
        ("Cities", of(GeometryKind::Point, "cities")),
        ("Rivers", of(GeometryKind::LineString, "rivers")),
        ("Areas", of(GeometryKind::Polygon, "areas")),
    ];
    let layers = layers.map(|(title, entries)| LegendLayer { title: title.to_owned(), entries });
    for ratio in [1.0, 2.0] {
        let look = LegendLook { ratio, background: Colour::WHITE, ..LegendLook::default() };
        let (ms, picture) = median(|| legend::draw(&layers, &look).expect("a legend"));
        println!("legend, ratio {ratio}: {ms:.2} ms");
        keep(&format!("legend {ratio}.png"), &encode(&picture, PictureFormat::Png).expect("a file"));
    }
}

/// How long the formats take, and how many bytes they are.
fn files(name: &str, picture: &Rgba) {
    let jpeg = PictureFormat::Jpeg { quality: PictureFormat::USUAL_QUALITY, background: Colour::WHITE };
    for (format, kind) in
        [("png", PictureFormat::Png), ("png8", PictureFormat::Png8), ("jpg", jpeg), ("webp", PictureFormat::WebP)]
    {
        let (ms, bytes) = median(|| encode(picture, kind).expect("a file"));
        println!("{name}, {format}: {ms:.2} ms, {} bytes", bytes.len());
        keep(&format!("{name}.{format}"), &bytes);
    }
}

/// Writes a file to the folder that `PICTURES` names, to be looked at.
fn keep(name: &str, bytes: &[u8]) {
    if let Ok(folder) = std::env::var("PICTURES") {
        std::fs::write(format!("{folder}/{}", name.replace([' ', ','], "_")), bytes).expect("a file");
    }
}
