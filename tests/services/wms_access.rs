//! Policies hold for maps, legends, information and capabilities: what is forbidden leaves no pixel.

use graticule::data::policy::{AccessControl, Admission, CacheScope, LayerRef, Permissions};
use graticule::expr::{Expr, cql2};
use graticule::message::request::Head;
use graticule::server::Server;
use graticule::{Error, Result};

use crate::wms_kit::{PROJECT, ask, builder};

/// Cities do not exist, countries are those of Europe, and nobody sees how many live there; the owner sees everything.
struct Europe;

struct Owner;
struct Guest;

impl AccessControl for Europe {
    async fn admit(&self, request: &Head) -> Result<Box<dyn Admission>> {
        let is_owner = request.parameters.value_of("who") == Some("owner");
        Ok(if is_owner { Box::new(Owner) } else { Box::new(Guest) })
    }
}

impl Admission for Owner {
    fn cache_scope(&self) -> CacheScope {
        CacheScope::Key("owner".into())
    }
}

impl Admission for Guest {
    fn layer_permissions(&self, layer: LayerRef<'_>) -> Permissions {
        if layer.id == "cities" { Permissions::NONE } else { Permissions::READ }
    }

    fn layer_filter_expression(&self, _: LayerRef<'_>) -> Result<Option<Expr>> {
        cql2::parse("continent = 'Europe' AND name <> 'Russia' AND name <> 'France'")
            .map(Some)
            .map_err(|fault| Error::internal(fault.to_string()))
    }

    fn authorized_attributes(&self, _: LayerRef<'_>, attributes: Vec<String>) -> Vec<String> {
        attributes.into_iter().filter(|name| name != "pop_est").collect()
    }

    fn cache_scope(&self) -> CacheScope {
        CacheScope::Key("guest".into())
    }
}

fn server() -> Server {
    // Cities are shown from any distance here.
    builder(&PROJECT.replace("max_scale = 100000000", "")).access(Europe, 0).build().unwrap()
}

const WORLD: &str =
    "VERSION=1.3.0&REQUEST=GetMap&CRS=CRS:84&BBOX=-180,-90,180,90&WIDTH=360&HEIGHT=180&FORMAT=image/png";

#[test]
fn a_forbidden_feature_leaves_no_pixel() {
    let server = server();
    let map = |who: &str, layers: &str, styles: &str| {
        ask(&server, &format!("{WORLD}&LAYERS={layers}&STYLES={styles}&who={who}")).picture()
    };
    // Brazil, Germany.
    let owners = map("owner", "countries", "");
    assert_eq!((owners.at(125, 100), owners.at(190, 39)), ([0, 255, 0, 255], [0, 255, 0, 255]));
    let guests = map("guest", "countries", "");
    assert_eq!((guests.at(125, 100), guests.at(190, 39)), ([255; 4], [0, 255, 0, 255]));
    // All that is drawn lies in Europe.
    for (x, y) in (0..360).flat_map(|x| (0..180).map(move |y| (x, y))) {
        assert!((154..=222).contains(&x) && (9..=56).contains(&y) || guests.at(x, y) == [255; 4], "{x} {y}");
    }
    // A group is what is left of it.
    assert_eq!(map("guest", "world", "").painted(), guests.painted());
    // Rules that read what is hidden are not there; only the one for what is left draws.
    let classes = map("guest", "countries", "large");
    assert_eq!(classes.at(190, 39), [0, 0, 255, 255]);
    assert_eq!(map("guest", "countries", "few").painted(), 0);
}

#[test]
fn a_hidden_layer_does_not_exist() {
    let server = server();
    for query in [
        format!("{WORLD}&LAYERS=cities&STYLES="),
        format!("{WORLD}&LAYERS=countries,cities&STYLES=,"),
        "REQUEST=GetLegendGraphic&LAYER=cities&FORMAT=image/png".to_owned(),
        format!("{}&LAYERS=cities&QUERY_LAYERS=cities&STYLES=&I=5&J=5", WORLD.replace("GetMap", "GetFeatureInfo")),
    ] {
        let (hidden, nowhere) = (ask(&server, &query), ask(&server, &query.replace("cities", "nowhere")));
        assert_eq!(hidden.text().replace("cities", "nowhere"), nowhere.text(), "{query}");
        assert!(hidden.text().contains("LayerNotDefined"), "{query}");
        assert_eq!(ask(&server, &format!("{query}&who=owner")).status, 200, "{query}");
    }
    for version in ["1.3.0", "1.1.1"] {
        let of = |who: &str| ask(&server, &format!("REQUEST=GetCapabilities&VERSION={version}&who={who}")).text();
        // Asked in turns: one must not get what was kept for the other.
        for _ in 0..2 {
            assert!(of("owner").contains("<Name>cities</Name>") && !of("guest").contains("cities"), "{version}");
        }
    }
}

#[test]
fn information_has_only_what_may_be_seen() {
    let server = server();
    let info = |who: &str, i: u32, j: u32, format: &str| {
        let query = WORLD.replace("GetMap", "GetFeatureInfo");
        let more = format!(
            "LAYERS=world&QUERY_LAYERS=world&STYLES=&I={i}&J={j}&INFO_FORMAT={format}&FEATURE_COUNT=50&who={who}"
        );
        ask(&server, &format!("{query}&{more}&FI_POINT_TOLERANCE=50&FI_POLYGON_TOLERANCE=30")).text()
    };
    for format in ["text/plain", "text/html", "text/xml", "application/vnd.ogc.gml", "application/json"] {
        let owners = info("owner", 190, 39, format);
        assert!(
            ["pop_est", "France", "Germany", "cities"].iter().all(|word| owners.contains(word)),
            "{format}: {owners}"
        );
        let guests = info("guest", 190, 39, format);
        assert!(guests.contains("Germany"), "{format}: {guests}");
        assert!(
            !["pop_est", "France", "cities", "Berlin", "Algeria"].iter().any(|word| guests.contains(word)),
            "{format}: {guests}"
        );
    }
}

#[test]
fn an_extent_is_that_of_what_may_be_seen() {
    let server = server();
    let of = |who: &str| {
        let text = ask(&server, &format!("REQUEST=GetCapabilities&who={who}")).text();
        let at = text.find("<Name>countries</Name>").unwrap();
        let south = text[at..].split("<southBoundLatitude>").nth(1).unwrap();
        south.split('<').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(of("owner"), -90.0);
    assert!(of("guest") > 30.0, "{}", of("guest"));
}
