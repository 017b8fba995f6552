//! HTTP Basic.

use std::time::{Duration, Instant};

use crate::kit::{ask, basic, faulty, hash_at, server, users};

const LIST: &str = "/ogcapi/collections/countries/items?limit=1";

#[tokio::test]
async fn right_wrong_and_missing() {
    let server = server(&users(&["ann:reader"]));
    assert_eq!(ask(&server, LIST, &[]).await.status, 200, "anonymous");
    assert_eq!(ask(&server, LIST, &[("authorization", &basic("ann", "ann"))]).await.status, 200);
    let (wrong, other) = (basic("ann", "Ann"), basic("bob", "ann"));
    let nonsense = format!("Basic {}", "A".repeat(8000));
    for credentials in
        [&wrong, &other, "Basic", "Basic !", "Basic YQ==", "basic  ", &nonsense, &basic("", ""), &basic("ann", "")]
    {
        let answer = ask(&server, LIST, &[("authorization", credentials)]).await;
        assert_eq!(answer.status, 401, "{credentials}");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"Graticule\", charset=\"UTF-8\"");
        assert_eq!(answer.json()["detail"], "the name or the password is wrong");
    }
    // A scheme that nobody here speaks is for somebody else.
    assert_eq!(ask(&server, LIST, &[("authorization", "Digest x")]).await.status, 200);
    let twice = [("authorization", "Digest x"), ("authorization", &*basic("ann", "ann"))];
    assert_eq!(ask(&server, LIST, &twice).await.status, 401);
}

#[tokio::test]
async fn the_refusal_speaks_the_dialect_of_the_request() {
    let server = server(&users(&["ann"]));
    let wrong = basic("ann", "no");
    let page = ask(&server, LIST, &[("authorization", &wrong), ("accept", "text/html")]).await;
    assert!(page.status == 401 && page.header("content-type").starts_with("text/html"));
    assert!(page.header("www-authenticate").starts_with("Basic"));
    let report = ask(&server, "/ows?SERVICE=WMS&REQUEST=GetMap", &[("authorization", &wrong)]).await;
    assert!(report.status == 401 && report.text.contains("ExceptionReport"), "{}", report.text);
    assert!(report.header("www-authenticate").starts_with("Basic"));
}

#[tokio::test]
async fn passwords_may_be_any_text() {
    let user = format!("[[access.users]]\nname = 'zoë'\npassword = '{}'\n", hash_at("a:b:ü", 8, 1));
    let server = server(&format!("access.require = true\n{user}"));
    assert_eq!(ask(&server, LIST, &[("authorization", &basic("zoë", "a:b:ü"))]).await.status, 200);
    assert_eq!(ask(&server, LIST, &[("authorization", &basic("zoë", "a"))]).await.status, 401);
}

#[tokio::test]
async fn a_hash_that_cannot_be_read_lets_nobody_in() {
    let (server, faults) = faulty(
        "[access]\nrequire = true\n[[access.users]]\nname = 'ann'\npassword = 'hunter2'\n[[access.users]]\nname = 'a:b'\npassword = '$argon2id$'",
    );
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("'ann'") && !faults.concat().contains("hunter2"));
    for password in ["", "hunter2"] {
        assert_eq!(ask(&server, LIST, &[("authorization", &basic("ann", password))]).await.status, 401);
    }
}

/// Whoever tries names does not learn from the clock which there are.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let user = format!("[[access.users]]\nname = 'ann'\npassword = '{}'\n", hash_at("ann", 16 * 1024, 2));
    let server = server(&user);
    let mut least = [Duration::MAX; 3];
    for round in 0..5 {
        let tries = [basic("ann", &format!("no{round}")), basic("bob", &format!("no{round}")), basic("ann", "ann")];
        for (credentials, least) in tries.iter().zip(&mut least) {
            let start = Instant::now();
            ask(&server, LIST, &[("authorization", credentials)]).await;
            *least = start.elapsed().min(*least);
        }
    }
    let [wrong, unknown, right] = least;
    assert!(unknown > wrong / 3, "unknown {unknown:?}, wrong {wrong:?}");
    // The right one was verified once, and remembered.
    assert!(right < wrong / 2, "right {right:?}, wrong {wrong:?}");
}
