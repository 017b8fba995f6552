//! The landing page (Part 1, 7.2).

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Json, NoParams, Route, get};
use crate::apis::json_ld;
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::error::Result;
use crate::server::context::Context;

/// The landing page
#[derive(Serialize, ToSchema)]
struct LandingPage {
    /// Title
    title: String,
    /// Description
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// What there is
    links: Vec<Link>,
}

pub(super) fn route() -> Route {
    get("", "getLandingPage", landing_page)
        .summary("Landing page")
        .description("The landing page leads to the API's definition, to what it conforms to, and to its collections.")
        .tags(["Capabilities"])
        .link("OGC API Features", Rel::Service)
        .formats([Format::Json, Format::Html])
}

async fn landing_page(cx: Context, _: NoParams) -> Result<Json<LandingPage>> {
    let project = cx.project();
    let link =
        |path: &str, rel, format: Format, title: &str| Link::new(cx.api_url(path), rel, format.media_type(), title);
    let mut links = vec![
        link("/api", Rel::ServiceDesc, Format::OpenApi, "The definition of this API, for machines"),
        link("/api.html", Rel::ServiceDoc, Format::Html, "The definition of this API, for people"),
        link("/conformance", Rel::Conformance, Format::Json, "What this API conforms to"),
        link("/collections", Rel::Data, Format::Json, "The collections"),
    ];
    links.extend(license(&cx));
    let page = LandingPage { title: project.title.clone(), description: project.description.clone(), links };
    let of = cx.clone();
    Ok(Json::new(page).told(move |value| json_ld::words(json_ld::catalogue(&of, value))))
}

/// The link to the licence, where the project has one with an address.
pub(super) fn license(cx: &Context) -> Option<Link> {
    let license = cx.project().license.as_ref()?;
    Some(Link::new(license.url.clone()?, Rel::License, Format::Html.media_type(), &license.name))
}
