//! Versions, sections, and the sequence of capabilities.

use super::{read, sample, wfs};
use crate::kit::{ask, ask_with};

#[tokio::test]
async fn the_version_is_negotiated() {
    let server = sample();
    for (query, version) in [
        ("REQUEST=GetCapabilities", "2.0.0"),
        ("REQUEST=GetCapabilities&ACCEPTVERSIONS=1.1.0,2.0.0", "1.1.0"),
        ("REQUEST=GetCapabilities&VERSION=1.0.0", "1.0.0"),
        ("REQUEST=GetCapabilities&VERSION=9.9.9", "2.0.0"),
        ("REQUEST=GetCapabilities&VERSION=0.0.1", "1.0.0"),
    ] {
        assert_eq!(read(&wfs(&server, query).await).attribute("version"), Some(version), "{query}");
    }
    let none = wfs(&server, "REQUEST=GetCapabilities&ACCEPTVERSIONS=3.0.0").await;
    assert_eq!(none.status(), 400);
    assert!(none.text().contains("VersionNegotiationFailed"), "{}", none.text());
    let unknown = wfs(&server, "REQUEST=GetFeature&TYPENAMES=cities&VERSION=1.2.3").await;
    assert!(
        unknown.text().contains("InvalidParameterValue") && unknown.text().contains("VERSION"),
        "{}",
        unknown.text()
    );
}

#[tokio::test]
async fn sections_and_the_sequence_cut_the_document() {
    let server = sample();
    let part = read(&wfs(&server, "REQUEST=GetCapabilities&SECTIONS=FeatureTypeList").await);
    assert_eq!(part.children.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["FeatureTypeList"]);
    assert_eq!(wfs(&server, "REQUEST=GetCapabilities&SECTIONS=nonsense").await.status(), 400);
    let whole = read(&wfs(&server, "REQUEST=GetCapabilities").await);
    let sequence: u64 = whole.attribute("updateSequence").unwrap().parse().unwrap();
    let same = read(&wfs(&server, &format!("REQUEST=GetCapabilities&UPDATESEQUENCE={sequence}")).await);
    assert!(same.children.is_empty());
    let older = read(&wfs(&server, &format!("REQUEST=GetCapabilities&UPDATESEQUENCE={}", sequence - 1)).await);
    assert_eq!(older.children.len(), 5);
    let newer = wfs(&server, &format!("REQUEST=GetCapabilities&UPDATESEQUENCE={}", sequence + 1)).await;
    assert!(newer.text().contains("InvalidUpdateSequence"));
}

#[tokio::test]
async fn links_keep_the_project() {
    let mut second = graticule::project::catalog::Project::new("Second").with(crate::kit::layer("own", 3)).unwrap();
    second.name = Some("second".to_owned());
    let server = crate::kit::builder(crate::kit::project()).project(second).build().unwrap();
    for (url, wanted) in [
        ("/second/ows?SERVICE=WFS&REQUEST=GetCapabilities", "http://localhost/second/ows?"),
        ("/ows?MAP=second&SERVICE=WFS&REQUEST=GetCapabilities", "http://localhost/ows?MAP=second&amp;"),
    ] {
        let text = ask(&server, url).await.text();
        assert!(text.contains(&format!("<ows:Get xlink:type=\"simple\" xlink:href=\"{wanted}\"/>")), "{text}");
        assert!(text.contains("urn:graticule:features:second"));
    }
}

#[tokio::test]
async fn head_starts_no_query() {
    let server = sample();
    let url = "/ows?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=countries";
    let answer = ask_with(&server, http::Method::HEAD, url, &[], "").await;
    assert_eq!((answer.status(), answer.body.len()), (200, 0));
    assert_eq!(answer.header("content-type"), "application/gml+xml; version=3.2");
}

#[tokio::test]
async fn the_listed_media_type_was_not_answered() {
    let server = sample();
    for (wish, version, answered) in [
        ("&ACCEPTFORMATS=text/xml", "2.0.0", "text/xml"),
        ("&ACCEPTFORMATS=image/png,text/xml,application/xml", "2.0.0", "text/xml"),
        ("&ACCEPTFORMATS=application/xml,text/xml", "1.1.0", "application/xml"),
        ("&ACCEPTFORMATS=image/png", "2.0.0", "application/xml"),
        ("", "2.0.0", "application/xml"),
        ("", "1.1.0", "text/xml"),
    ] {
        let answer = wfs(&server, &format!("REQUEST=GetCapabilities&VERSION={version}{wish}")).await;
        assert_eq!((answer.status(), answer.header("content-type")), (200, answered), "{wish}");
    }
    let coverages = crate::kit::ask(&server, "/ows?SERVICE=WCS&REQUEST=GetCapabilities&ACCEPTFORMATS=text/xml").await;
    assert_eq!(coverages.header("content-type"), "text/xml");
}
