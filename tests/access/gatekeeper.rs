//! Who is let in at all.

use graticule::message::request::Request;
use http::Method;

use crate::kit::{answer, ask, basic, faulty, server, users};

#[tokio::test]
async fn nobody_anonymous_gets_anything_of_the_data() {
    let server = server(&format!("access.require = true\n{}", users(&["ann"])));
    for path in [
        "/",
        "/api",
        "/ogcapi",
        "/ogcapi/collections/countries/items",
        "/ogcapi/api",
        "/customapi",
        "/nowhere",
        "/x/ogcapi",
        "/x/health",
        "/?MAP=x",
        "/wfs3",
        "/healthy",
        "/static",
    ] {
        let answer = ask(&server, path, &[]).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.header("www-authenticate").starts_with("Basic"));
        assert_eq!(answer.header("cache-control"), "private");
        assert_eq!(ask(&server, path, &[("authorization", &basic("ann", "no"))]).await.status, 401);
    }
    let known = ask(&server, "/ogcapi/collections", &[("authorization", &basic("ann", "ann"))]).await;
    assert!(known.status == 200 && known.header("cache-control") == "private, no-cache");
    assert_eq!(ask(&server, "/health", &[]).await.status, 200);
    assert_eq!(ask(&server, "/ready", &[]).await.json(), serde_json::json!({ "status": "ready" }));
    assert_eq!(ask(&server, "/static/../ogcapi/collections", &[]).await.status, 404);
    assert!(ask(&server, "/static/graticule.css", &[]).await.header("cache-control").starts_with("public"));
    let mut preflight = Request::new(Method::OPTIONS, "/ogcapi/collections");
    assert_eq!(answer(&server, Request::new(Method::OPTIONS, "/ogcapi/collections")).await.status, 401);
    preflight.head_mut().headers.insert("access-control-request-method", "GET".parse().unwrap());
    assert_eq!(answer(&server, preflight).await.status, 204);
}

#[tokio::test]
async fn readiness_names_no_layer_where_one_may_be_hidden() {
    let settings = format!("{}[[access.rules]]\nlayers = 'countries'\nroles = ['reader']\n", users(&["ann:reader"]));
    for settings in [settings, "access.require = true".to_owned()] {
        let (server, _) = faulty(&settings);
        assert_eq!(ask(&server, "/ready", &[]).await.json(), serde_json::json!({ "status": "ready" }));
    }
}

#[tokio::test]
async fn a_role_may_be_needed() {
    let server = server(&format!("access.require = ['staff', 'admin']\n{}", users(&["ann:staff", "bob:guest"])));
    let status = async |name: &str| ask(&server, "/ogcapi", &[("authorization", &basic(name, name))]).await.status;
    assert_eq!(status("ann").await, 200);
    assert_eq!(status("bob").await, 403);
    assert_eq!(status("eve").await, 401);
    assert_eq!(ask(&server, "/ogcapi", &[]).await.status, 401);
}

#[tokio::test]
async fn a_lock_without_a_key_is_told() {
    let (server, faults) = faulty("access.require = true");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(ask(&server, "/ogcapi", &[]).await.status, 401);
}
