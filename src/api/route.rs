//! Routes: the one description of an operation. Routing, validation, negotiation, links, page and OpenAPI come from it.

use std::sync::Arc;

use http::Method;

use crate::base::format::Format;
use crate::base::link::Rel;
use crate::server::context::Context;

use super::body::BodyParam;
use super::handler::{Handler, Params, Run, erase};
use super::param::{self, Param};
use super::pattern::Pattern;
use super::reply::{Described, Reply};

type ValuesOf = Arc<dyn Fn(&Context) -> Vec<String> + Send + Sync>;
type ParamsOf = Arc<dyn Fn(&Context, &str) -> Vec<Arc<Param>> + Send + Sync>;

/// Parameters that depend on the request: what values a group of the path has, and which parameters each brings along.
#[derive(Clone)]
pub(crate) struct Dynamic {
    pub(crate) group: &'static str,
    pub(crate) values: ValuesOf,
    pub(crate) params: ParamsOf,
}

/// An operation of an API.
#[derive(Clone)]
pub struct Route {
    pub(crate) method: Method,
    path: String,
    template_path: Option<String>,
    pub(crate) operation_id: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    pub(crate) link: Option<(String, Rel)>,
    pub(crate) formats: Vec<Format>,
    pub(crate) page: Option<String>,
    pub(crate) hidden: bool,
    pub(crate) open: bool,
    pub(crate) dynamic: Option<Dynamic>,
    pub(crate) body: Option<BodyParam>,
    clamped: Vec<&'static str>,
    read: fn(&[String], &mut Vec<String>) -> Vec<Param>,
    pub(crate) params: Vec<Arc<Param>>,
    pub(crate) reply: Described,
    pub(crate) run: Run,
    pub(crate) pattern: Option<Pattern>,
}

/// A route for GET (and HEAD): a path relative to the API's root, as a regular expression over the whole rest, with named
/// groups as path parameters; the operation's id; the handler.
pub fn get<P: Params, H: Handler<P>>(path: impl Into<String>, operation_id: impl Into<String>, handler: H) -> Route {
    route(Method::GET, path, operation_id, handler)
}

/// A route for any method.
pub fn route<P: Params, H: Handler<P>>(
    method: Method,
    path: impl Into<String>,
    operation_id: impl Into<String>,
    handler: H,
) -> Route {
    let reply = H::Output::describe();
    Route {
        method,
        path: path.into(),
        template_path: None,
        operation_id: operation_id.into(),
        summary: String::new(),
        description: String::new(),
        tags: Vec::new(),
        link: None,
        formats: reply.formats.clone(),
        page: None,
        hidden: false,
        open: false,
        dynamic: None,
        body: None,
        clamped: Vec::new(),
        read: param::read::<P>,
        params: Vec::new(),
        reply,
        run: erase(handler),
        pattern: None,
    }
}

impl Route {
    /// What it does, in a line.
    #[must_use]
    pub fn summary(mut self, text: impl Into<String>) -> Self {
        self.summary = text.into();
        self
    }

    /// What it does, at length; the summary where left out.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Tags of the operation in the OpenAPI document.
    #[must_use]
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Tells in the OpenAPI document that nobody has to say who asks, where others must.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Title and relation of the link that leads to it.
    #[must_use]
    pub fn link(mut self, title: impl Into<String>, rel: Rel) -> Self {
        self.link = Some((title.into(), rel));
        self
    }

    /// The formats it offers, the first one preferred (HTML is never preferred where there is another).
    #[must_use]
    pub fn formats(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.formats = formats.into_iter().collect();
        self
    }

    /// The template of its page, where that is not `{operationId}.html`.
    #[must_use]
    pub fn page(mut self, name: impl Into<String>) -> Self {
        self.page = Some(name.into());
        self
    }

    /// Its path in the OpenAPI document, where the expression is more than literals and named groups.
    #[must_use]
    pub fn template(mut self, path: impl Into<String>) -> Self {
        self.template_path = Some(path.into());
        self
    }

    /// Leaves it out of the OpenAPI document (files of a page, for instance).
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Lowers values of this parameter that are above its maximum, instead of refusing them.
    #[must_use]
    pub fn clamp(mut self, parameter: &'static str) -> Self {
        self.clamped.push(parameter);
        self
    }

    /// Takes a body of one of these media types in place of a parameter, and of others that say how it is to be read.
    #[must_use]
    pub fn body(
        mut self,
        media_types: &'static [&'static str],
        parameter: &'static str,
        others: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.body = Some(BodyParam { media_types, parameter, others });
        self
    }

    /// Declares that a group of the path stands for one of these values, each with parameters of its own (which take the
    /// place of declared ones of the same name); the OpenAPI document then has a path for each. Asked at every request, so
    /// keep the parameters once they are made.
    #[must_use]
    pub fn each(
        mut self,
        group: &'static str,
        values: impl Fn(&Context) -> Vec<String> + Send + Sync + 'static,
        params: impl Fn(&Context, &str) -> Vec<Arc<Param>> + Send + Sync + 'static,
    ) -> Self {
        self.dynamic = Some(Dynamic { group, values: Arc::new(values), params: Arc::new(params) });
        self
    }

    /// Compiles the route for an API at this root; tells every fault of it.
    pub(crate) fn settle(&mut self, root: &str) -> Vec<String> {
        let mut faults = Vec::new();
        match Pattern::new(&self.path, root, self.template_path.as_deref()) {
            Ok(pattern) => {
                let mut params = (self.read)(&pattern.groups, &mut faults);
                for name in &self.clamped {
                    match params.iter_mut().find(|param| param.name == *name) {
                        Some(param) => param.clamps = true,
                        None => faults.push(format!("the parameter '{name}' that clamps is not declared")),
                    }
                }
                faults.extend(params.iter().filter_map(Param::contradiction));
                faults.extend(pattern.misfit());
                self.params = params.into_iter().map(Arc::new).collect();
                self.pattern = Some(pattern);
            }
            Err(fault) => faults.push(fault),
        }
        let id = &self.operation_id;
        if id.is_empty() {
            faults.push("it has no operation id".to_owned());
        } else if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)) {
            faults.push(
                "an operation id has letters, digits, '_', '.' and '-' alone: it names the page's template".to_owned(),
            );
        }
        if self.formats.is_empty() {
            faults.push("it offers no format".to_owned());
        }
        for format in self.formats.iter().filter(|format| !self.reply.formats.contains(format)) {
            faults.push(format!("its reply cannot be {format}"));
        }
        faults.iter().map(|fault| format!("{root}: operation '{}': {fault}", self.operation_id)).collect()
    }

    /// The parameters for a request whose path has these groups.
    pub(crate) fn params_for(&self, cx: &Context, value: Option<&str>) -> Vec<Arc<Param>> {
        let mut params = self.params.clone();
        if let (Some(dynamic), Some(value)) = (&self.dynamic, value) {
            for param in (dynamic.params)(cx, value) {
                match params.iter_mut().find(|other| other.name == param.name) {
                    Some(other) => *other = param,
                    None => params.push(param),
                }
            }
        }
        params
    }

    /// Whether there is such a value of the group that its parameters depend on.
    pub(crate) fn knows(&self, cx: &Context, value: &str) -> bool {
        self.dynamic.as_ref().is_none_or(|dynamic| (dynamic.values)(cx).iter().any(|known| known == value))
    }

    /// Whether it answers at the API's root itself.
    pub(crate) fn is_root(&self) -> bool {
        self.pattern.as_ref().is_some_and(|pattern| pattern.template.is_empty())
    }

    /// The name of its template.
    pub(crate) fn page_name(&self) -> String {
        self.page.clone().unwrap_or_else(|| format!("{}.html", self.operation_id))
    }
}
