//! Filters that fail and panic: a fault of one is that request's alone, and the others run all the same.

use graticule::exchange::{Chunk, Filter};
use graticule::message::body::Body;
use graticule::message::request::Request;
use graticule::{Error, Kind, Server};

use crate::kit::{Drip, ask, builder, project};
use crate::scripted::{Log, Scripted};

fn server(broken: impl Filter, log: &Log) -> Server {
    builder(project()).filter(broken, 0).filter(Scripted::new("b", log), 1).build().unwrap()
}

/// The filter after a broken one, and those before it, see the end of every request.
fn saw_the_end(log: &Log) {
    let calls = log.take();
    let ends = calls.iter().filter(|call| call.starts_with("b response_complete 500 Internal")).count();
    assert_eq!(ends, 1, "{calls:?}");
    assert_eq!(calls.last().unwrap(), "b send_response last");
}

#[tokio::test]
async fn a_panic_is_an_error_with_an_id_of_that_request_alone() {
    let (log, quiet) = (Log::default(), Log::default());
    let broken = |name| Scripted::new(name, &quiet);
    let servers = [
        server(broken("request").on_request(|_| panic!("broken")), &log),
        server(broken("project").on_project(|_| panic!("broken")), &log),
        server(broken("ready").on_ready(|_, _| panic!("broken")), &log),
        server(broken("complete").on_complete(|_, _| panic!("broken")), &log),
    ];
    for server in servers {
        let answer = ask(&server, "/health").await;
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
        assert!(!answer.text().contains("broken"), "the cause is for the log alone");
        saw_the_end(&log);
    }
}

#[tokio::test]
async fn a_panic_in_send_response_is_told_as_it_is() {
    let (log, quiet) = (Log::default(), Log::default());
    let server = server(Scripted::new("a", &quiet).on_send(|_, _| panic!("broken")), &log);
    assert_eq!(ask(&server, "/health").await.status(), 500);
    assert_eq!(log.take().last().unwrap(), "b response_complete 200");
}

#[tokio::test]
async fn a_panic_in_wants_whole_is_an_error_of_that_request_alone() {
    let (log, quiet) = (Log::default(), Log::default());
    let server = server(Scripted::new("a", &quiet).wanting_whole(|| panic!("broken")), &log);
    assert_eq!(ask(&server, "/ogcapi/collections/many/items?limit=10000").await.status(), 500);
    saw_the_end(&log);
}

#[tokio::test]
async fn an_error_in_response_complete_goes_through_send_response() {
    let (log, quiet) = (Log::default(), Log::default());
    let refuse = Scripted::new("a", &quiet).on_complete(|_, _| Err(Error::new(Kind::Forbidden, "no")));
    let upper = Scripted::new("upper", &log).on_send(|_, chunk| Ok(Chunk::Pass(chunk.to_ascii_uppercase().into())));
    let server = builder(project()).filter(refuse, 0).filter(upper, 1).build().unwrap();
    let answer = ask(&server, "/health").await;
    assert_eq!(answer.status(), 403);
    assert!(answer.text().contains("\"DETAIL\":\"NO\""), "{}", answer.text());
    // It saw the error that it may replace.
    assert_eq!(log.take()[3..], ["upper response_complete 403 Forbidden", "upper send_response last"]);
}

#[tokio::test]
async fn the_first_chunk_is_awaited_so_that_an_early_fault_has_a_status() {
    let log = Log::default();
    let (tap, drip) = Drip::new();
    let server = builder(project()).service(drip).filter(Scripted::new("a", &log), 0).build().unwrap();
    tap.send(Err(Error::new(Kind::Unavailable, "the source is gone"))).unwrap();
    assert_eq!(ask(&server, "/ows?SERVICE=DRIP").await.status(), 503);
    assert_eq!(log.take()[3..], ["a response_complete 503 Unavailable", "a send_response last"]);
}

#[tokio::test]
async fn a_filter_that_fails_at_the_first_chunk_has_a_status() {
    let (log, quiet) = (Log::default(), Log::default());
    let refuse = |sending: &mut graticule::exchange::Sending<'_>, chunk| {
        if sending.head.raised.is_some() { Ok(Chunk::Pass(chunk)) } else { Err(Error::new(Kind::Forbidden, "no")) }
    };
    let server = server(Scripted::new("a", &quiet).on_send(refuse), &log);
    assert_eq!(ask(&server, "/ogcapi/collections/many/items?limit=10000").await.status(), 403);
}

#[tokio::test]
async fn a_fault_in_the_middle_breaks_the_answer_off() {
    for filtered in [true, false] {
        let log = Log::default();
        let (tap, drip) = Drip::new();
        let mut builder = builder(project()).service(drip);
        if filtered {
            builder = builder.filter(Scripted::new("a", &log), 0);
        }
        tap.send(Ok("one".into())).unwrap();
        tap.send(Err(Error::new(Kind::Unavailable, "the source is gone"))).unwrap();
        let response = builder.build().unwrap().handle(Request::get("/ows?SERVICE=DRIP")).await;
        assert_eq!(response.status.as_u16(), 200);
        assert!(matches!(response.body, Body::Stream(_)));
        assert_eq!(response.body.collect(usize::MAX).await.unwrap_err().kind(), Kind::Unavailable);
        if filtered {
            assert_eq!(log.take()[2..], ["a response_ready 200", "a send_response", "a response_complete cancelled"]);
        }
    }
}
