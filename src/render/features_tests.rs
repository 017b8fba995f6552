use proptest::prelude::*;

use super::canvas::{Canvas, Rgba};
use super::features::Painter;
use super::frame::MapFrame;
use super::style::Style;
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::model::batch::{Batch, Cell, Layout};
use crate::model::geometry::samples::{self, Sample, any_curve, any_sample, any_style};
use crate::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};

/// A picture of 40 by 30 pixels, each a unit, with (0, 0) in the lower left corner.
const RECT: Rect = Rect { min_x: 0.0, min_y: 0.0, max_x: 40.0, max_y: 30.0 };

fn schema() -> Schema {
    let geometry =
        GeometryField { name: "geom".into(), kind: GeometryKind::Any, crs: Crs::Crs84, epoch: None, has_z: false };
    let fields = vec![Field::new("kind", FieldKind::String), Field::new("size", FieldKind::Integer)];
    Schema { fields, key: ("fid".into(), KeyKind::Integer), geometry: Some(geometry), time: None }
}

fn drawn(rules: &str, rows: &[(Sample, i64)]) -> Rgba {
    let mut style: Style = toml::from_str(&format!("name = 's'\nrules = {rules}")).unwrap();
    style.check(&schema()).unwrap();
    let layout = Layout { geometry: true, fields: vec![1] };
    let frame = MapFrame::new(RECT, 40, 30, 1.0);
    let mut painter = Painter::new(&style, &schema(), &layout, &frame).unwrap();
    let mut batch = Batch::new(3);
    for (sample, size) in rows {
        batch.push(Cell::Int(1));
        batch.push_blob(&samples::wkb(sample, samples::Style::default()));
        batch.push(Cell::Int(*size));
    }
    let mut canvas = Canvas::new(40, 30);
    painter.draw(&mut canvas, &batch);
    canvas.finish()
}

fn line(points: &[(f64, f64)]) -> Vec<[f64; 4]> {
    points.iter().map(|&(x, y)| [x, y, 0.0, 0.0]).collect()
}

fn square(x: f64, y: f64, side: f64) -> Vec<[f64; 4]> {
    line(&[(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)])
}

/// The covered area in pixels.
fn area(picture: &Rgba) -> f64 {
    picture.pixels().iter().map(|pixel| f64::from(pixel[3]) / 255.0).sum()
}

const FILL: &str = "[{ symbols = [{ fill = 'red' }] }]";

#[test]
fn polygons_have_holes_and_north_is_up() {
    let polygon = Sample::Polygon(vec![square(5.0, 5.0, 20.0), square(10.0, 10.0, 5.0)]);
    let picture = drawn(FILL, &[(polygon.clone(), 0)]);
    assert_eq!(picture.pixel(6, 23), [255, 0, 0, 255]);
    // The hole is y 10 to 15, counted from below.
    assert_eq!((picture.pixel(12, 17)[3], picture.pixel(12, 12)[3]), (0, 255));
    assert!((area(&picture) - 375.0).abs() < 0.01);
    let both = Sample::Members(6, vec![polygon, Sample::Polygon(vec![square(30.0, 10.0, 4.0)])]);
    assert!((area(&drawn(FILL, &[(both.clone(), 0)])) - 391.0).abs() < 0.01);
    let nested = Sample::Members(7, vec![Sample::Point([1.0; 4]), both, Sample::Line(square(0.0, 0.0, 3.0))]);
    assert!((area(&drawn(FILL, &[(nested, 0)])) - 391.0).abs() < 0.01);
}

#[test]
fn features_below_a_pixel_leave_what_they_cover() {
    let tiny = |count: u32, side: f64| -> Vec<(Sample, i64)> {
        let place = |at: u32| (2.0 + f64::from(at % 30) * 1.13, 2.0 + f64::from(at / 30) * 1.07);
        (0..count).map(|at| (Sample::Polygon(vec![square(place(at).0, place(at).1, side)]), 0)).collect()
    };
    for side in [0.9, 0.5, 0.3] {
        let covered = area(&drawn(FILL, &tiny(300, side)));
        assert!((covered / (300.0 * side * side) - 1.0).abs() < 0.15, "{side}: {covered}");
    }
    // A border keeps its width around what has none.
    let border = drawn("[{ symbols = [{ stroke = { color = 'red', width = 2 } }] }]", &tiny(1, 0.01));
    assert!((area(&border) - 4.04).abs() < 0.1, "{}", area(&border));
    let short = drawn(
        "[{ symbols = [{ stroke = { color = 'red', width = 2 } }] }]",
        &[(Sample::Line(line(&[(5.0, 5.0), (5.3, 5.0), (5.6, 5.1)])), 0)],
    );
    assert!((area(&short) - 1.2).abs() < 0.1, "{}", area(&short));
}

#[test]
fn neighbours_keep_their_common_border() {
    // A border of many vertices, some much nearer than a pixel; each neighbour starts elsewhere and runs its own way.
    let border: Vec<(f64, f64)> =
        (0..=400).map(|at| f64::from(at) / 400.0).map(|t| (20.0 + 3.0 * (t * 40.0).sin(), 2.0 + t * 26.0)).collect();
    let mut left = vec![(2.0, 2.0)];
    left.extend(&border);
    left.extend([(2.0, 28.0), (2.0, 2.0)]);
    let mut right: Vec<(f64, f64)> = border[137..].to_vec();
    right.extend([(38.0, 28.0), (38.0, 2.0)]);
    right.extend(&border[..=137]);
    right.reverse();
    let rows = [left, right].map(|ring| (Sample::Polygon(vec![line(&ring)]), 0));
    let picture = drawn(FILL, &rows);
    // Covers of one pixel are laid over each other. Two half covers laid over each other leave at most a quarter.
    let least = (3..27).flat_map(|y| (3..37).map(move |x| (x, y))).map(|(x, y)| picture.pixel(x, y)[3]).min();
    assert!(least >= Some(180), "{least:?}");
    assert!((area(&picture) - 36.0 * 26.0).abs() < 20.0);
}

#[test]
fn rules_draw_in_order_and_otherwise_what_is_left() {
    let rules = "[
        { filter = 'size > 5', symbols = [{ fill = '#ff0000' }] },
        { otherwise = true, symbols = [{ fill = '#0000ff' }] },
        { filter = 'size > 100', symbols = [{ fill = '#00ff0080' }] },
        { max_scale = 10, symbols = [{ fill = '#000' }] },
    ]";
    let rows = [1, 6, 101].map(|size| (Sample::Polygon(vec![square(size as f64 % 31.0 + 1.0, 2.0, 3.0)]), size));
    let picture = drawn(rules, &rows);
    assert_eq!((picture.pixel(3, 26), picture.pixel(8, 26)), ([0, 0, 255, 255], [255, 0, 0, 255]));
    assert_eq!(picture.pixel(10, 26), [127, 128, 0, 255]);
}

#[test]
fn a_marker_stands_on_its_point() {
    let rules = "[{ symbols = [{ marker = { shape = 'square', size = 4, fill = 'red' } }] }]";
    let at = |x: f64, y: f64| drawn(rules, &[(Sample::Point([x, y, 0.0, 0.0]), 0)]);
    for (x, y) in [(20.0, 15.0), (20.3, 15.6), (0.0, 0.0), (39.9, 29.9)] {
        let picture = at(x, y);
        let (mut sum, mut middle) = (0.0, (0.0, 0.0));
        for row in 0..30 {
            for column in 0..40 {
                let cover = f64::from(picture.pixel(column, row)[3]) / 255.0;
                sum += cover;
                middle.0 += cover * (f64::from(column) + 0.5);
                middle.1 += cover * (f64::from(row) + 0.5);
            }
        }
        if (x, y) == (20.0, 15.0) || (x, y) == (20.3, 15.6) {
            assert!((sum - 16.0).abs() < 0.2, "{sum}");
            assert!((middle.0 / sum - x).abs() < 0.2 && (middle.1 / sum - (30.0 - y)).abs() < 0.2, "{x} {y}");
        } else {
            assert!(sum > 3.0 && sum < 8.0, "{sum}");
        }
    }
    assert!(area(&at(60.0, 15.0)).abs() < 1e-9);
    assert!(area(&at(f64::NAN, 15.0)).abs() < 1e-9);
}

#[test]
fn every_shape_of_marker_is_drawn() {
    for (shape, wanted) in [("circle", 78.5), ("square", 100.0), ("triangle", 50.0), ("star", 28.1), ("cross", 55.6)] {
        let rules = format!("[{{ symbols = [{{ marker = {{ shape = '{shape}', size = 10, fill = 'red' }} }}] }}]");
        let covered = area(&drawn(&rules, &[(Sample::Point([20.0, 15.0, 0.0, 0.0]), 0)]));
        assert!((covered - wanted).abs() < 1.5, "{shape}: {covered}");
    }
}

#[test]
fn a_width_on_the_ground_follows_the_scale() {
    let rules = "[{ symbols = [{ stroke = { color = 'red', width = '6 m', dash = [10, 10] } }] }]";
    let picture = drawn(rules, &[(Sample::Line(line(&[(0.0, 15.0), (40.0, 15.0)])), 0)]);
    assert!((area(&picture) - 6.0 * 20.0).abs() < 0.1, "{}", area(&picture));
}

#[test]
fn a_filter_that_reads_the_geometry_is_refused() {
    let text = "name = 's'\nrules = [{ filter = 'S_INTERSECTS(geom, BBOX(0,0,1,1))', symbols = [] }]";
    let mut style: Style = toml::from_str(text).unwrap();
    assert!(style.check(&schema()).unwrap_err().contains("geometry"));
}

#[test]
fn what_rules_read_and_need_is_told() {
    let text = "name = 's'\nrules = [{ filter = 'size > 5', symbols = [] }, { max_scale = 100, filter = \"kind = 'a'\", symbols = [] }]";
    let mut style: Style = toml::from_str(text).unwrap();
    style.check(&schema()).unwrap();
    assert_eq!((style.fields(&schema(), 50.0), style.fields(&schema(), 500.0)), (Ok(vec![0, 1]), Ok(vec![1])));
    assert_eq!(style.filter(500.0), style.rules[0].filter);
    assert!(matches!(style.filter(50.0), Some(crate::expr::Expr::Or(parts)) if parts.len() == 2));
    let all: Style = toml::from_str("name = 's'\nrules = [{ symbols = [] }]").unwrap();
    assert_eq!(all.filter(500.0), None);
}

const EVERYTHING: &str = "[{ symbols = [
    { fill = 'red' },
    { stroke = { color = '#00f8', width = 3, dash = [2, 1], cap = 'round' } },
    { stroke = 'black' },
    { marker = { shape = 'star', size = 9, fill = 'gold', stroke = 'black' } },
] }]";

proptest! {
    #[test]
    fn no_geometry_panics(sample in prop_oneof![any_sample(), any_curve()], style in any_style(), harm in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)) {
        let drawing: Style = toml::from_str(&format!("name = 's'\nrules = {EVERYTHING}")).unwrap();
        let layout = Layout { geometry: true, fields: vec![] };
        let mut painter = Painter::new(&drawing, &schema(), &layout, &MapFrame::new(RECT, 40, 30, 1.0)).unwrap();
        let mut bytes = samples::wkb(&sample, style);
        for (place, value) in harm {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let mut batch = Batch::new(2);
        batch.push(Cell::Int(1));
        batch.push_blob(&bytes);
        let mut canvas = Canvas::new(40, 30);
        painter.draw(&mut canvas, &batch);
    }
}
