//! Filters that change what is asked: parameters, path, and who asks.

use graticule::Server;
use graticule::exchange::{Filter, Flow};
use graticule::message::parameters::Origin;
use graticule::message::principal::Principal;
use graticule::message::request::Request;
use graticule::project::catalog::Project;

use crate::kit::{ask, ask_with, builder, layer, project};
use crate::scripted::{Log, Scripted};

fn server(change: impl Fn(&mut Request) + Send + Sync + 'static) -> Server {
    server_with(Scripted::new("a", &Log::default()).on_request(move |request| {
        change(request);
        Ok(Flow::Continue)
    }))
}

fn server_with(filter: impl Filter) -> Server {
    builder(project()).filter(filter, 0).build().unwrap()
}

/// The addresses of all links of an answer.
fn hrefs(json: &serde_json::Value) -> Vec<String> {
    let links = json["links"].as_array().unwrap();
    links.iter().map(|link| link["href"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_parameter_that_a_filter_adds_is_not_unknown_and_in_no_link() {
    let server = server(|request| request.head_mut().parameters.set("TEST_NEW_PARAM", "ParamsFilter"));
    let answer = ask(&server, "/ogcapi/collections/few/items?limit=1").await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.json()["features"].as_array().unwrap().len(), 1, "limit is still read");
    assert!(!answer.text().contains("TEST_NEW_PARAM"));
    assert!(hrefs(&answer.json()).contains(&"http://localhost/ogcapi/collections/few/items?limit=1".to_owned()));
    let refused = ask(&server, "/ogcapi/collections/few/items?TEST_NEW_PARAM=mine").await;
    assert_eq!(refused.status(), 400, "the client's own is as unknown as ever");
}

#[tokio::test]
async fn an_added_parameter_that_is_known_is_read() {
    let server = server(|request| request.head_mut().parameters.set("role", "user"));
    let answer = ask(&server, "/ogcapi/collections/few/items").await.json();
    assert_eq!(answer["numberMatched"], 5);
    assert!(hrefs(&answer).iter().all(|href| !href.contains("role")), "{answer}");
}

#[tokio::test]
async fn a_parameter_that_a_filter_changes_keeps_its_case_and_links_keep_what_came() {
    let server = server(|request| request.head_mut().parameters.set("LIMIT", "2"));
    let answer = ask(&server, "/ogcapi/collections/few/items?limit=5&role=user").await.json();
    assert_eq!(answer["numberReturned"], 2);
    let links = hrefs(&answer);
    assert!(links.contains(&"http://localhost/ogcapi/collections/few/items?limit=5&role=user".to_owned()));
    let next = links.iter().find(|href| href.contains("cursor")).unwrap();
    assert!(next.contains("?limit=5&role=user&cursor="), "{next}");
    let second = ask(&server, next).await.json();
    assert_eq!(second["features"][0]["id"], 4, "the next page follows the first");
}

#[tokio::test]
async fn a_parameter_that_a_filter_takes_away_is_gone_whatever_its_case() {
    let server = server(|request| request.head_mut().parameters.remove("UTM_SOURCE"));
    let answer = ask(&server, "/ogcapi/collections/few/items?utm_source=mail&limit=1").await;
    assert_eq!(answer.status(), 200);
    assert!(!answer.text().contains("utm_source"));
}

#[tokio::test]
async fn order_and_case_of_the_others_are_kept() {
    let seen = Log::default();
    let log = seen.clone();
    let server = server_with(Scripted::new("a", &Log::default()).on_request(move |request| {
        let parameters = &mut request.head_mut().parameters;
        parameters.set("b", "changed");
        parameters.set("New", "new");
        for it in parameters.iter() {
            log.write(format!("{}={} {:?}", it.name, it.value.as_deref().unwrap(), it.origin == Origin::Filter));
        }
        Ok(Flow::Continue)
    }));
    ask(&server, "/nothing?Zed=1&B=2&a=3").await;
    assert_eq!(seen.take(), ["Zed=1 false", "B=changed false", "a=3 false", "New=new true"]);
}

#[tokio::test]
async fn a_filter_changes_the_path() {
    let server = server(|request| {
        let head = request.head_mut();
        if let Some(rest) = head.path.strip_prefix("/old") {
            head.path = format!("/ogcapi{rest}");
        }
    });
    let answer = ask(&server, "/old/collections/few/items/3").await.json();
    assert_eq!(answer["id"], 3);
    assert!(hrefs(&answer).iter().all(|href| !href.contains("/old")));
}

#[tokio::test]
async fn a_filter_chooses_the_service() {
    let server = builder(project())
        .service(crate::kit::Static("another"))
        .filter(
            Scripted::new("a", &Log::default()).on_request(|request| {
                request.head_mut().parameters.set("SERVICE", "STATIC");
                Ok(Flow::Continue)
            }),
            0,
        )
        .build()
        .unwrap();
    assert_eq!(ask(&server, "/ows?service=WFS").await.text(), "another");
    assert_eq!(ask(&server, "/").await.text(), "another");
}

#[tokio::test]
async fn a_filter_chooses_the_project_and_links_do_not_tell() {
    let mut second = Project::new("Second").with(layer("own", 3)).unwrap();
    second.name = Some("second".to_owned());
    let choose = Scripted::new("a", &Log::default()).on_request(|request| {
        request.head_mut().parameters.set("MAP", "second");
        Ok(Flow::Continue)
    });
    let server = builder(project()).project(second).filter(choose, 0).build().unwrap();
    let answer = ask(&server, "/ogcapi/collections").await;
    assert_eq!(answer.json()["collections"][0]["id"], "own");
    assert!(!answer.text().contains("MAP") && !answer.text().contains('?') || !answer.text().contains("?\""));
    assert!(hrefs(&answer.json()).iter().all(|href| !href.to_ascii_lowercase().contains("map")));
}

#[tokio::test]
async fn a_filter_reads_headers_and_the_body_and_says_who_asks() {
    let seen = Log::default();
    let log = seen.clone();
    let server = server_with(
        Scripted::new("a", &Log::default())
            .on_request(|request| {
                let role = request.head().headers["x-role"].to_str().unwrap().to_owned();
                request.head_mut().principal = Some(Principal::new("somebody", [role]));
                Ok(Flow::Continue)
            })
            .on_complete(move |request, _| {
                log.write(format!("{:?}", request.principal.as_ref().unwrap().roles));
                log.write(request.parameters.value_of("in_form").unwrap_or_default());
                Ok(())
            }),
    );
    let headers = [("x-role", "surveyor"), ("content-type", "application/x-www-form-urlencoded")];
    ask_with(&server, http::Method::POST, "/ows", &headers, "in_form=yes").await;
    assert_eq!(seen.take(), ["[\"surveyor\"]", "yes"]);
}
