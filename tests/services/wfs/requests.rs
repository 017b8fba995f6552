//! Requests by POST.

use http::Method;

use super::{members, read, sample};
use crate::kit::{Answer, ask, ask_with};

async fn post(server: &graticule::Server, media_type: &str, body: &str) -> Answer {
    ask_with(server, Method::POST, "/ows", &[("content-type", media_type)], body).await
}

const QUERY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<wfs:GetFeature xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:f="urn:graticule:features"
    service="WFS" version="2.0.0" count="2" startIndex="1">
  <wfs:Query typeNames="f:countries">
    <wfs:PropertyName>f:name</wfs:PropertyName>
    <fes:Filter><fes:And>
      <fes:PropertyIsEqualTo><fes:ValueReference>f:continent</fes:ValueReference><fes:Literal>Oceania</fes:Literal></fes:PropertyIsEqualTo>
      <fes:PropertyIsNotEqualTo><fes:ValueReference>name</fes:ValueReference><fes:Literal>Fiji</fes:Literal></fes:PropertyIsNotEqualTo>
    </fes:And></fes:Filter>
    <fes:SortBy><fes:SortProperty><fes:ValueReference>f:name</fes:ValueReference><fes:SortOrder>DESC</fes:SortOrder></fes:SortProperty></fes:SortBy>
  </wfs:Query>
</wfs:GetFeature>"#;

#[tokio::test]
async fn a_query_in_xml_has_pages_by_get() {
    let server = sample();
    for media_type in ["text/xml", "application/xml; charset=UTF-8", "application/x-www-form-urlencoded", ""] {
        let answer = post(&server, media_type, QUERY).await;
        let root = read(&answer);
        let names = |root: &graticule::base::xml::Element| {
            members(root).iter().map(|it| it.child("name").unwrap().trimmed().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&root), ["Solomon Is.", "Papua New Guinea"], "{}", answer.text());
        let next = ask(&server, root.attribute("next").unwrap()).await;
        assert_eq!(names(&read(&next)), ["New Zealand", "New Caledonia"], "{}", next.text());
        let previous = ask(&server, root.attribute("previous").unwrap()).await;
        assert_eq!(names(&read(&previous)), ["Vanuatu"], "{}", previous.text());
    }
}

#[tokio::test]
async fn a_query_in_another_encoding_is_read() {
    let server = sample();
    let text = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><GetFeature xmlns=\"http://www.opengis.net/wfs\" service=\"WFS\" version=\"1.1.0\" maxFeatures=\"1\"><Query typeName=\"cities\"/></GetFeature>";
    let mut request = graticule::message::request::Request::new(Method::POST, "/ows")
        .with_header(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/xml"));
    request.body = text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>().into();
    let answer = crate::kit::read(server.handle(request).await).await;
    assert_eq!(members(&read(&answer)).len(), 1, "{}", answer.text());
}

#[tokio::test]
async fn every_operation_is_asked_by_post() {
    let server = sample();
    let wfs = r#"xmlns="http://www.opengis.net/wfs/2.0" service="WFS" version="2.0.0""#;
    for (body, root) in [
        (r#"<GetCapabilities xmlns="http://www.opengis.net/wfs/2.0" service="WFS"/>"#.to_owned(), "WFS_Capabilities"),
        (format!(r"<DescribeFeatureType {wfs}><TypeName>cities</TypeName></DescribeFeatureType>"), "schema"),
        (format!(r"<ListStoredQueries {wfs}/>"), "ListStoredQueriesResponse"),
        (format!(r"<DescribeStoredQueries {wfs}/>"), "DescribeStoredQueriesResponse"),
        (
            format!(
                r#"<GetFeature {wfs}><StoredQuery id="urn:ogc:def:query:OGC-WFS::GetFeatureById"><Parameter name="id">cities.1</Parameter></StoredQuery></GetFeature>"#
            ),
            "cities",
        ),
        (
            format!(r#"<GetPropertyValue {wfs} valueReference="name"><Query typeNames="cities"/></GetPropertyValue>"#),
            "ValueCollection",
        ),
    ] {
        let answer = post(&server, "text/xml", &body).await;
        assert_eq!(&*read(&answer).name, root, "{}", answer.text());
    }
    let form =
        post(&server, "application/x-www-form-urlencoded", "service=WFS&request=GetFeature&typename=cities&count=1")
            .await;
    assert_eq!(members(&read(&form)).len(), 1);
}

/// A request of 2.0.0 with these queries.
async fn queries(server: &graticule::Server, attributes: &str, queries: &str) -> Answer {
    let root = r#"xmlns="http://www.opengis.net/wfs/2.0" xmlns:fes="http://www.opengis.net/fes/2.0" service="WFS" version="2.0.0""#;
    post(server, "text/xml", &format!("<GetFeature {root} {attributes}>{queries}</GetFeature>")).await
}

/// The systems of the features, each once.
fn systems(answer: &Answer) -> Vec<String> {
    let mut found: Vec<_> =
        answer.text().split("srsName=\"").skip(1).map(|it| it.split('"').next().unwrap().to_owned()).collect();
    found.dedup();
    found
}

#[tokio::test]
async fn the_next_page_came_in_the_system_of_another_query() {
    let server = sample();
    let usual = "urn:ogc:def:crs:EPSG::4326";
    for (first, second, own) in [
        (r#"srsName="EPSG:3857""#, "", ["EPSG:3857", usual]),
        ("", r#"srsName="EPSG:3857""#, [usual, "EPSG:3857"]),
        (r#"srsName="EPSG:3857""#, r#"srsName="EPSG:25832""#, ["EPSG:3857", "EPSG:25832"]),
        (r#"srsName="EPSG:3857""#, r#"srsName="EPSG:3857""#, ["EPSG:3857", "EPSG:3857"]),
    ] {
        let both = format!(r#"<Query typeNames="cities" {first}/><Query typeNames="countries" {second}/>"#);
        let answer = queries(&server, r#"count="2" startIndex="242""#, &both).await;
        let next = ask(&server, read(&answer).attribute("next").unwrap()).await;
        assert_eq!(systems(&next), own[1..], "{}", next.text());
        let previous = ask(&server, read(&answer).attribute("previous").unwrap()).await;
        assert_eq!(systems(&previous), own[..1], "{}", previous.text());
    }
}

#[tokio::test]
async fn brackets_in_a_filter_made_the_next_page_a_fault() {
    let server = sample();
    let filter = "<fes:Filter><fes:PropertyIsNotEqualTo><fes:ValueReference>name</fes:ValueReference>\
        <fes:Literal>)(</fes:Literal></fes:PropertyIsNotEqualTo></fes:Filter>";
    let answer = queries(&server, r#"count="2""#, &format!(r#"<Query typeNames="cities">{filter}</Query>"#)).await;
    let next = ask(&server, read(&answer).attribute("next").unwrap()).await;
    assert_eq!(members(&read(&next)).len(), 2, "{}", next.text());
}

#[tokio::test]
async fn another_name_for_the_one_type_was_taken_for_a_join() {
    let server = sample();
    let filter = "<fes:Filter><fes:PropertyIsLike wildCard=\"*\" singleChar=\".\" escapeChar=\"!\"><fes:ValueReference>a/name</fes:ValueReference>\
        <fes:Literal>Ber*</fes:Literal></fes:PropertyIsLike></fes:Filter>";
    let sort =
        "<fes:SortBy><fes:SortProperty><fes:ValueReference>a/name</fes:ValueReference></fes:SortProperty></fes:SortBy>";
    let query = format!(r#"<Query typeNames="cities" aliases="a">{filter}{sort}</Query>"#);
    let names = |answer: &Answer| {
        let root = read(answer);
        members(&root).iter().map(|it| it.child("name").unwrap().trimmed().to_owned()).collect::<Vec<_>>()
    };
    let answer = queries(&server, r#"count="1""#, &query).await;
    assert_eq!(names(&answer), ["Berlin"], "{}", answer.text());
    let next = ask(&server, read(&answer).attribute("next").unwrap()).await;
    assert_eq!(names(&next), ["Bern"], "{}", next.text());
    let filter = filter.replace("<fes:Filter>", "<fes:Filter xmlns:fes=\"http://www.opengis.net/fes/2.0\">");
    let filter = percent_encoding::utf8_percent_encode(&filter, percent_encoding::NON_ALPHANUMERIC);
    let kvp = format!(
        "/ows?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=cities&ALIASES=a&SORTBY=a/name&FILTER={filter}"
    );
    assert_eq!(names(&ask(&server, &kvp).await), ["Berlin", "Bern"]);
    let two = queries(&server, "", r#"<Query typeNames="cities countries" aliases="a b"/>"#).await;
    assert_eq!(two.status(), 501, "{}", two.text());
}
