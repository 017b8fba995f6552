//! What is registered wrongly is told when the server is built: every fault of every registration at once.

use graticule::api::{NoParams, OgcApi, Text, get};
use graticule::base::format::Format;
use graticule::project::catalog::Project;
use graticule::utoipa::{self, IntoParams, ToSchema};
use graticule::{Context, Server};
use serde::Deserialize;

async fn nothing(_: Context, _: NoParams) -> graticule::Result<Text> {
    Ok(Text(String::new()))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
}

#[derive(Deserialize, IntoParams)]
#[allow(dead_code)]
struct Referring {
    colour: Option<Colour>,
}

async fn referring(_: Context, _: Referring) -> graticule::Result<Text> {
    Ok(Text(String::new()))
}

#[derive(Deserialize, IntoParams)]
#[allow(dead_code)]
struct Hidden {
    #[serde(default)]
    quiet: u32,
}

async fn hidden(_: Context, _: Hidden) -> graticule::Result<Text> {
    Ok(Text(String::new()))
}

#[derive(Deserialize, IntoParams)]
#[allow(dead_code)]
struct BadPattern {
    #[param(pattern = "(")]
    word: Option<String>,
}

async fn bad_pattern(_: Context, _: BadPattern) -> graticule::Result<Text> {
    Ok(Text(String::new()))
}

#[test]
fn all_faults_are_told_at_once() {
    let first = OgcApi::new("/first", "First")
        .route(get("/(", "bad_regex", nothing))
        .route(get("/a|/b", "needs_template", nothing))
        .route(get("/(?P<group>[^/]+)", "group_without_field", nothing))
        .route(get("/same", "same_id", nothing))
        .route(get("/other", "same_id", nothing))
        .route(get("/none", "no_format", nothing).formats([]))
        .route(get("/json", "impossible_format", nothing).formats([Format::GeoJson]))
        .route(get("/page", "missing_page", nothing).page("nowhere.html"))
        .route(get("/clamp", "clamp_nothing", nothing).clamp("absent"));
    let second = OgcApi::new("/second", "Second")
        .route(get("/ref", "dangling_reference", referring))
        .route(get("/default", "hidden_default", hidden))
        .route(get("/pattern", "pattern_wrong", bad_pattern))
        .template("broken.html", "{% if %}");
    let third = OgcApi::new("/first", "Third").route(get("", "taken_root", nothing));
    let fourth = OgcApi::new("no-slash", "Fourth");
    let named = |name: &str| {
        let mut project = Project::new("P");
        project.name = Some(name.to_owned());
        project
    };
    let built = Server::builder(Project::new("Test"))
        .api(first)
        .api(second)
        .api(third)
        .api(fourth)
        .api(OgcApi::new("/health", "Fifth"))
        .api(OgcApi::new("/a b", "Sixth"))
        .project(named("static"))
        .project(named("first"))
        .project(named("a/b"))
        .project(named("twice"))
        .project(named("twice"))
        .build();
    let Err(faults) = built else { panic!("it was built") };
    let told = faults.to_string();
    for word in [
        "bad_regex",
        "needs_template",
        "'group'",
        "same_id",
        "no_format",
        "impossible_format",
        "nowhere.html",
        "absent",
        "dangling_reference",
        "hidden_default",
        "pattern_wrong",
        "broken.html",
        "'/first' of 'Third'",
        "no-slash",
        "'/health'",
        "'/a b'",
        "'static'",
        "'first'",
        "'a/b'",
        "'twice'",
    ] {
        assert!(told.contains(word), "{word} is not told:\n{told}");
    }
    assert!(faults.0.len() >= 17);
}

#[derive(Deserialize, IntoParams)]
#[allow(dead_code)]
struct Contradicting {
    #[param(minimum = 5, maximum = 1)]
    upside_down: Option<u32>,
    #[param(minimum = 1, maximum = 3, default = 99)]
    beyond: u32,
    f: Option<String>,
}

async fn contradicting(_: Context, _: Contradicting) -> graticule::Result<Text> {
    Ok(Text(String::new()))
}

#[test]
fn what_contradicts_itself_is_told_when_the_server_is_built() {
    let wrong = OgcApi::new("/wrong", "Wrong")
        .route(get("/a", "contradicting", contradicting))
        .route(get("/b", "first", nothing))
        .route(get("/b", "second", nothing))
        .route(get("/api", "third", nothing))
        .route(get("no-slash", "fourth", nothing))
        .route(get("/c", "fifth", nothing).template("/c/{stranger}"))
        .route(get("/d", "a b/../c", nothing));
    let empty = OgcApi::new("/empty", "Empty");
    let faults = Server::builder(Project::new("Faulty")).api(wrong).api(empty).build().err().unwrap().to_string();
    for told in [
        "minimum 5 is above its maximum 1",
        "'beyond': its default is not allowed",
        "the parameter 'f' is the framework's own",
        "operation 'second': GET /b is another's already",
        "operation 'third': GET /api is another's already",
        "its path 'no-slash' is neither empty nor begins with a slash",
        "its template names 'stranger'",
        "operation 'a b/../c': an operation id has letters",
        "'Empty' has no route",
    ] {
        assert!(faults.contains(told), "{told} is not among:\n{faults}");
    }
}
