use super::*;
use crate::model::geometry::samples::{Sample, Style, any_sample, any_style, wkb};
use crate::model::geometry::{envelope, intersects};
use proptest::prelude::*;

const BOX: Rect = Rect { min_x: 0.0, min_y: 0.0, max_x: 10.0, max_y: 10.0 };

fn cut(sample: &Sample, shifts: &[f64], step: Option<f64>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let how = Clip { rect: &BOX, shifts, step };
    clip(&wkb(sample, Style::default()), how, &mut out).unwrap().then_some(out)
}

fn line(places: &[(f64, f64)]) -> Vec<[f64; 4]> {
    places.iter().map(|&(x, y)| [x, y, 0.0, 0.0]).collect()
}

#[test]
fn a_line_is_left_in_parts_and_a_ring_is_closed_along_the_edge() {
    let zigzag = Sample::Line(line(&[(-5.0, 1.0), (5.0, 1.0), (5.0, 20.0), (6.0, 20.0), (6.0, 5.0), (20.0, 5.0)]));
    let parts = |places: &[&[(f64, f64)]]| {
        let lines = places.iter().map(|part| Sample::Line(line(part))).collect();
        wkb(&Sample::Members(5, lines), Style::default())
    };
    let expected = parts(&[&[(0.0, 1.0), (5.0, 1.0), (5.0, 10.0)], &[(6.0, 10.0), (6.0, 5.0), (10.0, 5.0)]]);
    assert_eq!(cut(&zigzag, &[0.0], None), Some(expected));
    let square = Sample::Polygon(vec![
        line(&[(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0), (-5.0, -5.0)]),
        line(&[(-3.0, 1.0), (3.0, 1.0), (3.0, 2.0), (-3.0, 1.0)]),
    ]);
    let left = cut(&square, &[0.0], None).unwrap();
    assert_eq!(envelope(&left).unwrap(), Some(Rect { min_x: 0.0, min_y: 0.0, max_x: 5.0, max_y: 5.0 }));
    assert_eq!(cut(&square, &[20.0], None), None);
    // In two turns the same comes twice, as one set.
    let twice = cut(&square, &[0.0, 7.0], None).unwrap();
    assert_eq!(envelope(&twice).unwrap(), Some(Rect { min_x: 0.0, min_y: 0.0, max_x: 10.0, max_y: 5.0 }));
}

#[test]
fn long_edges_are_divided() {
    let long = Sample::Line(line(&[(0.0, 0.0), (10.0, 5.0)]));
    let expected: Vec<_> = (0..=4).map(|at| (f64::from(at) * 2.5, f64::from(at) * 1.25)).collect();
    let set = Sample::Members(5, vec![Sample::Line(line(&expected))]);
    assert_eq!(cut(&long, &[0.0], Some(2.5)), Some(wkb(&set, Style::default())));
}

proptest! {
    #[test]
    fn what_is_left_lies_within_and_nothing_that_meets_it_is_lost(sample in any_sample(), style in any_style()) {
        let bytes = wkb(&sample, style);
        let mut out = Vec::new();
        let left = clip(&bytes, Clip { rect: &BOX, shifts: &[0.0], step: None }, &mut out).unwrap();
        if left {
            let rect = envelope(&out).unwrap().unwrap();
            let near = Rect { min_x: -1e-6, min_y: -1e-6, max_x: 10.0 + 1e-6, max_y: 10.0 + 1e-6 };
            prop_assert!(near.contains(&rect), "{rect:?}");
        } else {
            // What touches the edge alone may be gone.
            let inner = Rect { min_x: 1e-6, min_y: 1e-6, max_x: 10.0 - 1e-6, max_y: 10.0 - 1e-6 };
            prop_assert!(out.is_empty());
            prop_assert!(!intersects(&bytes, &inner).unwrap() || is_odd(&sample));
        }
    }
}

/// Whether a line of one vertex is among it, of which no part is left, or a hole.
fn is_odd(sample: &Sample) -> bool {
    match sample {
        Sample::Line(line) | Sample::Arc(line) => line.len() < 2,
        Sample::Polygon(rings) | Sample::Triangle(rings) => rings.len() > 1,
        Sample::Members(_, members) => members.iter().any(is_odd),
        Sample::Point(_) => false,
    }
}
