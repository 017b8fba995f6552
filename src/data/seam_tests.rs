#![allow(clippy::float_cmp)] // rounded numbers

use super::super::transform::reproject;
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::model::batch::Batch;
use crate::model::geometry::samples::{Sample, Style, wkb};
use crate::model::geometry::{Figure, envelope, intersects};

fn ring(places: &[(f64, f64)]) -> Vec<[f64; 4]> {
    places.iter().map(|&(x, y)| [x, y, 7.0, 0.0]).collect()
}

/// A sample of degrees, stored in another system and brought back.
fn told(sample: &Sample, crs: &Crs, style: Style) -> Vec<u8> {
    let mut batch = Batch::new(1);
    batch.push_blob(&wkb(sample, style));
    reproject(&mut batch, 0, &Crs::Crs84, crs).unwrap();
    reproject(&mut batch, 0, crs, &Crs::Crs84).unwrap();
    let row = batch.row(0);
    row.bytes(row.cell(0)).to_vec()
}

fn around(wkb: &[u8]) -> [f64; 2] {
    let Rect { min_x, max_x, .. } = envelope(wkb).unwrap().unwrap();
    [min_x, max_x].map(|x| (x * 1e6).round() / 1e6)
}

fn holds(wkb: &[u8], x: f64, y: f64) -> bool {
    intersects(wkb, &Rect { min_x: x, min_y: y, max_x: x + 0.01, max_y: y + 0.01 }).unwrap()
}

#[test]
fn longitudes_are_counted_on_over_the_date_line() {
    let outside = ring(&[(168.0, -20.0), (186.0, -20.0), (186.0, -10.0), (168.0, -10.0), (168.0, -20.0)]);
    let hole = ring(&[(181.0, -16.0), (183.0, -16.0), (183.0, -14.0), (181.0, -16.0)]);
    let styles = [Style::default(), Style { z: true, big_endian: true, ..Style::default() }];
    for (crs, style) in [3832, 32601, 2193].into_iter().zip(styles.into_iter().cycle()) {
        let crs = Crs::Epsg(crs);
        let polygon = told(&Sample::Polygon(vec![outside.clone(), hole.clone()]), &crs, style);
        assert_eq!(around(&polygon), [168.0, 186.0], "{crs}");
        assert!(holds(&polygon, 169.0, -15.0) && holds(&polygon, 185.0, -15.0), "{crs}");
        assert!(!holds(&polygon, 182.5, -15.1) && !holds(&polygon, 0.0, -15.0), "{crs}");
        let line = told(&Sample::Line(ring(&[(-176.0, 0.0), (-184.0, 1.0)])), &crs, style);
        assert_eq!(around(&line), [-184.0, -176.0], "{crs}");
        let points = Sample::Members(4, ring(&[(179.0, 1.0), (-179.0, 1.0)]).into_iter().map(Sample::Point).collect());
        assert_eq!(around(&told(&points, &crs, style)), [179.0, 181.0], "{crs}");
    }
}

#[test]
fn an_edge_that_goes_the_long_way_round_stays_long() {
    let world =
        Sample::Polygon(vec![ring(&[(-179.0, -80.0), (179.0, -80.0), (179.0, 80.0), (-179.0, 80.0), (-179.0, -80.0)])]);
    for crs in [Crs::Epsg(3857), Crs::Epsg(3395), Crs::Epsg(8857), Crs::Definition("ESRI:54009".into())] {
        assert_eq!(around(&told(&world, &crs, Style::default())), [-179.0, 179.0], "{crs}");
    }
    // What touches the date line may come out at its other side, and ends where it is.
    let russia = Sample::Polygon(vec![ring(&[(100.0, 60.0), (180.0, 60.0), (180.0, 70.0), (100.0, 60.0)])]);
    for crs in [Crs::Epsg(3857), Crs::Epsg(8857), Crs::Epsg(3576)] {
        assert_eq!(around(&told(&russia, &crs, Style::default())), [100.0, 180.0], "{crs}");
    }
}

#[test]
fn a_ring_around_a_pole_holds_it() {
    let steps = |y: f64| (0..=36).map(move |step| (f64::from(step) * 10.0 - 175.0, y)).collect::<Vec<_>>();
    for (code, y, further) in [(3995, 70.0, 85.0), (3031, -70.0, -85.0)] {
        for style in [Style::default(), Style { z: true, big_endian: true, ..Style::default() }] {
            let cap = Sample::Members(6, vec![Sample::Polygon(vec![ring(&steps(y))])]);
            let told = told(&cap, &Crs::Epsg(code), style);
            let figure = Figure::read(&told).unwrap();
            assert_eq!(around(&told), [-175.0, 185.0], "{code} {figure:?}");
            for x in [-170.0, 0.0, 100.0, 179.0] {
                assert!(holds(&told, x, further), "{code} {x}");
                assert!(!holds(&told, x, y * 0.9), "{code} {x}");
            }
        }
    }
}

#[test]
fn a_geometry_over_the_date_line_is_no_band_round_the_world_in_metres() {
    let place = [(175.0, -5.0), (185.0, -5.0), (185.0, 5.0), (175.0, 5.0), (175.0, -5.0)];
    let per_degree = 40_075_016.685_578_49 / 360.0;
    for stored in [4326, 4258, 3832, 3031] {
        for (asked, per_degree) in
            [(3857, per_degree), (3395, per_degree), (4087, per_degree), (6933, 34_735_060.89 / 360.0)]
        {
            let place = place.map(|(x, y)| (x, y - if stored == 3031 { 60.0 } else { 0.0 }));
            let samples = [
                Sample::Polygon(vec![ring(&place)]),
                Sample::Line(ring(&place[..2])),
                Sample::Members(4, ring(&place[..3]).into_iter().map(Sample::Point).collect()),
                Sample::Members(6, vec![Sample::Polygon(vec![ring(&place)])]),
            ];
            for sample in &samples {
                let (stored, asked) = (Crs::Epsg(stored), Crs::Epsg(asked));
                let mut batch = Batch::new(1);
                batch.push_blob(&wkb(sample, Style::default()));
                reproject(&mut batch, 0, &Crs::Crs84, &stored).unwrap();
                reproject(&mut batch, 0, &stored, &asked).unwrap();
                let row = batch.row(0);
                let Rect { min_x, max_x, .. } = envelope(row.bytes(row.cell(0))).unwrap().unwrap();
                let is_near = |x: f64, degrees: f64| (x - degrees * per_degree).abs() < 10.0;
                assert!(is_near(min_x, 175.0) && is_near(max_x, 185.0), "{stored} {asked} {min_x} {max_x}");
            }
        }
    }
}

#[test]
fn a_cap_around_a_pole_is_led_along_the_end_of_the_map() {
    let steps: Vec<_> = (0..=36).map(|step| (f64::from(step) * 10.0 - 175.0, -70.0)).collect();
    // In the last two there is a pole, and the cap was led as far beyond it as a square map goes.
    for (asked, wide, south) in [
        (3857, 40_075_016.685_578_49, -20_037_508.342_789_244),
        (4087, 40_075_016.685_578_49, -10_018_754.171_394_622),
        (6933, 34_735_060.89, -7_342_230.136_498_68),
    ] {
        let mut batch = Batch::new(1);
        batch.push_blob(&wkb(&Sample::Polygon(vec![ring(&steps)]), Style::default()));
        reproject(&mut batch, 0, &Crs::Crs84, &Crs::Epsg(3031)).unwrap();
        reproject(&mut batch, 0, &Crs::Epsg(3031), &Crs::Epsg(asked)).unwrap();
        let row = batch.row(0);
        let rect = envelope(row.bytes(row.cell(0))).unwrap().unwrap();
        assert!((rect.max_x - rect.min_x - wide).abs() < 0.1, "{asked} {rect:?}");
        assert!((rect.min_y - south).abs() < 0.1, "{asked} {rect:?}");
    }
}
