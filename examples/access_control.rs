//! Access control, every callback of it: who may see which layers, rows and properties. `Authorization: Bearer admin` sees
//! all, `Bearer user` some, and whoever says nothing the least.
//!
//! `cargo run --example access_control`, then `curl -H 'Authorization: Bearer user' http://127.0.0.1:8080/ogcapi/collections`

use std::error::Error;

use clap::Parser;
use graticule::data::policy::{AccessControl, Admission, CacheScope, LayerRef, Permissions};
use graticule::exchange::{Filter, Flow};
use graticule::expr::Expr;
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::message::principal::Principal;
use graticule::message::request::{Head, Request};
use graticule::model::batch::Row;
use graticule::model::value::Value;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::{Result, standard};
use http::header;
use tokio::net::TcpListener;

/// Finds out who asks: an authentication is an I/O filter that sets the principal.
struct Tokens;

impl Filter for Tokens {
    async fn request_ready(&self, request: &mut Request) -> Result<Flow> {
        let header = request.head().headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let role = match header.and_then(|value| value.strip_prefix("Bearer ")) {
            Some("admin") => "admin",
            Some("user") => "user",
            _ => return Ok(Flow::Continue),
        };
        request.head_mut().principal = Some(Principal::new(role, [role]));
        Ok(Flow::Continue)
    }
}

/// The policy: looks at each request once.
struct Roles;

impl AccessControl for Roles {
    async fn admit(&self, request: &Head) -> Result<Box<dyn Admission>> {
        let role = match &request.principal {
            Some(principal) if principal.has_role("admin") => Role::Admin,
            Some(_) => Role::User,
            None => Role::Public,
        };
        Ok(Box::new(role))
    }
}

/// What one request may do: plain questions for each layer.
#[derive(PartialEq)]
enum Role {
    Admin,
    User,
    Public,
}

impl Admission for Role {
    /// Nobody but an admin may write; the public does not know of the cities.
    fn layer_permissions(&self, layer: LayerRef<'_>) -> Permissions {
        match self {
            Role::Admin => Permissions::ALL,
            Role::Public if layer.id == "cities" => Permissions::NONE,
            _ => Permissions::READ,
        }
    }

    /// The public sees the countries of Europe.
    fn layer_filter_expression(&self, layer: LayerRef<'_>) -> Result<Option<Expr>> {
        let europe = || Expr::equals("continent", Value::Text("Europe".to_owned()));
        Ok((*self == Role::Public && layer.id == "countries").then(europe))
    }

    /// The same in the source's own language: none of the small countries, but for an admin.
    fn layer_filter_subset(&self, layer: LayerRef<'_>) -> Option<String> {
        (*self != Role::Admin && layer.id == "countries").then(|| "pop_est >= 1000000".to_owned())
    }

    /// What a country earns is for admins.
    fn authorized_attributes(&self, _: LayerRef<'_>, mut attributes: Vec<String>) -> Vec<String> {
        attributes.retain(|name| *self == Role::Admin || name != "gdp_md_est");
        attributes
    }

    /// Asked of each feature that is written, once there are services that write.
    fn allow_to_edit(&self, _: LayerRef<'_>, _: Row<'_>) -> bool {
        *self == Role::Admin
    }

    /// Whoever has the same role may share answers.
    fn cache_scope(&self) -> CacheScope {
        let role = match self {
            Role::Admin => "admin",
            Role::User => "user",
            Role::Public => "public",
        };
        CacheScope::Key(role.to_owned())
    }
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
    let server = standard::server(opened.project).filter(Tokens, 0).access(Roles, 100).build()?;
    let listener = TcpListener::bind(options.listen).await?;
    eprintln!("http://{}/ogcapi/collections", listener.local_addr()?);
    Ok(serve(server, listener, Patience::default(), stopped()).await?)
}
