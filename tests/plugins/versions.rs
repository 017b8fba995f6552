//! Which version of a service answers, and what cannot be registered.

use graticule::message::request::Request;
use graticule::message::response::Response;
use graticule::server::service::{Dialect, Service};
use graticule::{Context, Result, Server};

use crate::kit::{ask, builder, project};

/// A service that says its name, its version and who registered it.
struct Said(&'static str, &'static [Dialect], &'static str);

impl Service for Said {
    fn name(&self) -> &'static str {
        self.0
    }

    fn dialects(&self) -> &'static [Dialect] {
        self.1
    }

    async fn execute(&self, _: Context, _: &mut Request, dialect: &'static Dialect) -> Result<Response> {
        Ok(Response::ok("text/plain", format!("{} {} {}", self.0, dialect.version, self.2)))
    }
}

static OLD: [Dialect; 2] = [Dialect::new("1.1.0"), Dialect::new("1.0.0")];
static NEW: [Dialect; 1] = [Dialect::new("2.0.0")];

fn server() -> Server {
    let (old, new) = (Said("SAID", &OLD, "old"), Said("said", &NEW, "new"));
    builder(project()).service(old).service(new).build().unwrap()
}

#[tokio::test]
async fn the_version_that_is_asked_for_else_the_one_registered_first() {
    let server = server();
    let cases = [
        ("VERSION=2.0.0", "said 2.0.0 new"),
        ("VERSION=1.0.0", "SAID 1.0.0 old"),
        ("version=1.1.0", "SAID 1.1.0 old"),
        ("", "SAID 1.1.0 old"),
        ("VERSION=", "SAID 1.1.0 old"),
        ("VERSION=3.0.0", "SAID 1.1.0 old"),
        ("VERSION=2.0", "SAID 1.1.0 old"),
        ("VERSION=nonsense", "SAID 1.1.0 old"),
    ];
    for (version, answer) in cases {
        assert_eq!(ask(&server, &format!("/ows?SERVICE=Said&{version}")).await.text(), answer, "{version}");
    }
    let names = server.snapshot().registry().service_names();
    assert_eq!(names.iter().filter(|name| **name == "SAID").count(), 1, "{names:?}");
}

#[test]
fn a_version_that_is_taken_is_refused() {
    let (one, two) = (Said("SAID", &OLD, "one"), Said("Said", &OLD, "two"));
    let faults = builder(project()).service(one).service(two).build().map(|_| ()).unwrap_err();
    assert_eq!(faults.0, ["the service 'Said' is there twice in version 1.1.0"]);
}

#[test]
fn all_faults_of_all_registrations_are_told_at_once() {
    let api = graticule::api::OgcApi::new("/ows", "Own");
    let mut shadowing = project();
    shadowing.name = Some("ows".to_owned());
    let faults = builder(project())
        .service(Said("EMPTY", &[], "no version"))
        .service(Said("", &OLD, "no name"))
        .service(Said("SAID", &NEW, "one"))
        .service(Said("SAID", &NEW, "two"))
        .project(shadowing)
        .api(api)
        .build()
        .map(|_| ())
        .unwrap_err();
    // Three of services, one of the project; the API has no route, and its root is the services'.
    assert_eq!(faults.0.len(), 6, "{faults}");
}
