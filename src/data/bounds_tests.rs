use super::*;

fn world(to: u32) -> Rect {
    around(&Rect::WORLD, &Crs::Epsg(4326), &Crs::Epsg(to)).unwrap()
}

#[track_caller]
fn near(found: Rect, expected: [f64; 4], by: f64) {
    let numbers = [found.min_x, found.min_y, found.max_x, found.max_y];
    let is_near = numbers.iter().zip(expected).all(|(a, b)| (a - b).abs() <= by);
    assert!(is_near, "{found:?}, expected {expected:?}");
}

#[test]
fn the_world_has_all_of_its_extent_in_another_system() {
    let found = world(3035);
    assert!(found.min_x < -7_900_000.0 && found.max_x > 16_600_000.0, "{found:?}");
    let found = world(25832);
    assert!(found.min_x < -15_000_000.0 && found.max_x > 16_000_000.0, "{found:?}");
    let found = world(3575);
    assert!(found.min_x < -12_500_000.0 && found.max_x > 12_400_000.0 && found.max_x < 1.28e7, "{found:?}");
}

#[test]
fn the_world_is_a_square_in_web_mercator() {
    let half = 20_037_508.342_789_244;
    near(world(3857), [-half, -half, half, half], 1e-3);
    // One that counts from 0 to 360 as well, and one around the Pacific.
    let turned = Rect { min_x: 0.0, max_x: 360.0, ..Rect::WORLD };
    let turned = around(&turned, &Crs::Epsg(4326), &Crs::Epsg(3857)).unwrap();
    near(turned, [-half, -half, half, half], 1.0);
    let pacific = world(3832);
    assert!((pacific.min_x + half).abs() < 1e5 && (pacific.max_x - half).abs() < 1e5, "{pacific:?}");
    assert!(pacific.max_y < half && pacific.max_y > 0.99 * half, "{pacific:?}");
}

#[test]
fn a_projection_that_runs_away_ends_where_it_is_made_for() {
    for code in [3995, 3413] {
        let found = world(code);
        assert!(
            found.max_x > 3.2e6 && found.max_x < 3.4e6 && found.min_y > -3.4e6 && found.min_y < -3.2e6,
            "{found:?}"
        );
    }
    let south = Rect { min_x: 0.0, min_y: -90.0, max_x: 10.0, max_y: -89.0 };
    assert!(around(&south, &Crs::Epsg(4326), &Crs::Epsg(3995)).is_err());
}

#[test]
fn a_small_area_is_what_its_edges_say() {
    let area = Rect { min_x: 8.0, min_y: 47.0, max_x: 9.0, max_y: 48.0 };
    for to in [3857, 25832, 3035, 4258] {
        let (from, to) = (Crs::Epsg(4326), Crs::Epsg(to));
        let edges = transform::rectangle(&area, &from, &to).unwrap();
        let found = around(&area, &from, &to).unwrap();
        near(found, [edges.min_x, edges.min_y, edges.max_x, edges.max_y], 1.0);
    }
}

#[test]
fn a_box_past_the_seam_is_a_turn_on_as_well() {
    let half = 20_037_508.342_789_244;
    let boxed = |min_x, max_x, code| {
        round(Rect { min_x, min_y: 0.0, max_x, max_y: 1.0 }, &Crs::Epsg(code))
            .iter()
            .map(|rect| rect.min_x)
            .collect::<Vec<_>>()
    };
    for code in [3857, 3395, 3832] {
        assert_eq!(boxed(-half, half, code), [-half]);
        let past = boxed(half + 10.0, half + 20.0, code);
        assert!(past.len() == 2 && (past[1] + half - 10.0).abs() < 1e-2, "{past:?}");
        assert_eq!(boxed(half - 10.0, half + 20.0, code).len(), 2);
        assert_eq!(boxed(-3.0 * half - 10.0, -3.0 * half + 20.0, code).len(), 3);
    }
    assert_eq!(boxed(175.0, 185.0, 4258), [175.0, -185.0]);
    assert_eq!(boxed(3e7, 4e7, 32633), [3e7]);
}
