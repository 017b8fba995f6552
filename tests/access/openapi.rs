//! The OpenAPI documents tell the ways to say who asks.

use serde_json::json;

use crate::kit::{ask, server, users};

#[tokio::test]
async fn the_ways_to_say_who_asks_are_described() {
    let key = "[[access.keys]]\nname = 'robot'\nsha256 = '".to_owned() + &"a".repeat(64) + "'\n";
    let jwt = "[access.jwt]\nsecret = 'a secret that is long enough for HS256'\n";
    let settings = format!("[access]\nkey_header = 'X-Key'\n{}{key}{jwt}", users(&["ann:reader"]));
    let server = server(&settings);
    for path in ["/api", "/ogcapi/api"] {
        let document = ask(&server, path, &[]).await.json();
        assert_eq!(
            document["components"]["securitySchemes"],
            json!({
                "password": { "type": "http", "scheme": "basic" },
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "key": { "type": "apiKey", "in": "header", "name": "x-key" },
                "keyParameter": { "type": "apiKey", "in": "query", "name": "api_key" },
            })
        );
        let ways = json!([{}, { "password": [] }, { "token": [] }, { "key": [] }, { "keyParameter": [] }]);
        assert_eq!(document["security"], ways, "nobody must");
    }
}

#[tokio::test]
async fn where_one_must_be_taken_it_says_so_and_what_is_open_as_well() {
    let server = server(&format!("[access]\nrequire = true\n{}", users(&["ann:reader"])));
    let ann = crate::kit::basic("ann", "ann");
    let document = ask(&server, "/api", &[("authorization", &ann)]).await.json();
    assert_eq!(document["security"], json!([{ "password": [] }]));
    assert_eq!(document["paths"]["/health"]["get"]["security"], json!([]));
    assert!(document["paths"]["/ogcapi"]["get"].get("security").is_none());
}

#[tokio::test]
async fn without_access_settings_nothing_is_said() {
    let document = ask(&server("[access]\n"), "/api", &[]).await.json();
    assert!(document.get("security").is_none() && document["components"].get("securitySchemes").is_none());
}
