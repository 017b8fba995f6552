//! Maps: what is where, in each version, system and style.

use graticule::base::crs::Crs;
use graticule::message::request::Request;
use http::{HeaderValue, Method};

use graticule::project::catalog::Project;
use graticule::server::Server;

use crate::kit;
use crate::wms_kit::{PROJECT, answer, ask, builder, server};

const RED: [u8; 4] = [255, 0, 0, 255];
const GREEN: [u8; 4] = [0, 255, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const WHITE: [u8; 4] = [255; 4];
const CLEAR: [u8; 4] = [0; 4];

/// The world, 360 by 180 pixels: a pixel a degree.
const WORLD: &str = "REQUEST=GetMap&LAYERS=countries&STYLES=&FORMAT=image/png&WIDTH=360&HEIGHT=180";
const BOX: &str = "VERSION=1.3.0&CRS=CRS:84&BBOX=-180,-90,180,90";

#[test]
fn each_version_and_system_has_its_own_order_of_axes() {
    let server = server();
    let of = |system: &str| ask(&server, &format!("{WORLD}&{system}")).picture();
    let map = of(BOX);
    assert_eq!((map.width, map.height), (360, 180));
    // Brazil, the Sahara, the Pacific.
    assert_eq!((map.at(125, 100), map.at(183, 62), map.at(30, 90)), (GREEN, GREEN, WHITE));
    for same in [
        "VERSION=1.3.0&CRS=EPSG:4326&BBOX=-90,-180,90,180",
        "VERSION=1.1.1&SRS=EPSG:4326&BBOX=-180,-90,180,90",
        "VERSION=1.1.1&SRS=CRS:84&BBOX=-180,-90,180,90",
        "version=1.3.0&crs=epsg:4326&bbox=-90,-180,90,180",
    ] {
        let other = of(same);
        for (x, y) in [(125, 100), (183, 62), (30, 90), (300, 115)] {
            assert_eq!(other.at(x, y), map.at(x, y), "{same}");
        }
    }
    // Without SERVICE, as 1.3.0 lets GetMap be asked.
    let bare = answer(&server, Request::get(&format!("/ows?{WORLD}&{BOX}"))).picture();
    assert_eq!(bare.at(125, 100), GREEN);
    let mercator = of("VERSION=1.3.0&CRS=EPSG:3857&BBOX=-20037508,-10018754,20037508,10018754");
    assert_eq!((mercator.at(125, 100), mercator.at(183, 62), mercator.at(30, 90)), (GREEN, GREEN, WHITE));
}

#[test]
fn a_map_goes_on_over_the_date_line_and_poles_leave_no_streaks() {
    let server = server();
    let across = ask(&server, &format!("{WORLD}&VERSION=1.3.0&CRS=CRS:84&BBOX=0,-90,360,90")).picture();
    // Brazil lies at 305 degrees east; the Pacific at 210.
    assert_eq!((across.at(305, 100), across.at(3, 62), across.at(210, 90)), (GREEN, GREEN, WHITE));
    let mercator = ask(&server, &format!("{WORLD}&VERSION=1.3.0&CRS=EPSG:3857&BBOX=-20037508,0,20037508,20037508"));
    assert_eq!(mercator.picture().at(30, 170), WHITE);
}

#[test]
fn the_ground_is_what_the_client_wants() {
    let server = server();
    let of = |more: &str| ask(&server, &format!("{WORLD}&{BOX}&{more}"));
    assert_eq!(of("TRANSPARENT=TRUE").picture().at(30, 90), CLEAR);
    assert_eq!(of("TRANSPARENT=FALSE").picture().at(30, 90), WHITE);
    assert_eq!(of("BGCOLOR=0x102030").picture().at(30, 90), [16, 32, 48, 255]);
    assert_eq!(of("TRANSPARENT=TRUE&BGCOLOR=0x102030").picture().at(30, 90), CLEAR);
}

#[test]
fn formats_are_what_they_say() {
    let server = server();
    let of = |format: &str| ask(&server, &format!("{WORLD}&{BOX}").replace("image/png", format));
    for (format, media_type, magic) in [
        ("image/png", "image/png", &b"\x89PNG"[..]),
        ("image/png;%20mode=8bit", "image/png", b"\x89PNG"),
        ("image/jpeg", "image/jpeg", b"\xff\xd8\xff"),
        ("image/webp", "image/webp", b"RIFF"),
    ] {
        let answer = of(format);
        assert_eq!((answer.status, answer.media_type.as_str()), (200, media_type), "{}", answer.text());
        assert!(answer.body.starts_with(magic), "{format}");
    }
    assert_eq!(of("image/png;%20mode=8bit").picture().at(125, 100), GREEN);
    let jpeg = of("image/jpeg");
    let pixels = jpeg_decoder::Decoder::new(&jpeg.body[..]).decode().unwrap();
    let at = |x: usize, y: usize| &pixels[(y * 360 + x) * 3..][..3];
    assert!(at(125, 100)[1] > 240 && at(125, 100)[0] < 16, "{:?}", at(125, 100));
    assert!(at(30, 90).iter().all(|part| *part > 240), "{:?}", at(30, 90));
    let small = of("image/jpeg&IMAGE_QUALITY=10").body.len();
    assert!(small < jpeg.body.len());
}

#[test]
fn styles_are_chosen_by_name() {
    let server = server();
    let of = |styles: &str| {
        let map = ask(&server, &format!("{WORLD}&{BOX}").replace("STYLES=", &format!("STYLES={styles}"))).picture();
        // Brazil, and Algeria.
        (map.at(125, 100), map.at(183, 62))
    };
    assert_eq!(of(""), (GREEN, GREEN));
    assert_eq!(of("default"), (GREEN, GREEN));
    assert_eq!(of("plain"), (GREEN, GREEN));
    assert_eq!(of("large"), (RED, BLUE));
    assert_eq!(of("few"), (RED, WHITE));
}

#[test]
fn groups_scales_and_opacities() {
    let server = server();
    let near = "VERSION=1.3.0&CRS=CRS:84&BBOX=14.5,47.5,18.5,49.5&WIDTH=400&HEIGHT=200";
    let map = |layers: &str, more: &str| {
        ask(&server, &format!("REQUEST=GetMap&LAYERS={layers}&STYLES=&FORMAT=image/png&{near}{more}")).picture()
    };
    // Vienna lies at 16.37 degrees east and 48.2 north.
    let vienna = (187, 130);
    assert_eq!(map("world", "").at(vienna.0, vienna.1), [0, 0, 0, 255]);
    assert_eq!(map("countries", "").at(vienna.0, vienna.1), GREEN);
    assert_eq!(map("cities,countries", "").at(vienna.0, vienna.1), GREEN);
    assert_eq!(map("countries,cities", "").at(vienna.0, vienna.1), [0, 0, 0, 255]);
    let faint = map("countries,cities", "&OPACITIES=255,128").at(vienna.0, vienna.1);
    assert!(faint[1].abs_diff(127) < 3 && faint[0] == 0, "{faint:?}");
    assert_eq!(map("cities", "&OPACITIES=0").painted(), 0);
    // From too far away the cities are not shown.
    let far = ask(&server, &format!("{WORLD}&{BOX}").replace("LAYERS=countries", "LAYERS=cities")).picture();
    assert_eq!(far.painted(), 0);
    // A higher resolution makes symbols larger, and the scale too.
    let fine = map("cities", "&DPI=180").painted();
    assert!(fine > 3 * map("cities", "").painted(), "{fine}");
}

#[test]
fn a_post_of_a_form_is_a_get() {
    let server = server();
    let mut request = Request::new(Method::POST, "/ows")
        .with_header(http::header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    request.body = format!("SERVICE=WMS&{WORLD}&{BOX}").into();
    assert_eq!(answer(&server, request).picture().at(125, 100), GREEN);
}

#[test]
fn a_head_says_the_type_and_draws_nothing() {
    let server = server();
    let head = answer(&server, Request::new(Method::HEAD, &format!("/ows?SERVICE=WMS&{WORLD}&{BOX}")));
    assert_eq!((head.status, head.media_type.as_str(), head.body.len()), (200, "image/png", 0));
}

#[test]
fn unknown_parameters_are_ignored() {
    let server = server();
    let map = ask(&server, &format!("{WORLD}&{BOX}&TILED=true&foo=bar&_olSalt=0.5&MAP_RESOLUTION=96&EXCEPTIONS=XML"));
    assert_eq!(map.picture().at(125, 100), GREEN);
}

#[test]
fn layers_draw_in_parallel_as_they_do_one_by_one() {
    let server = builder(&crate::wms_kit::PROJECT.replace("max_scale = 100000000", "")).build().unwrap();
    let of = |layers: &str, styles: &str| {
        let query = format!("{WORLD}&{BOX}").replace("LAYERS=countries", &format!("LAYERS={layers}"));
        ask(&server, &query.replace("STYLES=", &format!("STYLES={styles}"))).picture()
    };
    let expected = of("countries", "large");
    for _ in 0..8 {
        let map = of("countries,cities,countries", "plain,,large");
        for (x, y) in [(125, 100), (183, 62), (300, 115)] {
            assert_eq!(map.at(x, y), expected.at(x, y));
        }
    }
}

#[tokio::test]
async fn a_default_of_time_is_told_and_a_lonely_point_has_room() {
    let project = Project::new("Times").with(kit::layer("one", 1)).unwrap();
    let server = kit::builder(project).build().unwrap();
    let text = kit::ask(&server, "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities").await.text();
    let default = "2000-06-01T00:00:00Z/2000-06-01T00:00:00Z";
    assert!(text.contains(&format!("default=\"{default}\"")), "{text}");
    assert!(
        text.contains("<BoundingBox CRS=\"CRS:84\" minx=\"-0.001\" miny=\"-0.001\" maxx=\"0.001\" maxy=\"0.001\"/>"),
        "{text}"
    );
    let map = "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=one&STYLES=&CRS=CRS:84&BBOX=-1,-1,1,1&WIDTH=9&HEIGHT=9\
               &FORMAT=image/png";
    let warned = kit::ask(&server, map).await;
    assert_eq!(warned.header("warning"), format!("99 Default value used: time={default} ISO8601"));
    assert_eq!(kit::ask(&server, &format!("{map}&TIME=2000")).await.header("warning"), "");
}

#[test]
fn an_exponent_may_have_a_plus_that_nobody_escaped() {
    let server = server();
    let map =
        "VERSION=1.3.0&REQUEST=GetMap&LAYERS=countries&STYLES=&CRS=CRS:84&WIDTH=36&HEIGHT=18&FORMAT=image/png&BBOX=";
    let plain = ask(&server, &format!("{map}-180,-90,180,90")).body;
    assert!(plain == ask(&server, &format!("{map}-18E1,-900E-1,+1.8E+2,.9E%2B2")).body);
}

#[test]
fn what_is_seen_through_is_drawn_once_over_the_date_line() {
    let project = "title = 'Half'\n[[layers]]\nsource = '@'\nlayer = 'countries'\n[[layers.styles]]\nname = 'half'\n\
                   rules = [{ symbols = [{ fill = '#ff000080' }] }]\n";
    let server = builder(project).build().unwrap();
    let at = |crs: &str, area: [f64; 4], (x, y): (f64, f64)| {
        let [west, south, east, north] = area;
        let query = format!(
            "VERSION=1.1.1&REQUEST=GetMap&LAYERS=countries&STYLES=half&SRS={crs}&BBOX={west},{south},{east},{north}&WIDTH=300\
             &HEIGHT=300&FORMAT=image/png"
        );
        let picture = ask(&server, &query).picture();
        picture.at(((x - west) / (east - west) * 300.0) as usize, ((north - y) / (north - south) * 300.0) as usize)
    };
    let once = [255, 127, 127, 255];
    // The end of Siberia, on both sides, and the same world thrice.
    for (area, place) in [
        ([-179.0, 55.0, -160.0, 75.0], (-175.0, 66.0)),
        ([170.0, 55.0, 200.0, 75.0], (185.0, 66.0)),
        ([170.0, 55.0, 200.0, 75.0], (175.0, 67.0)),
        ([190.0, 55.0, 240.0, 75.0], (210.0, 65.0)),
        ([-190.0, 55.0, -160.0, 75.0], (-175.0, 66.0)),
        ([-360.0, -90.0, 360.0, 90.0], (-240.0, 60.0)),
        ([-540.0, -90.0, 540.0, 90.0], (480.0, 60.0)),
    ] {
        assert_eq!(at("EPSG:4326", area, place), once, "{area:?}");
        let metres = |x: f64, y: f64| {
            let y = y.clamp(-85.0, 85.0);
            (6_378_137.0 * x.to_radians(), 6_378_137.0 * y.to_radians().tan().asinh())
        };
        let ((west, south), (east, north)) = (metres(area[0], area[1]), metres(area[2], area[3]));
        assert_eq!(at("EPSG:3857", [west, south, east, north], metres(place.0, place.1)), once, "{area:?} in metres");
    }
}

/// Whether a map of a place in a system has land there, by the style `plain`.
fn has_land(server: &Server, crs: u32, bbox: &str, size: (usize, usize), places: &[(usize, usize)]) -> Vec<bool> {
    let map = format!(
        "VERSION=1.1.1&REQUEST=GetMap&LAYERS=countries&STYLES=plain&FORMAT=image/png&SRS=EPSG:{crs}&BBOX={bbox}&WIDTH={}&HEIGHT={}",
        size.0, size.1
    );
    let got = ask(server, &map);
    let picture = got.picture();
    places.iter().map(|&(x, y)| picture.at(x, y) == [0, 255, 0, 255]).collect()
}

#[test]
fn a_map_shows_all_that_its_projection_has_a_place_for() {
    let server = builder(&PROJECT.replace("title = \"World", "crs = [\"EPSG:3832\", \"EPSG:3035\"]\ntitle = \"World"));
    let server = server.build().unwrap();
    // Around the Pacific: Algeria, Brazil, Australia, and open sea.
    let at = |lon: f64, lat: f64| {
        let x = (lon - 150.0 + 540.0).rem_euclid(360.0) - 180.0;
        let y = 6_378_137.0 * lat.to_radians().tan().asinh();
        (((x + 180.0) / 360.0 * 800.0) as usize, ((15e6 - y) / 30e6 * 600.0) as usize)
    };
    let places = [at(3.0, 28.0), at(-55.0, -10.0), at(135.0, -25.0), at(-150.0, 0.0), at(-35.0, -15.0)];
    let found = has_land(&server, 3832, "-20037508,-15000000,20037508,15000000", (800, 600), &places);
    assert_eq!(found, [true, true, true, false, false]);
    // Europe has land and sea.
    let europe = [(253, 120), (230, 377)];
    let found = has_land(&server, 3832, "-17000000,4000000,-13000000,8000000", (400, 400), &europe);
    assert_eq!(found, [true, false], "Poland, and the sea before Libya");
    // Beyond the pole: Alaska, Canada and Siberia.
    let (xs, ys) = (&mut [-150.0, -110.0, 130.0, -170.0], &mut [65.0, 60.0, 65.0, 72.5]);
    graticule::data::transform::points(xs, ys, &Crs::Crs84, &Crs::Epsg(3035)).unwrap();
    let at = |x: f64, y: f64| (((x + 3e6) / 2e4) as usize, ((14e6 - y) / 2e4) as usize);
    let places: Vec<(usize, usize)> = xs.iter().zip(&*ys).map(|(x, y)| at(*x, *y)).collect();
    let found = has_land(&server, 3035, "-3000000,-2000000,13000000,14000000", (800, 800), &places);
    assert_eq!(found, [true, true, true, false], "{xs:?} {ys:?}");
}
