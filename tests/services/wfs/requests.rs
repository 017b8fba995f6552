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
