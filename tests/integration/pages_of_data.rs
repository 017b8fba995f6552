//! Pages of data that nobody made for pages: what they show, what they never run, and the ways that lead on.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::harness::package::Package;
use crate::harness::server::{Server, demo};
use crate::harness::shape::Shape;
use crate::harness::{made, page, text};

const COUNTRIES: &str = "/ogcapi/collections/countries";
const SCRIPT: &str = "</script><script>alert(1)</script>";

fn ugly() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        made("ugly.gpkg", |path| {
            let package = Package::new(path);
            let columns: Vec<String> = (0..80).map(|number| format!("column_{number:02} TEXT")).collect();
            package.layer("wide", "POINT", 4326, &columns.join(", ")).row(Some(&Shape::point(&[1.0, 2.0])), &[]);
            let columns =
                "name TEXT, link TEXT, long TEXT, size REAL, osm_id INTEGER, day DATE, moment DATETIME, flag BOOLEAN";
            let mut hostile = package.layer("hostile", "GEOMETRY", 4326, columns);
            let long = "many words and ".repeat(40);
            hostile.row(
                Some(&Shape::point(&[8.5, 47.25])),
                &[
                    ("name", &SCRIPT),
                    ("link", &"https://example.org/a?b=c&d"),
                    ("long", &long),
                    ("size", &1_234_567.5),
                    ("osm_id", &1_234_567),
                    ("day", &"2024-05-01"),
                    ("moment", &"2024-05-01T00:00:00.000Z"),
                    ("flag", &true),
                ],
            );
            hostile
                .row(None, &[("name", &""), ("link", &"someone@example.org"), ("moment", &"2024-05-02T12:30:00.000Z")]);
            hostile.row(
                Some(&Shape::line(&[[0.0, 0.0], [10.0, 5.0]])),
                &[("name", &"مرحبا"), ("link", &"javascript:alert(1)")],
            );
            hostile.with_extent();
            package.layer("empty", "POLYGON", 4326, "name TEXT");
            let mut infinite = package.layer("infinite", "GEOMETRY", 4326, "size REAL");
            infinite.row(None, &[("size", &f64::INFINITY)]);
            infinite.row(Some(&Shape::point(&[1.0, 2.0])), &[("size", &f64::NEG_INFINITY)]);
            infinite.row(Some(&Shape::point(&[2.0, 2.0])), &[("size", &2.5)]);
            package.run("UPDATE infinite SET geom = x'47500011E6100000010700000000000000' WHERE fid = 1");
            let columns = r#""a,b" TEXT, "-" INTEGER, "q""q" TEXT"#;
            package
                .layer("odd", "POINT", 4326, columns)
                .row(Some(&Shape::point(&[1.0, 2.0])), &[("a,b", &"x"), ("-", &1)])
                .row(Some(&Shape::point(&[2.0, 2.0])), &[("a,b", &"y"), ("-", &3)])
                .row(Some(&Shape::point(&[3.0, 2.0])), &[("a,b", &"z"), ("-", &2)]);
            package.finish();
        })
    })
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&[text(ugly())]))
}

fn html(server: &Server, path: &str) -> String {
    server.browse(path).expect(200).text()
}

/// The JSON-LD of a page.
fn words(page: &str) -> Value {
    let start = "<script type=\"application/ld+json\">";
    let rest = &page[page.find(start).unwrap() + start.len()..];
    serde_json::from_str(&rest[..rest.find("</script>").unwrap()]).unwrap()
}

fn chips(page: &str) -> Vec<String> {
    let parts = page.split("<li class=\"chip\">").skip(1);
    parts.map(|part| page::attributes(&part[..part.find("</li>").unwrap()]).remove(0)).collect()
}

#[test]
fn every_condition_is_shown_and_can_be_taken_away() {
    let path = format!(
        "{COUNTRIES}/items?f=html&continent=Asia&limit=5&offset=5&bbox=20,-10,150,60\
         &filter=pop_est%3E%3D5%20AND%20CASEI(name)%20LIKE%20CASEI(%27%25a%25%27)"
    );
    let page = html(demo(), &path);
    for shown in ["<span class=\"chip-label\">pop_est ≥</span> <bdi>5</bdi>", "name contains", "continent =", "Area"]
    {
        assert!(page.contains(shown), "{shown}");
    }
    let ways = chips(&page);
    assert_eq!(ways.len(), 4, "{ways:?}");
    let count = |path: &str| demo().json(&path.replace("f=html", "f=json"))["numberMatched"].as_u64().unwrap();
    let all = count(&path);
    for way in &ways {
        // A page further on may not be there without the condition, so the first is led to.
        assert!(!way.contains("offset") && way.contains("limit=5"), "{way}");
        assert!(count(&page::resolve(&path, way)) >= all, "{way}");
    }
    assert!(page.contains("6 to 10</strong> of"), "{}", page.len());
}

#[test]
fn an_empty_page_says_why() {
    let page = html(demo(), &format!("{COUNTRIES}/items?continent=Nowhere&f=html"));
    assert!(page.contains("No feature matches this filter") && chips(&page).len() == 2);
    let page = html(demo(), &format!("{COUNTRIES}/items?offset=9000&f=html"));
    assert!(page.contains("This is beyond the last feature"));
    let page = html(server(), "/ogcapi/collections/empty/items");
    assert!(page.contains("This collection has no features"));
}

#[test]
fn fields_follow_the_types_and_work_without_scripts() {
    let page = html(server(), "/ogcapi/collections/hostile/items");
    for (name, kind) in [("size", "number"), ("osm_id", "number"), ("day", "date"), ("moment", "date")] {
        for end in ["at-least", "at-most"] {
            let field = page.split("<input ").find(|input| input.starts_with(&format!("name=\"{end}[{name}]\"")));
            assert!(field.unwrap().contains(&format!(" type=\"{kind}\"")), "{name}");
        }
    }
    assert!(page.contains(" name=\"contains[name]\" value=\"\"") && !page.contains("\"at-least[name]\""));
    assert!(page.contains("<option value=\"true\">yes</option>"));
    // A form without scripts sends every field.
    let found =
        html(server(), "/ogcapi/collections/hostile/items?bbox=&datetime=&size=&name=&flag=true&filter=&osm_id=&day=");
    assert!(found.contains("<strong>1</strong> of 1"), "{found}");
    assert!(html(demo(), &format!("{COUNTRIES}/items")).matches("aria-label=\"pop_est: at least\"").count() == 1);
}

#[test]
fn ranges_and_searches_need_no_scripts() {
    let path = "/ogcapi/collections/hostile/items";
    let page = html(server(), &format!("{path}?limit=5&sortby=-size"));
    let form = &page[page.find("<details class=\"filter\"").unwrap()..];
    let mut fields = page::fields(&form[..form.find("</form>").unwrap()]);
    for (name, value) in
        [("at-least[size]", "1000"), ("at-most[moment]", "2024-05-01"), ("contains[long]", "WORDS and")]
    {
        fields.iter_mut().find(|(known, _)| known == name).unwrap().1 = value.to_owned();
    }
    assert!(fields.iter().filter(|(_, value)| value.is_empty()).count() > 8, "the others are sent as well");
    let asked = format!("{path}?{}", page::query(&fields));
    let found = html(server(), &asked);
    assert!(found.contains("<strong>1</strong> of 1"), "{found}");
    assert_eq!(chips(&found).len(), 3);
    for (name, value) in
        [("at-least[size]", "1000"), ("at-most[moment]", "2024-05-01"), ("contains[long]", "WORDS and")]
    {
        assert!(found.contains(&format!("name=\"{name}\" value=\"{value}\"")), "{name} comes back into its field");
    }
    // Every link of it leads on, without the fields that were left empty.
    let links: Vec<String> = page::attributes(&found).into_iter().filter(|link| link.contains("at-least")).collect();
    assert!(links.len() > 6, "{links:?}");
    for link in links {
        let answer = server().get(&page::resolve(path, &link)).expect(200);
        assert!(!link.contains("bbox"), "{link}");
        drop(answer);
    }
    let taken = html(server(), &page::resolve(path, &chips(&found)[2]));
    assert_eq!(chips(&taken).len(), 2, "each can be taken away");

    // All other formats have them, too, and take nothing that is not declared.
    let data = server().get(&format!("{path}?begins-with%5Bname%5D=%3C%2FSCRIPT&f=json")).expect(200).json();
    assert_eq!(data["numberMatched"], 1);
    for refused in
        ["at-least[name]=a", "at-least[size]=a", "at-least[size]=", "at-least=1", "contains[]=a", "at-most[day]=1"]
    {
        server().get(&format!("{path}?{refused}&f=json")).expect(400);
    }
    let definition = server().get("/ogcapi/api?f=json").expect(200).json();
    let parameters = definition["paths"]["/collections/hostile/items"]["get"]["parameters"].as_array().unwrap();
    let range = parameters.iter().find(|it| it["name"] == "at-least").unwrap();
    assert_eq!((&range["style"], &range["explode"]), (&json!("deepObject"), &json!(true)));
    assert_eq!(range["schema"]["properties"]["size"]["type"], "number");
    assert!(range["schema"]["properties"]["name"].is_null());
}

#[test]
fn heads_sort_up_then_down_then_not() {
    let path = format!("{COUNTRIES}/items");
    let head = |path: &str| {
        let page = html(demo(), path);
        let at = page.find("title=\"pop_est\"").unwrap();
        let cell = &page[at..at + page[at..].find("</th>").unwrap()];
        (cell.contains("aria-sort"), page::resolve(path, &page::attributes(cell)[0]))
    };
    let (is_sorted, up) = head(&path);
    assert!(!is_sorted && up.contains("sortby=pop_est"), "{up}");
    let (is_sorted, down) = head(&up);
    assert!(is_sorted && down.contains("sortby=-pop_est"), "{down}");
    assert!(!head(&down).1.contains("sortby"));
}

#[test]
fn a_column_with_a_comma_in_its_name_could_not_be_sorted_by() {
    let path = "/ogcapi/collections/odd/items".to_owned();
    let ids = |query: &str| {
        let answer: Value =
            serde_json::from_str(&server().get(&format!("{path}?f=json&{query}")).expect(200).text()).unwrap();
        let ids = answer["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_i64().unwrap());
        (ids.collect::<Vec<_>>(), answer["features"][0]["properties"].clone())
    };
    assert_eq!(ids("sortby=-%22a,b%22").0, [3, 2, 1]);
    assert_eq!(ids("sortby=%22-%22,%22a,b%22").0, [1, 3, 2]);
    assert_eq!(ids("properties=%22a,b%22").1, json!({ "a,b": "x" }));
    assert_eq!(ids("properties=-,geometry,%22q%22%22q%22").1, json!({ "-": 1, "q\"q": null }));
    for name in ["a,b", "-", "q&quot;q"] {
        let mut at = path.clone();
        for shown in ["", "ascending", "descending"] {
            let page = html(server(), &at);
            let cell = &page[page.find(&format!("title=\"{name}\"")).unwrap()..];
            let cell = &cell[..cell.find("</th>").unwrap()];
            assert!(cell.contains(&format!("aria-sort=\"{shown}\"")) != shown.is_empty(), "{at}: {cell}");
            at = page::resolve(&at, &page::attributes(cell)[0]);
        }
        assert!(!at.contains("sortby"), "{at}");
    }
    let page = html(server(), &format!("{path}?properties=%22a,b%22"));
    assert!(page.contains("title=\"a,b\"") && !page.contains("title=\"-\""), "{page}");
}

#[test]
fn each_of_several_sort_keys_shows_its_order_and_rank() {
    let page = html(demo(), &format!("{COUNTRIES}/items?sortby=-continent,name"));
    for (name, shown) in [
        ("continent", [r#"aria-sort="descending""#, r#"data-rank="1""#]),
        ("name", [r#"aria-sort="ascending""#, r#"data-rank="2""#]),
    ] {
        let at = page.find(&format!("title=\"{name}\"")).unwrap();
        let head = &page[at..at + page[at..].find("</th>").unwrap()];
        assert!(shown.iter().all(|shown| head.contains(shown)), "{name}: {head}");
    }
    let key = |sortby: &str| {
        let path = format!("{COUNTRIES}/items{sortby}");
        let page = html(demo(), &path);
        let at = page.find("<th scope=\"col\" class=\"key\"").unwrap();
        page[at..at + page[at..].find("</th>").unwrap()].to_owned()
    };
    assert!(key("").contains("sortby=fid") && !key("").contains("aria-sort"), "{}", key(""));
    assert!(key("?sortby=-fid").contains(r#"aria-sort="descending">"#), "{}", key("?sortby=-fid"));
    let about = html(demo(), COUNTRIES);
    assert!(
        about.contains(
            "<code>fid</code></th><td>whole number <span class=\"tag\">id</span></td><td>yes</td><td>yes</td>"
        ),
        "{about}"
    );
}

#[test]
fn infinite_numbers_and_empty_geometries_are_told_as_such() {
    let page = html(server(), "/ogcapi/collections/infinite/items");
    assert!(page.contains("∞") && page.contains("−∞"), "{page}");
    let path = "/ogcapi/collections/infinite/items/1";
    let page = html(server(), path);
    assert!(page.contains("∞") && page.contains("empty geometry"), "{page}");
    assert!(!page.contains("class=\"map\"") && !page.contains("several kinds"), "{page}");
    let found = |filter: &str| {
        server().json(&format!("/ogcapi/collections/infinite/items?filter={filter}"))["numberMatched"].clone()
    };
    for (filter, number) in [
        ("size%3E1e300", 1),
        ("abs(size)%3E1e300", 2),
        ("size*2%3E1e300", 1),
        ("-size%3C-1e300", 1),
        ("size%2B0%3Dsize", 3),
        ("size*1e300*1e300%20IS%20NULL", 1),
        ("abs(size)%20IS%20NULL", 0),
    ] {
        assert_eq!(found(filter), number, "{filter}");
    }
}

#[test]
fn downloads_are_in_every_format_and_say_what_they_have() {
    let page = html(demo(), &format!("{COUNTRIES}/items?offset=10&continent=Africa&f=html"));
    assert!(page.contains("All 51 features that match the filter, in one file."), "{page}");
    let part = &page[page.find("class=\"downloads\"").unwrap()..];
    for name in ["geojson", "geojsonseq", "fgb", "csv"] {
        let found = page::attributes(part).into_iter().find(|href| href.contains(&format!("f={name}&"))).unwrap();
        assert!(found.contains("limit=10000") && !found.contains("offset"), "{found}");
    }
}

#[test]
fn values_read_well_and_are_never_markup() {
    let page = html(server(), "/ogcapi/collections/hostile/items").replace("&#x2f;", "/");
    assert!(!page.contains("<script>alert") && !page.contains("href=\"javascript:"));
    for shown in [
        "href=\"https://example.org/a?b=c&amp;d\" rel=\"nofollow noopener noreferrer\"",
        "href=\"mailto:someone@example.org\"",
        "<details class=\"fold\"><summary dir=\"auto\">many words and",
        "<span class=\"num\">1<span>234</span><span>567.5</span></span>",
        "<span class=\"num\">1234567</span>",
        "<time datetime=\"2024-05-01T00:00:00Z\" title=\"2024-05-01T00:00:00Z\">2024-05-01</time>",
        ">2024-05-02 12:30 UTC</time>",
        "<span class=\"bool\">yes</span>",
        "title=\"no value\"",
        "title=\"empty text\"",
        "dir=\"auto\">مرحبا",
    ] {
        assert!(page.contains(shown), "{shown} is not in the page");
    }
    assert!(html(server(), "/ogcapi/collections/hostile/items/2").contains("no geometry"));
    assert!(html(server(), "/ogcapi/collections/hostile/items/3").contains("<span>line</span>"));
    let wide = html(server(), "/ogcapi/collections/wide/items");
    assert!(
        wide.matches("<th scope=\"col\"").count() == 81 && wide.contains("class=\"scroll table-side\" tabindex=\"0\"")
    );
}

#[test]
fn a_collection_tells_how_to_use_it() {
    let page = html(server(), "/ogcapi/collections/hostile");
    let url = &server().url;
    for shown in [
        "geometry of any kind",
        "<th scope=\"row\"><code>moment</code></th>",
        "<span class=\"tag\">time</span>",
        "3 features, each",
        "2024-05-01</time> to <time",
        "Stored in",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(page.contains(&format!("data-copy tabindex=\"0\">{url}/ogcapi</code>")));
    assert!(page.contains(&format!("ogr2ogr hostile.gpkg OAPIF:{url}/ogcapi hostile")));
    assert!(page.contains("WFS") && page.contains("/map#layers=hostile\""));
}

#[test]
fn search_engines_read_data_sets_and_places() {
    let is_whole = |url: &Value| url.as_str().is_some_and(|url| url.starts_with(&server().url));
    let page = html(server(), "/ogcapi/collections/hostile");
    let dataset = words(&page);
    assert_eq!((&dataset["@context"], &dataset["@type"]), (&json!("https://schema.org/"), &json!("Dataset")));
    assert!(is_whole(&dataset["url"]) && is_whole(&dataset["includedInDataCatalog"]["url"]));
    assert_eq!(dataset["temporalCoverage"], "2024-05-01T00:00:00Z/2024-05-02T12:30:00Z");
    assert_eq!(dataset["spatialCoverage"][0]["geo"]["box"], "0.0 0.0 47.25 10.0".replace(".0", ""), "{dataset}");
    let files = dataset["distribution"].as_array().unwrap();
    assert!(
        files.len() >= 4 && files.iter().all(|file| is_whole(&file["contentUrl"]) && file["@type"] == "DataDownload")
    );

    let page = html(server(), "/ogcapi/collections/hostile/items/1");
    let place = words(&page);
    assert_eq!(place["geo"], json!({ "@type": "GeoCoordinates", "latitude": 47.25, "longitude": 8.5 }));
    assert_eq!(place["name"], SCRIPT, "the name is whole, and the page has none of its tags");
    assert!(!page.contains("<script>alert"));
    assert!(
        place["additionalProperty"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["name"] == "size" && it["value"] == 1_234_567.5)
    );

    let catalogue = words(&html(demo(), "/"));
    assert_eq!(catalogue["@type"], "DataCatalog");
    let sets = catalogue["dataset"].as_array().unwrap();
    assert!(sets.len() == 3 && sets.iter().all(|set| set["url"].as_str().unwrap().starts_with(&demo().url)));
    assert_eq!(words(&html(demo(), "/coverages/elevation"))["@type"], "Dataset");
}

#[test]
fn the_viewer_has_every_layer_with_a_place() {
    let viewer = demo().json("/map");
    let ids: Vec<&str> = viewer["layers"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["cities", "countries", "elevation"], "the uppermost first, what covers all below");
    let page = html(demo(), "/map");
    assert!(page.contains("class=\"map-picture\"") && page.contains("data-layer=\"elevation\""));
    let links: Vec<String> = page::attributes(&page).iter().map(|link| page::resolve("/map", link)).collect();
    for link in links.iter().filter(|link| !link.starts_with("/static/leaflet")) {
        demo().get(link.split('#').next().unwrap()).expect(200);
    }
    for path in ["/", "/ogcapi", COUNTRIES] {
        assert!(html(demo(), path).contains("map\">Map</a>"), "{path} leads to the map");
    }
    let described = demo().json("/api");
    assert_eq!(described["paths"]["/map"]["get"]["operationId"], "getViewer");
}

#[test]
fn an_error_leads_out() {
    let problem = demo().get("/ogcapi/collections/contries").expect(404).json();
    assert_eq!(problem["roots"][0]["href"], format!("{}{COUNTRIES}", demo().url));
    let page = demo().browse("/ogcapi/collections/contries").expect(404).text();
    assert!(page.contains("Perhaps you meant") && page.contains("collections/countries\""));
    let page = demo().browse(&format!("{COUNTRIES}/items/9999")).expect(404).text();
    assert!(page.contains("collections/countries\""), "{page}");
    let page = demo().browse(&format!("{COUNTRIES}/items?limit=5&bbox=1,2")).expect(400).text();
    assert!(page.contains("href=\"?limit=5\"") && page.contains("href=\"?\""), "{page}");
}

#[test]
fn the_pager_tells_the_page_that_came_where_fewer_than_asked_fit() {
    let server = Server::start(&["--limit", "page_features=50"]);
    let page = html(&server, "/ogcapi/collections/cities/items?limit=100");
    assert!(page.contains("<option selected>50</option>") && page.contains("1 to 50</strong> of 243"), "{page}");
}
