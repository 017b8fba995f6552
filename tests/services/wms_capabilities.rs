//! Capabilities: what is told of the layers, in each version.

use graticule::base::xml::{Element, Limits, parse};
use graticule::data::policy::{AccessControl, Admission, CacheScope, LayerRef, Permissions};
use graticule::expr::{Expr, cql2};
use graticule::message::request::{Head, Request};

use crate::schemas::{valid, valid_by_dtd};
use crate::wms_kit::{answer, ask, builder, server};

fn document(version: &str) -> Element {
    let answer = ask(&server(), &format!("REQUEST=GetCapabilities&VERSION={version}"));
    assert_eq!(answer.status, 200);
    let text = answer.text();
    // A document type is in 1.1.1 alone, and our reader takes none.
    let body = text.lines().filter(|line| !line.starts_with("<!DOCTYPE")).collect::<Vec<_>>().join("\n");
    parse(body.as_bytes(), &Limits::default()).unwrap()
}

fn path<'a>(element: &'a Element, names: &[&str]) -> &'a Element {
    names.iter().fold(element, |element, name| element.child(name).unwrap_or_else(|| panic!("no {name}")))
}

fn words(element: &Element, name: &str) -> Vec<String> {
    element.children_named(name).map(|it| it.trimmed().to_owned()).collect()
}

/// The layer of this name, wherever in the tree.
fn layer<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    if element.child("Name").is_some_and(|it| it.trimmed() == name) {
        return Some(element);
    }
    element.children_named("Layer").find_map(|it| layer(it, name))
}

const ELEVATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/elevation.tif");

#[test]
fn the_tree_has_groups_boxes_styles_and_scales() {
    let root = document("1.3.0");
    assert_eq!((&*root.name, root.attribute("version")), ("WMS_Capabilities", Some("1.3.0")));
    let service = path(&root, &["Service"]);
    assert_eq!(words(service, "Title"), ["World & more"]);
    assert_eq!(words(path(service, &["KeywordList"]), "Keyword"), ["one", "two"]);
    assert_eq!((words(service, "MaxWidth"), words(service, "LayerLimit")), (vec!["1000".into()], vec!["3".into()]));
    let top = path(&root, &["Capability", "Layer"]);
    assert_eq!(words(top, "CRS"), ["CRS:84", "EPSG:4326", "EPSG:3857"]);
    let world = layer(top, "world").unwrap();
    assert_eq!(world.children_named("Layer").count(), 2);
    let countries = layer(world, "countries").unwrap();
    assert_eq!(words(countries.child("EX_GeographicBoundingBox").unwrap(), "southBoundLatitude"), ["-90"]);
    let bounds = |crs: &str| {
        let found = countries.children_named("BoundingBox").find(|it| it.attribute("CRS") == Some(crs)).unwrap();
        ["minx", "miny", "maxx", "maxy"].map(|name| found.attribute(name).unwrap().parse::<f64>().unwrap())
    };
    assert_eq!(bounds("CRS:84"), [-180.0, -90.0, 180.0, 83.64513]);
    assert_eq!(bounds("EPSG:4326"), [-90.0, -180.0, 83.64513, 180.0]);
    assert!((bounds("EPSG:3857")[0] + 20_037_508.35).abs() < 1.0 && bounds("EPSG:3857")[1] > -2.1e7);
    let styles: Vec<String> = countries.children_named("Style").flat_map(|it| words(it, "Name")).collect();
    assert_eq!(styles, ["plain", "large", "few"]);
    let attribution = path(countries, &["Attribution", "OnlineResource"]);
    assert_eq!(
        attribution.attributes.iter().find(|it| &*it.name == "href").map(|it| it.value.clone()).as_deref(),
        Some("https://example.org/?a&b")
    );
    let cities = layer(top, "cities").unwrap();
    assert_eq!(
        (words(cities, "MinScaleDenominator"), words(cities, "MaxScaleDenominator")),
        (vec!["1000".into()], vec!["100000000".into()])
    );
}

#[test]
fn the_older_version_has_its_own_words() {
    let root = document("1.1.1");
    assert_eq!(&*root.name, "WMT_MS_Capabilities");
    let top = path(&root, &["Capability", "Layer"]);
    assert_eq!(words(top, "SRS").len(), 3);
    let cities = layer(top, "cities").unwrap();
    assert!(cities.child("LatLonBoundingBox").is_some());
    let hint: f64 = cities.child("ScaleHint").unwrap().attribute("max").unwrap().parse().unwrap();
    assert!((hint - 39_597.98).abs() < 0.1, "{hint}");
    let legend = path(cities, &["Style", "LegendURL"]);
    assert!(legend.attribute("width").is_some() && legend.attribute("height").is_some());
    let exceptions = words(path(&root, &["Capability", "Exception"]), "Format");
    assert_eq!(exceptions[0], "application/vnd.ogc.se_xml");
}

#[test]
fn versions_are_negotiated() {
    let server = server();
    for (asked, answered) in [
        ("", "1.3.0"),
        ("&VERSION=1.3.0", "1.3.0"),
        ("&VERSION=1.0.0", "1.1.1"),
        ("&VERSION=1.2.0", "1.1.1"),
        ("&VERSION=2.0.0", "1.3.0"),
        ("&WMTVER=1.1.1", "1.1.1"),
    ] {
        let text = ask(&server, &format!("REQUEST=GetCapabilities{asked}")).text();
        assert!(text.contains(&format!("_Capabilities version=\"{answered}\"")), "{asked}: {}", &text[..300]);
    }
}

#[test]
fn clients_of_wms_1_0_are_understood() {
    let server = server();
    for path in ["/ows?WMTVER=1.0.0&REQUEST=capabilities", "/?WMTVER=1.1.1&REQUEST=capabilities"] {
        let text = answer(&server, Request::get(path)).text();
        assert!(text.contains("_Capabilities version=\"1.1.1\""), "{path}: {text}");
    }
    let map = "/ows?WMTVER=1.0.0&REQUEST=map&LAYERS=countries&STYLES=&SRS=EPSG:4326&BBOX=-180,-90,180,90&WIDTH=36&HEIGHT=18\
               &FORMAT=PNG";
    assert!(answer(&server, Request::get(map)).picture().painted() > 10);
    let info = map.replace("=map", "=feature_info").replace("FORMAT=PNG", "QUERY_LAYERS=countries&X=19&Y=4");
    assert!(answer(&server, Request::get(&info)).text().contains("name = "));
    let lonely = answer(&server, Request::get("/ows?REQUEST=capabilities"));
    assert!(lonely.text().contains("_Capabilities"), "{}", lonely.text());
}

#[test]
fn a_client_that_has_the_document_is_told_so() {
    let server = server();
    let text = ask(&server, "REQUEST=GetCapabilities").text();
    let number = text.split("updateSequence=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let again = ask(&server, &format!("REQUEST=GetCapabilities&UPDATESEQUENCE={number}"));
    assert!(again.text().contains("code=\"CurrentUpdateSequence\""), "{}", again.text());
    for older in ["1", "1.7E3"] {
        assert_eq!(ask(&server, &format!("REQUEST=GetCapabilities&UPDATESEQUENCE={older}")).status, 200);
    }
}

#[test]
fn urls_keep_the_project_that_was_chosen() {
    let mut other = graticule::project::catalog::Project::new("Other");
    other.name = Some("other".into());
    let server = builder(crate::wms_kit::PROJECT).project(other).build().unwrap();
    let text = answer(&server, Request::get("/ows?MAP=other&SERVICE=WMS&REQUEST=GetCapabilities")).text();
    assert!(text.contains("/ows?MAP=other&amp;\""), "{text}");
    let text = answer(&server, Request::get("/other/ows?SERVICE=WMS&REQUEST=GetCapabilities")).text();
    assert!(text.contains("/other/ows?\""), "{text}");
}

#[test]
fn capabilities_and_exceptions_are_valid() {
    let schemas = "http://schemas.opengis.net";
    let times = graticule::project::catalog::Project::new("Times").with(crate::kit::layer("one", 3)).unwrap();
    let sample =
        format!("[[layers]]\nsource = '@'\nlayer = 'cities'\n[[layers]]\nid = 'heights'\nsource = '{ELEVATION}'\n");
    let servers = [
        server(),
        crate::kit::builder(times).build().unwrap(),
        builder(&format!("title = 'T'\n{sample}")).build().unwrap(),
    ];
    for server in &servers {
        let capabilities = format!("{schemas}/wms/1.3.0/capabilities_1_3_0.xsd");
        let legends = format!("{schemas}/sld/1.1.0/sld_capabilities.xsd");
        let places = [("http://www.opengis.net/wms", &*capabilities), ("http://www.opengis.net/sld", &*legends)];
        valid(&ask(server, "REQUEST=GetCapabilities&VERSION=1.3.0").text(), &places);
        let text = ask(server, "REQUEST=GetCapabilities&VERSION=1.1.1").text();
        valid_by_dtd(&text, &format!("{schemas}/wms/1.1.1/capabilities_1_1_1.dtd"));
        for query in ["REQUEST=GetMap", "REQUEST=Nope", "REQUEST=GetFeatureInfo&LAYERS=%3C%22"] {
            let place = format!("{schemas}/wms/1.3.0/exceptions_1_3_0.xsd");
            valid(&ask(server, &format!("{query}&VERSION=1.3.0")).text(), &[("http://www.opengis.net/ogc", &place)]);
            let place = format!("{schemas}/wms/1.1.1/exception_1_1_1.dtd");
            valid_by_dtd(&ask(server, &format!("{query}&VERSION=1.1.1")).text(), &place);
        }
    }
}

/// Nobody sees what is called c.
struct East;

impl AccessControl for East {
    async fn admit(&self, _: &Head) -> graticule::Result<Box<dyn Admission>> {
        Ok(Box::new(East))
    }
}

impl Admission for East {
    fn layer_permissions(&self, _: LayerRef<'_>) -> Permissions {
        Permissions::READ
    }

    fn layer_filter_expression(&self, _: LayerRef<'_>) -> graticule::Result<Option<Expr>> {
        cql2::parse("name <> 'c'").map(Some).map_err(|fault| graticule::Error::internal(fault.to_string()))
    }

    fn cache_scope(&self) -> CacheScope {
        CacheScope::Key("east".into())
    }
}

#[test]
fn the_box_of_a_layer_in_its_own_system_is_its_own() {
    let path = crate::harness::made("own_box.gpkg", |path| {
        let places = path.with_extension("csv");
        let places = places.to_str().unwrap();
        std::fs::write(places, "name,x,y\na,1113195,2226390\nb,5565975,-1113195\nc,-3000000,0\n").unwrap();
        let args =
            ["-q", "-f", "GPKG", "-a_srs", "EPSG:3832", "-oo", "X_POSSIBLE_NAMES=x", "-oo", "Y_POSSIBLE_NAMES=y"];
        let ends = ["-nln", "pacific", path.to_str().unwrap(), places];
        crate::harness::gdal::run("ogr2ogr", &[&args[..], &ends[..]].concat());
        std::fs::remove_file(places).unwrap();
    });
    let toml = format!("[[layers]]\nsource = \"{}\"\nlayer = \"pacific\"", path.display());
    let open = builder(&toml).build().unwrap();
    let guarded = builder(&toml).access(East, 0).build().unwrap();
    for (server, west) in [(open, "-3000000"), (guarded, "1113195")] {
        for version in ["1.1.1", "1.3.0"] {
            let text = ask(&server, &format!("REQUEST=GetCapabilities&VERSION={version}")).text();
            let system = if version == "1.3.0" { "CRS" } else { "SRS" };
            let expected = format!(
                "<BoundingBox {system}=\"EPSG:3832\" minx=\"{west}\" miny=\"-1113195\" maxx=\"5565975\" maxy=\"2226390\"/>"
            );
            assert!(text.contains(&expected), "{expected} {text}");
        }
    }
}

#[test]
fn a_comma_in_the_name_of_a_layer_made_it_two() {
    let server = builder(
        "title = 'Commas'\n[[layers]]\nsource = '@'\nlayer = 'countries'\nid = 'a,b (c)'\n[[layers]]\nsource = '@'\nlayer = 'cities'\n",
    )
    .build()
    .unwrap();
    for version in ["1.3.0", "1.1.1"] {
        let text = ask(&server, &format!("REQUEST=GetCapabilities&VERSION={version}")).text();
        let body = text.lines().filter(|line| !line.starts_with("<!DOCTYPE")).collect::<Vec<_>>().join("\n");
        let root = parse(body.as_bytes(), &Limits::default()).unwrap();
        let found = layer(path(&root, &["Capability", "Layer"]), "a_x002C_b (c)").unwrap();
        let legend = path(found, &["Style", "LegendURL", "OnlineResource"]).attribute("href").unwrap().to_owned();
        assert_eq!(answer(&server, Request::get(&legend)).status, 200, "{legend}");
        let (system, at) =
            if version == "1.3.0" { ("CRS=CRS:84", "I=20&J=20") } else { ("SRS=EPSG:4326", "X=20&Y=20") };
        let map = format!(
            "VERSION={version}&LAYERS=cities,a_x002C_b%20(c)&STYLES=&{system}&BBOX=0,40,10,50&WIDTH=40&HEIGHT=40&FORMAT=image/png"
        );
        assert!(ask(&server, &format!("REQUEST=GetMap&{map}")).picture().painted() > 100);
        let info = ask(
            &server,
            &format!("REQUEST=GetFeatureInfo&{map}&QUERY_LAYERS=a_x002C_b%20(c)&INFO_FORMAT=application/json&{at}"),
        );
        assert!(info.text().contains("\"features\":[{"), "{}", info.text());
    }
    // The page's own pictures.
    let page = answer(&server, Request::get("/ogcapi/collections/a%2Cb%20(c)?f=html")).text();
    assert!(page.contains("LAYERS=a_x002C_b%20%28c%29"), "{page}");
}
