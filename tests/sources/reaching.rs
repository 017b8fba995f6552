//! Files that name other files, or other machines, are read alone: nothing is fetched, and nothing of another file is told.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::harness::server::{Server, run, stderr};
use crate::harness::{client, gdal, text};
use crate::made::file;

/// A machine that nobody may ask; it keeps what it was asked for.
struct Machine {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Machine {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let kept = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = [0; 1024];
                let length = stream.read(&mut head).unwrap_or(0);
                let line = String::from_utf8_lossy(&head[..length]).lines().next().unwrap_or_default().to_owned();
                kept.lock().unwrap().push(line);
                let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        Self { url, asked }
    }

    #[track_caller]
    fn was_left_alone(&self, by: &str) {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        assert!(asked.is_empty(), "{by} asked for {asked:?}");
    }
}

fn gml(attributes: &str, inner: &str) -> String {
    format!(
        "<ogr:FeatureCollection xmlns:ogr=\"http://ogr.maptools.org/\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         xmlns:wfs=\"http://www.opengis.net/wfs\" xmlns:gml=\"http://www.opengis.net/gml\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" {attributes}><gml:featureMember><ogr:a gml:id=\"a.1\">\
         <ogr:name>n</ogr:name>{inner}</ogr:a></gml:featureMember></ogr:FeatureCollection>"
    )
}

fn point(attributes: &str) -> String {
    format!("<ogr:g><gml:Point{attributes}><gml:pos>1 2</gml:pos></gml:Point></ogr:g>")
}

/// Files that name something elsewhere.
fn write_all(at: &Path, url: &str, secret: &str) {
    let write = |name: &str, text: String| std::fs::write(at.join(name), text).unwrap();
    let schema = |place: String| format!("xsi:schemaLocation=\"http://ogr.maptools.org/ {place}\"");
    write("schema.gml", gml(&schema(format!("{url}/schema.xsd")), &point("")));
    let describe = format!("{url}/wfs?SERVICE=WFS&amp;VERSION=1.1.0&amp;REQUEST=DescribeFeatureType&amp;TYPENAME=a");
    write(
        "described.gml",
        gml(&schema(describe), &point("")).replace("ogr:FeatureCollection", "wfs:FeatureCollection"),
    );
    write("schema_file.gml", gml(&schema(format!("file://{secret}")), &point("")));
    write("included.gml", gml(&schema("included.xsd".to_owned()), &point("")));
    write(
        "included.xsd",
        format!(
            "<xs:schema targetNamespace=\"http://ogr.maptools.org/\" xmlns:ogr=\"http://ogr.maptools.org/\" \
             xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><xs:include schemaLocation=\"{url}/included\"/>\
             <xs:import namespace=\"x\" schemaLocation=\"{url}/imported\"/></xs:schema>"
        ),
    );
    write("system.gml", gml("", &point(&format!(" srsName=\"{url}/system\""))));
    for (name, place) in [("link_url", format!("{url}/link")), ("link_file", secret.to_owned())] {
        let link =
            format!("<ogr:g><gml:MultiPoint><gml:pointMember xlink:href=\"{place}#p\"/></gml:MultiPoint></ogr:g>");
        write(&format!("{name}.gml"), gml("", &link));
    }
    let feature = r#"{"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":[1,2]}"#;
    for (name, key) in [("link", "href"), ("url", "url"), ("name", "name")] {
        let crs = format!(r#""crs":{{"type":"{name}","properties":{{"{key}":"{url}/{name}"}}}}"#);
        let document = format!(r#"{{"type":"FeatureCollection",{crs},"features":[{feature}}}]}}"#);
        write(&format!("crs_{name}.geojson"), document);
        write(&format!("crs_{name}.geojsons"), format!("{feature},{crs}}}\n{feature},{crs}}}\n"));
    }
    write(
        "net.kml",
        format!(
            "<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document><NetworkLink><Link><href>{url}/net</href></Link></NetworkLink>\
             <GroundOverlay><Icon><href>{url}/icon</href></Icon></GroundOverlay><Placemark><styleUrl>{url}/style</styleUrl>\
             <Point><coordinates>1,2</coordinates></Point></Placemark></Document></kml>"
        ),
    );
    let layers = format!(
        "<OGRVRTDataSource><OGRVRTLayer name=\"it\"><SrcDataSource>CSV:{secret}</SrcDataSource><SrcLayer>secret</SrcLayer>\
         </OGRVRTLayer></OGRVRTDataSource>"
    );
    for ending in ["gml", "kml", "geojson", "csv", "gpx", "tif"] {
        write(&format!("virtual_{ending}.{ending}"), layers.clone());
    }
    let bands = format!(
        "<VRTDataset rasterXSize=\"9\" rasterYSize=\"9\"><GeoTransform>0,1,0,0,0,-1</GeoTransform><VRTRasterBand dataType=\"Byte\" \
         band=\"1\"><SimpleSource><SourceFilename>/vsicurl/{url}/bands</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    );
    write("bands.tif", bands);
    write(
        "service.tif",
        format!("<GDAL_WMS><Service name=\"WMS\"><ServerUrl>{url}/service?</ServerUrl></Service></GDAL_WMS>"),
    );
    file(at, "shape", "shp");
    std::fs::write(at.join("shape.prj"), format!("{url}/shape")).unwrap();
    file(at, "virtual", "sqlite");
    let database = rusqlite::Connection::open(at.join("virtual.sqlite")).unwrap();
    database
        .execute_batch(&format!(
            "PRAGMA writable_schema = ON; INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) \
             VALUES ('table', 'it', 'it', 0, 'CREATE VIRTUAL TABLE it USING VirtualShape(''{}'', UTF-8, 4326)')",
            text(&at.join("shape"))
        ))
        .unwrap();
    let raster = concat!(env!("CARGO_MANIFEST_DIR"), "/data/elevation.tif");
    gdal::run("gdal_translate", &["-q", "-outsize", "20", "20", raster, text(&at.join("levels.tif"))]);
    write(
        "levels.tif.aux.xml",
        format!(
            "<PAMDataset><Metadata domain=\"OVERVIEWS\"><MDI key=\"OVERVIEW_FILE\">/vsicurl/{url}/levels</MDI></Metadata></PAMDataset>"
        ),
    );
}

#[test]
fn nothing_that_a_file_names_is_fetched_or_read() {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::start());
    let other = tempfile::tempdir().unwrap();
    let secret = other.path().join("secret.csv");
    std::fs::write(&secret, "root:x:0,lat,lon\nroot:y,1,2\n").unwrap();
    write_all(folder.path(), &machine.url, text(&secret));
    let output = run(&["check", text(folder.path())]);
    machine.was_left_alone("check");
    let told = stderr(&output);
    assert!(!told.contains("root:") && !told.contains("panicked"), "{told}");
    for (name, what) in [
        ("virtual.sqlite", "has a table 'it' that reads other files"),
        ("virtual_gml.gml", "is no file of features"),
        ("virtual_tif.tif", "is no raster"),
        ("bands.tif", "is no raster"),
        ("service.tif", "is no raster"),
    ] {
        assert!(told.contains(&format!("{name} {what}")), "{name}: {told}");
    }
    let server = Server::start(&[text(folder.path())]);
    let collections = server.json("/ogcapi/collections");
    let ids: Vec<&str> =
        collections["collections"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    for id in ["schema", "described", "included", "link_url", "crs_link", "crs_url", "net", "shape"] {
        assert!(ids.contains(&id), "{id} is read as far as it goes by itself: {ids:?}");
    }
    for id in ids {
        let url = format!("{}/ogcapi/collections/{id}/items?bbox=0,0,90,90", server.url);
        let answer = client::attempt("GET", &url, &[], &[]).unwrap();
        assert!(!answer.text().contains("root:"), "{id}: {}", answer.text());
    }
    let map = "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=levels&STYLES=&CRS=CRS:84&BBOX=-85,36,-84,37&WIDTH=9&HEIGHT=9&FORMAT=image/png";
    server.get(map).expect(200);
    machine.was_left_alone("serve");
}

#[test]
fn a_virtual_file_is_followed_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    file(folder.path(), "places", "fgb");
    let layer = "<OGRVRTDataSource><OGRVRTLayer name=\"some\"><SrcDataSource relativeToVRT=\"1\">places.fgb</SrcDataSource>\
                 <SrcLayer>places</SrcLayer></OGRVRTLayer></OGRVRTDataSource>";
    std::fs::write(at("some.vrt"), layer).unwrap();
    let server = Server::start(&[text(&at("some.vrt"))]);
    assert_eq!(server.json("/ogcapi/collections/some/items")["numberMatched"], 10);
}

#[cfg(unix)]
#[test]
fn links_in_folders_are_files_and_lead_in_no_circle() {
    use std::os::unix::fs::symlink;
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at = |name: &str| folder.path().join(name);
    let places = file(other.path(), "places", "fgb");
    symlink(&places, at("linked.fgb")).unwrap();
    symlink(at("nowhere.fgb"), at("dangling.fgb")).unwrap();
    symlink(at("round.fgb"), at("round.fgb")).unwrap();
    symlink(folder.path(), at("again")).unwrap();
    let mut server = Server::start(&[text(&at("**/*"))]);
    let collections = server.json("/ogcapi/collections");
    let mut ids: Vec<&str> =
        collections["collections"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    // Whoever may make links in the folder of the data says what is published.
    assert_eq!(ids, ["linked"]);
    assert!(server.log().contains("dangling.fgb") && server.log().contains("round.fgb"), "{}", server.log());
}
