//! `graticule init`.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use graticule::base::address;
use graticule::project::open::listing::{ListedContents, list};
use graticule::sources::postgis::is_dsn;

use super::{Done, print};

/// Options of `init`.
#[derive(Args)]
pub(crate) struct Options {
    /// Files, folders, patterns (in quotes) or a database to publish
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// The file to write; it must not exist. Standard output where left out
    #[arg(long, short, value_name = "FILE.toml")]
    output: Option<PathBuf>,
}

const HEAD: &str = r##"# A project of Graticule: graticule serve --project THIS_FILE
# What begins with "#" is a default or an example. Paths are relative to this file.

title = "@title@"
description = ""
# keywords = ["example"]
# contact = { name = "GIS office", email = "gis@example.org", url = "https://example.org" }
# license = { name = "CC BY 4.0", url = "https://creativecommons.org/licenses/by/4.0/" }

# Features of a page: where the client names no number, and at most.
# limit = { default = 10, maximum = 10000 }
# Decimals of coordinates in answers; all where left out, or a micrometre where they are moved to another system.
# decimals = 7
# The reference systems in which features and maps are offered besides longitude and latitude; where left out, the stored
# one, EPSG:4326 and EPSG:3857. A layer may have its own list.
# crs = ["EPSG:3035", "EPSG:25832"]
# Files whose every layer is published as it is, beside the layers below.
# data = ["more.gpkg"]

# [server]
# listen = "127.0.0.1:8080"
# base_url = "https://example.org/gis"     # else taken from each request
# trusted_proxies = ["127.0.0.0/8", "::1"] # whose Forwarded and X-Forwarded-* headers are believed
# ogcapi = "/ogcapi"                       # root of OGC API Features
# templates = "templates"                  # folder of changed templates: graticule templates DIR
# ignored_parameters = ["utm_*"]           # query parameters that are let through unread
# circle = false                           # the demo at /customapi
# [server.limits]                          # what the server bears: see docs/operations.md
# head_bytes = 65536
# body_bytes = 16777216

# Who may ask, and what they may see. graticule hash makes the hashes.
# [access]
# require = false                          # true: nobody anonymous is let in
# [[access.users]]
# name = "ann"
# password = "$argon2id$..."
# roles = ["editor"]
# [[access.rules]]                         # a layer with a rule is closed but for what its rules grant
# layers = ["NAME"]                        # or "*"
# roles = ["editor"]                       # or "authenticated", or "*"
# rows = "owner = :name"                   # CQL2; all where left out
# properties = ["name"]                    # all where left out

# Layers that maps show as one; the first lies at the bottom. A group may hold groups.
# [[groups]]
# id = "base"
# title = "Base map"
# layers = ["NAME", "NAME2"]

# Limits of maps, in pixels, layers and seconds.
# [wms]
# max_width = 4096
# max_height = 4096
# max_layers = 50
# timeout = 30

# Names of feature types in WFS, and most features of an answer.
# [wfs]
# prefix = "app"
# namespace = "https://example.org/features"
# max_features = 100000

# A basemap for the pages' maps; none where left out.
# [map]
# tile_url = "https://tiles.example.org/{z}/{x}/{y}.png"
# attribution = "Example"

# Further projects, each under /NAME/ and ?MAP=NAME, with the same keys as this file but [server]:
# [projects.NAME]
# data = ["other.gpkg"]
# aliases = ["/srv/old.qgs"]             # other values of MAP= that mean it
"##;

/// What maps need of any layer, as comments.
const MAPS: &str = "# keywords = []\n\
    # attribution = { title = \"Example\", url = \"https://example.org\" }\n\
    # min_scale = 1000           # maps show it from 1:1000 …\n\
    # max_scale = 50000          # … to 1:50000\n";

pub(crate) fn run(options: &Options) -> Done {
    let mut text = HEAD.replace("\"@title@\"", &quoted(&title(&options.data)));
    let (layers, faults) = list(&options.data)?;
    for fault in &faults {
        eprintln!("not written: {fault}");
    }
    for layer in layers {
        let source = if is_dsn(&layer.source.to_string_lossy()) {
            layer.source.clone()
        } else {
            relative(&layer.source, options.output.as_deref())
        };
        let title = layer.title.as_deref().filter(|title| !title.is_empty()).unwrap_or(&layer.id);
        let name = layer.layer.as_ref().map(|name| format!("layer = {}\n", quoted(name)));
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n[[layers]]\nsource = {}\n{}id = {}\ntitle = {}\ndescription = {}\n{}{MAPS}",
            quoted(&source.to_string_lossy()),
            name.unwrap_or_default(),
            quoted(&layer.id),
            quoted(title),
            quoted(layer.description.as_deref().unwrap_or_default()),
            own(&layer.contents),
        );
    }
    match &options.output {
        None => print(text.trim_end())?,
        Some(path) => {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|cause| match cause.kind() {
                ErrorKind::AlreadyExists => format!("{} exists already and is not overwritten", path.display()),
                _ => format!("{}: {cause}", path.display()),
            })?;
            println!("{} written; now: graticule serve --project {}", path.display(), path.display());
        }
    }
    Ok(())
}

/// What features have, or a raster.
fn own(contents: &ListedContents) -> String {
    let list = |names: &mut dyn Iterator<Item = &String>| names.map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    match contents {
        ListedContents::Features(schema) => {
            let names = list(&mut schema.fields.iter().map(|field| &field.name));
            let time = schema.time.map_or("column", |time| &schema.fields[time.start].name);
            format!(
                "# key = {}\n# time = {}             # or two columns: [\"start\", \"end\"]\n# properties = [{names}]\n\
                 # limit = {{ default = 10, maximum = 10000 }}\n# decimals = 7\n",
                quoted(&schema.key.0),
                quoted(time),
            )
        }
        ListedContents::Coverage(bands) => {
            let names = list(&mut bands.iter());
            format!(
                "# bands = [{names}]\n# units = [\"m\"]             # one for each band\n# properties = [{names}]\n"
            )
        }
    }
}

fn title(data: &[PathBuf]) -> String {
    data.first().map(|path| address::stem(path).replace(['_', '-'], " ")).unwrap_or_default()
}

/// A string as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The data's path as seen from the project file; absolute where they have no folder in common.
fn relative(data: &Path, project: Option<&Path>) -> PathBuf {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = project.map(absolute).and_then(|path| path.parent().map(Path::to_owned));
    let Some(folder) = folder else { return data.to_owned() };
    let data = absolute(data);
    data.strip_prefix(&folder).map_or(data.clone(), Path::to_owned)
}
