//! A filter's error, told by its kind in the dialect that the request speaks.

use graticule::exchange::Flow;
use graticule::{Error, Kind, Server};
use http::{HeaderValue, Method, header};

use crate::kit::{Static, ask_with, builder, project};
use crate::scripted::{Log, Scripted};

fn refusing(kind: Kind) -> Server {
    let refuse = move |request: &mut graticule::message::request::Request| {
        if request.head().headers.contains_key(header::AUTHORIZATION) {
            return Ok(Flow::Continue);
        }
        let error = Error::new(kind, "tell who you are, <please>").at("Authorization");
        Err(error.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"test\"")))
    };
    builder(project())
        .service(Static("static text"))
        .filter(Scripted::new("auth", &Log::default()).on_request(refuse), 0)
        .build()
        .unwrap()
}

const KINDS: [(Kind, u16); 6] = [
    (Kind::Unauthorized, 401),
    (Kind::Forbidden, 403),
    (Kind::UnknownPath, 404),
    (Kind::TooLarge, 413),
    (Kind::Unavailable, 503),
    (Kind::Internal, 500),
];

#[tokio::test]
async fn of_an_api_a_problem_document() {
    for (kind, status) in KINDS {
        let answer = ask_with(&refusing(kind), Method::GET, "/ogcapi/collections", &[], "").await;
        assert_eq!((answer.status(), answer.header("content-type")), (status, "application/problem+json"));
        assert_eq!(answer.json()["status"], status);
        assert_eq!(answer.json()["detail"], "tell who you are, <please>");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"test\"");
    }
}

#[tokio::test]
async fn of_a_browser_a_page() {
    for (kind, status) in KINDS {
        let accept = [("accept", "text/html,*/*;q=0.8")];
        let answer = ask_with(&refusing(kind), Method::GET, "/ogcapi/collections", &accept, "").await;
        assert_eq!(answer.status(), status);
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(answer.text().contains("&lt;please") && !answer.text().contains("<please"), "{}", answer.text());
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"test\"");
    }
}

#[tokio::test]
async fn of_a_service_an_exception_report() {
    for (kind, status) in KINDS {
        for url in ["/ows?SERVICE=STATIC", "/?service=static", "/ows?SERVICE=NONE", "/ows"] {
            let accept = [("accept", "text/html")];
            let answer = ask_with(&refusing(kind), Method::GET, url, &accept, "").await;
            assert_eq!((answer.status(), answer.header("content-type")), (status, "application/xml"), "{url}");
            assert!(answer.text().contains("<ows:ExceptionText>tell who you are, &lt;please&gt;<"), "{url}");
            assert_eq!(answer.header("www-authenticate"), "Basic realm=\"test\"", "{url}");
        }
    }
}

#[tokio::test]
async fn whoever_is_let_through_is_answered() {
    let basic = [("authorization", "Basic eDp5")];
    let answer = ask_with(&refusing(Kind::Unauthorized), Method::GET, "/ows?SERVICE=STATIC", &basic, "").await;
    assert_eq!(answer.text(), "static text");
}
