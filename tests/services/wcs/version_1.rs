//! WCS 1.0.0.

use super::*;

const GET: &str = "VERSION=1.0.0&REQUEST=GetCoverage&COVERAGE=elevation&CRS=EPSG:4326&FORMAT=GeoTIFF";

#[test]
fn a_box_and_a_size_in_longitude_and_latitude() {
    let side = 1.0 / 1200.0;
    let (west, north) = (-84.413_75 + 17.0 * side, 36.732_916_666_666_67 - 33.0 * side);
    let bbox = format!("BBOX={west},{},{},{north}", north - 30.0 * side, west + 40.0 * side);
    for size in ["WIDTH=40&HEIGHT=30".to_owned(), format!("RESX={side}&RESY={side}")] {
        let read = opened(ask(&format!("{GET}&{bbox}&{size}")));
        assert_eq!((read.size(), read.values(1)), ((40, 30), window(Path::new(ELEVATION), 1, (17, 33), (40, 30))));
    }
    let read = opened(ask(&format!("{GET}&{bbox}&WIDTH=20&HEIGHT=20&RESPONSE_CRS=EPSG:3857&INTERPOLATION=bilinear")));
    assert_eq!(read.dataset.spatial_ref().unwrap().auth_code().unwrap(), 3857);
    assert!(read.place()[0] < -9_000_000.0 && read.size() == (20, 20));
    assert!(!read.mask().contains(&false));
}

#[test]
fn the_grid_ends_with_its_last_pixel() {
    let text = ask("VERSION=1.0.0&REQUEST=DescribeCoverage&COVERAGE=elevation").expect(200).text();
    for part in [
        "<gml:low>0 0</gml:low>",
        "<gml:high>402 343</gml:high>",
        "<gml:pos>-84.41375 36.44625</gml:pos>",
        "<gml:offsetVector>0 -0.0008333333333",
        "<nativeCRSs>EPSG:4326</nativeCRSs>",
        "<singleValue>-32768</singleValue>",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("picture"));
    assert!(ask("VERSION=1.0.0&REQUEST=DescribeCoverage").expect(200).text().contains("<name>picture</name>"));
}

#[test]
fn bands_by_number() {
    let get = "VERSION=1.0.0&REQUEST=GetCoverage&COVERAGE=picture&CRS=EPSG:32632&FORMAT=image/tiff\
        &BBOX=500000,5000000,500800,5000600&WIDTH=80&HEIGHT=60";
    for (bands, wanted) in [
        ("BANDS=3", &[3][..]),
        ("bands=2,1", &[2, 1]),
        ("BANDS=1/3", &[1, 2, 3]),
        ("BAND=2", &[2]),
        ("BANDS=1/3/2", &[1, 3]),
    ] {
        let read = opened(ask(&format!("{get}&{bands}")));
        assert_eq!(read.dataset.raster_count(), wanted.len());
        for (at, band) in wanted.iter().enumerate() {
            assert_eq!(read.values(at + 1), window(&picture(), *band, (0, 0), (80, 60)), "{bands}");
        }
    }
}

#[test]
fn steps_of_bands_were_not_read() {
    let get = "VERSION=1.0.0&REQUEST=GetCoverage&COVERAGE=picture&CRS=EPSG:32632&FORMAT=image/tiff\
        &BBOX=500000,5000000,500800,5000600&WIDTH=80&HEIGHT=60";
    for bad in ["1/3/0", "1/3/x", "1/2/3/4", "1/9/2"] {
        ask(&format!("{get}&BANDS={bad}")).expect(400);
    }
}

#[test]
fn versions_are_negotiated() {
    for (query, version) in [
        ("REQUEST=GetCapabilities", "2.0.1"),
        ("REQUEST=GetCapabilities&VERSION=1.0.0", "1.0.0"),
        ("REQUEST=GetCapabilities&VERSION=1.1.1", "1.0.0"),
        ("REQUEST=GetCapabilities&ACCEPTVERSIONS=1.0.0,2.0.1", "1.0.0"),
        ("REQUEST=GetCapabilities&ACCEPTVERSIONS=2.0.1", "2.0.1"),
    ] {
        let text = ask(query).expect(200).text();
        assert!(text.contains(&format!("version=\"{version}\"")), "{query}: {text}");
    }
}

#[test]
fn a_box_round_the_earth_comes_whole_in_another_system() {
    let get = "VERSION=1.0.0&REQUEST=GetCoverage&COVERAGE=globe&FORMAT=GeoTIFF&WIDTH=40&HEIGHT=40";
    let read = opened(ask(&format!("{get}&CRS=EPSG:4326&BBOX=-180,-90,180,90&RESPONSE_CRS=EPSG:3857")));
    let half = 20_037_508.342_789_244;
    assert!((read.place()[0] + half).abs() < 1.0 && (read.place()[3] - half).abs() < 1.0, "{:?}", read.place());
    assert!(!read.mask().contains(&false));
    // East of where the edges of the world come to lie, and west of it.
    for bbox in ["-6000000,-1000000,0,5000000", "10000000,5000000,15000000,10000000"] {
        let read = opened(ask(&format!("{get}&CRS=EPSG:3035&BBOX={bbox}")));
        assert!(read.mask().contains(&true), "{bbox}");
    }
}
