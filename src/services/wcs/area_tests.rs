use super::*;

fn frame() -> Frame {
    let area = Rect { min_x: 10.0, min_y: 40.0, max_x: 20.0, max_y: 45.0 };
    Frame::new(Crs::Epsg(4326), area, (100, 50))
}

fn subset(axis: Axis, low: impl Into<Option<f64>>, high: impl Into<Option<f64>>) -> Subset {
    Subset { axis, low: low.into(), high: high.into() }
}

fn cut_to(subsets: &[Subset]) -> Result<Frame> {
    region(&frame(), subsets, None, None, &Scaling::None)
}

#[test]
fn a_trim_has_every_pixel_that_it_touches() {
    assert_eq!(cut_to(&[]).unwrap(), frame());
    // From edge to edge, and from centre to centre.
    for (low, high) in [(11.0, 12.0), (11.05, 11.95)] {
        let region = cut_to(&[subset(Axis::X, low, high)]).unwrap();
        assert_eq!((region.width, region.height), (10, 50));
        assert!((region.area.min_x - 11.0).abs() < 1e-9 && (region.area.max_x - 12.0).abs() < 1e-9);
    }
    let region = cut_to(&[subset(Axis::Y, 44.0, None), subset(Axis::X, None, 0.5 + 10.0)]).unwrap();
    assert_eq!((region.width, region.height), (5, 10));
    let region = cut_to(&[subset(Axis::Column, 3.0, 5.0), subset(Axis::Row, 0.0, 0.0)]).unwrap();
    assert_eq!((region.width, region.height), (3, 1));
    let slice = cut_to(&[subset(Axis::Y, 42.0, 42.0)]).unwrap();
    assert_eq!((slice.width, slice.height), (100, 1));
}

#[test]
fn what_is_not_there_is_refused() {
    for subsets in
        [vec![subset(Axis::X, 21.0, 22.0)], vec![subset(Axis::X, 12.0, 11.0)], vec![subset(Axis::Y, None, 39.0)]]
    {
        assert_eq!(cut_to(&subsets).unwrap_err().code(), Some("InvalidSubsetting"), "{subsets:?}");
    }
    let twice = [subset(Axis::X, 11.0, 12.0), subset(Axis::Column, 1.0, 2.0)];
    assert_eq!(cut_to(&twice).unwrap_err().code(), Some("InvalidAxisLabel"));
}

#[test]
fn pixels_run_round_the_earth() {
    let world = Frame::new(Crs::Epsg(4326), Rect::WORLD, (360, 180));
    for (low, high) in [(170.0, 190.0), (170.0, -170.0), (-190.0, -170.0)] {
        let region = region(&world, &[subset(Axis::X, low, high)], None, None, &Scaling::None).unwrap();
        assert_eq!((region.width, region.height), (20, 180), "{low} {high}");
        assert!((region.area.max_x - region.area.min_x - 20.0).abs() < 1e-9);
    }
}

#[test]
fn an_answer_in_the_system_of_the_cut_has_its_edges() {
    let (crs, subsets) = (Crs::Epsg(3857), [subset(Axis::X, 1_200_000.0, 1_300_000.0)]);
    let region = region(&frame(), &subsets, Some(&crs), Some(&crs), &Scaling::None).unwrap();
    assert!((region.area.min_x - 1_200_000.0).abs() < 1e-6 && (region.area.max_x - 1_300_000.0).abs() < 1e-6);
    assert_eq!(region.crs, crs);
    assert!(region.width > 5 && region.width < 20, "{region:?}");
}

#[test]
fn scales_are_more_than_nothing() {
    let scaled = |scaling| region(&frame(), &[], None, None, &scaling);
    assert_eq!(scaled(Scaling::Factor(0.5)).unwrap().width, 50);
    assert_eq!(scaled(Scaling::Axes(vec![(Axis::Y, 2.0)])).unwrap().height, 100);
    assert_eq!(scaled(Scaling::Size(vec![(Axis::X, 7), (Axis::Y, 9)])).unwrap().height, 9);
    for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(scaled(Scaling::Factor(factor)).unwrap_err().code(), Some("InvalidScaleFactor"));
    }
}
