//! What an archive holds: it is a folder of files of data, those of its folders among them.

use std::path::{Path, PathBuf};

use super::files::{FILE_LIKE, is_named_as_features};
use super::left_out::{PARTS, some_of};
use super::reading::{FileKind, kind};
use super::{Opening, name_of, settings, told};
use crate::base::address;
use crate::error::Error;
use crate::sources::gdal::archive::{ENTRIES, Entry, entries, is_named_as_archive};
use crate::sources::gdal::is_named_as_raster;
use crate::sources::gdal::vector::{OpenOptions, VectorFile};

/// Files of an archive that are told where it has to be said which.
const CHOICES: usize = 16;
/// What an archive in another counts for, beside its entries.
const COST: usize = 100;

/// What an archive holds.
pub(super) struct Held {
    archive: PathBuf,
    /// The files of data, as paths that lead into the archive.
    pub(super) data: Vec<PathBuf>,
    /// What is none, by its name within.
    pub(super) other: Vec<String>,
}

impl Held {
    /// The names of what is no data, as many as anybody reads.
    pub(super) fn others(&self) -> String {
        some_of(&self.other)
    }
}

/// Whether a path is an archive as a whole: of a file of this machine, or as GDAL writes it.
pub(super) fn is_archive(path: &Path) -> bool {
    is_named_as_archive(path) && !path.is_dir()
}

/// Looks into an archive, and into those in it.
pub(super) fn held(archive: &Path) -> Result<Held, Error> {
    let mut held = Held { archive: archive.to_owned(), data: Vec::new(), other: Vec::new() };
    look(archive, &entries(archive, None)?, &mut held, &mut usize::from(ENTRIES));
    Ok(held)
}

/// Sorts what is in an archive. Archives in it may have so many entries together.
fn look(archive: &Path, all: &[Entry], held: &mut Held, left: &mut usize) {
    let is_hidden = |entry: &Entry| {
        let starts = |with: &str| entry.path.iter().any(|part| part.to_string_lossy().starts_with(with));
        starts(".") || starts("__MACOSX")
    };
    let is_in_one = |entry: &Entry| entry.path.ancestors().skip(1).any(is_file_like);
    for entry in all.iter().filter(|entry| !is_hidden(entry) && !is_in_one(entry)) {
        let path = archive.join(&entry.path);
        let mut is_other = || {
            let name = path.strip_prefix(&held.archive).unwrap_or(&path).display().to_string();
            held.other.push(name);
        };
        match entry.is_folder {
            true if is_file_like(&entry.path) => held.data.push(path),
            true => {}
            false if is_named_as_archive(&path) => match entries(&path, Some(entry.size)) {
                Ok(inner) if inner.len() < *left => {
                    // An archive costs a while even where it is empty.
                    *left = left.saturating_sub(inner.len() + COST);
                    look(&path, &inner, held, left);
                }
                Ok(_) => is_other(),
                Err(error) => {
                    tracing::warn!("{}", told(&error));
                    is_other();
                }
            },
            // It could name any file of this machine or another.
            false if has_ending(&path, &["vrt"]) => is_other(),
            false if is_named_as_features(&path) || is_named_as_raster(&path) => held.data.push(path),
            false if has_ending(&path, &PARTS) => {}
            false => is_other(),
        }
    }
}

fn is_file_like(path: &Path) -> bool {
    has_ending(path, &[FILE_LIKE])
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|it| endings.iter().any(|ending| it.eq_ignore_ascii_case(ending)))
}

impl Opening<'_> {
    /// One layer of an archive with settings of its own: that of the file in it which has the layer. `None` where that is to be found in the
    /// archive as a whole, or was told.
    pub(super) fn in_archive(&mut self, own: &settings::Layer) -> Option<settings::Layer> {
        let path = &own.source;
        self.watched.path(path);
        let held = match held(path) {
            Ok(held) => held,
            Err(error) => {
                self.lacks_now(&name_of(own), told(&error), Some(own));
                return None;
            }
        };
        let options: OpenOptions = own.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut found = Vec::new();
        match (&own.layer, held.data.as_slice()) {
            (_, []) => return Some(own.clone()),
            (layer, [one]) => found.push((one.clone(), layer.clone())),
            (None, _) => {}
            (Some(wanted), all) => {
                // Those of the name come first: to look into each costs an opening.
                let (named, others): (Vec<_>, Vec<_>) = all.iter().partition(|path| stem(path) == *wanted);
                for group in [named, others].into_iter().filter(|group| !group.is_empty()) {
                    found.extend(group.into_iter().filter_map(|path| {
                        if kind(path) == FileKind::Raster {
                            return (stem(path) == *wanted).then(|| (path.clone(), None));
                        }
                        let file = VectorFile::open(path, &options).ok()?;
                        let names: Vec<&str> = file.layer_names().collect();
                        match names.as_slice() {
                            names if names.contains(&wanted.as_str()) => Some((path.clone(), Some(wanted.clone()))),
                            [_] if stem(path) == *wanted => Some((path.clone(), None)),
                            _ => None,
                        }
                    }));
                    if !found.is_empty() {
                        break;
                    }
                }
            }
        }
        if let [(source, layer)] = found.as_slice() {
            let id = own.id.clone().or_else(|| own.layer.clone());
            let id = id.or_else(|| crate::sources::gdal::archive::stem(path).map(str::to_owned));
            return Some(settings::Layer { source: source.clone(), layer: layer.clone(), id, ..own.clone() });
        }
        let all: Vec<String> =
            held.data.iter().take(CHOICES).map(|path| format!("source = \"{}\"", address::shown(path))).collect();
        self.lacks(&name_of(own), format!("{}: say which file of it: {}", address::shown(path), all.join(" or ")));
        None
    }
}
