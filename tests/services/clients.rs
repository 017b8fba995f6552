//! Programs that know nothing of this server: GDAL's clients of WFS and WMS, and OWSLib, in every version that is offered.
//! (Of WCS: `wcs/clients.rs`.)

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gdal::Dataset;
use serde_json::Value;

use crate::harness::gdal::{features, run};
use crate::harness::server::Server;
use crate::harness::{SAMPLE, made, odd, text};

/// The sample data, and points in feet of a state plane; countries also in a system whose authority has north first.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let project = format!(
            "title = 'Clients'\ncrs = ['EPSG:3035', 'EPSG:2263']\n\
             [[layers]]\nsource = '{SAMPLE}'\nlayer = 'countries'\n\
             [[layers]]\nsource = '{SAMPLE}'\nlayer = 'cities'\n\
             [[layers]]\nsource = '{}'\nlayer = 'new_york'\n",
            text(odd::file())
        );
        let file = made("clients.toml", |path| std::fs::write(path, &project).unwrap());
        Server::start(&["--project", text(&file)])
    })
}

/// All numbers of a geometry, in order.
fn numbers(of: &Value, out: &mut Vec<f64>) {
    match of {
        Value::Array(members) => members.iter().for_each(|member| numbers(member, out)),
        Value::Number(number) => out.push(number.as_f64().unwrap()),
        _ => {}
    }
}

/// Features by their names, with all the numbers of their places.
fn placed(features: &[Value]) -> Vec<(String, Vec<f64>)> {
    let one = |feature: &Value| {
        let (mut all, name) = (Vec::new(), feature["properties"]["name"].as_str().unwrap().to_owned());
        // One polygon may come alone or as a set of one.
        numbers(&feature["geometry"]["coordinates"], &mut all);
        (name, all)
    };
    let mut all: Vec<_> = features.iter().map(one).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn gdal_reads_the_very_features_over_wfs() {
    let wfs = |version: &str| PathBuf::from(format!("WFS:{}/ows?VERSION={version}", server().url));
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        for (file, layer) in
            [(Path::new(SAMPLE), "countries"), (Path::new(SAMPLE), "cities"), (odd::file(), "new_york")]
        {
            // Of the first version GDAL knows no system but by its code, and all have x first there.
            let ours = placed(&features(&wfs(version), &format!("app:{layer}"), &[]));
            let theirs = placed(&features(file, layer, &[]));
            assert_eq!(ours.len(), theirs.len(), "{version} {layer}");
            for ((name, ours), (other, theirs)) in ours.iter().zip(&theirs) {
                let off = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(name == other && ours.len() == theirs.len() && off < 1e-6, "{version} {layer} {name}: {off}");
            }
        }
        for (more, expected) in [
            (&["-where", "name = 'Bern'"][..], vec!["Bern"]),
            (&["-spat", "7", "46", "9", "47.2"], vec!["Bern"]),
            (&["-where", "name LIKE 'Ber%' AND name <> 'Bern'"], vec!["Berlin"]),
        ] {
            let found = placed(&features(&wfs(version), "app:cities", more));
            let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, expected, "{version} {more:?}");
        }
    }
}

/// What GDAL's client makes of a map: whether it is painted at a place of its own system.
struct Map {
    dataset: Dataset,
    size: (usize, usize),
}

impl Map {
    fn fetched(parameters: &str, size: (usize, usize), more: &[&str]) -> Self {
        let file = tempfile::Builder::new().suffix(".tif").tempfile().unwrap().into_temp_path();
        let name = format!("WMS:{}/ows?SERVICE=WMS&REQUEST=GetMap&{parameters}", server().url);
        let [width, height] = [size.0, size.1].map(|side| side.to_string());
        let mut args = vec!["-q", "-of", "GTiff", "-outsize", &width, &height];
        args.extend_from_slice(more);
        args.extend([name.as_str(), text(&file)]);
        run("gdal_translate", &args);
        Self { dataset: Dataset::open(&file).unwrap(), size }
    }

    fn is_painted(&self, x: f64, y: f64) -> bool {
        let [west, dx, _, north, _, dy] = self.dataset.geo_transform().unwrap();
        let at = (((x - west) / dx) as isize, ((y - north) / dy) as isize);
        let inside = (0..self.size.0 as isize).contains(&at.0) && (0..self.size.1 as isize).contains(&at.1);
        assert!(inside, "{x} {y} is off the map: {at:?}");
        let band = |number| self.dataset.rasterband(number).unwrap().read_as::<u8>(at, (1, 1), (1, 1), None).unwrap();
        (1..=3).any(|number| band(number).data()[0] != 255)
    }
}

#[test]
fn gdal_sees_maps_where_they_are() {
    let land = [(100.0, 62.0), (134.0, -25.0), (-60.0, -8.0), (25.0, 22.0), (-100.0, 45.0)];
    let sea = [(-140.0, -40.0), (-35.0, 30.0), (80.0, -30.0), (-100.0, -45.0), (170.0, 45.0)];
    for (version, system, degrees) in [
        ("1.1.1", "SRS=EPSG:4326&BBOX=-180,-90,180,90", true),
        ("1.3.0", "CRS=EPSG:4326&BBOX=-90,-180,90,180", true),
        ("1.3.0", "CRS=CRS:84&BBOX=-180,-90,180,90", true),
        ("1.1.1", "SRS=EPSG:3857&BBOX=-20037508,-20037508,20037508,20037508", false),
        ("1.3.0", "CRS=EPSG:3857&BBOX=-20037508,-20037508,20037508,20037508", false),
    ] {
        let more = format!("VERSION={version}&LAYERS=countries&{system}");
        let map = Map::fetched(&more, (360, 360), &[]);
        let place = |(x, y): (f64, f64)| {
            let metres = 6_378_137.0;
            if degrees { (x, y) } else { (metres * x.to_radians(), metres * y.to_radians().tan().asinh()) }
        };
        for (places, expected) in [(land, true), (sea, false)] {
            for (x, y) in places.map(place) {
                assert_eq!(map.is_painted(x, y), expected, "{more}: {x} {y}");
            }
        }
    }
}

#[test]
fn gdal_sees_a_projected_layer_and_a_system_with_north_first() {
    for (version, crs) in [("1.1.1", "SRS"), ("1.3.0", "CRS")] {
        // Feet: three points, one of them City Hall.
        let feet = format!("VERSION={version}&LAYERS=new_york&{crs}=EPSG:2263&BBOX=970000,140000,1030000,260000");
        let map = Map::fetched(&feet, (300, 600), &[]);
        for (x, y) in [(981_960.0, 198_410.0), (987_890.0, 149_840.0), (1_017_400.0, 248_900.0)] {
            assert!(map.is_painted(x, y), "{version}: {x} {y}");
        }
        assert!(!map.is_painted(1_000_000.0, 200_000.0) && !map.is_painted(987_890.0, 248_900.0));
        // The authority of EPSG:3035 has north first, which 1.3.0 sends and 1.1.1 does not.
        let sides =
            if version == "1.3.0" { "1500000,2500000,5500000,7500000" } else { "2500000,1500000,7500000,5500000" };
        let map =
            Map::fetched(&format!("VERSION={version}&LAYERS=countries&{crs}=EPSG:3035&BBOX={sides}"), (500, 400), &[]);
        for (x, y, expected) in [(4_321_000.0, 3_000_000.0, true), (2_600_000.0, 3_000_000.0, false)] {
            assert_eq!(map.is_painted(x, y), expected, "{version}: {x} {y}");
        }
    }
}

#[test]
fn owslib_reads_each_service_in_each_version() {
    const PYTHON: &str = "/usr/bin/python3";
    let has_it =
        Command::new(PYTHON).args(["-c", "import owslib"]).output().is_ok_and(|output| output.status.success());
    if !has_it {
        println!("skipped: no OWSLib (Debian: python3-owslib)");
        return;
    }
    let server = Server::start(&[]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services/read_by_owslib.py");
    let told: Value = serde_json::from_str(&run(PYTHON, &[script, &server.url])).unwrap();
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        let wfs = &told[format!("wfs {version}")];
        assert_eq!(wfs["title"], "Natural Earth", "{told}");
        assert_eq!((&wfs["some"], &wfs["in the box"]), (&3.into(), &1.into()), "{version}: {told}");
        // OWSLib calls the filter of 2.0.0 QUERY, and the types of a POST typenames.
        let posted = if version == "1.0.0" { 0 } else { 3 };
        assert_eq!((&wfs["filtered"], &wfs["posted"]), (&1.into(), &posted.into()), "{version}: {told}");
        assert_eq!(wfs["schema"], serde_json::json!([["name"], "Point"]), "{version}: {told}");
        assert_eq!(wfs["box"][0], -175.220_564_5, "{version}: {told}");
    }
    for version in ["1.1.1", "1.3.0"] {
        let wms = &told[format!("wms {version}")];
        assert_eq!((&wms["type"], &wms["box"][3]), (&"image/png".into(), &83.645_13.into()), "{version}: {told}");
        assert_eq!(wms["there"], serde_json::json!(["Norway"]), "{version}: {told}");
    }
    for version in ["1.0.0", "2.0.1"] {
        let wcs = &told[format!("wcs {version}")];
        assert_eq!(*wcs, serde_json::json!({ "ids": ["elevation"], "starts": "II" }), "{version}: {told}");
    }
    assert_eq!(told["features"], serde_json::json!({ "by text": 1, "by json": 1, "in the box": 1 }), "{told}");
}
