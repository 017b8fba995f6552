use super::*;
use proptest::prelude::*;

fn alpha(canvas: &Canvas, x: usize, y: usize) -> u8 {
    canvas.pixels[y * canvas.width + x][3]
}

/// The covered area in pixels.
fn area(canvas: &Canvas) -> f64 {
    canvas.pixels.iter().map(|pixel| f64::from(pixel[3]) / 255.0).sum()
}

fn filled(rings: &[&[Point]], rule: FillRule) -> Canvas {
    let mut canvas = Canvas::new(40, 30);
    let mut path = Path::new();
    for ring in rings {
        path.ring(ring);
    }
    canvas.fill(&path, rule, Colour::BLACK);
    canvas
}

fn stroked(line: &[Point], closed: bool, pen: &Pen) -> Canvas {
    let mut canvas = Canvas::new(40, 30);
    let mut path = Path::new();
    for &(x, y) in line {
        path.push(x, y);
    }
    path.end(closed);
    canvas.stroke(&path, pen, Colour::BLACK);
    canvas
}

const SQUARE: [Point; 4] = [(5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0)];

#[test]
fn a_square_on_the_grid_has_sharp_edges() {
    let canvas = filled(&[&SQUARE], FillRule::EvenOdd);
    assert_eq!(
        (alpha(&canvas, 5, 5), alpha(&canvas, 14, 14), alpha(&canvas, 4, 5), alpha(&canvas, 15, 14)),
        (255, 255, 0, 0)
    );
    assert!((area(&canvas) - 100.0).abs() < 1e-9);
}

#[test]
fn half_a_pixel_is_half_covered() {
    let canvas = filled(&[&[(2.5, 2.0), (4.25, 2.0), (4.25, 3.0), (2.5, 3.0)]], FillRule::EvenOdd);
    assert_eq!((alpha(&canvas, 2, 2), alpha(&canvas, 3, 2), alpha(&canvas, 4, 2)), (128, 255, 64));
}

#[test]
fn a_hole_is_empty_whichever_way_it_runs() {
    let mut hole = [(8.0, 8.0), (12.0, 8.0), (12.0, 12.0), (8.0, 12.0)];
    for _ in 0..2 {
        let canvas = filled(&[&SQUARE, &hole], FillRule::EvenOdd);
        assert_eq!((alpha(&canvas, 10, 10), alpha(&canvas, 6, 10), alpha(&canvas, 13, 10)), (0, 255, 255));
        assert!((area(&canvas) - 84.0).abs() < 1e-9);
        hole.reverse();
    }
    assert!((area(&filled(&[&SQUARE, &SQUARE], FillRule::EvenOdd))).abs() < 1e-9);
    assert!((area(&filled(&[&SQUARE, &SQUARE], FillRule::NonZero)) - 100.0).abs() < 1e-9);
}

#[test]
fn what_lies_outside_is_cut_off() {
    let canvas = filled(&[&[(-1e9, -1e9), (1e9, -1e9), (1e9, 1e9), (-1e9, 1e9)]], FillRule::EvenOdd);
    assert!((area(&canvas) - 1200.0).abs() < 1e-9);
    let half = filled(&[&[(-1e9, -1e9), (20.0, -1e9), (20.0, 1e9), (-1e9, 1e9)]], FillRule::EvenOdd);
    assert!((area(&half) - 600.0).abs() < 1e-9);
    // The diagonal goes through the canvas's corner, from very far.
    let corner = filled(&[&[(-1e9, -1e9), (1e9, 1e9), (-1e9, 1e9)]], FillRule::EvenOdd);
    assert!((area(&corner) - 450.0).abs() < 0.5, "{}", area(&corner));
    assert_eq!((alpha(&corner, 3, 20), alpha(&corner, 20, 3)), (255, 0));
}

#[test]
fn neighbours_leave_no_seam() {
    let mut canvas = Canvas::new(40, 30);
    let mut path = Path::new();
    path.ring(&[(3.0, 3.0), (20.3, 3.0), (17.9, 22.0), (3.0, 22.0)]);
    path.ring(&[(20.3, 3.0), (35.0, 3.0), (35.0, 22.0), (17.9, 22.0)]);
    canvas.fill(&path, FillRule::NonZero, Colour::BLACK);
    assert!((3..22).all(|y| (3..35).all(|x| alpha(&canvas, x, y) >= 254)));
}

#[test]
fn a_line_covers_its_length_times_its_width() {
    for width in [0.3, 1.0, 2.5, 6.0] {
        for end in [(30.0, 8.0), (30.0, 20.0), (8.0, 27.0)] {
            let canvas = stroked(&[(8.0, 8.0), end], false, &Pen::new(width));
            let length = (end.0 - 8.0).hypot(end.1 - 8.0);
            assert!((area(&canvas) - length * width).abs() < 0.4, "{width} {end:?}: {}", area(&canvas));
        }
    }
}

#[test]
fn ends_are_butt_square_or_round() {
    let line = [(10.0, 10.0), (20.0, 10.0)];
    let area_of = |cap| area(&stroked(&line, false, &Pen { cap, ..Pen::new(6.0) }));
    assert!((area_of(Cap::Butt) - 60.0).abs() < 0.1);
    assert!((area_of(Cap::Square) - 96.0).abs() < 0.1);
    assert!((area_of(Cap::Round) - 60.0 - 9.0 * std::f64::consts::PI).abs() < 0.6);
    let dot = stroked(&[(10.0, 10.0), (10.0, 10.0)], false, &Pen { cap: Cap::Round, ..Pen::new(6.0) });
    assert!((area(&dot) - 9.0 * std::f64::consts::PI).abs() < 0.6);
}

#[test]
fn bends_are_pointed_round_or_cut_off() {
    let corner = [(5.0, 10.0), (20.0, 10.0), (20.0, 25.0)];
    let outer = |join| alpha(&stroked(&corner, false, &Pen { join, ..Pen::new(8.0) }), 23, 6);
    assert_eq!((outer(Join::Miter), outer(Join::Bevel)), (255, 0));
    assert!(outer(Join::Round) < 80);
    // Both legs and the whole corner, once.
    let canvas = stroked(&corner, false, &Pen::new(8.0));
    assert!((area(&canvas) - (15.0 * 8.0 * 2.0)).abs() < 0.5, "{}", area(&canvas));
    // A way there and back does not shoot out.
    let back = stroked(&[(5.0, 10.0), (20.0, 10.0), (5.0, 10.001)], false, &Pen::new(4.0));
    assert!((area(&back) - 60.0).abs() < 2.0, "{}", area(&back));
}

#[test]
fn a_ring_is_joined_all_around() {
    let canvas = stroked(&SQUARE, true, &Pen::new(2.0));
    assert!((area(&canvas) - (144.0 - 64.0)).abs() < 0.1);
    let repeated = [SQUARE[0], SQUARE[1], SQUARE[2], SQUARE[3], SQUARE[0]];
    assert_eq!(stroked(&repeated, true, &Pen::new(2.0)).pixels, canvas.pixels);
    // A ring smaller than the pen is a blot without a hole.
    let small = stroked(&[(10.0, 10.0), (11.0, 10.0), (11.0, 11.0), (10.0, 11.0)], true, &Pen::new(6.0));
    assert_eq!(alpha(&small, 10, 10), 255);
    assert!((area(&small) - 49.0).abs() < 1.0, "{}", area(&small));
}

#[test]
fn dashes_keep_their_phase_where_the_line_is_cut() {
    let pen = Pen { dash: vec![4.0, 4.0], ..Pen::new(2.0) };
    let canvas = stroked(&[(-80_000.0, 10.0), (1e8, 10.0)], false, &pen);
    for x in 0..40 {
        assert_eq!(alpha(&canvas, x, 10), if x % 8 < 4 { 255 } else { 0 }, "{x}");
    }
}

#[test]
fn a_dot_has_the_cover_of_its_area() {
    let mut canvas = Canvas::new(8, 8);
    canvas.dot(2.5, 2.5, 1.0, 1.0, 0.8, Colour::BLACK);
    for (x, y) in [(2, 2), (3, 2), (2, 3), (3, 3)] {
        assert_eq!(alpha(&canvas, x, y), 51);
    }
    assert!((area(&canvas) - 0.8).abs() < 0.01);
}

#[test]
fn a_translucent_layer_is_laid_over() {
    let mut below = Canvas::new(2, 1);
    below.clear(Colour::WHITE);
    let mut above = Canvas::new(2, 1);
    above.dot(0.0, 0.0, 1.0, 1.0, 1.0, Colour::BLACK);
    below.merge(&above, 0.5);
    let picture = below.finish();
    assert_eq!((picture.pixel(0, 0), picture.pixel(1, 0)), ([127, 127, 127, 255], [255, 255, 255, 255]));
}

#[test]
fn an_image_may_lie_across_the_border() {
    let mut canvas = Canvas::new(4, 4);
    canvas.image(&[[9, 8, 7, 255]; 4], 2, -1, -1, 1.0);
    canvas.image(&[[1, 2, 3, 255]; 4], 2, 3, i64::MAX - 1, 1.0);
    canvas.image(&[[1, 2, 3, 255]; 4], 2, i64::MAX, 0, 1.0);
    let picture = canvas.finish();
    assert_eq!(picture.pixel(0, 0), [9, 8, 7, 255]);
    assert_eq!(picture.pixels().iter().filter(|pixel| pixel[3] > 0).count(), 1);
}

#[test]
fn bands_of_a_large_canvas_meet() {
    let mut canvas = Canvas::new(5000, 2000);
    let mut path = Path::new();
    path.ring(&[(10.0, 10.0), (4990.0, 10.0), (4990.0, 1990.0), (10.0, 1990.0)]);
    canvas.fill(&path, FillRule::EvenOdd, Colour::BLACK);
    assert!((area(&canvas) - 4980.0 * 1980.0).abs() < 1e-3);
}

fn any_coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -5.0..45.0f64,
        2 => (-10..90i32).prop_map(|it| f64::from(it) / 2.0),
        1 => -1e4..1e4f64,
        1 => -1e12..1e12f64,
        1 => any::<f64>(),
    ]
}

fn any_line(most: usize) -> impl Strategy<Value = Vec<Point>> {
    prop::collection::vec((any_coordinate(), any_coordinate()), 0..most)
}

proptest! {
    #[test]
    fn no_path_panics(lines in prop::collection::vec(any_line(12), 1..4), width in any_coordinate(), dash in prop::collection::vec(any_coordinate(), 0..3), closed: bool) {
        let mut canvas = Canvas::new(40, 30);
        let mut path = Path::new();
        for line in &lines {
            for &(x, y) in line {
                path.push(x, y);
            }
            path.end(closed);
        }
        canvas.fill(&path, FillRule::EvenOdd, Colour::BLACK);
        canvas.fill(&path, FillRule::NonZero, Colour::BLACK);
        for join in [Join::Miter, Join::Round, Join::Bevel] {
            canvas.stroke(&path, &Pen { width, join, cap: Cap::Round, dash: dash.clone() }, Colour::WHITE);
        }
        for &(x, y) in &path.points {
            canvas.dot(x, y, width, 1.0, 0.5, Colour::BLACK);
        }
        // Nothing is left behind for the next shape.
        let mut after = Canvas::new(40, 30);
        std::mem::swap(&mut after.coverage, &mut canvas.coverage);
        let mut square = Path::new();
        square.ring(&SQUARE);
        after.fill(&square, FillRule::EvenOdd, Colour::BLACK);
        prop_assert!((area(&after) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn the_cover_of_a_triangle_is_its_area(a in (0.0..40.0f64, 0.0..30.0f64), b in (0.0..40.0f64, 0.0..30.0f64), c in (0.0..40.0f64, 0.0..30.0f64)) {
        let exact = ((b.0 - a.0) * (c.1 - a.1) - (c.0 - a.0) * (b.1 - a.1)).abs() / 2.0;
        let canvas = filled(&[&[a, b, c]], FillRule::NonZero);
        // Each pixel on an edge is rounded to a 255th.
        prop_assert!((area(&canvas) - exact).abs() < 0.6, "{} {exact}", area(&canvas));
    }

    #[test]
    fn a_cut_shape_is_the_middle_of_the_whole(ring in prop::collection::vec((-60.0..100.0f64, -60.0..90.0f64), 3..8)) {
        let cut = filled(&[&ring], FillRule::EvenOdd);
        let mut whole = Canvas::new(170, 160);
        let mut path = Path::new();
        let moved: Vec<Point> = ring.iter().map(|(x, y)| (x + 64.0, y + 64.0)).collect();
        path.ring(&moved);
        whole.fill(&path, FillRule::EvenOdd, Colour::BLACK);
        for y in 0..30 {
            for x in 0..40 {
                prop_assert!(alpha(&cut, x, y).abs_diff(alpha(&whole, x + 64, y + 64)) <= 1, "{x} {y}");
            }
        }
    }
}
