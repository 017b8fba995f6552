//! Keys at an address: fetched once, again when they are old or a key is new, never too often, and kept when a fetch fails.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use graticule::access::PRIORITY;
use graticule::access::jwt::{Bearer, Expected, KeyUrl};
use graticule::project::access_settings::Algorithm;
use graticule::project::catalog::Project;
use graticule::{Server, standard};
use serde_json::{Value, json};

use crate::kit::{ask, server};
use crate::tokens::{Issuer, claims};

const LONG: Duration = Duration::from_secs(3600);

/// An issuer's web server on a free port.
#[derive(Clone)]
struct Issuing {
    url: String,
    /// What it answers; nothing at all where empty.
    answer: Arc<Mutex<Vec<u8>>>,
    asked: Arc<AtomicUsize>,
}

impl Issuing {
    fn start(keys: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let this = Self { url, answer: Arc::default(), asked: Arc::default() };
        this.publish(keys);
        let them = this.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    head.push(byte[0]);
                }
                them.asked.fetch_add(1, Ordering::SeqCst);
                // A client that has seen enough closes early.
                let _ = stream.write_all(&them.answer.lock().unwrap().clone());
            }
        });
        this
    }

    fn answer(&self, status: &str, body: &str) {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        *self.answer.lock().unwrap() = (head + body).into_bytes();
    }

    fn publish(&self, keys: &Value) {
        self.answer("200 OK", &keys.to_string());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn server(&self, pause: Duration, age: Duration) -> Server {
        let expected = Expected {
            issuers: vec!["https://id.example".into()],
            audiences: vec!["gis".into()],
            ..Expected::default()
        };
        let bearer = Bearer::new("r", vec![Algorithm::ES256, Algorithm::EdDSA], Vec::new(), expected);
        let bearer = bearer.with_url(KeyUrl::with_times(&self.url, pause, age).unwrap());
        standard::server(Project::new("Empty")).filter(bearer, PRIORITY).build().unwrap()
    }
}

async fn status(server: &Server, token: &str) -> u16 {
    ask(server, "/ogcapi", &[("authorization", &format!("Bearer {token}"))]).await.status.as_u16()
}

fn header(kid: &str) -> Value {
    json!({ "alg": "ES256", "kid": kid })
}

#[tokio::test]
async fn keys_are_fetched_once_however_many_ask() {
    let issuer = Issuer::new();
    let issuing = Issuing::start(&issuer.jwks());
    let server = issuing.server(LONG, LONG);
    assert_eq!((ask(&server, "/ogcapi", &[]).await.status.as_u16(), issuing.asked()), (200, 0), "no token, no fetch");
    let token = issuer.sign(&header("p"), &claims());
    let asked = (0..8).map(|_| {
        let (server, token) = (server.clone(), token.clone());
        tokio::spawn(async move { status(&server, &token).await })
    });
    for answer in asked.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap(), 200);
    }
    assert_eq!(issuing.asked(), 1);
}

#[tokio::test]
async fn a_wrong_signature_by_a_known_key_fetches_nothing() {
    let issuer = Issuer::new();
    let issuing = Issuing::start(&issuer.jwks());
    let server = issuing.server(Duration::ZERO, LONG);
    assert_eq!(status(&server, &issuer.sign(&header("p"), &claims())).await, 200);
    let forged = Issuer::new().sign(&header("p"), &claims());
    assert_eq!((status(&server, &forged).await, issuing.asked()), (401, 1));
}

#[tokio::test]
async fn a_new_key_is_fetched_and_an_old_one_goes() {
    let (old, new) = (Issuer::new(), Issuer::new());
    let issuing = Issuing::start(&old.jwks());
    let server = issuing.server(Duration::ZERO, LONG);
    let before = old.sign(&header("p"), &claims());
    assert_eq!(status(&server, &before).await, 200);
    let mut keys = new.jwks();
    keys["keys"][1]["kid"] = "next".into();
    issuing.publish(&keys);
    assert_eq!(status(&server, &new.sign(&header("next"), &claims())).await, 200);
    assert_eq!(status(&server, &before).await, 401, "its key is gone");
    // A token that names no key, signed by one that came later.
    issuing.publish(&old.jwks());
    assert_eq!(status(&server, &old.sign(&json!({ "alg": "ES256" }), &claims())).await, 200);
}

#[tokio::test]
async fn an_emptied_set_revokes_its_keys() {
    let issuer = Issuer::new();
    let issuing = Issuing::start(&issuer.jwks());
    let server = issuing.server(Duration::ZERO, LONG);
    let token = issuer.sign(&header("p"), &claims());
    assert_eq!(status(&server, &token).await, 200);
    issuing.publish(&json!({ "keys": [] }));
    // An unknown name has the keys fetched again.
    assert_eq!(status(&server, &issuer.sign(&header("next"), &claims())).await, 401);
    assert_eq!(status(&server, &token).await, 401);
}

#[tokio::test]
async fn made_up_keys_do_not_make_the_issuer_suffer() {
    let issuer = Issuer::new();
    let issuing = Issuing::start(&issuer.jwks());
    let server = issuing.server(LONG, LONG);
    for kid in ["a", "b", "c", "d"] {
        assert_eq!(status(&server, &issuer.sign(&header(kid), &claims())).await, 401);
    }
    assert_eq!(status(&server, &issuer.sign(&header("p"), &claims())).await, 200);
    assert_eq!(issuing.asked(), 1);
}

#[tokio::test]
async fn keys_grow_old_and_stay_where_a_fetch_fails() {
    let issuer = Issuer::new();
    let issuing = Issuing::start(&issuer.jwks());
    let server = issuing.server(Duration::ZERO, Duration::ZERO);
    let token = issuer.sign(&header("p"), &claims());
    assert_eq!(status(&server, &token).await, 200);
    let large = format!("{{\"keys\":[\"{}\"]}}", "x".repeat(2 << 20));
    for (status_line, body) in
        [("500 Internal Server Error", ""), ("200 OK", "{"), ("200 OK", "{}"), ("200 OK", &large)]
    {
        issuing.answer(status_line, body);
        let before = issuing.asked();
        while issuing.asked() == before {
            assert_eq!(status(&server, &token).await, 200, "{status_line}");
            tokio::task::yield_now().await;
        }
        // The same by way of an unknown key, which waits for the fetch.
        assert_eq!(status(&server, &issuer.sign(&header("x"), &claims())).await, 401);
        assert_eq!(status(&server, &token).await, 200, "the last good keys stay: {status_line}");
    }
}

#[tokio::test]
async fn without_keys_no_token_is_believed() {
    let issuer = Issuer::new();
    let issuing = Issuing::start(&issuer.jwks());
    issuing.answer("500 Internal Server Error", "");
    let server = issuing.server(Duration::ZERO, LONG);
    let token = issuer.sign(&header("p"), &claims());
    let answer = ask(&server, "/ogcapi", &[("authorization", &format!("Bearer {token}"))]).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after").as_str()), (503, "10"));
    assert!(!answer.text.contains("127.0.0.1"), "{}", answer.text);
    issuing.publish(&issuer.jwks());
    assert_eq!(status(&server, &token).await, 200);
}

#[tokio::test]
async fn an_address_can_stand_in_the_project_file() {
    let issuer = Issuer::new();
    let issuing = Issuing::start(&issuer.jwks());
    let server = server(&format!("[access.jwt]\njwks = '{}'\naudience = 'gis'", issuing.url));
    assert_eq!(status(&server, &issuer.sign(&header("p"), &claims())).await, 200);
    assert_eq!(status(&server, &Issuer::new().sign(&header("p"), &claims())).await, 401);
    assert_eq!(issuing.asked(), 1);
}
