use std::ops::ControlFlow;

use super::*;
use crate::model::geometry::points::Points;
use crate::model::geometry::samples::{Sample, Style, wkb};
use crate::model::geometry::wkb::{Shape, Sink, walk};

fn ring(places: &[(f64, f64)]) -> Vec<[f64; 4]> {
    places.iter().map(|&(x, y)| [x, y, 0.0, 0.0]).collect()
}

fn polygon(places: &[(f64, f64)]) -> Vec<u8> {
    wkb(&Sample::Polygon(vec![ring(places)]), Style::default())
}

fn rect(min_x: f64, min_y: f64, max_x: f64, max_y: f64) -> Rect {
    Rect { min_x, min_y, max_x, max_y }
}

/// The geometry as it comes on the map; its longest edge as a part of the map's width.
fn shown(geometry: &[u8], stored: &Crs, crs: &Crs, area: Rect) -> Option<(Rect, f64)> {
    let frame = Frame::new(stored, crs, &Area { rect: area, crs: crs.clone() }).expect("a frame");
    let mut batch = Batch::new(1);
    batch.push_blob(geometry);
    frame.apply(&mut batch, 0).unwrap();
    let row = batch.row(0);
    let bytes = row.bytes(row.cell(0));
    let mut longest = Longest(0.0);
    walk(bytes, &mut longest).ok()?;
    Some((envelope(bytes).ok()??, longest.0 / (area.max_x - area.min_x)))
}

struct Longest(f64);

impl Sink for Longest {
    fn points(&mut self, points: Points<'_>, _: Shape, _: usize) -> ControlFlow<()> {
        let lengths = points.iter().zip(points.iter().skip(1)).map(|(a, b)| (a.x - b.x).hypot(a.y - b.y));
        self.0 = lengths.fold(self.0, f64::max);
        ControlFlow::Continue(())
    }
}

const WORLD: Rect =
    Rect { min_x: -mercator::HALF, min_y: -mercator::HALF, max_x: mercator::HALF, max_y: mercator::HALF };

#[test]
fn antarctica_is_on_a_map_in_web_mercator() {
    let continent =
        polygon(&[(-180.0, -90.0), (180.0, -90.0), (180.0, -84.0), (0.0, -70.0), (-180.0, -84.0), (-180.0, -90.0)]);
    let (there, _) = shown(&continent, &Crs::Epsg(4326), &Crs::Epsg(3857), WORLD).unwrap();
    assert!(there.min_y < -mercator::HALF && there.min_y > -1.01 * mercator::HALF && there.max_y > -1.2e7, "{there:?}");
}

#[test]
fn what_lies_beyond_the_date_line_comes_to_where_the_map_looks() {
    let alaska = polygon(&[(-175.0, 60.0), (-170.0, 60.0), (-170.0, 65.0), (-175.0, 60.0)]);
    let over = rect(170.0, 50.0, 200.0, 70.0);
    let (there, _) = shown(&alaska, &Crs::Epsg(4326), &Crs::Epsg(4326), over).unwrap();
    assert_eq!((there.min_x, there.max_x), (185.0, 190.0));
    let metres = rect(1.9e7, 6e6, 2.2e7, 1.1e7);
    let (there, _) = shown(&alaska, &Crs::Epsg(4326), &Crs::Epsg(3857), metres).unwrap();
    assert!(there.min_x > 2.05e7 && there.max_x < 2.2e7, "{there:?}");
    let mut stored = alaska.clone();
    moved(&mut stored, mercator::forward);
    let (again, _) = shown(&stored, &Crs::Epsg(3857), &Crs::Epsg(3857), metres).unwrap();
    assert!((again.min_x - there.min_x).abs() < 1.0, "{again:?} {there:?}");
    assert!(Frame::new(&Crs::Epsg(3832), &Crs::Epsg(3832), &Area { rect: WORLD, crs: Crs::Epsg(3832) }).is_none());
    // Two worlds side by side have it twice.
    let (there, _) = shown(&alaska, &Crs::Epsg(4326), &Crs::Epsg(4326), rect(-180.0, -90.0, 540.0, 90.0)).unwrap();
    assert!(there.max_x - there.min_x > 360.0, "{there:?}");
}

#[test]
fn what_is_stored_past_the_end_of_the_world_is_drawn_a_turn_back() {
    let fiji = polygon(&[(185.0, -20.0), (190.0, -20.0), (190.0, -15.0), (185.0, -20.0)]);
    let world = rect(-180.0, -90.0, 180.0, 90.0);
    let degrees = Crs::Epsg(4326);
    let (there, _) = shown(&fiji, &Crs::Crs84, &degrees, world).unwrap();
    // The margin of the map shows it where it is stored as well.
    assert_eq!((there.min_x, there.max_x), (-175.0, 190.0));
    let (there, _) = shown(&fiji, &Crs::Crs84, &degrees, rect(-178.0, -30.0, -160.0, 0.0)).unwrap();
    assert_eq!((there.min_x, there.max_x), (-175.0, -170.0));
    let mut stored = fiji.clone();
    moved(&mut stored, mercator::forward);
    let metres = Crs::Epsg(3857);
    let (there, _) = shown(&stored, &metres, &metres, rect(-2e7, -3e6, -1.8e7, 0.0)).unwrap();
    assert!(there.min_x > -2e7 && there.max_x < -1.8e7, "{there:?}");
    // What is at home stays whole, whatever the map shows.
    let wide = polygon(&[(-180.0, -90.0), (180.0, -90.0), (180.0, 90.0), (-180.0, -90.0)]);
    let (there, _) = shown(&wide, &Crs::Crs84, &degrees, rect(0.0, 0.0, 1.0, 1.0)).unwrap();
    assert_eq!(there, world);
}

#[test]
fn a_layer_over_the_date_line_makes_no_streaks() {
    // UTM zone 1 holds both sides of it.
    let utm = polygon(&[(280_000.0, 7e6), (720_000.0, 7e6), (720_000.0, 7.2e6), (100_000.0, 7.2e6), (280_000.0, 7e6)]);
    let (there, longest) = shown(&utm, &Crs::Epsg(32601), &Crs::Epsg(3857), rect(-2.1e7, 8e6, -1.9e7, 1.1e7)).unwrap();
    assert!(longest < 1.0 && there.max_x < -1.9e7, "{there:?} {longest}");
    assert!(shown(&utm, &Crs::Epsg(32601), &Crs::Epsg(3857), rect(1.9e7, 8e6, 2.1e7, 1.1e7)).is_some());
}

#[test]
fn a_projection_is_followed_as_far_as_it_goes() {
    let russia = polygon(&[(27.0, 50.0), (180.0, 45.0), (180.0, 70.0), (30.0, 75.0), (27.0, 50.0)]);
    let world = polygon(&[(-180.0, -90.0), (180.0, -90.0), (180.0, 90.0), (-180.0, 90.0), (-180.0, -90.0)]);
    for (code, area) in [
        (32633, rect(2e5, 5e6, 8e5, 6e6)),
        (3035, rect(2.5e6, 1.5e6, 7e6, 5.5e6)),
        (3995, rect(-4e6, -4e6, 4e6, 4e6)),
        (3031, rect(-4e6, -4e6, 4e6, 4e6)),
        (2154, rect(1e5, 6e6, 1.2e6, 7.1e6)),
        (3832, rect(-5e6, -5e6, 5e6, 5e6)),
        (2193, rect(0.9e6, 4.5e6, 2.8e6, 6.3e6)),
    ] {
        let crs = Crs::Epsg(code);
        let (there, longest) = shown(&world, &Crs::Epsg(4326), &crs, area).expect("the world is everywhere");
        assert!(
            there.min_x <= area.min_x && there.max_x >= area.max_x && there.max_y >= area.max_y,
            "{code} {there:?}"
        );
        assert!(longest < 1.5, "{code}: an edge of {longest} maps");
        if let Some((_, longest)) = shown(&russia, &Crs::Epsg(4326), &crs, area) {
            assert!(longest < 1.5, "{code}: an edge of {longest} maps");
        }
    }
    let line = wkb(&Sample::Line(ring(&[(-100.0, 40.0), (-60.0, 40.0)])), Style::default());
    assert!(shown(&line, &Crs::Epsg(4326), &Crs::Epsg(32633), rect(2e5, 5e6, 8e5, 6e6)).is_none());
}

#[test]
fn what_a_map_has_a_place_for_is_where_proj_puts_it() {
    let small = polygon(&[(14.0, 50.0), (14.5, 50.0), (14.5, 50.5), (14.0, 50.0)]);
    for code in [3857, 32633, 3035, 5514, 31468] {
        let crs = Crs::Epsg(code);
        let mut batch = Batch::new(1);
        batch.push_blob(&small);
        transform::reproject(&mut batch, 0, &Crs::Epsg(4326), &crs).unwrap();
        let row = batch.row(0);
        let expected = envelope(row.bytes(row.cell(0))).unwrap().unwrap();
        let (there, _) = shown(&small, &Crs::Epsg(4326), &crs, grown(&expected)).unwrap();
        for (a, b) in [(there.min_x, expected.min_x), (there.max_y, expected.max_y)] {
            assert!((a - b).abs() < 50.0, "{code} {there:?} {expected:?}");
        }
    }
}

fn grown(rect: &Rect) -> Rect {
    let by = rect.max_x - rect.min_x;
    Rect { min_x: rect.min_x - by, min_y: rect.min_y - by, max_x: rect.max_x + by, max_y: rect.max_y + by }
}
