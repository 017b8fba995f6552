//! Documents, against the OGC's schemas.

use super::*;
use crate::schemas::valid;

const V2: [(&str, &str); 1] = [("http://www.opengis.net/wcs/2.0", "http://schemas.opengis.net/wcs/2.0/wcsAll.xsd")];
const V1: [(&str, &str); 1] = [("http://www.opengis.net/wcs", "http://schemas.opengis.net/wcs/1.0.0/wcsAll.xsd")];

#[test]
fn documents_fit_their_schemas() {
    for query in [
        "REQUEST=GetCapabilities&VERSION=2.0.1",
        "REQUEST=GetCapabilities&VERSION=2.0.1&SECTIONS=Contents",
        "REQUEST=DescribeCoverage&VERSION=2.0.1&COVERAGEID=elevation,picture",
    ] {
        valid(&ask(query).expect(200).text(), &V2);
    }
    for query in ["REQUEST=GetCapabilities&VERSION=1.0.0", "REQUEST=DescribeCoverage&VERSION=1.0.0"] {
        valid(&ask(query).expect(200).text(), &V1);
    }
    let fault = ask("REQUEST=DescribeCoverage&VERSION=2.0.1&COVERAGEID=zz").expect(404).text();
    valid(&fault, &[("http://www.opengis.net/ows/2.0", "http://schemas.opengis.net/ows/2.0/owsAll.xsd")]);
    let fault = ask("REQUEST=GetCoverage&VERSION=1.0.0&COVERAGE=%3Czz%22").expect(400).text();
    valid(&fault, &[("http://www.opengis.net/ogc", "http://schemas.opengis.net/wcs/1.0.0/OGC-exception.xsd")]);
}

#[test]
fn the_catalogue_leads_to_a_page_and_that_to_the_samples() {
    let catalogue = server().json("/");
    let links = |value: &serde_json::Value, rel: &str| -> Vec<String> {
        let all = value["links"].as_array().unwrap();
        let found = all.iter().filter(|link| link["rel"] == rel).map(|link| link["href"].as_str().unwrap().to_owned());
        found.map(|href| href.replace(&server().url, "")).collect()
    };
    let entry = catalogue["coverages"].as_array().unwrap().iter().find(|entry| entry["id"] == "elevation").unwrap();
    let page = &links(entry, "item")[0];
    let coverage = server().json(page);
    assert_eq!(coverage["grid"]["width"], 403);
    assert_eq!(coverage["bands"][0]["unit"], "m");
    let read = opened(server().get(&links(&coverage, "item")[0]));
    assert_eq!(read.values(1), window(Path::new(ELEVATION), 1, (0, 0), (403, 344)));
    let html = server().browse(page).expect(200).text();
    assert!(html.contains("403 × 344") && html.contains("GetMap"), "{html}");
    server().get("/coverages/zz").expect(404);
    // Features are another matter.
    assert!(!server().get("/ogcapi/collections").expect(200).text().contains("elevation"));
    server().get("/ogcapi/collections/elevation").expect(404);
}
