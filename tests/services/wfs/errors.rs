//! What clients get that ask wrongly: an exception in the form of their version.

use super::{read, sample, wfs};
use crate::schemas::valid;

#[tokio::test]
async fn exceptions_have_code_locator_and_status() {
    let server = sample();
    let cases = [
        ("REQUEST=GetFeature&TYPENAMES=nosuch", 400, "InvalidParameterValue", "TYPENAMES"),
        ("REQUEST=GetFeature&TYPENAMES=other:cities", 400, "InvalidParameterValue", "TYPENAMES"),
        ("REQUEST=GetFeature", 400, "MissingParameterValue", "TYPENAMES"),
        ("REQUEST=GetFeature&RESOURCEID=garbage", 400, "InvalidParameterValue", "RESOURCEID"),
        ("REQUEST=DescribeFeatureType&OUTPUTFORMAT=shape", 400, "InvalidParameterValue", "OUTPUTFORMAT"),
        ("REQUEST=Nope", 501, "OperationNotSupported", "REQUEST"),
        ("REQUEST=", 400, "MissingParameterValue", "REQUEST"),
        ("REQUEST=GetFeature&TYPENAMES=cities&COUNT=-1", 400, "InvalidParameterValue", "COUNT"),
        ("REQUEST=GetFeature&TYPENAMES=cities&COUNT=ten", 400, "InvalidParameterValue", "COUNT"),
        ("REQUEST=GetFeature&TYPENAMES=cities&BBOX=1,2,3", 400, "InvalidParameterValue", "BBOX"),
        ("REQUEST=GetFeature&TYPENAMES=cities&BBOX=1,NaN,3,4", 400, "InvalidParameterValue", "BBOX"),
        ("REQUEST=GetFeature&TYPENAMES=cities&BBOX=1,4,3,2", 400, "InvalidParameterValue", "BBOX"),
        ("REQUEST=GetFeature&TYPENAMES=cities&SRSNAME=EPSG:99999", 400, "InvalidParameterValue", "SRSNAME"),
        // Heights alone, and distances from the centre of the Earth: no systems of places.
        ("REQUEST=GetFeature&TYPENAMES=cities&SRSNAME=EPSG:5773", 400, "InvalidParameterValue", "SRSNAME"),
        ("REQUEST=GetFeature&TYPENAMES=cities&SRSNAME=EPSG:4978", 400, "InvalidParameterValue", "SRSNAME"),
        ("REQUEST=GetFeature&TYPENAMES=cities&BBOX=1,2,3,4,EPSG:4978", 400, "InvalidParameterValue", "BBOX"),
        ("REQUEST=GetFeature&TYPENAMES=cities,countries&ALIASES=a,b", 501, "OptionNotSupported", "ALIASES"),
        ("REQUEST=GetFeature&TYPENAMES=cities&OUTPUTFORMAT=shape", 400, "InvalidParameterValue", "OUTPUTFORMAT"),
        ("REQUEST=GetFeature&TYPENAMES=cities&PROPERTYNAME=nosuch", 400, "InvalidParameterValue", "PROPERTYNAME"),
        ("REQUEST=GetFeature&TYPENAMES=cities&SORTBY=geom", 400, "InvalidParameterValue", "SORTBY"),
        ("REQUEST=GetFeature&TYPENAMES=cities&RESULTTYPE=both", 400, "InvalidParameterValue", "RESULTTYPE"),
        ("REQUEST=GetFeature&TYPENAMES=cities&FILTER=%3Ca", 400, "InvalidParameterValue", "FILTER"),
        ("REQUEST=GetFeature&TYPENAMES=cities&EXP_FILTER=((", 400, "InvalidParameterValue", "EXP_FILTER"),
        ("REQUEST=GetFeature&STOREDQUERY_ID=nosuch", 400, "InvalidParameterValue", "STOREDQUERY_ID"),
        ("REQUEST=GetPropertyValue&TYPENAMES=cities", 400, "MissingParameterValue", "VALUEREFERENCE"),
        (
            "REQUEST=GetPropertyValue&TYPENAMES=cities&VALUEREFERENCE=nosuch",
            400,
            "InvalidParameterValue",
            "VALUEREFERENCE",
        ),
        ("REQUEST=GetFeature&TYPENAMES=cities&NAMESPACES=nonsense", 400, "InvalidParameterValue", "NAMESPACES"),
    ];
    for (query, status, code, locator) in cases {
        let answer = wfs(&server, &format!("VERSION=2.0.0&{query}")).await;
        assert_eq!(
            (answer.status(), answer.header("content-type")),
            (status, "application/xml"),
            "{query}: {}",
            answer.text()
        );
        let report = read(&answer);
        let exception = report.child("Exception").unwrap();
        assert_eq!(
            (exception.attribute("exceptionCode"), exception.attribute("locator")),
            (Some(code), Some(locator)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn each_version_has_its_own_form() {
    let server = sample();
    let forms = [
        ("1.0.0", "text/xml", "http://www.opengis.net/ogc", "http://schemas.opengis.net/wfs/1.0.0/OGC-exception.xsd"),
        (
            "1.1.0",
            "application/xml",
            "http://www.opengis.net/ows",
            "http://schemas.opengis.net/ows/1.0.0/owsExceptionReport.xsd",
        ),
        (
            "2.0.0",
            "application/xml",
            "http://www.opengis.net/ows/1.1",
            "http://schemas.opengis.net/ows/1.1.0/owsExceptionReport.xsd",
        ),
    ];
    for (version, media_type, namespace, place) in forms {
        let answer = wfs(&server, &format!("VERSION={version}&REQUEST=GetFeature&TYPENAME=%3Cx%3E%00")).await;
        assert_eq!((answer.status(), answer.header("content-type")), (400, media_type));
        assert_eq!(read(&answer).namespace.as_deref(), Some(namespace));
        valid(&answer.text(), &[(namespace, place)]);
    }
}

#[test]
fn what_is_not_implemented_was_logged_as_a_fault_of_the_server() {
    let mut server = crate::harness::server::Server::start(&[crate::harness::SAMPLE]);
    let wfs = "/ows?SERVICE=WFS&VERSION=2.0.0";
    for query in [
        "REQUEST=Transaction",
        "REQUEST=GetFeature&TYPENAMES=cities,countries&ALIASES=a,b",
        "REQUEST=GetFeature&TYPENAMES=cities&RESOLVE=all",
    ] {
        server.get(&format!("{wfs}&{query}")).expect(501);
    }
    let log = server.log();
    assert!(!log.contains("ERROR") && log.matches("refused").count() == 3, "{log}");
}
