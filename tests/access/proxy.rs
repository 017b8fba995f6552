//! A proxy that authenticates.

use graticule::exchange::{Filter, Flow};
use graticule::message::request::Request;

use crate::kit::{answer, ask, faulty, get, server};

const ITEMS: &str = "/ogcapi/collections/countries/items";
const SETTINGS: &str = "
    [access.proxy]
    user = 'X-Forwarded-User'
    roles = 'X-Forwarded-Roles'
    from = ['10.0.0.0/8', '::1']
    [[access.rules]]
    layers = 'countries'
    roles = 'reader'
";

async fn status(peer: Option<&str>, headers: &[(&str, &str)]) -> u16 {
    let mut request = get(ITEMS, headers);
    request.head_mut().peer = peer.map(|peer| peer.parse().unwrap());
    answer(&server(SETTINGS), request).await.status.as_u16()
}

#[tokio::test]
async fn headers_are_believed_from_the_proxy_alone() {
    let told = [("x-forwarded-user", "ann"), ("x-forwarded-roles", "writer, reader")];
    for peer in ["10.1.2.3", "::1", "::ffff:10.1.2.3"] {
        assert_eq!(status(Some(peer), &told).await, 200, "{peer}");
    }
    for peer in [None, Some("11.0.0.1"), Some("127.0.0.1"), Some("::2")] {
        assert_eq!(status(peer, &told).await, 404, "{peer:?}");
    }
    let proxy = Some("10.1.2.3");
    assert_eq!(status(proxy, &told[..1]).await, 404, "no roles");
    assert_eq!(status(proxy, &told[1..]).await, 404, "roles of nobody");
    assert_eq!(status(proxy, &[("x-forwarded-user", ""), told[1]]).await, 404, "an empty name is nobody's");
    assert_eq!(status(proxy, &[("x-forwarded-user", "ann"), ("x-forwarded-roles", "read er")]).await, 404);
    // One of two is the client's.
    assert_eq!(status(proxy, &[told[0], told[0], told[1]]).await, 400);
    assert_eq!(status(proxy, &[told[0], told[1], ("X-Forwarded-Roles", "admin")]).await, 400);
}

/// Answers which of the headers are left.
struct Left;

impl Filter for Left {
    async fn request_ready(&self, request: &mut Request) -> graticule::Result<Flow> {
        let head = request.head();
        let left = head.headers.keys().filter(|name| name.as_str().starts_with("x-forwarded-")).count();
        let text = format!("{left} {}", head.principal.is_some());
        Ok(Flow::Respond(graticule::message::response::Response::ok("text/plain", text.into_bytes())))
    }
}

#[tokio::test]
async fn headers_of_strangers_reach_nobody() {
    use graticule::access::PRIORITY;
    use graticule::access::proxy::TrustedProxy;
    let proxy = TrustedProxy::new(
        "x-forwarded-user".parse().unwrap(),
        Some("x-forwarded-roles".parse().unwrap()),
        vec!["10.0.0.0/8".parse().unwrap()],
    );
    let builder = graticule::standard::server(graticule::project::catalog::Project::new("t"));
    let server = builder.filter(Left, 0).filter(proxy, PRIORITY).build().unwrap();
    let told = [("x-forwarded-user", "ann"), ("x-forwarded-user", "bob"), ("x-forwarded-roles", "reader")];
    assert_eq!(ask(&server, "/", &told).await.text, "0 false");
    let mut request = get("/", &told[1..]);
    request.head_mut().peer = Some("10.0.0.1".parse().unwrap());
    assert_eq!(answer(&server, request).await.text, "2 true");
}

#[tokio::test]
async fn addresses_that_cannot_be_read_are_not_believed() {
    let (server, faults) = faulty(&SETTINGS.replace("'10.0.0.0/8', '::1'", "'10.0.0.0/99'"));
    assert_eq!(faults.len(), 2, "{faults:?}");
    let mut request = get(ITEMS, &[("x-forwarded-user", "ann"), ("x-forwarded-roles", "reader")]);
    request.head_mut().peer = Some("10.0.0.1".parse().unwrap());
    assert_eq!(answer(&server, request).await.status, 404);
}
