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
