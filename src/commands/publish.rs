//! What is published: the options that all commands share, and the server that is built from them.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use graticule::access::Access;
use graticule::project::catalog::Project;
use graticule::project::open::{Opened, open_again};
use graticule::project::settings;
use graticule::project::watch::Watched;
use graticule::server::Snapshot;
use graticule::sources::postgis::is_dsn;
use graticule::standard;
use graticule::web::base_url::{AddressRange, BaseUrlSettings};
use graticule::{Builder, Server};
use tempfile::NamedTempFile;

use super::running::address;

/// What to publish.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Publish {
    /// Files of features (GeoPackage, Shapefile, FlatGeobuf, GeoJSON, CSV and others) or rasters, folders or patterns of
    /// them ("data/*.shp"), or databases (postgres://…); every layer becomes a collection
    #[arg(value_name = "DATA", env = "GRATICULE_DATA", value_delimiter = ',')]
    pub(crate) data: Vec<PathBuf>,
    /// Project file (TOML); `graticule init` writes one to start from
    #[arg(long, value_name = "FILE.toml", env = "GRATICULE_PROJECT")]
    pub(crate) project: Option<PathBuf>,
    /// URL by which the world knows the server; else taken from each request and its trusted proxies
    #[arg(long, value_name = "URL", env = "GRATICULE_BASE_URL")]
    pub(crate) base_url: Option<String>,
    /// Addresses or ranges of proxies whose Forwarded and X-Forwarded-* headers are believed [default: this machine]
    #[arg(long, value_name = "RANGE", env = "GRATICULE_TRUSTED_PROXIES", value_delimiter = ',')]
    pub(crate) trusted_proxies: Option<Vec<String>>,
    /// Root path of OGC API Features [default: /ogcapi]
    #[arg(long, value_name = "PATH", env = "GRATICULE_OGCAPI")]
    pub(crate) ogcapi: Option<String>,
    /// Folder of templates that take the place of the built-in ones
    #[arg(long, value_name = "DIR", env = "GRATICULE_TEMPLATES")]
    pub(crate) templates: Option<PathBuf>,
    /// Names of query parameters that are let through unread, such as utm_*
    #[arg(long, value_name = "NAME", env = "GRATICULE_IGNORE_PARAMETERS", value_delimiter = ',')]
    pub(crate) ignore_parameters: Vec<String>,
    /// What the server bears, by the names of [server.limits], such as head_bytes=16384; docs/operations.md tells them. Beats
    /// those of the same name in the environment [env: GRATICULE_LIMIT]
    #[arg(long, value_name = "NAME=NUMBER", value_delimiter = ',')]
    pub(crate) limit: Vec<String>,
}

/// A server, ready to be asked.
pub(crate) struct Published {
    pub(crate) server: Server,
    /// The address that the project file names.
    pub(crate) listen: Option<String>,
    /// Layers that cannot be served, and why.
    pub(crate) faults: Vec<String>,
    /// Those of the faults that are of files of data, or follow from them: what the project says is sound.
    pub(crate) of_files: Vec<String>,
    /// Files whose change asks for another building.
    pub(crate) watched: Watched,
    /// The sample data's files, which live as long as this.
    _sample: Vec<NamedTempFile>,
}

/// The sample data, in the public domain: Natural Earth, and a piece of SRTM.
const SAMPLE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg"));
const RASTER: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/elevation.tif"));

/// The names of data, of which those of databases with several hosts were cut at the commas between these.
fn whole(data: &[PathBuf]) -> Vec<PathBuf> {
    let mut whole: Vec<PathBuf> = Vec::new();
    for piece in data {
        let open = whole.last().and_then(|last| last.to_str()).filter(|last| {
            // The hosts of a database end where its name begins.
            is_dsn(last) && last.split_once("://").is_some_and(|(_, hosts)| !hosts.contains('/'))
        });
        match open.map(|open| PathBuf::from(format!("{open},{}", piece.display()))) {
            Some(joined) => drop(whole.pop().map(|_| whole.push(joined))),
            None => whole.push(piece.clone()),
        }
    }
    whole
}

/// Whether a fault is that a rule or a group names one of these, which could not be opened.
fn names_one(fault: &str, unopened: &[String]) -> bool {
    let Some((_, named)) = fault.split_once(": there is no layer ") else { return false };
    let named = named.trim_start_matches("or group ").trim_matches('\'');
    // A file in a folder is known by its whole name, its layer by the stem.
    unopened.iter().any(|name| name == named || name.rsplit_once('.').is_some_and(|(stem, _)| stem == named))
}

impl Publish {
    /// The project as the file and the options name it; the sample data where they name none.
    fn settings(&self) -> Result<(settings::Project, Vec<NamedTempFile>), String> {
        let mut project = match &self.project {
            Some(file) => settings::Project::read(file)?,
            None => settings::Project::default(),
        };
        project.data.extend(whole(&self.data));
        if self.project.is_some() || !self.data.is_empty() {
            return Ok((project, Vec::new()));
        }
        let file = |suffix: &str, bytes: &[u8]| {
            let written = tempfile::Builder::new().prefix("graticule-sample-").suffix(suffix).tempfile();
            let written = written.and_then(|mut file| file.write_all(bytes).map(|()| file));
            written.map_err(|cause| format!("the sample data cannot be written to a temporary file: {cause}"))
        };
        let (sample, raster) = (file(".gpkg", SAMPLE)?, file(".tif", RASTER)?);
        project.title = Some("Natural Earth".to_owned());
        project.description = Some(
            "Countries and cities of the world, 1:110 million: the sample data of Graticule, public domain.".to_owned(),
        );
        project.license = Some(settings::License {
            name: "Public domain (Natural Earth)".to_owned(),
            url: Some("https://www.naturalearthdata.com/about/terms-of-use/".to_owned()),
        });
        project.data.push(sample.path().to_owned());
        project.layers.push(settings::Layer {
            source: raster.path().to_owned(),
            id: Some("elevation".to_owned()),
            title: Some("Elevation".to_owned()),
            description: Some("Heights around the Jacksboro fault in Tennessee: SRTM, NASA, public domain.".to_owned()),
            ..settings::Layer::default()
        });
        Ok((project, vec![sample, raster]))
    }

    /// Opens everything and builds the server; `before` is what was served until now.
    pub(crate) fn build(&self, before: Option<&Published>) -> Result<Published, String> {
        let (mut root, sample) = self.settings()?;
        let mut set = root.server.take().unwrap_or_default();
        // An option beats the file.
        set.base_url = self.base_url.clone().or(set.base_url);
        set.trusted_proxies = self.trusted_proxies.clone().or(set.trusted_proxies);
        set.ogcapi = self.ogcapi.clone().or(set.ogcapi);
        set.templates = self.templates.clone().or(set.templates);
        // By name: as the variable of an option, one option would discard all of it.
        let limits = std::env::var("GRATICULE_LIMIT").unwrap_or_default();
        let limits = limits.split(',').filter(|limit| !limit.trim().is_empty());
        for limit in limits.chain(self.limit.iter().map(String::as_str)) {
            set.limits.set(limit)?;
        }
        set.ignored_parameters.extend(self.ignore_parameters.iter().cloned());
        let served = before.map(|before| before.server.snapshot());
        let was = |name: Option<&String>| {
            let mut projects = served.iter().flat_map(Snapshot::projects);
            projects.find(|project| project.name.as_ref() == name).map(|project| &**project)
        };
        let Opened { project, mut faults, mut of_files, mut unopened, mut watched } =
            open_again(&root, None, was(None));
        let mut others = Vec::new();
        for (name, settings) in &root.projects {
            if settings.server.is_some() || !settings.projects.is_empty() {
                faults.push(format!("project '{name}': [server] and projects stand at the root of the file alone"));
            }
            if settings.access.is_some() {
                // Passed over, it would leave open what it was to close.
                return Err(format!(
                    "project '{name}': [access] stands at the root of the file; its rules name the project"
                ));
            }
            let theirs = open_again(settings, Some(name.clone()), was(Some(name)));
            watched.join(theirs.watched);
            unopened.extend(theirs.unopened);
            let named = |fault: String| format!("project '{name}': {fault}");
            of_files.extend(theirs.of_files.into_iter().map(named));
            faults.extend(theirs.faults.into_iter().map(named));
            others.push(theirs.project);
        }
        let projects: Vec<&Project> = std::iter::once(&project).chain(&others).collect();
        let access = root.access.as_ref().map(|access| Access::new(access, &projects)).transpose();
        let mut access = access.map_err(|error| format!("{error:?}"))?;
        faults.extend(access.iter_mut().flat_map(|access| std::mem::take(&mut access.faults)));
        of_files.extend(faults.iter().filter(|fault| names_one(fault, &unopened)).cloned());
        self.project.iter().chain(&set.templates).for_each(|path| watched.path(path));
        let trusted = set.trusted_proxies.clone().unwrap_or_else(|| vec!["127.0.0.0/8".to_owned(), "::1".to_owned()]);
        let ranges = trusted.iter().filter(|range| !range.is_empty()).map(|range| range.parse::<AddressRange>());
        let trusted = ranges.collect::<Result<Vec<_>, _>>()?;
        if let Some(url) =
            set.base_url.as_ref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            return Err(format!("the base URL '{url}' must begin with http:// or https://"));
        }
        if let Some(fault) = set.listen.as_deref().and_then(|listen| address(listen).err()) {
            faults.push(format!("server.listen: {fault}"));
        }
        let ogcapi = set.ogcapi.as_deref().unwrap_or(standard::OGCAPI);
        let mut builder = standard::server_at(ogcapi, project)
            .base_url(BaseUrlSettings { fixed: set.base_url.clone(), trusted })
            .ignore_parameters(set.ignored_parameters.clone())
            .unopened(unopened)
            .compression(set.compression.unwrap_or(true))
            .limits(set.limits.clone());
        if set.circle || self.project.is_none() {
            builder = standard::with_circle(builder);
        }
        if let Some(folder) = &set.templates {
            builder = builder.templates(folder);
        }
        builder = others.into_iter().fold(builder, Builder::project);
        if let Some(access) = access {
            builder = access.register(builder);
        }
        let server = builder.build().map_err(|faults| faults.to_string())?;
        Ok(Published { server, listen: set.listen, faults, of_files, watched, _sample: sample })
    }
}
