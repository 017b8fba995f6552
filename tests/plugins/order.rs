//! The order of the callbacks in the life of a request.

use graticule::exchange::Flow;
use graticule::message::response::Response;
use graticule::{Error, Kind, Server};

use crate::kit::{ask, builder, project};
use crate::scripted::{Log, Scripted};

fn watched() -> (Log, Server) {
    let log = Log::default();
    let server = builder(project()).filter(Scripted::new("a", &log), 0).build().unwrap();
    (log, server)
}

#[tokio::test]
async fn a_whole_answer() {
    let (log, server) = watched();
    assert_eq!(ask(&server, "/health").await.status(), 200);
    let calls = ["a request_ready", "a project_ready Test", "a response_ready 200", "a response_complete 200"];
    assert_eq!(log.take(), [&calls[..], &["a send_response last"]].concat());
}

#[tokio::test]
async fn a_streamed_answer() {
    let (log, server) = watched();
    let answer = ask(&server, "/ogcapi/collections/many/items?limit=10000").await;
    assert_eq!(answer.json()["numberReturned"], 10_000);
    let calls = log.take();
    let chunks = calls.iter().filter(|call| *call == "a send_response").count();
    assert!(chunks > 2, "{chunks} chunks");
    let mut expected = vec!["a request_ready", "a project_ready Test", "a response_ready 200"];
    expected.extend(vec!["a send_response"; chunks]);
    expected.extend(["a response_complete streamed 200", "a send_response last"]);
    assert_eq!(calls, expected);
}

#[tokio::test]
async fn answers_that_tell_an_error() {
    let (log, server) = watched();
    let cases = [
        ("/ogcapi/collections/few/items?nonsense=1", "400 UnknownParameter"),
        ("/ogcapi/collections/other", "404 UnknownLayer"),
        ("/nothing", "404 UnknownPath"),
        ("/?SERVICE=HELLO", "400 InvalidParameter"),
        ("/panic", "500 Internal"),
    ];
    for (url, told) in cases {
        ask(&server, url).await;
        let ready = format!("a response_ready {told}");
        let complete = format!("a response_complete {told}");
        assert_eq!(
            log.take(),
            ["a request_ready", "a project_ready Test", &ready, &complete, "a send_response last"],
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_request_of_an_unknown_project_has_no_project_ready() {
    let (log, server) = watched();
    assert_eq!(ask(&server, "/ogcapi?MAP=other").await.status(), 404);
    let told = "404 UnknownProject";
    let (ready, complete) = (format!("a response_ready {told}"), format!("a response_complete {told}"));
    assert_eq!(log.take(), ["a request_ready", &ready, &complete, "a send_response last"]);
}

#[tokio::test]
async fn an_early_answer_skips_dispatch_and_runs_the_rest() {
    let log = Log::default();
    let early = |_: &mut _| Ok(Flow::Respond(Response::ok("text/plain", "early")));
    let server = builder(project())
        .filter(Scripted::new("c", &log), 30)
        .filter(Scripted::new("b", &log).on_request(early), 20)
        .filter(Scripted::new("a", &log), 10)
        .build()
        .unwrap();
    // The handler would panic, were it asked.
    assert_eq!(ask(&server, "/panic").await.text(), "early");
    let rest = ["response_ready 200", "response_complete 200", "send_response last"];
    let rest = rest.iter().flat_map(|call| ["a", "b", "c"].map(|name| format!("{name} {call}")));
    let first = ["a request_ready", "b request_ready"].map(str::to_owned);
    assert_eq!(log.take(), first.into_iter().chain(rest).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_early_answer_once_the_project_is_known() {
    let log = Log::default();
    let early = |_: &mut _| Ok(Flow::Respond(Response::ok("text/plain", "early")));
    let server = builder(project())
        .filter(Scripted::new("a", &log).on_project(early), 0)
        .filter(Scripted::new("b", &log), 1)
        .build()
        .unwrap();
    assert_eq!(ask(&server, "/panic").await.text(), "early");
    assert_eq!(log.take()[..3], ["a request_ready", "b request_ready", "a project_ready Test"]);
}

#[tokio::test]
async fn lower_priorities_run_first_and_equal_ones_in_order_of_registration() {
    let log = Log::default();
    let server = builder(project())
        .filter(Scripted::new("b", &log), 100)
        .filter(Scripted::new("a", &log), 100)
        .filter(Scripted::new("c", &log), 50)
        .filter(Scripted::new("z", &log), -1)
        .build()
        .unwrap();
    ask(&server, "/health").await;
    let calls = log.take();
    for step in calls.chunks(4) {
        let names: Vec<_> = step.iter().map(|call| call.split(' ').next().unwrap()).collect();
        assert_eq!(names, ["z", "c", "b", "a"], "{step:?}");
    }
    assert_eq!(calls.len(), 5 * 4);
}

#[tokio::test]
async fn stop_passes_the_later_filters_over_at_that_step_alone() {
    let log = Log::default();
    let server = builder(project())
        .filter(Scripted::new("a", &log).on_request(|_| Ok(Flow::Stop)), 0)
        .filter(Scripted::new("b", &log).on_project(|_| Ok(Flow::Stop)), 1)
        .filter(Scripted::new("c", &log), 2)
        .build()
        .unwrap();
    assert_eq!(ask(&server, "/health").await.text(), "ok\n");
    let calls = log.take();
    assert_eq!(calls[..4], ["a request_ready", "a project_ready Test", "b project_ready Test", "a response_ready 200"]);
    assert_eq!(calls.len(), 3 + 9);
}

#[tokio::test]
async fn an_error_of_a_filter_skips_dispatch_and_runs_the_rest() {
    let log = Log::default();
    let refuse = |_: &mut _| Err(Error::new(Kind::Forbidden, "no"));
    let server = builder(project())
        .filter(Scripted::new("a", &log).on_request(refuse), 0)
        .filter(Scripted::new("b", &log), 1)
        .build()
        .unwrap();
    assert_eq!(ask(&server, "/panic").await.status(), 403);
    let rest = ["response_ready 403 Forbidden", "response_complete 403 Forbidden", "send_response last"];
    let rest = rest.iter().flat_map(|call| ["a", "b"].map(|name| format!("{name} {call}")));
    assert_eq!(log.take(), std::iter::once("a request_ready".to_owned()).chain(rest).collect::<Vec<_>>());
}
