use super::*;

#[test]
fn a_small_box_stays_small() {
    let rect = Rect { min_x: 15.0, min_y: 50.0, max_x: 15.1, max_y: 50.1 };
    for code in [32633, 3035, 31467] {
        let there = rectangles(&rect, &Crs::Epsg(code)).unwrap();
        assert!(there.len() == 1 && there[0].max_x - there[0].min_x < 20_000.0, "{code} {there:?}");
    }
}

#[test]
fn an_extent_past_the_seam_is_the_whole_ring() {
    let past = Rect { min_x: -20_037_508.0, min_y: 0.0, max_x: 20_040_000.0, max_y: 2e7 };
    let ring = extent(&past, &Crs::Epsg(3857)).unwrap();
    assert!(ring.min_x <= -180.0 && ring.max_x >= 180.0, "{ring:?}");
    let fiji = Rect { min_x: 19_800_000.0, min_y: -2e6, max_x: 20_300_000.0, max_y: -1.8e6 };
    let ring = extent(&fiji, &Crs::Epsg(3857)).unwrap();
    assert!(ring.min_x <= -180.0 && ring.max_x >= 180.0, "{ring:?}");
    let pole = Rect { min_x: -3e6, min_y: -2e6, max_x: 1e6, max_y: 1.3e6 };
    let cap = extent(&pole, &Crs::Epsg(3995)).unwrap();
    assert!(cap.min_x <= -180.0 && cap.max_x >= 180.0 && cap.max_y >= 90.0 - 1e-9, "{cap:?}");
    let plain = extent(&Rect { min_x: 3e5, min_y: 5.5e6, max_x: 7e5, max_y: 5.6e6 }, &Crs::Epsg(32633)).unwrap();
    assert!(plain.min_x > 12.0 && plain.max_x < 18.0, "{plain:?}");
}
