//! Features, their order, their pages, their numbers and their axes.

use graticule::base::xml::Element;
use graticule::model::schema::GeometryKind;

use super::{members, odd, odd_row, read, sample, serve, wfs};
use crate::kit::text;

/// The texts of a property of all features.
fn texts(root: &Element, name: &str) -> Vec<String> {
    members(root).iter().map(|it| it.child(name).map_or("-", |value| value.trimmed()).to_owned()).collect()
}

fn first_position(root: &Element) -> String {
    fn find(element: &Element) -> Option<String> {
        if matches!(&*element.name, "pos" | "posList" | "coordinates") {
            return Some(element.trimmed().to_owned());
        }
        element.children.iter().find_map(find)
    }
    find(root).unwrap()
}

#[tokio::test]
async fn axes_go_by_version_and_spelling() {
    let server = sample();
    let cases = [
        ("1.0.0", "", "EPSG:4326", "12.4533865,41.9032822"),
        ("1.1.0", "", "urn:ogc:def:crs:EPSG::4326", "41.9032822 12.4533865"),
        ("2.0.0", "", "urn:ogc:def:crs:EPSG::4326", "41.9032822 12.4533865"),
        ("2.0.0", "EPSG:4326", "EPSG:4326", "12.4533865 41.9032822"),
        ("1.1.0", "EPSG:4326", "EPSG:4326", "12.4533865 41.9032822"),
        ("2.0.0", "http://www.opengis.net/def/crs/EPSG/0/4326", "http://www.opengis.net/def/crs/EPSG/0/4326", "41.9"),
        ("1.1.0", "urn:x-ogc:def:crs:EPSG:4326", "urn:x-ogc:def:crs:EPSG:4326", "41.9"),
        ("2.0.0", "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84", "12.4"),
        ("2.0.0", "urn:ogc:def:crs:EPSG::3857", "urn:ogc:def:crs:EPSG::3857", "1386304.6"),
        // North first by the authority, in metres.
        ("2.0.0", "urn:ogc:def:crs:EPSG::3035", "urn:ogc:def:crs:EPSG::3035", "20"),
    ];
    for (version, srs, name, start) in cases {
        let srs = if srs.is_empty() { String::new() } else { format!("&SRSNAME={srs}") };
        let answer =
            wfs(&server, &format!("VERSION={version}&REQUEST=GetFeature&TYPENAME=cities&MAXFEATURES=1{srs}")).await;
        let root = read(&answer);
        assert!(first_position(&root).starts_with(start), "{version} {srs}: {}", answer.text());
        assert!(answer.text().contains(&format!("srsName=\"{name}\"")), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_box_means_its_system() {
    let server = sample();
    // Rome and the Vatican, at 12.4 east and 41.9 north.
    let cases = [
        "12,41.5,13,42.5",
        "12,41.5,13,42.5,EPSG:4326",
        "41.5,12,42.5,13,urn:ogc:def:crs:EPSG::4326",
        "41.5,12,42.5,13,http://www.opengis.net/def/crs/EPSG/0/4326",
        "12,41.5,13,42.5,urn:ogc:def:crs:OGC:1.3:CRS84",
        "1335833,5086000,1447153,5235000,EPSG:3857",
    ];
    for version in ["1.1.0", "2.0.0"] {
        for bbox in cases {
            let answer =
                wfs(&server, &format!("VERSION={version}&REQUEST=GetFeature&TYPENAME=cities&BBOX={bbox}")).await;
            let names = texts(&read(&answer), "name");
            assert_eq!(names, ["Vatican City", "Rome"], "{bbox}: {}", answer.text());
        }
    }
    let across =
        wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAME=countries&BBOX=177,-20,-177,-10,EPSG:4326").await;
    assert_eq!(texts(&read(&across), "name"), ["Fiji"]);
}

#[tokio::test]
async fn pages_tell_numbers_and_neighbours() {
    let server = sample();
    let first = read(&wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=cities&COUNT=100").await);
    let numbers = |root: &Element| {
        (root.attribute("numberMatched").unwrap().to_owned(), root.attribute("numberReturned").unwrap().to_owned())
    };
    assert_eq!(numbers(&first), ("243".to_owned(), "100".to_owned()));
    assert_eq!(first.attribute("previous"), None);
    let (mut next, mut ids) = (first.attribute("next").map(str::to_owned), Vec::new());
    ids.extend(members(&first).iter().map(|it| it.attribute("id").unwrap().to_owned()));
    while let Some(url) = next {
        let answer = crate::kit::ask(&server, &url).await;
        let root = read(&answer);
        assert_eq!(root.attribute("numberReturned").unwrap(), members(&root).len().to_string());
        ids.extend(members(&root).iter().map(|it| it.attribute("id").unwrap().to_owned()));
        assert!(root.attribute("previous").is_some());
        next = root.attribute("next").map(str::to_owned);
    }
    assert_eq!(ids.len(), 243);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 243);
    let none = read(&wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=cities&COUNT=0").await);
    assert_eq!(numbers(&none), ("243".to_owned(), "0".to_owned()));
    let beyond = read(&wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=cities&STARTINDEX=1000&COUNT=5").await);
    assert_eq!(numbers(&beyond), ("243".to_owned(), "0".to_owned()));
    let hits = read(&wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=cities&RESULTTYPE=hits").await);
    assert_eq!(numbers(&hits), ("243".to_owned(), "0".to_owned()));
    let hits = read(&wfs(&server, "VERSION=1.1.0&REQUEST=GetFeature&TYPENAME=cities&RESULTTYPE=hits").await);
    assert_eq!(hits.attribute("numberOfFeatures"), Some("243"));
}

#[tokio::test]
async fn several_types_come_in_one_answer() {
    let server = sample();
    let old = read(&wfs(&server, "VERSION=1.1.0&REQUEST=GetFeature&TYPENAME=cities,countries&MAXFEATURES=250").await);
    assert_eq!((members(&old).len(), old.attribute("numberOfFeatures")), (250, Some("250")));
    let new = read(
        &wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=(cities)(countries)&COUNT=10&STARTINDEX=240").await,
    );
    assert_eq!((new.attribute("numberMatched"), new.attribute("numberReturned")), (Some("420"), Some("10")));
    let parts = members(&new);
    let returned: Vec<_> = parts.iter().map(|part| part.attribute("numberReturned").unwrap()).collect();
    assert_eq!(returned, ["3", "7"]);
    assert_eq!(members(parts[1]).len(), 7);
    let ids =
        read(&wfs(&server, "VERSION=1.1.0&REQUEST=GetFeature&FEATUREID=cities.236,countries.5,cities.none").await);
    let ids: Vec<_> = members(&ids).iter().map(|it| it.attribute("id").unwrap().to_owned()).collect();
    assert_eq!(ids, ["cities.236", "countries.5"]);
    let json = wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=cities,countries&OUTPUTFORMAT=geojson").await;
    let json = json.json();
    assert_eq!(json["features"].as_array().unwrap().len(), 420);
    assert_eq!(json["features"][419]["id"], "countries.177");
}

#[tokio::test]
async fn filters_of_every_language_agree() {
    let server = sample();
    let fes = "<fes:Filter xmlns:fes=\"http://www.opengis.net/fes/2.0\"><fes:PropertyIsEqualTo>\
        <fes:ValueReference>app:name</fes:ValueReference><fes:Literal>Paris</fes:Literal>\
        </fes:PropertyIsEqualTo></fes:Filter>";
    let ogc = "<Filter><PropertyIsEqualTo><PropertyName>name</PropertyName><Literal>Paris</Literal></PropertyIsEqualTo></Filter>";
    let id = "<Filter><GmlObjectId gml:id=\"cities.236\" xmlns:gml=\"http://www.opengis.net/gml\"/></Filter>";
    for filter in [
        format!("VERSION=2.0.0&FILTER={}", encoded(fes)),
        format!("VERSION=1.1.0&FILTER={}", encoded(ogc)),
        format!("VERSION=1.0.0&FILTER=({})", encoded(ogc)),
        format!("VERSION=1.1.0&FILTER={}", encoded(id)),
        format!("VERSION=1.1.0&EXP_FILTER={}", encoded("\"name\"='Paris'")),
        format!("EXP_FILTER={}", encoded("\"name\" ILIKE 'pari_' AND \"name\" != 'Parix'")),
        format!("VERSION=2.0.0&CQL_FILTER={}", encoded("name LIKE 'Pari_'")),
        "VERSION=2.0.0&RESOURCEID=cities.236".to_owned(),
    ] {
        let answer = wfs(&server, &format!("REQUEST=GetFeature&TYPENAME=cities&{filter}")).await;
        assert_eq!(texts(&read(&answer), "name"), ["Paris"], "{filter}: {}", answer.text());
    }
}

#[tokio::test]
async fn rounding_with_decimals_was_refused() {
    let server = sample();
    let count = async |filter: String| {
        let answer =
            wfs(&server, &format!("VERSION=2.0.0&REQUEST=GetFeature&RESULTTYPE=hits&TYPENAMES=countries&{filter}"))
                .await;
        read(&answer).attribute("numberMatched").map(str::to_owned).ok_or(answer.text())
    };
    let fes = |decimals: &str, value: &str| {
        let text = format!(
            "<fes:Filter xmlns:fes=\"http://www.opengis.net/fes/2.0\"><fes:PropertyIsEqualTo><fes:Function name=\"round\">\
             <fes:ValueReference>pop_est</fes:ValueReference><fes:Literal>{decimals}</fes:Literal></fes:Function>\
             <fes:Literal>{value}</fes:Literal></fes:PropertyIsEqualTo></fes:Filter>"
        );
        format!("FILTER={}", encoded(&text))
    };
    let between =
        count(format!("EXP_FILTER={}", encoded("pop_est >= 50000000 AND pop_est < 150000000"))).await.unwrap();
    assert!(between.parse::<u32>().unwrap() > 5, "{between}");
    assert_eq!(count(fes("-8", "100000000")).await, Ok(between.clone()));
    assert_eq!(count(format!("EXP_FILTER={}", encoded("round(pop_est, -8) = 100000000"))).await, Ok(between));
    let all = count(format!("EXP_FILTER={}", encoded("round(pop_est / 3, 0) = round(pop_est / 3)"))).await;
    assert_eq!(all, count(String::new()).await);
    assert_eq!(count(fes("0", "8000000")).await, count(format!("EXP_FILTER={}", encoded("pop_est = 8000000"))).await);
    assert!(
        count(format!("EXP_FILTER={}", encoded("round(1, 2, 3) = 1"))).await.unwrap_err().contains("1 or 2 arguments")
    );
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[tokio::test]
async fn order_and_properties_are_chosen() {
    let server = sample();
    let answer = wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=countries&SORTBY=continent%20DESC,name&COUNT=3&PROPERTYNAME=app:name,continent").await;
    let root = read(&answer);
    assert_eq!(texts(&root, "name"), ["Argentina", "Bolivia", "Brazil"]);
    let names: Vec<_> = members(&root)[0].children.iter().map(|child| child.name.to_string()).collect();
    assert_eq!(names, ["continent", "name"], "in the order of the schema, without the geometry");
    let old = wfs(&server, "VERSION=1.1.0&REQUEST=GetFeature&TYPENAME=countries&SORTBY=name+D&MAXFEATURES=1").await;
    assert_eq!(texts(&read(&old), "name"), ["eSwatini"], "{}", old.text());
}

#[tokio::test]
async fn null_is_left_out_and_ids_of_text_come_back() {
    let row = |id: &str, name| {
        odd_row(
            id,
            None,
            [
                name,
                const { graticule::model::value::Value::Null },
                const { graticule::model::value::Value::Null },
                const { graticule::model::value::Value::Null },
                const { graticule::model::value::Value::Null },
                const { graticule::model::value::Value::Null },
                const { graticule::model::value::Value::Null },
                const { graticule::model::value::Value::Null },
            ],
        )
    };
    let server = serve([odd(
        "a.b",
        GeometryKind::Any,
        graticule::base::crs::Crs::Crs84,
        vec![row("x y/1", text("one")), row("2", text(""))],
    )]);
    let root = read(&wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=a.b").await);
    let ids: Vec<_> = members(&root).iter().map(|it| it.attribute("id").unwrap().to_owned()).collect();
    assert_eq!(ids, ["a.b.2", "a.b.x_x0020_y_x002F_1"]);
    assert!(members(&root).iter().all(|it| it.children.len() == 1));
    for id in ids {
        let one = read(&wfs(&server, &format!("VERSION=2.0.0&REQUEST=GetFeature&RESOURCEID={id}")).await);
        assert_eq!(members(&one)[0].attribute("id"), Some(id.as_str()));
    }
}

#[tokio::test]
async fn values_of_one_property() {
    let server = sample();
    let root = read(
        &wfs(&server, "VERSION=2.0.0&REQUEST=GetPropertyValue&TYPENAMES=cities&VALUEREFERENCE=name&COUNT=2").await,
    );
    assert_eq!(
        (&*root.name, root.attribute("numberMatched"), root.attribute("numberReturned")),
        ("ValueCollection", Some("243"), Some("2"))
    );
    let names: Vec<_> = members(&root).iter().map(|it| it.trimmed().to_owned()).collect();
    assert_eq!(names, ["Vatican City", "San Marino"]);
    let ids = read(
        &wfs(&server, "VERSION=2.0.0&REQUEST=GetPropertyValue&TYPENAMES=cities&VALUEREFERENCE=@gml:id&COUNT=2").await,
    );
    assert_eq!(ids.children.iter().map(Element::trimmed).collect::<Vec<_>>(), ["cities.1", "cities.2"]);
}

#[tokio::test]
async fn one_feature_is_a_document_of_its_own() {
    let server = sample();
    let query = "VERSION=2.0.0&REQUEST=GetFeature&STOREDQUERY_ID=urn:ogc:def:query:OGC-WFS::GetFeatureById";
    let root = read(&wfs(&server, &format!("{query}&ID=cities.236")).await);
    assert_eq!((&*root.name, root.attribute("id")), ("cities", Some("cities.236")));
    for id in ["cities.99999", "cities.x", "nosuch.1", ".", "cities"] {
        assert_eq!(wfs(&server, &format!("{query}&ID={id}")).await.status(), 404, "{id}");
    }
    assert_eq!(wfs(&server, query).await.status(), 400);
}

#[tokio::test]
async fn json_and_csv_have_x_first() {
    let server = sample();
    for name in ["GeoJSON", "application/json", "application/geo%2Bjson", "application/vnd.geo+json"] {
        let answer = wfs(
            &server,
            &format!("VERSION=1.1.0&REQUEST=GetFeature&TYPENAME=cities&MAXFEATURES=1&OUTPUTFORMAT={name}"),
        )
        .await;
        assert_eq!(answer.header("content-type"), "application/geo+json");
        let json = answer.json();
        assert_eq!(json["features"][0]["geometry"]["coordinates"][0], 12.453_386_5);
        assert_eq!((&json["features"][0]["id"], &json["numberMatched"]), (&"cities.1".into(), &243.into()));
        assert!(json.get("crs").is_none());
    }
    let moved =
        wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=cities&COUNT=1&OUTPUTFORMAT=json&SRSNAME=EPSG:3857")
            .await;
    assert_eq!(moved.json()["crs"]["properties"]["name"], "urn:ogc:def:crs:EPSG::3857");
    let csv = wfs(&server, "VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=cities&COUNT=1&OUTPUTFORMAT=csv").await;
    assert!(csv.text().contains("12.4533865,41.9032822"), "{}", csv.text());
}

#[tokio::test]
async fn a_box_past_the_seam_of_its_system_finds_what_lies_a_turn_on() {
    let server = sample();
    let hits = async |bbox: &str| {
        let query = format!("VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=cities&RESULTTYPE=hits&BBOX={bbox}");
        read(&wfs(&server, &query).await).attribute("numberMatched").unwrap().to_owned()
    };
    let expected = hits("180,-85,190,85,urn:ogc:def:crs:OGC:1.3:CRS84").await;
    assert_eq!(expected, "2");
    assert_eq!(hits("20037509,-20000000,21150348,20000000,EPSG:3857").await, expected);
    assert_eq!(hits("-20037508,-20000000,-18924669,20000000,EPSG:3857").await, expected);
    // A turn further on, and by another seam: what lies at 330 degrees west of 150 east.
    assert_eq!(hits("60112525,-20000000,61225365,20000000,EPSG:3857").await, expected);
    let home = hits("-20037508,-20000000,-18924669,20000000,EPSG:3832").await;
    assert_ne!(home, "0");
    assert_eq!(hits("20037509,-20000000,21150348,20000000,EPSG:3832").await, home);
}
