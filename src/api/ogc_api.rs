//! An API made of routes: finds the route, checks the parameters, negotiates the format, runs the handler.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value};

use crate::base::format::Format;
use crate::base::link::Link;
use crate::error::{Error, Kind, Result};
use crate::exchange::cache::{CacheKind, Cached};
use crate::message::parameters::{Origin, Parameter};
use crate::message::request::Head;
use crate::message::response::Response;
use crate::project::catalog::{Layer, Project};
use crate::server::api::{Api, ApiInfo};
use crate::server::context::Context;
use crate::web::negotiate::negotiate;
use crate::web::templates::Templates;

use super::check::{check, declared};
use super::handler::NoParams;
use super::html;
use super::openapi;
use super::reply::{Described, Rendering, Reply};
use super::route::{Route, get};

/// An API of described handlers.
pub struct OgcApi {
    info: ApiInfo,
    building: Vec<Route>,
    routes: Arc<Vec<Arc<Route>>>,
    templates: Vec<(String, String)>,
    misfit: Option<fn(&Layer) -> Option<String>>,
}

impl OgcApi {
    /// An API at a root such as `/customapi`, with its title.
    pub fn new(root: impl Into<String>, title: impl Into<String>) -> Self {
        let info = ApiInfo {
            root: root.into(),
            aliases: Vec::new(),
            title: title.into(),
            description: String::new(),
            version: "1.0.0".to_owned(),
        };
        Self { info, building: Vec::new(), routes: Arc::default(), templates: Vec::new(), misfit: None }
    }

    /// What it is for.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.info.description = text.into();
        self
    }

    /// Its version.
    #[must_use]
    pub fn version(mut self, text: impl Into<String>) -> Self {
        self.info.version = text.into();
        self
    }

    /// Another root at which it answers as well; links lead to the first.
    #[must_use]
    pub fn alias(mut self, root: impl Into<String>) -> Self {
        self.info.aliases.push(root.into());
        self
    }

    /// Adds a route; the first that matches a path answers.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.building.push(route);
        self
    }

    /// Brings a template along: `{operationId}.html` is the page of an operation.
    #[must_use]
    pub fn template(mut self, name: impl Into<String>, source: impl Into<String>) -> Self {
        self.templates.push((name.into(), source.into()));
        self
    }

    /// Says why a layer cannot be published by it as it is; the server is not built then.
    #[must_use]
    pub fn misfit(mut self, of: fn(&Layer) -> Option<String>) -> Self {
        self.misfit = Some(of);
        self
    }

    pub(crate) fn routes(&self) -> &Arc<Vec<Arc<Route>>> {
        &self.routes
    }

    /// Who it is.
    pub fn info(&self) -> &ApiInfo {
        &self.info
    }

    /// The document of every API at `{root}/api`, with its page at `{root}/api.html`.
    fn description_route() -> Route {
        get("/api", "getApiDescription", describe)
            .summary("The definition of this API")
            .description("The OpenAPI 3.0 document of this API, and a page to read it and to try it out.")
            .tags(["Capabilities"])
    }

    /// Answers with the route that the path names, once it is known whether its end is a suffix.
    async fn run(&self, cx: &Context, path: &str, suffix: Option<Format>) -> Result<Response> {
        let mut allowed = BTreeSet::new();
        let method = if cx.head().method == Method::HEAD { &Method::GET } else { &cx.head().method };
        for route in self.routes.iter() {
            let Some(groups) = route.pattern.as_ref().and_then(|pattern| pattern.find(cx.root(), path)) else {
                continue;
            };
            if route.method == method {
                return self.call(cx, route, path, groups, suffix).await;
            }
            allowed.insert(route.method.as_str());
            if route.method == Method::GET {
                allowed.insert("HEAD");
            }
        }
        if allowed.is_empty() {
            let message = format!("nothing answers at {}", cx.head().path);
            return Err(Error::new(Kind::UnknownPath, message));
        }
        allowed.insert("OPTIONS");
        let allow = allowed.into_iter().collect::<Vec<_>>().join(", ");
        let value = HeaderValue::try_from(&allow).map_err(Error::internal)?;
        if method == Method::OPTIONS {
            let mut response = Response::new(StatusCode::NO_CONTENT);
            response.set(header::ALLOW, value);
            return Ok(response);
        }
        let message = format!("{} is not allowed here, only {allow}", cx.head().method);
        Err(Error::new(Kind::MethodNotAllowed, message).with_header(header::ALLOW, value))
    }

    async fn call(
        &self,
        cx: &Context,
        route: &Arc<Route>,
        path: &str,
        groups: Vec<(String, String)>,
        suffix: Option<Format>,
    ) -> Result<Response> {
        let told = match &route.body {
            Some(body) => Some(body.read(cx).await?),
            None => None,
        };
        let cx = told.as_ref().unwrap_or(cx);
        let head = cx.head();
        head.trace.set_operation(&route.operation_id);
        if let Some((_, id)) = groups.iter().find(|(name, _)| name == "collectionId") {
            head.trace.set_collection(id);
        }
        let f = match head.parameters.iter().filter(|parameter| parameter.name == "f").collect::<Vec<_>>()[..] {
            [] => None,
            [one] => one.value.as_deref(),
            _ => return Err(Error::new(Kind::InvalidParameter, "parameter 'f' is given more than once").at("f")),
        };
        let format = negotiate(&route.formats, f, suffix, &head.headers)?;
        let group = route.dynamic.as_ref().map(|dynamic| dynamic.group);
        let value =
            group.and_then(|name| groups.iter().find(|(other, _)| other == name)).map(|(_, value)| value.as_str());
        let params = Arc::new(route.params_for(cx, value));
        // A form without scripts sends every field, filled in or not; the links of its page need not go on with the empty ones.
        let is_left = |it: &Parameter| {
            it.value.as_deref() == Some("") && declared(&params, &it.name).is_some_and(|param| !param.required)
        };
        let filled = (format == Format::Html && head.parameters.iter().any(is_left)).then(|| {
            let mut head = (**head).clone();
            head.parameters.retain(|it| !is_left(it));
            cx.with_head(head)
        });
        let cx = filled.as_ref().unwrap_or(cx);
        let head = cx.head();
        let checked = check(&params, &head.parameters, &groups, |name| cx.ignores(name)).or_else(|error| {
            // Nobody knows the parameters of a collection that is not there, which is what the handler says.
            let is_of_nothing = error.kind() == Kind::UnknownParameter && value.is_some_and(|it| !route.knows(cx, it));
            if is_of_nothing { check(&params, &head.parameters, &groups, |_| true) } else { Err(error) }
        });
        let mut rendering = Rendering {
            cx: cx.clone(),
            route: route.clone(),
            routes: self.routes.clone(),
            params: params.clone(),
            values: Arc::default(),
            path: path.to_owned(),
            format,
        };
        let answered = match checked {
            Ok(values) => {
                let own = |name: &String| route.params.iter().any(|param| param.name == *name);
                let extra = values.iter().filter(|(name, _)| !own(name)).map(|(a, b)| (a.clone(), b.clone())).collect();
                rendering.values = Arc::new(values);
                (route.run)(cx.with_extra(extra), rendering.clone()).await
            }
            Err(error) => Err(error),
        };
        match answered {
            // Whoever opens the page of a form is shown the form, and so is who fills it in wrongly.
            Err(error) if format == Format::Html && is_of_form(route, &error) && is_untouched(head) => {
                html::page(&rendering, &Value::Null, None, Map::new())
            }
            Err(error) if format == Format::Html && is_of_form(route, &error) => {
                let status = error.kind().status();
                Ok(html::page(&rendering, &Value::Null, Some(&error), Map::new())?.with_status(status))
            }
            answered => answered,
        }
    }
}

/// Whether an error is one of the form on an operation's page: the operation has parameters that must be filled in.
fn is_of_form(route: &Route, error: &Error) -> bool {
    error.kind().status() == StatusCode::BAD_REQUEST
        && route.params.iter().any(|param| param.required && !param.in_path)
}

/// Whether the client gave no parameter but the format.
fn is_untouched(head: &Head) -> bool {
    head.parameters.iter().all(|parameter| parameter.name == "f" || parameter.origin == Origin::Filter)
}

impl Api for OgcApi {
    fn info(&self) -> &ApiInfo {
        &self.info
    }

    async fn execute(&self, cx: Context) -> Result<Response> {
        let path = cx.rest().to_owned();
        let suffix = path.rsplit_once('.').and_then(|(stem, name)| Some((stem, Format::by_name(name)?)));
        if let Some((stem, format)) = suffix {
            match self.run(&cx, stem, Some(format)).await {
                // A dot in an id is no suffix: where nothing is found without it, the whole is tried.
                Err(error) if error.kind().status() == StatusCode::NOT_FOUND => {
                    return self
                        .run(&cx, &path, None)
                        .await
                        .map_err(|whole| if whole.kind() == Kind::UnknownPath { error } else { whole });
                }
                answered => return answered,
            }
        }
        self.run(&cx, &path, None).await
    }

    fn openapi(&self, cx: &Context) -> Value {
        openapi::document(self, &cx.at_root(&self.info.root))
    }

    fn links(&self, cx: &Context) -> Vec<Link> {
        let cx = cx.at_root(&self.info.root);
        let linked = self.routes.iter().filter_map(|route| {
            let (title, rel) = route.link.as_ref()?;
            let template = &route.pattern.as_ref()?.template;
            let format = route.formats.first()?;
            (!template.contains('{')).then(|| Link::new(cx.api_url(template), *rel, format.media_type(), title))
        });
        linked.collect()
    }

    fn prepare(&mut self, templates: &mut Templates) -> Vec<String> {
        let mut faults = Vec::new();
        let root = self.info.root.clone();
        for (name, source) in self.templates.drain(..) {
            faults.extend(templates.add(&name, source).err().map(|fault| format!("{root}: template {name}: {fault}")));
        }
        let mut routes = std::mem::take(&mut self.building);
        if routes.is_empty() {
            faults.push(format!("{root}: '{}' has no route", self.info.title));
        }
        if !routes.iter().any(|route| route.operation_id == "getApiDescription") {
            // First, so that a group of the API's own, such as /(?<name>[^/]+), does not shadow it.
            routes.insert(0, Self::description_route());
        }
        let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
        for route in &mut routes {
            faults.extend(route.settle(&root));
            templates.expect(&route.page_name());
            if !ids.insert(route.operation_id.clone()) {
                faults.push(format!("{root}: two operations have the id '{}'", route.operation_id));
            }
            let place = route.pattern.as_ref().map(|pattern| (route.method.to_string(), pattern.template.clone()));
            if let Some((method, path)) = place.filter(|place| !places.insert(place.clone())) {
                faults
                    .push(format!("{root}: operation '{}': {method} {path} is another's already", route.operation_id));
            }
            if route.page.as_ref().is_some_and(|name| !templates.has(name)) {
                faults.push(format!(
                    "{root}: operation '{}': there is no template '{}'",
                    route.operation_id,
                    route.page_name()
                ));
            }
        }
        self.routes = Arc::new(routes.into_iter().map(Arc::new).collect());
        faults
    }

    fn misfits(&self, project: &Project) -> Vec<String> {
        let Some(misfit) = self.misfit else { return Vec::new() };
        project.layers().iter().filter_map(|layer| Some(format!("layer '{}': {}", layer.id, misfit(layer)?))).collect()
    }
}

/// The OpenAPI document of the API that is asked; at the empty root, that of the whole server.
async fn describe(cx: Context, _: NoParams) -> Result<Document> {
    let make = async {
        let body = serde_json::to_vec(&document(&cx)?).map_err(Error::internal)?;
        Ok(Cached { content_type: Format::OpenApi.content_type().to_owned(), body: body.into() })
    };
    // The page is made from the same document, so there is one entry for both.
    let cached = cx.cached(CacheKind::Document, Format::OpenApi.name(), make).await?;
    Ok(Document(cached.body))
}

fn document(cx: &Context) -> Result<Value> {
    let mut documents = cx.registry().apis().map(|api| (api.info(), api.openapi(cx)));
    if cx.root().is_empty() {
        let parts =
            documents.map(|(info, document)| openapi::join::Part { root: info.root.clone(), document }).collect();
        let project = cx.project();
        let info = serde_json::json!({
            "title": project.title, "description": project.description.clone().unwrap_or_default(),
            "version": env!("CARGO_PKG_VERSION"),
        });
        return Ok(openapi::join::join(&info, &cx.project_url(), parts));
    }
    let document = documents.find(|(info, _)| info.root == cx.root()).map(|(_, document)| document);
    document.ok_or_else(|| Error::internal("an API that is not registered"))
}

/// An OpenAPI document, as it is sent.
struct Document(Bytes);

impl Reply for Document {
    fn describe() -> Described {
        Described {
            formats: vec![Format::OpenApi, Format::Html],
            schema: serde_json::json!({ "type": "object" }),
            components: Vec::new(),
        }
    }

    async fn render(self, rendering: Rendering) -> Result<Response> {
        if rendering.format == Format::Html {
            let value = serde_json::from_slice(&self.0).map_err(Error::internal)?;
            return html::page(&rendering, &value, None, Map::new());
        }
        Ok(rendering.response(self.0))
    }
}
