//! Pages: a template for each operation, filled with the very value that the JSON format has.
//!
//! Every template is embedded, so a page cannot be missing. A publisher's folder may override any of them, and any static
//! file, by file name; what it does not have is the default. Everything is read and compiled once, at start, where all
//! faults are told with file and line; a request never touches the folder, so no path in a URL can leave it.
//!
//! What every template is given:
//!
//! | name | what |
//! | --- | --- |
//! | `data` | the value that the JSON has, or null where a form's required fields are not filled in yet |
//! | `links` | the page's own links, absolute: `href`, `rel`, `type`, `title` |
//! | `operation` | `id`, `summary`, `description`, `parameters` (name, type, limits, `in`, and the `value` that was given) |
//! | `params` | the query as it was given, by name |
//! | `kept` | of these, what every link and form of the page must keep: the choice of a project by `MAP=` |
//! | `error` | null, or `title`, `detail`, `parameter`, `status` of what was wrong with the form's input |
//! | `page` | `title`, `breadcrumbs`, `formats`, `base`, `request_id`, `project`, `map`, `version` |
//! | `json_ld` | what search engines read of the page, where there is something |
//! | `schema`, `key`, `geometry`, `has_geometry`, `has_time` | collections and features: the properties in order, the key, what there is to map |
//!
//! Functions and filters, besides the engine's: `static`, `relative`, `segment`, `query`, `path_append`, `path_chomp`,
//! `without`, `links_filter`, `json_dump`, `content_type_name`, `nl2br`, `starts_with`, `cell`, `number`, `quantity`, `integer`, `instant`,
//! `degrees`, `crs_name`, `geometry_name`, `feature_title`, `shell`, `names`, `written_name`, `plain_name`. Publishers read of them in `docs/pages.md`.

mod cell;
mod filters;
mod urls;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io};

use minijinja::ErrorKind::{TemplateNotFound, UnknownFilter, UnknownFunction, UnknownTest};
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;

use super::assets::{self, Asset};
use crate::{Error, Result};
pub use urls::PageUrls;

/// The name under which functions and filters find the page's place; templates have no use for it.
const URLS: &str = "__urls";

/// The name under which `static` finds the version of the files.
const VERSION: &str = "__version";

/// Folders within the folder of overrides are followed this far, which also ends a circle of links.
const DEPTH: usize = 4;

/// All templates, compiled, and the publisher's static files.
pub struct Templates {
    environment: Environment<'static>,
    overridden: BTreeSet<String>,
    /// The sources of the overridden ones, for what they include.
    sources: String,
    /// Files of the folder that are neither templates nor static.
    others: Vec<String>,
    /// Names of pages that some operation has, or could have.
    expected: BTreeSet<String>,
    statics: BTreeMap<String, Asset>,
    /// The segment of a path that stands for the static files as they are now.
    version: String,
}

impl Templates {
    /// The default templates, each replaced by the file of the same name in `overrides`, if there is one. The folder may
    /// have templates of other names, too, for handlers of one's own. All faults are returned, with file and line.
    pub fn load(overrides: Option<&Path>) -> Result<Self, Vec<String>> {
        let mut templates = Self {
            environment: environment(),
            overridden: BTreeSet::new(),
            sources: String::new(),
            others: Vec::new(),
            expected: assets::templates().map(|(name, _)| name.to_owned()).collect(),
            statics: BTreeMap::new(),
            version: String::new(),
        };
        let mut faults = Vec::new();

        for (name, source) in assets::templates() {
            if let Err(fault) = templates.compile(name, source.to_vec(), name) {
                faults.push(fault);
            }
        }
        for (name, path) in overrides.map(|folder| files(folder, &mut faults)).unwrap_or_default() {
            if let Err(fault) = templates.replace(&name, &path) {
                faults.push(fault);
            }
        }
        templates.settle_version();
        if faults.is_empty() {
            faults.extend(templates.overridden.iter().filter_map(|name| templates.try_empty(name).err()));
        }
        if faults.is_empty() { Ok(templates) } else { Err(faults) }
    }

    /// Renders a template without anything to show, for the faults that only a run finds: a filter, function or template
    /// that is not there.
    fn try_empty(&self, name: &str) -> Result<(), String> {
        let page = context! { __urls => Value::from_object(PageUrls::default()) };
        let Err(error) = self.environment.get_template(name).and_then(|template| template.render(page)) else {
            return Ok(());
        };
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(found) = cause {
            let kind = found.downcast_ref::<minijinja::Error>().map(minijinja::Error::kind);
            if let Some(UnknownFilter | UnknownFunction | UnknownTest | TemplateNotFound) = kind {
                return Err(told(&error, name));
            }
            cause = found.source();
        }
        Ok(())
    }

    /// Adds a handler author's template, such as `MyOperation.html`, unless the publisher's folder has one of that name.
    pub fn add(&mut self, name: &str, source: String) -> Result<(), String> {
        self.expect(name);
        if self.overridden.contains(name) {
            let checked = self.environment.template_from_named_str(name, &source);
            return checked.map(drop).map_err(|error| told(&error, name));
        }
        self.compile(name, source.into_bytes(), name)
    }

    /// Tells that some operation shows a page of this name where there is one.
    pub(crate) fn expect(&mut self, name: &str) {
        self.expected.insert(name.to_owned());
    }

    /// Files of the publisher's folder that nothing uses: a slip in a name, or left from an older version.
    pub(crate) fn unused(&self) -> Vec<String> {
        let is_included =
            |name: &str| ['"', '\''].iter().any(|quote| self.sources.contains(&format!("{quote}{name}{quote}")));
        let unused = self.overridden.iter().filter(|name| !self.expected.contains(*name) && !is_included(name));
        unused.chain(&self.others).cloned().collect()
    }

    /// A number that changes with what the publisher's folder has.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.sources.hash(&mut hasher);
        self.statics.iter().for_each(|(name, asset)| (name, &asset.etag).hash(&mut hasher));
        hasher.finish()
    }

    /// Names the static files as they are, so that a browser may keep them for ever: with another one, the name is another.
    fn settle_version(&mut self) {
        let mut hasher = DefaultHasher::new();
        assets::fingerprint(&mut hasher);
        self.statics.iter().for_each(|(name, asset)| (name, &asset.etag).hash(&mut hasher));
        self.version = format!("v-{:016x}", hasher.finish());
        self.environment.add_global(VERSION, self.version.clone());
    }

    /// The rest of a path that begins with the version of the static files; none where they are others now.
    pub fn current<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&self.version)?.strip_prefix('/')
    }

    /// Whether there is a template of this name.
    pub fn has(&self, name: &str) -> bool {
        self.environment.get_template(name).is_ok()
    }

    /// The page. If the template fails, the cause with file and line is for the log, and the client reads none of it.
    pub fn render(&self, name: &str, context: &impl Serialize, urls: &PageUrls) -> Result<String> {
        let page = context! {
            __urls => Value::from_object(urls.clone()),
            ..Value::from(Serde(context))
        };
        self.environment
            .get_template(name)
            .and_then(|template| template.render(page))
            .map_err(|error| Error::internal(told(&error, name)))
    }

    /// The file at `/static/{path}`: the publisher's own, or the embedded one.
    pub fn static_file(&self, path: &str) -> Option<Asset> {
        self.statics.get(path).cloned().or_else(|| assets::static_file(path))
    }

    fn compile(&mut self, name: &str, source: Vec<u8>, shown: &str) -> Result<(), String> {
        let source = String::from_utf8(source).map_err(|_| format!("{shown}: not UTF-8"))?;
        self.environment.add_template_owned(name.to_owned(), source).map_err(|error| told(&error, shown))
    }

    fn replace(&mut self, name: &str, path: &Path) -> Result<(), String> {
        let shown = path.display().to_string();
        let is_static = name.strip_prefix("static/");
        if is_static.is_none() && !has_suffix(path, "html") {
            self.others.push(name.to_owned());
            return Ok(());
        }
        let bytes = fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
        if let Some(name) = is_static {
            self.statics.insert(name.to_owned(), Asset::new(name, bytes));
            return Ok(());
        }
        self.overridden.insert(name.to_owned());
        self.sources.push_str(&String::from_utf8_lossy(&bytes));
        self.compile(name, bytes, &shown)
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    // A page without one value is better than no page: what an optional member lacks is left out.
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
    environment.set_formatter(|out, state, value| match value.kind() {
        // The engine writes Python's words, which are no words of the data's.
        ValueKind::None => Ok(()),
        ValueKind::Bool => Ok(out.write_str(if value.is_true() { "true" } else { "false" })?),
        // The engine would escape slashes as well, in every address.
        ValueKind::String if !value.is_safe() && matches!(state.auto_escape(), minijinja::AutoEscape::Html) => {
            Ok(out.write_str(&escaped(value.as_str().unwrap_or_default()))?)
        }
        _ => minijinja::escape_formatter(out, state, value),
    });
    filters::register(&mut environment);
    urls::register(&mut environment);
    environment
}

/// Text as it stands between tags and in quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// An error of the engine with its place and what it was caused by: `getFeatures.html:12: unknown filter: …`.
fn told(error: &minijinja::Error, shown: &str) -> String {
    // A fault may lie in a part that the page includes: then the part's name is the one to tell, after the page's.
    let part = error.name().filter(|name| !shown.ends_with(name)).map(|name| format!(" {name}:")).unwrap_or_default();
    let line = error.line().map(|line| format!("{line}:")).unwrap_or_default();
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let mut text = format!("{shown}:{part}{line} {}{detail}", error.kind());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str("; ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Every file of the folder by its name in it, with slashes. Hidden files and what npm installs are passed over.
fn files(folder: &Path, faults: &mut Vec<String>) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    if let Err(error) = walk(folder, "", DEPTH, &mut found) {
        faults.push(format!("{}: {error}", folder.display()));
    }
    found.sort();
    found
}

fn walk(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        let name = format!("{prefix}{name}");
        if !path.is_dir() {
            found.push((name, path));
        } else if depth > 0 {
            walk(&path, &format!("{name}/"), depth - 1, found)?;
        }
    }
    Ok(())
}

fn has_suffix(path: &Path, suffix: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(suffix))
}

#[cfg(test)]
mod tests;
