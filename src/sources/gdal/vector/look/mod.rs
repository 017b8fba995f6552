//! A look through all values of a file whose driver would make others of some: once for each state of the file, before anything of it is
//! served. GDAL itself guesses from a part of the values and says nothing of those that do not fit.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use gdal_sys::OGRFieldType;

use super::ogr::{Bytes, MemoryFile, Source};
use super::{OpenOptions, archive, file, open_as};
use crate::base::address;
use crate::error::Result;

mod columns;
mod wide;

/// A column that has another type than its driver says.
#[derive(Debug)]
struct Retyped {
    layer: usize,
    field: usize,
    name: String,
    kind: OGRFieldType::Type,
}

/// What the look told.
#[derive(Default)]
struct Look {
    columns: Vec<Retyped>,
    /// What is read in place of the file.
    copy: Option<Arc<MemoryFile>>,
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
        let mut source = match &look.copy {
            Some(copy) => open_as(path, copy.path(), options)?.holding(copy.clone()),
            None => source,
        };
        for it in &look.columns {
            if !source.retype(it.layer, it.field, it.kind) {
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
            "GeoJSON" | "GeoJSONSeq" | "TopoJSON" => Some(Self::numbers),
            "CSV" | "GML" => Some(Self::columns),
            _ => None,
        }
    }

    fn numbers(path: &Path, _: &OpenOptions) -> Result<Self> {
        let found = wide::quoted(&archive::unpacked(path))
            .map_err(|cause| file(path, "cannot be read").because(address::hidden(&cause.to_string()).into_owned()))?;
        let Some((copy, numbers)) = found else { return Ok(Self::default()) };
        tracing::warn!(file = %address::shown(path), numbers, "whole numbers beyond 64 bits are read as text");
        Ok(Self { columns: Vec::new(), copy: Some(Arc::new(copy)) })
    }

    fn columns(path: &Path, options: &OpenOptions) -> Result<Self> {
        let (mut typed, mut texts) = (super::open(path, options)?, super::open(path, options)?);
        // Types beside the file are those that somebody has said.
        let beside = |ending| Bytes::open(&archive::unpacked(path).with_extension(ending)).is_ok();
        let is_said = beside("csvt") || beside("xsd");
        let Some(columns) = columns::misfits(&mut typed, &mut texts, is_said) else {
            tracing::warn!(file = %address::shown(path), "values that do not fit the guessed type of their column may be missing");
            return Ok(Self::default());
        };
        for it in columns.iter().filter(|it| it.kind == OGRFieldType::OFTString) {
            tracing::warn!(
                file = %address::shown(path), column = it.name,
                "the column is read as text: it has values that no number or time has as they are written (a zero before other digits, \
                 more than 64 bits, words far from the start)"
            );
        }
        Ok(Self { columns, copy: None })
    }
}
