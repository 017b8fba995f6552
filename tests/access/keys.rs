//! Keys of programs.

use graticule::access::keys::{generate, hash};
use graticule::message::request::Request;
use http::Method;

use crate::kit::{answer, ask, faulty, server};

const ITEMS: &str = "/ogcapi/collections/countries/items";

fn settings(key: &str) -> String {
    format!(
        "[[access.keys]]\nname = 'robot'\nsha256 = '{}'\nroles = ['reader']\n\
         [[access.rules]]\nlayers = 'countries'\nroles = 'reader'\n",
        hash(key)
    )
}

#[tokio::test]
async fn in_the_header_and_in_the_query() {
    let key = generate().unwrap();
    let server = server(&settings(&key));
    assert_eq!(ask(&server, ITEMS, &[]).await.status, 404);
    assert_eq!(ask(&server, ITEMS, &[("x-api-key", &key)]).await.matched(), 177);
    for name in ["api_key", "API_KEY", "api%5fkey"] {
        let answer = ask(&server, &format!("{ITEMS}?{name}={key}&limit=2"), &[]).await;
        assert_eq!(answer.matched(), 177);
        assert!(answer.text.contains("limit=2") && !answer.text.contains(&key), "{}", answer.text);
    }
    let page = ask(&server, &format!("{ITEMS}?api_key={key}"), &[("accept", "text/html")]).await;
    assert!(page.status == 200 && !page.text.contains(&key) && !page.header("link").contains(&key));
}

#[tokio::test]
async fn a_wrong_one_is_refused_and_told_nowhere() {
    let key = generate().unwrap();
    let server = server(&settings(&key));
    for wrong in ["", "wrongkey", &key[1..], &format!("{key}x"), &hash(&key)] {
        for (url, headers) in [
            (ITEMS.to_owned(), vec![("x-api-key", wrong)]),
            (format!("{ITEMS}?api_key={wrong}"), vec![]),
            (format!("{ITEMS}?api_key={wrong}"), vec![("accept", "text/html")]),
        ] {
            let answer = ask(&server, &url, &headers).await;
            assert_eq!(answer.status, 401, "{wrong}");
            assert_eq!(answer.header("www-authenticate"), "ApiKey realm=\"Graticule\", header=\"x-api-key\"");
            assert!(wrong.is_empty() || !answer.text.contains(wrong), "{}", answer.text);
        }
    }
    assert_eq!(ask(&server, &format!("{ITEMS}?api_key=%ff"), &[]).await.status, 401);
    let two = format!("{ITEMS}?api_key={key}&api_key={key}");
    assert_eq!(ask(&server, &two, &[]).await.status, 401);
    assert_eq!(ask(&server, &format!("{ITEMS}?api_key={key}"), &[("x-api-key", &key)]).await.status, 401);
}

#[tokio::test]
async fn names_can_be_set() {
    let key = generate().unwrap();
    let named = server(&format!("[access]\nkey_header = 'X-Token'\nkey_parameter = 'token'\n{}", settings(&key)));
    assert_eq!(ask(&named, ITEMS, &[("x-token", &key)]).await.status, 200);
    assert_eq!(ask(&named, &format!("{ITEMS}?token={key}"), &[]).await.status, 200);
    // Without a key there is no such collection.
    assert_eq!(ask(&named, &format!("{ITEMS}?api_key={key}"), &[]).await.status, 404);
    let without = server(&format!("[access]\nkey_parameter = ''\n{}", settings(&key)));
    assert_eq!(ask(&without, &format!("/ogcapi/collections/cities/items?api_key={key}"), &[]).await.status, 400);
    let (_, faults) = faulty("[access]\nkey_header = 'a b'\n[[access.keys]]\nname = 'r'\nsha256 = '00'");
    assert_eq!(faults.len(), 2, "{faults:?}");
}

#[tokio::test]
async fn caches_and_browsers_know_of_the_header() {
    let key = generate().unwrap();
    let server = server(&settings(&key));
    let cut = ask(&server, ITEMS, &[("x-api-key", &key)]).await;
    assert_eq!(cut.header("cache-control"), "private, no-cache");
    assert!(cut.header("vary").contains("x-api-key") && cut.header("vary").contains("Authorization"));
    let mut preflight = Request::new(Method::OPTIONS, ITEMS);
    preflight.head_mut().headers.insert("access-control-request-method", "GET".parse().unwrap());
    assert!(answer(&server, preflight).await.header("access-control-allow-headers").ends_with(", x-api-key"));
}
