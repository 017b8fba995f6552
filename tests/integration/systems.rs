//! Reference systems, orders and schemas of collections (Parts 2, 3 and 5), by answers alone.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::SAMPLE;
use crate::harness::client::links;
use crate::harness::server::{Server, demo};

const CITIES: &str = "/ogcapi/collections/cities";
const EPSG: &str = "http://www.opengis.net/def/crs/EPSG/0";
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

fn names(page: &Value) -> Vec<String> {
    let features = page["features"].as_array().unwrap();
    features.iter().map(|feature| feature["properties"]["name"].as_str().unwrap().to_owned()).collect()
}

fn place(feature: &Value) -> (f64, f64) {
    let place = &feature["geometry"]["coordinates"];
    (place[0].as_f64().unwrap(), place[1].as_f64().unwrap())
}

#[test]
fn what_is_listed_is_offered_in_the_authority_s_order_and_nothing_else() {
    let server = demo();
    let collection = server.json(CITIES);
    assert_eq!(collection["crs"], json!([CRS84, format!("{EPSG}/4326"), format!("{EPSG}/3857")]));
    assert_eq!(collection["storageCrs"], format!("{EPSG}/4326"));
    let plain = server.get(&format!("{CITIES}/items?limit=5"));
    assert_eq!(plain.header("content-crs"), format!("<{CRS84}>"));
    for crs in collection["crs"].as_array().unwrap().iter().map(|crs| crs.as_str().unwrap()) {
        for path in [format!("{CITIES}/items?limit=5&crs={crs}"), format!("{CITIES}/items/1?crs={crs}")] {
            let answer = server.get(&path).expect(200);
            assert_eq!(answer.header("content-crs"), format!("<{crs}>"), "{path}");
            assert!(answer.header("access-control-expose-headers").contains("Content-Crs"));
            server.browse(&path).expect(200);
        }
        let moved = server.json(&format!("{CITIES}/items?limit=5&crs={crs}"));
        for (there, here) in
            moved["features"].as_array().unwrap().iter().zip(plain.json()["features"].as_array().unwrap())
        {
            let ((x, y), (lon, lat)) = (place(there), place(here));
            let expected = match crs {
                CRS84 => (lon, lat),
                _ if crs.ends_with("/4326") => (lat, lon),
                _ => (6_378_137.0 * lon.to_radians(), 6_378_137.0 * lat.to_radians().tan().asinh()),
            };
            assert!((x - expected.0).abs() < 1e-6 && (y - expected.1).abs() < 1e-6, "{crs} {there} {here}");
        }
    }
    for unknown in ["EPSG:4326", "http://www.opengis.net/def/crs/0/unsupported", &format!("{EPSG}/2056")] {
        for path in [
            format!("{CITIES}/items?crs={unknown}"),
            format!("{CITIES}/items/1?crs={unknown}"),
            format!("{CITIES}/items?bbox=0,0,1,1&bbox-crs={unknown}"),
        ] {
            server.get(&path).expect(400);
        }
    }
}

#[test]
fn a_box_means_the_same_in_every_system() {
    let server = demo();
    let plain = names(&server.json(&format!("{CITIES}/items?limit=50&bbox=5,45,11,48")));
    assert_eq!(plain, ["Vaduz", "Bern", "Geneva"]);
    let boxed = |bbox: &str, code: &str| {
        names(&server.json(&format!("{CITIES}/items?limit=50&bbox={bbox}&bbox-crs={EPSG}/{code}")))
    };
    assert_eq!(boxed("45,5,48,11", "4326"), plain);
    assert_eq!(boxed("556597,5621521,1224514,6106854", "3857"), plain);
    // What lies past the seam of metres is a turn on.
    let past = names(&server.json(&format!("{CITIES}/items?limit=50&bbox=180,-85,190,85")));
    assert_eq!(boxed("20037509,-20000000,21150348,20000000", "3857"), past);
    assert_eq!(past.len(), 2);
    // Latitude first, and across the date line all the same.
    let across = names(&server.json(&format!("{CITIES}/items?limit=50&bbox=170,-22,-170,-10")));
    assert_eq!(boxed("-22,170,-10,-170", "4326"), across);
    server.get(&format!("{CITIES}/items?bbox=2,1,1,2&bbox-crs={EPSG}/3857")).expect(400);
    server.get(&format!("{CITIES}/items?bbox=48,5,45,11&bbox-crs={EPSG}/4326")).expect(400);
    // Links keep what was asked.
    let query = format!("limit=1&bbox=45,5,48,11&bbox-crs={EPSG}/4326&crs={EPSG}/3857&sortby=-name");
    let page = server.json(&format!("{CITIES}/items?{query}"));
    let next = links(&page, "next")[0]["href"].as_str().unwrap().to_owned();
    let next = server.get(next.strip_prefix(&server.url).unwrap()).expect(200);
    assert_eq!((names(&page), names(&next.json())), (vec!["Vaduz".to_owned()], vec!["Geneva".to_owned()]));
    assert_eq!(next.header("content-crs"), format!("<{EPSG}/3857>"));
}

#[test]
fn a_box_of_rounded_metres_has_what_lies_on_its_edge() {
    // The extent as clients round it, to seven decimals.
    let bbox = "-19505464.0166499,-5055517.5463311,19950305.8968498,9386287.9916637";
    let page = demo().json(&format!("{CITIES}/items?bbox={bbox}&bbox-crs={EPSG}/3857"));
    assert_eq!(page["numberMatched"], 243);
}

#[test]
fn a_project_lists_its_own_systems() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("project.toml");
    let write = |crs: &str| {
        let layer = |name: &str| format!("[[layers]]\nsource = '{SAMPLE}'\nlayer = \"{name}\"\n");
        let text = format!("crs = [\"EPSG:3035\"]\n{}{}crs = {crs}\n", layer("cities"), layer("countries"));
        fs::write(&file, text).unwrap();
    };
    write("[\"EPSG:4326\", \"urn:ogc:def:crs:EPSG::2056\"]");
    let server = Server::start(&["--project", file.to_str().unwrap()]);
    let cities = server.json(CITIES);
    assert_eq!(cities["crs"], json!([CRS84, format!("{EPSG}/3035")]));
    assert!(cities["storageCrs"].is_null(), "it is not offered");
    let countries = server.json("/ogcapi/collections/countries");
    assert_eq!(countries["crs"], json!([CRS84, format!("{EPSG}/4326"), format!("{EPSG}/2056")]));
    // Northing comes first in EPSG:3035; the numbers are those of PROJ's own program.
    let there = server.json(&format!("{CITIES}/items/1?crs={EPSG}/3035"));
    let (north, east) = place(&there);
    assert!((north - 2_092_213.087_327).abs() < 0.01 && (east - 4_525_284.996_691).abs() < 0.01, "{there}");
    drop(server);
    write("[\"EPSG:99999\"]");
    let refused = crate::harness::server::run(&["check", "--project", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn a_system_without_places_on_the_ground_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("project.toml");
    for crs in ["EPSG:5773", "EPSG:4978"] {
        let layer = format!("[[layers]]\nsource = '{SAMPLE}'\nlayer = \"cities\"\n");
        for text in [format!("crs = [\"EPSG:3035\", \"{crs}\"]\n{layer}"), format!("{layer}crs = [\"{crs}\"]\n")] {
            fs::write(&file, text).unwrap();
            let refused = crate::harness::server::run(&["check", "--project", file.to_str().unwrap()]);
            assert_eq!(refused.status.code(), Some(1), "{crs}");
            let said = crate::harness::server::stderr(&refused);
            assert!(said.contains(crs) && said.contains("no places on the ground"), "{said}");
            let server = Server::start(&["--project", file.to_str().unwrap()]);
            assert!(!server.get(CITIES).expect(200).text().contains(&crs.replace("EPSG:", "EPSG/0/")), "{crs}");
        }
    }
}

#[test]
fn the_epoch_of_stored_coordinates_is_told_where_the_file_has_it() {
    let folder = tempfile::tempdir().unwrap();
    for (extension, more) in
        [("gpkg", &["-a_coord_epoch", "2021.25"][..]), ("fgb", &["-a_coord_epoch", "2021.25"]), ("gpkg", &[])]
    {
        let file = folder.path().join(format!("places{}.{extension}", more.len()));
        let convert = |epoch: &[&str]| {
            let system = ["-q", "-a_srs", "EPSG:9000", "-nln", "places"];
            Command::new("ogr2ogr")
                .args(system)
                .args(epoch)
                .args([file.to_str().unwrap(), SAMPLE, "cities"])
                .output()
                .unwrap()
        };
        let made = convert(more);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let server = Server::start(&[file.to_str().unwrap()]);
        let id = server.json("/ogcapi/collections")["collections"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/ogcapi/collections/{id}");
        let collection = server.json(&path);
        assert_eq!(collection["storageCrs"], format!("{EPSG}/9000"), "{extension}");
        let expected = if more.is_empty() { Value::Null } else { json!(2021.25) };
        assert_eq!(collection["storageCrsCoordinateEpoch"], expected, "{extension}");
        let page = server.browse(&path).expect(200).text();
        assert_eq!(page.contains("epoch 2021.25"), !more.is_empty(), "{extension}");
        let schema = &server.json("/ogcapi/api")["components"]["schemas"]["Collection"]["properties"];
        assert_eq!(schema["storageCrsCoordinateEpoch"]["type"], "number");
    }
    assert!(demo().json(CITIES)["storageCrsCoordinateEpoch"].is_null());
}

#[test]
fn features_are_sorted_and_cut_down_as_asked() {
    let server = demo();
    let items = |query: &str| server.json(&format!("{CITIES}/items?{query}"));
    let sorted = names(&items("limit=300&sortby=name"));
    assert_eq!(sorted.len(), 243);
    assert!(sorted.windows(2).all(|pair| pair[0].as_bytes() <= pair[1].as_bytes()));
    for sortby in ["%2Bname", "+name", "name,-fid"] {
        assert_eq!(names(&items(&format!("limit=300&sortby={sortby}"))), sorted, "{sortby}");
    }
    let mut walked = Vec::new();
    let mut path = Some(format!("{CITIES}/items?limit=50&sortby=name"));
    while let Some(next) = path.take() {
        let page = server.json(&next);
        walked.extend(names(&page));
        let next = links(&page, "next").first().map(|link| link["href"].as_str().unwrap().to_owned());
        path = next.map(|next| next.strip_prefix(&server.url).unwrap().to_owned());
    }
    assert_eq!(walked, sorted);
    let lean = server.json("/ogcapi/collections/countries/items?limit=1&properties=name,iso_a3&skipGeometry=true");
    assert_eq!(lean["features"][0]["properties"], json!({"iso_a3": "FJI", "name": "Fiji"}), "{lean}");
    assert!(lean["features"][0]["geometry"].is_null());
    // The schema lists the key as well: it is the id, and stands there anyway.
    let key = server.json("/ogcapi/collections/countries/items?limit=1&properties=fid,name,geom");
    assert_eq!((&key["features"][0]["id"], &key["features"][0]["properties"]), (&json!(1), &json!({"name": "Fiji"})));
    let key = server.json("/ogcapi/collections/countries/items?limit=1&properties=fid");
    assert_eq!((&key["features"][0]["id"], &key["features"][0]["properties"]), (&json!(1), &json!({})));
    let hits = items("resultType=hits&bbox=5,45,11,48");
    assert_eq!(
        (&hits["numberMatched"], &hits["numberReturned"], &hits["features"]),
        (&json!(3), &json!(0), &json!([]))
    );
    assert!(links(&hits, "next").is_empty());
    for wrong in [
        "sortby=nothing",
        "sortby=",
        "sortby=-",
        "properties=nothing",
        "skipGeometry=yes",
        "resultType=all",
        "sortby=geom",
    ] {
        server.get(&format!("{CITIES}/items?{wrong}")).expect(400);
    }
}

#[test]
fn schemas_tell_what_there_is() {
    let server = demo();
    for (name, rel) in [("schema", "schema"), ("queryables", "queryables"), ("sortables", "sortables")] {
        let path = format!("/ogcapi/collections/countries/{name}");
        let answer = server.get(&path).expect(200);
        assert_eq!(answer.media_type(), "application/schema+json");
        let schema = answer.json();
        assert_eq!(schema["$id"], format!("{}{path}", server.url));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["properties"]["pop_est"]["type"], "number", "{name}: {schema}");
        let rel = format!("http://www.opengis.net/def/rel/ogc/1.0/{rel}");
        assert_eq!(links(&server.json("/ogcapi/collections/countries"), &rel)[0]["href"], schema["$id"]);
        server.browse(&path).expect(200);
        server.get(&format!("/ogcapi/collections/nothing/{name}")).expect(404);
    }
    let schema = server.json("/ogcapi/collections/countries/schema");
    let roles: Vec<_> =
        schema["properties"].as_object().unwrap().values().filter_map(|it| it["x-ogc-role"].as_str()).collect();
    assert_eq!(roles, ["id", "primary-geometry"]);
    let queryables = server.json("/ogcapi/collections/countries/queryables");
    assert_eq!(queryables["additionalProperties"], false);
    assert_eq!(queryables["properties"]["geom"]["x-ogc-role"], "primary-geometry");
    let classes = server.json("/ogcapi/conformance");
    assert!(
        classes["conformsTo"]
            .as_array()
            .unwrap()
            .iter()
            .any(|class| class == "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs")
    );
}
