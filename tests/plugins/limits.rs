//! Requests at once, their queue, their time and the size of their answers.

use graticule::Server;
use graticule::message::body::Body;
use graticule::message::request::Request;
use graticule::project::limits::Limits;

use crate::kit::{Drip, Static, ask, builder, project};
use crate::scripted::{Log, Scripted};

fn server(drip: Drip, limits: Limits, log: &Log) -> Server {
    let builder = builder(project()).service(drip).service(Static("twelve bytes"));
    builder.filter(Scripted::new("a", log), 0).limits(limits).build().unwrap()
}

#[tokio::test]
async fn one_request_too_many_is_turned_away_and_the_watch_is_not() {
    let (tap, drip) = Drip::new();
    let limits = Limits { requests: 1, queue: 1, queue_seconds: 30, ..Limits::default() };
    let server = server(drip, limits, &Log::default());
    let spawn = |url: &'static str| {
        let server = server.clone();
        tokio::spawn(async move { ask(&server, url).await })
    };
    let waits = async |metric: &str| {
        while !ask(&server, "/metrics").await.text().contains(metric) {
            tokio::task::yield_now().await;
        }
    };
    let first = spawn("/ows?SERVICE=DRIP");
    waits("graticule_requests_in_flight 2\n").await;
    let second = spawn("/ows?SERVICE=STATIC");
    waits("graticule_requests_waiting 1\n").await;
    let third = ask(&server, "/ogcapi").await;
    assert_eq!((third.status(), third.header("retry-after")), (503, "5"));
    assert!(third.text().contains("too many requests are waiting"), "{}", third.text());
    let report = ask(&server, "/ows?SERVICE=STATIC").await;
    assert!(report.status() == 503 && report.text().contains("ExceptionReport"), "in the dialect of the request");
    assert_eq!(ask(&server, "/health").await.status(), 200);
    tap.send(Ok("done".into())).unwrap();
    drop(tap);
    assert_eq!(first.await.unwrap().text(), "done");
    assert_eq!(second.await.unwrap().status(), 200);
    assert!(ask(&server, "/metrics").await.text().contains("graticule_turned_away_total 2\n"));
}

#[tokio::test]
async fn an_answer_that_does_not_begin_in_time_is_503_and_the_filters_see_it() {
    let limits = Limits { request_seconds: 1, ..Limits::default() };
    let (_tap, silent) = Drip::new();
    for drip in [Drip::never(), silent] {
        let log = Log::default();
        let server = server(drip, limits.clone(), &log);
        let answer = ask(&server, "/ows?SERVICE=DRIP").await;
        assert_eq!((answer.status(), answer.header("retry-after")), (503, "30"));
        assert!(answer.text().contains("within 1 seconds"), "{}", answer.text());
        assert!(log.take().iter().any(|call| call == "a response_complete 503 Timeout"));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_or_broken_off() {
    let limits = Limits { answer_bytes: 11, ..Limits::default() };
    let (tap, drip) = Drip::new();
    let server = server(drip, limits, &Log::default());
    let whole = ask(&server, "/ows?SERVICE=STATIC").await;
    assert!(whole.status() == 413 && whole.text().contains("11 bytes"), "{}", whole.text());
    tap.send(Ok("six by".into())).unwrap();
    tap.send(Ok("twelve".into())).unwrap();
    let response = server.handle(Request::get("/ows?SERVICE=DRIP")).await;
    assert!(response.status == 200 && matches!(response.body, Body::Stream(_)));
    assert!(response.body.collect(100).await.is_err());
}
