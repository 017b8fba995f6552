//! A look through all values of a file whose driver would make others of some: once for each state of the file, before anything of it is
//! served. GDAL itself guesses from a part of the values and says nothing of those that do not fit.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use gdal_sys::OGRFieldType;

use self::columns::Given;
use self::places::Lost;
use super::ogr::{Bytes, MemoryFile, Source};
use super::{OpenOptions, archive, file, open_as};
use crate::base::address;
use crate::error::Result;

mod columns;
mod json;
mod places;

/// What leaves times of GeoJSON texts.
const TIMES_AS_TEXT: &[&str] = &["DATE_AS_STRING=YES"];

/// A column that has another type than its driver says.
#[derive(Debug)]
struct Retyped {
    layer: usize,
    field: usize,
    name: String,
    kind: As,
    was_time_of_day: bool,
}

/// What a column is read as.
#[derive(Clone, Copy, Debug)]
enum As {
    Kind(OGRFieldType::Type),
    /// A time of this kind, from the text.
    Time(OGRFieldType::Type),
}

/// What the look told.
#[derive(Default)]
struct Look {
    columns: Vec<Retyped>,
    /// What is read in place of the file.
    copy: Option<Arc<MemoryFile>>,
    /// Options beside those of the project.
    options: &'static [&'static str],
}

/// What is known of a file, for the state in which it was.
#[derive(Default)]
pub(super) struct Looks(Mutex<Option<(u64, Arc<Look>)>>);

impl Looks {
    /// The dataset as it is to be read, in place of the one that was opened in this state of the file; none where states are not told.
    pub(super) fn apply(
        &self,
        source: Source,
        path: &Path,
        options: &OpenOptions,
        state: Option<u64>,
    ) -> Result<Source> {
        let Some(look) = Look::of(&source.driver()) else { return Ok(source) };
        let look = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match &*kept {
                Some((of, look)) if Some(*of) == state => look.clone(),
                _ => {
                    let look = Arc::new(look(path, options)?);
                    *kept = state.map(|state| (state, look.clone()));
                    look
                }
            }
        };
        let mut source =
            if look.copy.is_some() || !look.options.is_empty() { look.open(path, options)? } else { source };
        for it in &look.columns {
            let is_done = match it.kind {
                As::Kind(kind) => source.retype(it.layer, it.field, kind),
                As::Time(kind) => source.read_time(it.layer, it.field, kind),
            };
            if !is_done {
                return Err(file(path, &format!("has a column '{}' whose type GDAL lets nobody change", it.name)));
            }
        }
        Ok(source)
    }
}

impl Look {
    /// How files of a driver are looked through; none where it makes nothing else of their values.
    fn of(driver: &str) -> Option<fn(&Path, &OpenOptions) -> Result<Self>> {
        match driver {
            "GeoJSON" => Some(|path, options| Self::json(path, options, TIMES_AS_TEXT)),
            "GeoJSONSeq" | "TopoJSON" => Some(|path, options| Self::json(path, options, &[])),
            "CSV" => Some(Self::table),
            "GML" => Some(Self::columns),
            _ => None,
        }
    }

    /// The dataset, but for the types of its columns.
    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Source> {
        let all = options.iter().cloned().chain(self.options.iter().map(|&option| option.to_owned())).collect();
        match &self.copy {
            Some(copy) => Ok(open_as(path, copy.path(), &all)?.holding(copy.clone())),
            None => super::open(path, &all),
        }
    }

    /// The look at JSON; with `as_text` its driver leaves times the texts that they are.
    fn json(path: &Path, options: &OpenOptions, as_text: &'static [&'static str]) -> Result<Self> {
        let found = json::pass(&archive::unpacked(path))
            .map_err(|cause| file(path, "cannot be read").because(address::hidden(&cause.to_string()).into_owned()))?;
        let mut look = Self::default();
        if let Some(copy) = found.copy {
            tracing::warn!(file = %address::shown(path), numbers = found.numbers, "whole numbers beyond 64 bits are read as text");
            look.copy = Some(Arc::new(copy));
        }
        if !found.has_doubtful {
            return Ok(look);
        }
        let mut typed = look.open(path, options)?;
        look.options = as_text;
        let mut texts = look.open(path, options)?;
        let given = Given { is_said: false, only_times: true, are_texts: !as_text.is_empty() };
        look.compare(path, &mut typed, &mut texts, given);
        Ok(look)
    }

    fn table(path: &Path, options: &OpenOptions) -> Result<Self> {
        let look = Self::columns(path, options)?;
        let others = options.iter().filter(|option| !option.starts_with("KEEP_GEOM_COLUMNS="));
        let with_places = others.cloned().chain(["KEEP_GEOM_COLUMNS=YES".to_owned()]).collect();
        let mut plain = super::open(path, options)?;
        if let Some(Lost { rows, first }) = places::lost(&mut plain, &mut super::open(path, &with_places)?) {
            tracing::warn!(
                file = %address::shown(path), rows, first,
                "rows have no geometry, for what stands in its columns is none; `first` is the number of the first such row, counted from 1 \
                 below the head line"
            );
        }
        Ok(look)
    }

    fn columns(path: &Path, options: &OpenOptions) -> Result<Self> {
        let (mut typed, mut texts) = (super::open(path, options)?, super::open(path, options)?);
        // Types beside the file are those that somebody has said.
        let beside = |ending| Bytes::open(&archive::unpacked(path).with_extension(ending)).is_ok();
        let is_said = beside("csvt") || beside("xsd");
        let mut look = Self::default();
        look.compare(path, &mut typed, &mut texts, Given { is_said, only_times: false, are_texts: false });
        Ok(look)
    }

    /// Finds the columns that have another type than GDAL says.
    fn compare(&mut self, path: &Path, typed: &mut Source, texts: &mut Source, given: Given) {
        let Some(columns) = columns::misfits(typed, texts, given) else {
            tracing::warn!(file = %address::shown(path), "values that do not fit the guessed type of their column may be missing");
            return;
        };
        let is_text = |it: &&Retyped| matches!(it.kind, As::Kind(OGRFieldType::OFTString)) && !it.was_time_of_day;
        for it in columns.iter().filter(is_text) {
            tracing::warn!(
                file = %address::shown(path), column = it.name,
                "the column is read as text: it has values that no number or time has as they are written (a zero before other digits, \
                 more than 64 bits, a day that does not exist, a leap second, words far from the start)"
            );
        }
        self.columns = columns;
    }
}
