//! An I/O filter that lets nobody in who does not say who they are: a browser is led to a page to log on, others are
//! answered 401, each in the dialect that it speaks. The token is `demo`; whoever has it in earnest keeps it elsewhere.
//!
//! `cargo run --example auth_filter`, then <http://127.0.0.1:8080/>

use std::error::Error;

use clap::Parser;
use graticule::exchange::{Filter, Flow};
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::message::principal::Principal;
use graticule::message::request::{COMPONENT, Head, Request};
use graticule::message::response::Response;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::web::negotiate::prefers_html;
use graticule::{Kind, Result, standard};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::utf8_percent_encode;
use tokio::net::TcpListener;

const TOKEN: &str = "demo";
const LOGIN: &str = "<!DOCTYPE html><title>Log on</title><form method=\"post\">
<label>Token <input name=\"token\" type=\"password\"></label> <button>Log on</button></form>\n";

struct AuthFilter;

impl Filter for AuthFilter {
    async fn request_ready(&self, request: &mut Request) -> Result<Flow> {
        let head = request.head();
        if head.path == "/login" {
            return Ok(Flow::Respond(log_on(head)));
        }
        if has_token(head) {
            request.head_mut().principal = Some(Principal::new("demo", ["user"]));
            return Ok(Flow::Continue);
        }
        if prefers_html(None, None, &head.headers) && head.method == Method::GET {
            let next = utf8_percent_encode(&head.path, COMPONENT);
            return Ok(Flow::Respond(led_to(&format!("{}/login?next={next}", head.prefix), StatusCode::FOUND)));
        }
        // A problem document of an API, an exception report of a service.
        let error = graticule::Error::new(Kind::Unauthorized, "a token is needed: Authorization: Bearer …");
        Err(error.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
    }
}

/// The token as a program sends it, or as a browser keeps it.
fn has_token(head: &Head) -> bool {
    let value = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let cookie = value(header::COOKIE).split(';').any(|cookie| cookie.trim() == format!("token={TOKEN}"));
    cookie || value(header::AUTHORIZATION).strip_prefix("Bearer ") == Some(TOKEN)
}

/// The form, or where it leads once it is filled in rightly.
fn log_on(head: &Head) -> Response {
    if head.parameters.value_of("token") != Some(TOKEN) {
        return Response::ok("text/html; charset=utf-8", LOGIN);
    }
    // A path of this server alone: `//host` and `/\host` would lead to another.
    let next =
        head.parameters.value_of("next").filter(|next| next.starts_with('/') && !next[1..].starts_with(['/', '\\']));
    let mut response = led_to(&format!("{}{}", head.prefix, next.unwrap_or("/")), StatusCode::SEE_OTHER);
    let cookie = HeaderValue::from_static("token=demo; Path=/; HttpOnly; SameSite=Lax");
    response.set(header::SET_COOKIE, cookie);
    response
}

fn led_to(place: &str, status: StatusCode) -> Response {
    let mut response = Response::new(status);
    if let Ok(place) = HeaderValue::try_from(place) {
        response.set(header::LOCATION, place);
    }
    response.set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[derive(Parser)]
struct Options {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let options = Options::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
    // The first of all: whoever is not let in is seen by no other filter on the way in.
    let server = standard::server(opened.project).filter(AuthFilter, -100).build()?;
    let listener = TcpListener::bind(options.listen).await?;
    eprintln!("http://{}/", listener.local_addr()?);
    Ok(serve(server, listener, Patience::default(), stopped()).await?)
}
