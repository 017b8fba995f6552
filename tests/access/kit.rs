//! A server with the sample data under `[access]` settings, and requests to it.

use std::path::PathBuf;

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params};
use graticule::access::Access;
use graticule::message::request::Request;
use graticule::project::open::open;
use graticule::project::settings;
use graticule::{Server, standard};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

/// The sample data.
pub(crate) const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|fault| panic!("{fault}: {}", self.text))
    }

    /// All values of a header, joined.
    pub(crate) fn header(&self, name: &str) -> String {
        let values: Vec<_> = self.headers.get_all(name).iter().map(|it| it.to_str().unwrap().to_owned()).collect();
        values.join(", ")
    }

    pub(crate) fn matched(&self) -> u64 {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["numberMatched"].as_u64().unwrap()
    }
}

/// A server with the sample data at its root and as project `x`, and the faults that were told.
pub(crate) fn faulty(access: &str) -> (Server, Vec<String>) {
    let mut root: settings::Project = toml::from_str(access).unwrap();
    root.data = vec![PathBuf::from(SAMPLE)];
    let access = root.access.take().unwrap();
    let (project, other) = (open(&root, None).project, open(&root, Some("x".to_owned())).project);
    let mut access = Access::new(&access, &[&project, &other]).unwrap();
    let faults = std::mem::take(&mut access.faults);
    let builder = access.register(standard::server(project).project(other));
    (builder.build().unwrap(), faults)
}

/// The same where nothing may be wrong.
pub(crate) fn server(access: &str) -> Server {
    let (server, faults) = faulty(access);
    assert!(faults.is_empty(), "{faults:?}");
    server
}

/// A GET request with headers.
pub(crate) fn get(url: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = Request::get(url);
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        request.head_mut().headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request
}

pub(crate) async fn answer(server: &Server, request: Request) -> Answer {
    let response = server.handle(request).await;
    let (status, headers) = (response.status, response.headers.clone());
    let body = response.body.collect(1 << 24).await.unwrap();
    Answer { status, headers, text: String::from_utf8(body.to_vec()).unwrap() }
}

/// Asks for JSON.
pub(crate) async fn ask(server: &Server, url: &str, headers: &[(&str, &str)]) -> Answer {
    answer(server, get(url, headers)).await
}

/// `Authorization` of HTTP Basic.
pub(crate) fn basic(name: &str, password: &str) -> String {
    use base64::Engine;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}")))
}

/// A hash of a password at a cost in KiB and rounds.
pub(crate) fn hash_at(password: &str, memory: u32, rounds: u32) -> String {
    let argon = Argon2::from(Params::new(memory, rounds, 1, None).unwrap());
    let hash: PasswordHash = argon.hash_password(password.as_bytes()).unwrap();
    hash.to_string()
}

/// Users whose password is their name, for cheap: `ann:reader,editor` has two roles.
pub(crate) fn users(users: &[&str]) -> String {
    let user = |text: &&str| {
        let (name, roles) = text.split_once(':').unwrap_or((text, ""));
        let roles: Vec<_> = roles.split(',').filter(|role| !role.is_empty()).collect();
        format!("[[access.users]]\nname = {name:?}\npassword = {:?}\nroles = {roles:?}\n", hash_at(name, 8, 1))
    };
    users.iter().map(user).collect()
}

/// Names of the features of a page.
pub(crate) fn names(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let features = json["features"].as_array().unwrap();
    features.iter().map(|it| it["properties"]["name"].as_str().unwrap().to_owned()).collect()
}
