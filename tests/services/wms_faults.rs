//! Exceptions: their codes in each version, and as images.

use crate::wms_kit::{ask, server};

const MAP: &str =
    "REQUEST=GetMap&LAYERS=countries&STYLES=&CRS=CRS:84&BBOX=-180,-90,180,90&WIDTH=100&HEIGHT=50&FORMAT=image/png";
const INFO: &str = "REQUEST=GetFeatureInfo&LAYERS=countries&QUERY_LAYERS=countries&STYLES=&CRS=CRS:84&BBOX=-180,-90,180,90\
                    &WIDTH=100&HEIGHT=50&I=5&J=5";

#[test]
fn a_box_beyond_all_numbers_is_told_as_such() {
    let query = MAP.replace("BBOX=-180,-90,180,90", "BBOX=-1e308,-1e308,1e308,1e308&VERSION=1.3.0");
    let text = ask(&server(), &query).text();
    assert!(text.contains("too large") && !text.contains("lower corner"), "{text}");
}

#[test]
fn each_fault_has_its_code() {
    let server = server();
    let with = |query: &str, from: &str, to: &str| query.replace(from, to);
    for (query, code) in [
        ("REQUEST=Nope".to_owned(), "OperationNotSupported"),
        (with(MAP, "LAYERS=countries", "LAYERS=nope"), "LayerNotDefined"),
        (with(MAP, "LAYERS=countries", "LAYERS=countries,nope"), "LayerNotDefined"),
        (with(MAP, "LAYERS=countries", "LAYERS="), "MissingParameterValue"),
        (with(MAP, "STYLES=", "STYLES=nope"), "StyleNotDefined"),
        (with(MAP, "STYLES=", "STYLES=plain,plain"), "StyleNotDefined"),
        (with(MAP, "image/png", "image/nope"), "InvalidFormat"),
        (with(MAP, "&FORMAT=image/png", ""), "MissingParameterValue"),
        (with(MAP, "BBOX=-180,-90,180,90", "BBOX=1,2,3"), "InvalidParameterValue"),
        (with(MAP, "BBOX=-180,-90,180,90", "BBOX=5,5,1,1"), "InvalidParameterValue"),
        (with(MAP, "BBOX=-180,-90,180,90", "BBOX=NaN,0,1,1"), "InvalidParameterValue"),
        (with(MAP, "&BBOX=-180,-90,180,90", ""), "MissingParameterValue"),
        (with(MAP, "WIDTH=100", "WIDTH=abc"), "InvalidParameterValue"),
        (with(MAP, "WIDTH=100", "WIDTH=1001"), "InvalidParameterValue"),
        (with(MAP, "WIDTH=100", "WIDTH=1e2"), "InvalidParameterValue"),
        (with(MAP, "WIDTH=100", "WIDTH=100.5"), "InvalidParameterValue"),
        (format!("{MAP}&DPI=0"), "InvalidParameterValue"),
        (format!("{MAP}&MAP_RESOLUTION=-1"), "InvalidParameterValue"),
        (format!("{MAP}&FILTER=%3CFilter"), "InvalidParameterValue"),
        (with(MAP, "WIDTH=100", "WIDTH=0"), "InvalidParameterValue"),
        (with(MAP, "LAYERS=countries", "LAYERS=world,world"), "InvalidParameterValue"),
        (format!("{MAP}&BGCOLOR=red"), "InvalidParameterValue"),
        (format!("{MAP}&OPACITIES=300"), "InvalidParameterValue"),
        (format!("{MAP}&OPACITIES=1,2,3"), "InvalidParameterValue"),
        (format!("{MAP}&IMAGE_QUALITY=500"), "InvalidParameterValue"),
        (format!("{MAP}&TIME=yesterday"), "InvalidDimensionValue"),
        (with(INFO, "QUERY_LAYERS=countries", "QUERY_LAYERS=nope"), "LayerNotDefined"),
        (with(INFO, "QUERY_LAYERS=countries", "QUERY_LAYERS=cities"), "LayerNotDefined"),
        (with(INFO, "I=5", "I=100000"), "InvalidPoint"),
        (with(INFO, "I=5", "I=-1"), "InvalidPoint"),
        (with(INFO, "I=5", "I=x"), "InvalidPoint"),
        (with(INFO, "&I=5", ""), "MissingParameterValue"),
        (format!("{INFO}&INFO_FORMAT=nope/nope"), "InvalidFormat"),
        ("REQUEST=GetLegendGraphic&LAYER=nope&FORMAT=image/png".to_owned(), "LayerNotDefined"),
        ("REQUEST=GetLegendGraphic&LAYER=countries&STYLE=nope&FORMAT=image/png".to_owned(), "StyleNotDefined"),
        ("REQUEST=GetCapabilities&UPDATESEQUENCE=99999999999999".to_owned(), "InvalidUpdateSequence"),
    ] {
        for (version, media_type) in [("1.3.0", "text/xml"), ("1.1.1", "application/vnd.ogc.se_xml")] {
            let answer = ask(&server, &format!("{query}&VERSION={version}"));
            assert!(matches!(answer.status, 400 | 501), "{query}: {}", answer.status);
            assert_eq!(answer.media_type, media_type, "{query}");
            assert!(answer.text().contains(&format!("code=\"{code}\"")), "{query}: {}", answer.text());
        }
    }
    assert!(ask(&server, MAP).text().contains("code=\"MissingParameterValue\" locator=\"VERSION\""));
    for (version, code) in [("1.3.0", "InvalidCRS"), ("1.1.1", "InvalidSRS")] {
        let query = with(MAP, "CRS=CRS:84", "CRS=EPSG:999999&SRS=EPSG:999999");
        for query in
            [query.clone(), query.replace("EPSG:999999", "nonsense"), query.replace("EPSG:999999", "EPSG:25832")]
        {
            let answer = ask(&server, &format!("{query}&VERSION={version}"));
            assert!(answer.text().contains(&format!("code=\"{code}\"")), "{query}: {}", answer.text());
        }
    }
}

#[test]
fn exceptions_come_as_images_where_the_client_wants() {
    let server = server();
    let bad = MAP.replace("LAYERS=countries", "LAYERS=nope");
    for (version, blank, written) in [
        ("1.3.0", "BLANK", "INIMAGE"),
        ("1.1.1", "application/vnd.ogc.se_blank", "application/vnd.ogc.se_inimage"),
        ("1.3.0", "application/vnd.ogc.se_blank", "application/vnd.ogc.se_inimage"),
    ] {
        let of = |how: &str| ask(&server, &format!("{bad}&VERSION={version}&EXCEPTIONS={how}"));
        let picture = of(blank).picture();
        assert_eq!((picture.width, picture.height, picture.painted()), (100, 50, 0));
        let picture = of(written).picture();
        assert_eq!((picture.width, picture.height), (100, 50));
        assert!(picture.painted() > 20, "nothing is written");
    }
    let clear = ask(&server, &format!("{bad}&VERSION=1.3.0&EXCEPTIONS=BLANK&TRANSPARENT=TRUE")).picture();
    assert_eq!(clear.at(5, 5), [0; 4]);
    let coloured = ask(&server, &format!("{bad}&VERSION=1.3.0&EXCEPTIONS=BLANK&BGCOLOR=0x102030")).picture();
    assert_eq!(coloured.at(5, 5), [16, 32, 48, 255]);
    // Where even the format is nonsense, it is a PNG; where the size is, one of a size that costs nothing.
    let odd = bad.replace("image/png", "image/nope").replace("WIDTH=100", "WIDTH=1e9");
    assert!(ask(&server, &format!("{odd}&VERSION=1.3.0&EXCEPTIONS=BLANK")).picture().width <= 1024);
    let info = ask(&server, &format!("{}&VERSION=1.3.0&EXCEPTIONS=BLANK", INFO.replace("I=5", "I=x")));
    assert_eq!((info.status, info.media_type.as_str()), (400, "text/xml"));
}

#[test]
fn a_filter_of_a_layer_that_is_not_on_the_map_drew_all() {
    let server = server();
    for filter in ["cities:%22name%22%20=%20%27Graz%27", "nope:n=1", "countries:pop_est%3E1;cities:pop%3E1", "()()"] {
        let answer = ask(&server, &format!("VERSION=1.3.0&{MAP}&FILTER={filter}"));
        assert_eq!(answer.status, 400, "{filter}: {}", answer.text());
        assert!(answer.text().contains("locator=\"FILTER\"") && answer.text().contains("InvalidParameterValue"));
    }
}

#[test]
fn a_filter_in_distances_from_the_centre_of_the_earth_was_taken() {
    let server = server();
    let within = |system: &str| {
        let filter = format!(
            "<Filter><BBOX><PropertyName>geom</PropertyName><Box srsName=\"{system}\"><coordinates>5,45 15,50</coordinates></Box></BBOX></Filter>"
        );
        let filter = percent_encoding::utf8_percent_encode(&filter, percent_encoding::NON_ALPHANUMERIC).to_string();
        ask(&server, &format!("VERSION=1.3.0&{MAP}&FILTER={filter}"))
    };
    assert_eq!(within("EPSG:4326").status, 200);
    for system in ["EPSG:4978", "EPSG:5773"] {
        let answer = within(system);
        assert!(answer.status == 400 && answer.text().contains("has no places on the ground"), "{}", answer.text());
    }
}
