//! Vector formats that GDAL opens: Shapefile, FlatGeobuf, GeoJSON, CSV, GML, KML and many more. Threads that each keep the
//! file open read features one after the other, straight into batches.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gdal::{Dataset, DatasetOptions, GdalOpenFlags};

use self::look::Looks;
use self::ogr::Source;
use self::schema::Table;
use super::offline::Offline;
use super::{archive, file, is_named_as_virtual, look_anew, opening, prepare, unopened};
use crate::base::address;
use crate::data::source::FeatureSource;
use crate::error::{Error, Result};
use crate::sources::layer_options::{LayerOptions, in_degrees};
use crate::sources::pool::{self, Pool};

mod back;
mod cells;
mod condition;
mod driver;
mod hits;
mod layer;
mod look;
pub(super) mod ogr;
mod order;
mod read;
mod schema;
mod seek;
mod sorted;
mod state;
#[cfg(test)]
mod tests;
mod times;
mod whole;

pub(super) use state::local;

/// Most bytes of a format that is held in memory, over all threads that have it open.
const HELD: u64 = 512 * 1024 * 1024;
/// How many times its size a text takes when it is held.
const SWELLS: u64 = 4;

/// A file of features that GDAL reads.
#[derive(Clone)]
pub struct VectorFile {
    room: Arc<Room>,
    names: Arc<Vec<String>>,
    /// The dataset that it was opened with, for descriptions of its layers.
    first: Arc<Mutex<Source>>,
}

/// A layer of a file.
#[derive(Clone)]
pub struct VectorLayer {
    /// Name.
    pub name: String,
    /// The rows.
    pub source: Arc<dyn FeatureSource>,
}

/// What the layers of a file share.
struct Room {
    path: PathBuf,
    options: OpenOptions,
    files: Vec<PathBuf>,
    /// In the place of a state, where a part is on another machine.
    opening: Option<u64>,
    /// The state of the files when it was described.
    born: u64,
    /// Bytes of all of them.
    size: u64,
    /// Whether an open reading keeps others from writing until the file is closed.
    holds: bool,
    looks: Arc<Looks>,
    pool: Pool<Handle>,
}

/// Options of GDAL's drivers, such as `ENCODING=CP1251`.
pub type OpenOptions = Vec<String>;

/// An open file of a thread.
struct Handle {
    /// Given up after damage, after which drivers tell an end that is none, and where only that lets others write.
    source: Option<Source>,
    /// The state of the files when it was opened.
    state: u64,
    /// Places of layers that are as they were described.
    verified: Vec<usize>,
}

impl fmt::Debug for VectorFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VectorFile({})", address::shown(&self.room.path))
    }
}

impl fmt::Debug for VectorLayer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VectorLayer({})", self.name)
    }
}

impl VectorFile {
    /// Opens a file, or what a path of GDAL's (`/vsizip/…`) names. The errors name the file and what is wrong with it: they
    /// are for whoever runs the server.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<VectorFile> {
        look_anew(path);
        let _offline = Offline::of(path);
        let source = open(path, options)?;
        let driver = driver::Driver::named(&source.driver());
        let damage = driver.damage();
        let names = source.layer_names();
        if let Some(cause) = damage {
            return Err(file(path, "is cut off or damaged").because(cause));
        }
        if names.is_empty() {
            return Err(file(path, "has no layers"));
        }
        if let Some(what) = whole::cut_off(path, &source) {
            return Err(file(path, &what));
        }
        let parts = source.files();
        let files = state::files(path, &parts);
        let is_elsewhere = parts.iter().map(PathBuf::as_path).chain([path]).any(|part| local(part).is_none());
        let opening = is_elsewhere.then(opening);
        let size: u64 = files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|about| about.len()).sum();
        let threads = if driver.is_lean { u64::MAX } else { HELD / (size.max(1) * SWELLS) };
        let threads = usize::try_from(threads).unwrap_or(pool::THREADS).clamp(2, pool::THREADS);
        let (kept, of) = (options.clone(), files.clone());
        let looks = Arc::new(Looks::default());
        let source = looks.apply(source, path, options, (!files.is_empty()).then(|| state::stamp(&files)))?;
        let known = looks.clone();
        let pool = Pool::new("gdal", path, threads, move |path| Handle::open(path, &kept, &of, &known));
        // A virtual file cannot be told to end the reading of what it names.
        let holds = source.driver() == driver::VIRTUAL && files.iter().any(|file| state::is_database(file));
        let room = Arc::new(Room {
            path: path.to_owned(),
            options: options.clone(),
            born: state::stamp(&files),
            files,
            opening,
            size,
            holds,
            looks,
            pool,
        });
        Ok(Self { room, names: Arc::new(names), first: Arc::new(Mutex::new(source)) })
    }

    /// The names of the layers, in the file's order.
    pub fn layer_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// All layers as the file describes them. One that cannot be read stands as its name and what is wrong with it, so
    /// that the others can be served.
    pub fn layers(&self) -> Vec<Result<VectorLayer, (String, Error)>> {
        let read = |(index, name): (usize, &String)| {
            self.read(index, &LayerOptions::default()).map_err(|error| (name.clone(), error))
        };
        self.names.iter().enumerate().map(read).collect()
    }

    /// One layer by its name.
    pub fn layer(&self, name: &str, options: &LayerOptions) -> Result<VectorLayer> {
        if let Some(index) = self.names.iter().position(|other| other == name) {
            return self.read(index, options);
        }
        let names: Vec<_> = self.layer_names().map(|name| format!("'{name}'")).collect();
        Err(file(&self.room.path, &format!("has no layer '{name}', but these: {}", names.join(", "))))
    }

    /// The files on this machine that it consists of.
    pub fn files(&self) -> &[PathBuf] {
        &self.room.files
    }

    fn read(&self, index: usize, options: &LayerOptions) -> Result<VectorLayer> {
        let name = self.names.get(index).cloned().unwrap_or_default();
        let wrong = |what: String| file(&self.room.path, &format!("cannot be read: layer '{name}': {what}"));
        let _offline = Offline::of(&self.room.path);
        let mut source = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let table = schema::describe(&mut source, &self.room.path, &name, index, options).map_err(wrong)?;
        let has_reference = source.reference(index).is_some();
        let mut opened = source.layer(index).ok_or_else(|| wrong("it cannot be opened".to_owned()))?;
        layer::probe(&mut opened, table.driver).map_err(wrong)?;
        if options.crs.is_none() && !has_reference && table.schema.geometry.is_some() {
            in_degrees(layer::places(&mut opened)).map_err(wrong)?;
        }
        let has_key = table.key.is_some();
        let layer = layer::Layer::new(self.room.clone(), table, &mut opened);
        layer.check_small(&mut opened).map_err(wrong)?;
        if has_key {
            layer.check(&mut opened, self.room.state()).map_err(wrong)?;
        }
        Ok(VectorLayer { name, source: Arc::new(layer) })
    }
}

impl Room {
    fn state(&self) -> u64 {
        state::stamp(&self.files) ^ self.opening.unwrap_or(0)
    }

    /// Opens the files again where they have changed.
    fn refresh(&self, handle: &mut Handle) -> Result<()> {
        if handle.source.is_none() || handle.state != state::stamp(&self.files) {
            *handle = Handle::open(&self.path, &self.options, &self.files, &self.looks).map_err(pool::unopened)?;
        }
        Ok(())
    }
}

impl Room {
    /// Whether what cannot be read now may be in a moment: it is fetched, or was written since it was described.
    fn is_moved(&self) -> bool {
        self.opening.is_some() || state::stamp(&self.files) != self.born
    }

    /// Has a file that could not be read opened anew the next time, and what it consists of elsewhere fetched anew.
    fn give_up(&self, handle: &mut Handle) {
        handle.source = None;
        if self.opening.is_some() {
            ogr::forget_fetched_of(&self.path);
        }
    }
}

impl Handle {
    fn open(path: &Path, options: &OpenOptions, files: &[PathBuf], looks: &Looks) -> Result<Self> {
        Offline::for_good(path);
        // Before it is opened: what is written meanwhile is noticed the next time.
        let state = state::stamp(files);
        if files.iter().any(|file| pool::is_gone(file)) {
            return Err(pool::gone(path));
        }
        let source = open(path, options).inspect_err(|_| ogr::forget_fetched_of(path))?;
        if let Some(what) = whole::cut_off(path, &source) {
            return Err(file(path, &what));
        }
        let source = looks.apply(source, path, options, (!files.is_empty()).then_some(state))?;
        Ok(Self { source: Some(source), state, verified: Vec::new() })
    }

    /// Refuses to read a layer that has other columns or another reference system by now; the server will publish it anew.
    /// One that was written since it was `born`, or is on another machine, must have its first and last rows.
    fn verify(&mut self, table: &Table, born: u64) -> Result<()> {
        if self.verified.contains(&table.index) {
            return Ok(());
        }
        let layer = self.source.as_mut().and_then(|source| source.layer(table.index));
        let fields = layer.map(|layer| layer.fields()).unwrap_or_default();
        let is_same = |column: &schema::Column| {
            fields.get(column.index).is_some_and(|field| {
                field.name == column.name && field.kind == column.kind && field.is_text == column.is_text
            })
        };
        let has_count = fields.len() == table.columns.len() + usize::from(table.key.is_some());
        let told = self.source.as_mut().and_then(|source| schema::Told::read(source, table.index, table.is_named));
        let is_told = told.is_some_and(|now| table.told.holds(&now));
        if !is_told || !has_count || !table.columns.iter().chain(&table.key).all(is_same) {
            return Err(pool::busy("the data of this layer has changed and is being opened anew, try again"));
        }
        if (self.state != born || table.elsewhere.is_some())
            && let Some(mut layer) = self.source.as_mut().and_then(|source| source.layer(table.index))
        {
            layer::probe(&mut layer, table.driver)
                .map_err(|what| pool::unread(&format!("layer '{}': {what}", table.name)))?;
        }
        self.verified.push(table.index);
        Ok(())
    }
}

/// Drivers of files.
fn drivers() -> &'static [String] {
    static DRIVERS: OnceLock<Vec<String>> = OnceLock::new();
    DRIVERS.get_or_init(|| super::registered_but(driver::REFUSED))
}

/// How columns of CSV become types and points, unless the project file says otherwise.
const CSV: [&str; 7] = [
    "AUTODETECT_TYPE=YES",
    // Whoever quotes a number means its digits: 01067 is the code of a place.
    "QUOTED_FIELDS_AS_STRING=YES",
    "EMPTY_STRING_AS_NULL=YES",
    "X_POSSIBLE_NAMES=x,lon,long,longitude,lng,easting",
    "Y_POSSIBLE_NAMES=y,lat,latitude,northing",
    "GEOM_POSSIBLE_NAMES=wkt,geom,geometry,the_geom",
    "KEEP_GEOM_COLUMNS=NO",
];

fn open(path: &Path, options: &OpenOptions) -> Result<Source> {
    prepare();
    let within = archive::within(path);
    if let Some(local) = state::local(path) {
        match std::fs::metadata(&local) {
            // A folder is found where nothing in it is what was named.
            Ok(about) if about.is_dir() && !path.starts_with("/vsi") && !path.exists() => {
                return Err(file(path, "does not exist"));
            }
            Ok(about) if about.is_file() && about.len() == 0 => return Err(file(&local, "is empty")),
            Ok(_) => {}
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Err(file(&local, "does not exist")),
            Err(cause) => return Err(file(&local, "cannot be read: may the server read it?").because(cause)),
        }
    }
    open_as(path, &within, options)
}

/// Opens what `within` names for the file of this path.
fn open_as(path: &Path, within: &Path, options: &OpenOptions) -> Result<Source> {
    let is_elsewhere = within.to_string_lossy().starts_with("/vsi");
    let may_open = |name: &&str| match *name {
        driver::GEOPACKAGE => is_elsewhere,
        // Whoever names one says what it may name; what somebody packed says nothing.
        driver::VIRTUAL => is_named_as_virtual(path) && !archive::is_within(path),
        _ => true,
    };
    let drivers: Vec<&str> = drivers().iter().map(String::as_str).filter(may_open).collect();
    let attempt = |options: &[&str]| {
        let open_flags =
            GdalOpenFlags::GDAL_OF_READONLY | GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR;
        let (allowed_drivers, open_options) = (Some(&drivers[..]), Some(options));
        Dataset::open_ex(within, DatasetOptions { open_flags, allowed_drivers, open_options, sibling_files: None })
            .map_err(|cause| unopened(path, "is no file of features that GDAL can read, or is damaged", &cause))
    };
    let own: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut source = Source::new(attempt(&own)?);
    if source.driver() == "CSV" {
        let is_set = |option: &&str| own.iter().any(|own| own.split('=').next() == option.split('=').next());
        let all: Vec<&str> = own.iter().copied().chain(CSV.into_iter().filter(|option| !is_set(option))).collect();
        source = Source::new(attempt(&all)?);
    }
    match source.stranger() {
        Some(table) => Err(file(path, &format!("has a table '{table}' that reads other files"))),
        None => Ok(source),
    }
}
