//! What an API is: chosen by the path of the URL, made of whatever it likes.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use crate::base::link::Link;
use crate::error::Result;
use crate::message::response::Response;
use crate::project::catalog::Project;
use crate::web::templates::Templates;

use super::context::Context;

/// Who an API is.
#[derive(Clone, Debug)]
pub struct ApiInfo {
    /// The root of its paths: empty, or like `/customapi`.
    pub root: String,
    /// Other roots at which it answers; links lead to the first.
    pub aliases: Vec<String>,
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Version.
    pub version: String,
}

/// An API. Whoever has handlers uses `OgcApi`, which is one.
pub trait Api: Send + Sync + 'static {
    /// Who it is.
    fn info(&self) -> &ApiInfo;

    /// Answers a request whose path begins with one of its roots.
    fn execute(&self, cx: Context) -> impl Future<Output = Result<Response>> + Send;

    /// Its OpenAPI 3.0 document, with the API's root as server.
    fn openapi(&self, cx: &Context) -> Value;

    /// Links for the catalogue.
    fn links(&self, cx: &Context) -> Vec<Link>;

    /// Brings its templates along and tells every fault of its registration.
    fn prepare(&mut self, templates: &mut Templates) -> Vec<String>;

    /// What of a project cannot be published by it as it is, for whoever wrote the project.
    fn misfits(&self, _project: &Project) -> Vec<String> {
        Vec::new()
    }
}

/// An API as the registry keeps it: a trait with `async fn` cannot be `dyn`, so this twin boxes the future.
pub(crate) trait DynApi: Send + Sync {
    fn info(&self) -> &ApiInfo;
    fn execute(&self, cx: Context) -> Pin<Box<dyn Future<Output = Result<Response>> + Send + '_>>;
    fn openapi(&self, cx: &Context) -> Value;
    fn links(&self, cx: &Context) -> Vec<Link>;
    fn prepare(&mut self, templates: &mut Templates) -> Vec<String>;
    fn misfits(&self, project: &Project) -> Vec<String>;
}

impl<A: Api> DynApi for A {
    fn info(&self) -> &ApiInfo {
        Api::info(self)
    }

    fn execute(&self, cx: Context) -> Pin<Box<dyn Future<Output = Result<Response>> + Send + '_>> {
        Box::pin(Api::execute(self, cx))
    }

    fn openapi(&self, cx: &Context) -> Value {
        Api::openapi(self, cx)
    }

    fn links(&self, cx: &Context) -> Vec<Link> {
        Api::links(self, cx)
    }

    fn prepare(&mut self, templates: &mut Templates) -> Vec<String> {
        Api::prepare(self, templates)
    }

    fn misfits(&self, project: &Project) -> Vec<String> {
        Api::misfits(self, project)
    }
}
