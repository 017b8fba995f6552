//! Services: how they are asked, and how they tell errors.

use graticule::message::request::{Head, Request};
use graticule::message::response::Response;
use graticule::project::catalog::Project;
use graticule::server::service::{Dialect, Service};
use graticule::web::ows_error::{Code, Report};
use graticule::{Context, Error, Kind, Result, Server};
use http::Method;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::kit::{ask, ask_with, builder, layer, project};

/// Answers what it was asked, and fails where `FAIL` names a kind.
struct Echo;

static DIALECTS: [Dialect; 2] = [
    Dialect {
        report: Report::Service130,
        codes: &[Code::bad(Kind::UnknownCrs, "InvalidSRS")],
        ..Dialect::new("1.3.0")
    },
    Dialect::new("2.0.0"),
];

impl Service for Echo {
    fn name(&self) -> &'static str {
        "ECHO"
    }

    fn dialects(&self) -> &'static [Dialect] {
        &DIALECTS
    }

    async fn execute(&self, cx: Context, request: &mut Request, _: &'static Dialect) -> Result<Response> {
        let body = std::mem::replace(&mut request.body, "".into()).collect(1024).await?;
        let value = |name| request.head().parameters.value_of(name).unwrap_or("-");
        match value("FAIL") {
            "crs" => return Err(Error::new(Kind::UnknownCrs, "no such system").at("CRS")),
            "panic" => panic!("a service's panic"),
            "fault" => return Err(Error::new(Kind::Timeout, "fault")),
            _ => {}
        }
        let layers = cx.layers().map(|(layer, _)| layer.id.clone()).collect::<Vec<_>>().join(",");
        let text = format!("{} {} {} {}", value("REQUEST"), value("X"), layers, body.len());
        Ok(Response::ok("text/plain", text))
    }

    fn fault(&self, head: &Head, _: &'static Dialect, error: &Error) -> Option<Response> {
        assert!(error.kind() != Kind::Timeout, "a fault's own panic");
        head.parameters.value_of("EXCEPTIONS").filter(|form| *form == "BLANK")?;
        Some(Response::ok("image/x-blank", "blank"))
    }
}

fn server() -> Server {
    let mut second = Project::new("Second").with(layer("own", 3)).unwrap();
    second.name = Some("second".to_owned());
    builder(project()).service(Echo).project(second).build().unwrap()
}

#[tokio::test]
async fn keys_are_read_in_any_case_at_both_doors_and_under_a_project() {
    let server = server();
    let cases = [
        ("/ows?SERVICE=ECHO&REQUEST=Get&X=1", "Get 1 few,many 0"),
        ("/ows/?service=echo&request=Get&x=1", "Get 1 few,many 0"),
        ("/?Service=Echo&Request=Get&x=a%20b", "Get a b few,many 0"),
        ("/second/ows?SERVICE=ECHO&REQUEST=Get", "Get - own 0"),
        ("/second?SERVICE=ECHO", "- - own 0"),
        ("/second/?SERVICE=ECHO", "- - own 0"),
        ("/ows?MAP=second&SERVICE=ECHO", "- - own 0"),
        ("/?map=second&SERVICE=ECHO", "- - own 0"),
    ];
    for (url, answer) in cases {
        assert_eq!(ask(&server, url).await.text(), answer, "{url}");
    }
}

#[tokio::test]
async fn a_form_and_an_xml_body_ask_as_well() {
    let server = server();
    let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let answer = ask_with(&server, Method::POST, "/ows", &form, "service=ECHO&Request=Get&x=a+b").await;
    assert_eq!(answer.text(), "Get a b few,many 0");
    let answer = ask_with(&server, Method::POST, "/?X=url", &form, "SERVICE=ECHO&X=form").await;
    assert_eq!(answer.text(), "- url few,many 0", "the URL's come first");
    let xml = [("content-type", "text/xml")];
    let body = r#"<?xml version="1.0"?><e:GetThing xmlns:e="urn:e" service="ECHO" version="2.0.0"><a/></e:GetThing>"#;
    let answer = ask_with(&server, Method::POST, "/ows", &xml, body).await;
    assert_eq!(answer.text(), format!("GetThing - few,many {}", body.len()), "the body is still there");
    // A body of any other type is left alone.
    let json = [("content-type", "application/json")];
    let answer = ask_with(&server, Method::POST, "/ows?SERVICE=ECHO", &json, "{\"X\":1}").await;
    assert_eq!(answer.text(), "- - few,many 7");
}

/// Reads a document to its end: well-formed, with every tag closed.
fn well_formed(xml: &str) {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return,
            Ok(Event::Text(text)) => {
                let plain = |c: char| !c.is_control() || c.is_ascii_whitespace();
                assert!(text.as_ref().chars().all(plain), "{xml}");
            }
            Ok(_) => {}
            Err(error) => panic!("{error}: {xml}"),
        }
    }
}

#[tokio::test]
async fn an_unknown_service_is_400_in_well_formed_xml() {
    let server = server();
    let names = ["WMTS", "%3Cscript%3E%26", "%22%3E%3Cx", "a%00b%01%0B", "%C3%A4%F0%9F%97%BA", "%EF%BF%BE", "]]%3E"];
    for name in names {
        for door in ["/ows", "/", "/second/ows"] {
            let answer = ask(&server, &format!("{door}?SERVICE={name}")).await;
            assert_eq!((answer.status(), answer.header("content-type")), (400, "application/xml"), "{name}");
            assert!(answer.text().contains("InvalidParameterValue"));
            assert!(answer.text().contains("ECHO"), "it tells what there is");
            well_formed(&answer.text());
            assert!(!answer.text().contains(['\u{0}', '\u{1}', '\u{b}', '\u{fffe}']), "{name}");
        }
    }
    let missing = ask(&server, "/ows").await;
    assert_eq!(missing.status(), 400);
    assert!(missing.text().contains("MissingParameterValue") && missing.text().contains("locator=\"SERVICE\""));
}

#[tokio::test]
async fn a_body_that_is_no_xml_is_400() {
    let server = server();
    let xml = [("content-type", "application/xml")];
    for body in ["<a", "nonsense", "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>"] {
        let answer = ask_with(&server, Method::POST, "/ows", &xml, body).await;
        assert_eq!((answer.status(), answer.header("content-type")), (400, "application/xml"), "{body}");
    }
}

#[tokio::test]
async fn errors_are_told_in_the_form_and_the_codes_of_the_version() {
    let server = server();
    let old = ask(&server, "/ows?SERVICE=ECHO&FAIL=crs").await;
    assert_eq!((old.status(), old.header("content-type")), (400, "text/xml"));
    assert!(old.text().contains("<ServiceException code=\"InvalidSRS\" locator=\"CRS\">no such system<"));
    let new = ask(&server, "/ows?SERVICE=ECHO&FAIL=crs&VERSION=2.0.0").await;
    assert!(new.text().contains("exceptionCode=\"InvalidParameterValue\""), "{}", new.text());
    let panicked = ask(&server, "/ows?SERVICE=ECHO&FAIL=panic").await;
    assert_eq!((panicked.status(), panicked.header("content-type")), (500, "text/xml"));
    assert!(!panicked.text().contains("a service's panic"));
}

#[tokio::test]
async fn a_service_tells_errors_in_a_way_of_its_own() {
    let answer = ask(&server(), "/ows?SERVICE=ECHO&FAIL=crs&EXCEPTIONS=BLANK").await;
    assert_eq!((answer.header("content-type"), answer.text().as_str()), ("image/x-blank", "blank"));
}

#[tokio::test]
async fn a_fault_that_panics_is_an_error_of_that_request_alone() {
    let answer = ask(&server(), "/ows?SERVICE=ECHO&FAIL=fault").await;
    assert_eq!(answer.header("content-type"), "text/xml");
    assert_eq!(answer.status(), 500);
    assert!(!answer.text().contains("own panic"));
}

#[tokio::test]
async fn file_name_saves_an_answer_under_a_name() {
    let server = server();
    let answer = ask(&server, "/ows?SERVICE=ECHO&file_name=map%201.png").await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"map 1.png\"");
    for hostile in ["%22%0D%0ASet-Cookie:x", "../../etc/passwd", "a%22b", "", "%FF"] {
        let answer = ask(&server, &format!("/ows?SERVICE=ECHO&FILE_NAME={hostile}")).await;
        assert_eq!((answer.status(), answer.header("content-disposition")), (200, ""), "{hostile}");
    }
}

#[tokio::test]
async fn what_nothing_serves_is_404_and_tells_what_there_is() {
    let answer = ask(&server(), "/nothing").await;
    assert_eq!(answer.status(), 404);
    let roots = answer.json()["roots"].to_string();
    assert!(roots.contains("/ogcapi") && roots.contains("/ows?SERVICE=ECHO"), "{roots}");
}
