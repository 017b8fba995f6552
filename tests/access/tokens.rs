//! Bearer tokens: what is signed by the right key is believed, and nothing else.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use graticule::Server;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

use crate::kit::{Answer, ask, faulty, server};

const ITEMS: &str = "/ogcapi/collections/countries/items?limit=1";
const SECRET: &str = "a secret that is long enough for HS256";

/// An issuer with a key of each kind.
pub(crate) struct Issuer {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

impl Issuer {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Self {
            // ring makes no RSA keys; this one is for these tests alone.
            rsa: RsaKeyPair::from_pkcs8(include_bytes!("rsa2048.pk8")).unwrap(),
            p256: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, p256.as_ref(), &random).unwrap(),
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
        }
    }

    fn rsa_parts(&self) -> PublicKeyComponents<Vec<u8>> {
        self.rsa.public().into()
    }

    pub(crate) fn jwks(&self) -> Value {
        let (rsa, point) = (self.rsa_parts(), self.p256.public_key().as_ref());
        json!({ "keys": [
            { "kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256", "n": encode(rsa.n), "e": encode(rsa.e) },
            { "kty": "EC", "kid": "p", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..]) },
            { "kty": "OKP", "kid": "e", "crv": "Ed25519", "x": encode(self.ed.public_key()) },
            { "kty": "oct", "kid": "s", "k": encode(SECRET) },
            { "kty": "new", "odd": [1] },
        ] })
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = match header["alg"].as_str().unwrap_or_default() {
            "RS256" => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
                signature
            }
            "ES256" => self.p256.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref().to_vec(),
            "EdDSA" => self.ed.sign(text.as_bytes()).as_ref().to_vec(),
            "HS256" => return with_secret(&text, SECRET.as_bytes()),
            _ => Vec::new(),
        };
        format!("{text}.{}", encode(signature))
    }

    fn file(&self, path: &Path) {
        std::fs::write(path, self.jwks().to_string()).unwrap();
    }
}

fn with_secret(text: &str, secret: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
    format!("{text}.{}", encode(tag))
}

pub(crate) fn claims() -> Value {
    json!({ "sub": "ann", "iss": "https://id.example", "aud": ["gis"], "exp": now() + 300,
            "realm_access": { "roles": ["reader"] }, "part": "Africa" })
}

fn settings(path: &Path, more: &str) -> String {
    format!(
        "[access.jwt]\njwks = '{}'\nissuer = 'https://id.example'\naudience = 'gis'\nroles = 'realm_access.roles'\n{more}\n\
         [[access.rules]]\nlayers = 'countries'\nroles = 'reader'\nrows = 'continent = :part'\n",
        path.display()
    )
}

async fn bearer(server: &Server, token: &str) -> Answer {
    ask(server, ITEMS, &[("authorization", &format!("Bearer {token}"))]).await
}

async fn is_refused(server: &Server, token: &str) -> bool {
    let answer = bearer(server, token).await;
    let challenge = answer.header("www-authenticate");
    answer.status == 401 && challenge.contains("Bearer realm=\"Graticule\", error=\"invalid_token\"")
}

#[tokio::test]
async fn each_algorithm_is_believed_where_it_is_set() {
    let (issuer, folder) = (Issuer::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("keys.json");
    issuer.file(&path);
    let all = server(&settings(&path, ""));
    assert_eq!(ask(&all, ITEMS, &[]).await.status, 404, "anonymous");
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let kid = algorithm[..1].to_lowercase();
        for header in [json!({ "alg": algorithm }), json!({ "alg": algorithm, "typ": "at+jwt" })] {
            let answer = bearer(&all, &issuer.sign(&header, &claims())).await;
            assert_eq!(answer.matched(), 51, "{algorithm}");
        }
        let kid = if algorithm == "ES256" { "p" } else { &kid };
        assert_eq!(bearer(&all, &issuer.sign(&json!({ "alg": algorithm, "kid": kid }), &claims())).await.matched(), 51);
        for kid in ["x", "s", ""] {
            assert!(is_refused(&all, &issuer.sign(&json!({ "alg": algorithm, "kid": kid }), &claims())).await, "{kid}");
        }
        let one = server(&settings(&path, "algorithms = ['ES256']"));
        let is_es = algorithm == "ES256";
        assert_ne!(is_refused(&one, &issuer.sign(&json!({ "alg": algorithm }), &claims())).await, is_es);
    }
}

#[tokio::test]
async fn nothing_unsigned_forged_or_confused_is_believed() {
    let (issuer, folder) = (Issuer::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("keys.json");
    issuer.file(&path);
    let public = server(&settings(&path, ""));
    let both = server(&settings(&path, &format!("secret = '{SECRET}'")));
    let good = issuer.sign(&json!({ "alg": "RS256", "kid": "r" }), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let mut wrong: Vec<String> = vec![
        signed.to_owned(),
        format!("{signed}."),
        format!("{signed}.{}", &signature[..signature.len() - 4]),
        format!("{signed}.{}", encode([0; 256])),
        format!("{good}.{signature}"),
        good.replacen('.', "..", 1),
        "a.b.c".to_owned(),
        String::new(),
    ];
    // Claims of another, under the signature of this one.
    let header = signed.split('.').next().unwrap();
    let mut others = claims();
    others["sub"] = "root".into();
    wrong.push(format!("{header}.{}.{signature}", encode(others.to_string())));
    for alg in [json!("none"), json!("None"), json!(""), json!(null), json!("HS256"), json!("RS512"), json!("ES256")] {
        let header = encode(json!({ "alg": alg, "kid": "r" }).to_string());
        wrong.push(format!("{header}.{}.{signature}", encode(claims().to_string())));
        wrong.push(format!("{header}.{}.", encode(claims().to_string())));
    }
    // The public key, which everybody has, as the secret of HS256.
    let parts = issuer.rsa_parts();
    let point = issuer.p256.public_key().as_ref().to_vec();
    let file = std::fs::read(&path).unwrap();
    for secret in
        [parts.n.clone(), encode(&parts.n).into_bytes(), point, issuer.ed.public_key().as_ref().to_vec(), file, vec![]]
    {
        for kid in
            [json!({ "alg": "HS256" }), json!({ "alg": "HS256", "kid": "r" }), json!({ "alg": "HS256", "kid": "e" })]
        {
            wrong.push(with_secret(&format!("{}.{}", encode(kid.to_string()), encode(claims().to_string())), &secret));
        }
    }
    // Somebody else's key, also where it comes along in the header.
    let other = Issuer::new();
    let jwk = other.jwks()["keys"][2].clone();
    wrong.push(other.sign(&json!({ "alg": "EdDSA", "kid": "e" }), &claims()));
    wrong.push(other.sign(&json!({ "alg": "EdDSA", "jwk": jwk, "jku": "http://localhost/keys" }), &claims()));
    wrong.push(issuer.sign(&json!({ "alg": "RS256", "crit": ["x"], "x": 1 }), &claims()));
    // The file has this secret, and a file of public keys is no place for one.
    let shared = issuer.sign(&json!({ "alg": "HS256", "kid": "s" }), &claims());
    assert!(is_refused(&public, &shared).await);
    assert_eq!(bearer(&both, &shared).await.matched(), 51);
    for token in &wrong {
        for server in [&public, &both] {
            assert!(is_refused(server, token).await, "{token}");
        }
    }
    assert_eq!(bearer(&both, &good).await.matched(), 51);
    let long = bearer(&public, &format!("{good}{}", "A".repeat(20_000))).await;
    assert!(long.status == 401 && long.text.contains("too long"));
}

#[tokio::test]
async fn what_a_token_says_must_fit() {
    let (issuer, folder) = (Issuer::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("keys.json");
    issuer.file(&path);
    let server = server(&settings(&path, "leeway = 10"));
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        issuer.sign(&json!({ "alg": "EdDSA" }), &claims)
    };
    for (name, value, told) in [
        ("exp", json!(now() - 11), "the token has expired"),
        ("exp", Value::Null, "the token is not valid"),
        ("nbf", json!(now() + 60), "the token is not valid yet"),
        ("nbf", json!("soon"), "the token is not valid yet"),
        ("iss", json!("https://evil.example"), "the token is not valid"),
        ("aud", json!("shop"), "the token is not for this audience"),
        ("aud", Value::Null, "the token is not for this audience"),
        ("sub", Value::Null, "the token is not valid"),
        ("sub", json!(""), "the token is not valid"),
    ] {
        let answer = bearer(&server, &with(name, value.clone())).await;
        assert_eq!(answer.json()["detail"], told, "{name} {value}");
        assert!(answer.header("www-authenticate").contains(told));
    }
    assert_eq!(bearer(&server, &with("exp", json!(now() - 5))).await.matched(), 51);
    assert_eq!(bearer(&server, &with("part", json!("' OR 1=1"))).await.matched(), 0);
    assert_eq!(bearer(&server, &with("part", json!(["Africa"]))).await.matched(), 0);
    assert_eq!(bearer(&server, &with("realm_access", json!({ "roles": ["guest"] }))).await.status, 404);
}

#[tokio::test]
async fn keys_that_change_are_read_again_and_nonsense_is_not() {
    let (old, new, folder) = (Issuer::new(), Issuer::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("keys.json");
    old.file(&path);
    let server = server(&settings(&path, ""));
    let header = json!({ "alg": "ES256", "kid": "p" });
    let (before, after) = (old.sign(&header, &claims()), new.sign(&header, &claims()));
    assert!(bearer(&server, &before).await.status == 200 && bearer(&server, &after).await.status == 401);
    new.file(&path);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(bearer(&server, &after).await.status == 200 && bearer(&server, &before).await.status == 401);
    std::fs::write(&path, "{\"keys\": [").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(bearer(&server, &after).await.status, 200, "the last good keys stay");
    std::fs::write(&path, "{\"keys\": []}").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(bearer(&server, &after).await.status, 401, "an emptied set revokes its keys");
}

#[tokio::test]
async fn settings_without_keys_refuse_all_tokens() {
    let issuer = Issuer::new();
    let token = issuer.sign(&json!({ "alg": "HS256" }), &json!({ "sub": "ann", "exp": now() + 60 }));
    for (settings, told) in [
        ("[access.jwt]\nissuer = 'x'", "neither 'jwks' nor 'secret'"),
        ("[access.jwt]\njwks = 'http://id.example/keys'", "fetched by https"),
        ("[access.jwt]\njwks = '/nowhere/keys.json'", "/nowhere/keys.json"),
        ("[access.jwt]\nsecret = 'short'", "32 bytes"),
        ("[access.jwt]\njwks = '/nowhere'\nalgorithms = ['HS256']", "no key for HS256"),
    ] {
        let (server, faults) = faulty(settings);
        assert!(faults.iter().any(|fault| fault.contains(told)), "{faults:?}");
        assert!(!faults.concat().contains("short"));
        assert!(is_refused(&server, &token).await);
        assert_eq!(ask(&server, ITEMS, &[]).await.status, 200, "anonymous");
    }
}
