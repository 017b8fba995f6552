//! OGR's calls that the gdal crate lacks, or makes dear: its iterator counts all features before the first one comes, and
//! each text and geometry is copied into an object. This is the one room of the house with unsafe code. What it rests on:
//!
//! - A [`Source`] owns its dataset; layers and features borrow from it mutably, one after the other, so that no pointer
//!   outlives what it points into and nobody else reads meanwhile. Pointers that OGR lends (texts, binaries, lists) are
//!   copied before the next call on the same feature, which is when OGR may free them.
//! - Each index of a field comes from the layer's own definition and is checked against it.
//! - Lengths and counts that OGR tells are taken for what they are only beside the pointer that it gave in the same call.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;

use gdal::Dataset;
use gdal_sys::{OGRFieldType, OGRwkbGeometryType};

use crate::base::bbox::Rect;
use crate::sources::gdal::archive::Entry;
use crate::sources::gdal::vector::cells::text;

mod bytes;
mod feature;
mod fetches;

pub(super) use bytes::{Bytes, MemoryFile};
pub(super) use feature::{Feature, List, Moment};
pub(in crate::sources::gdal) use fetches::{answer_fetches, forget_fetched, forget_fetched_of, refuse_fetches};

/// Modules of SQLite and SpatiaLite whose tables are made of the same file's: indexes, and views of these.
const OWN_MODULES: [&str; 11] = [
    "rtree",
    "rtree_i32",
    "geopoly",
    "fts3",
    "fts4",
    "fts5",
    "virtualspatialindex",
    "virtualelementary",
    "virtualknn",
    "virtualknn2",
    "virtualrouting",
];

/// The bit of a mode that says folder.
const FOLDER: c_int = 0o040_000;

/// An open dataset with vector layers, and what it is read from where that is in memory: dropped after it.
pub(super) struct Source {
    dataset: Dataset,
    /// Fields that are read as text and are times: the layer, the field, the type.
    times: Vec<(usize, usize, OGRFieldType::Type)>,
    #[expect(dead_code, reason = "it is kept")]
    file: Option<Arc<MemoryFile>>,
}

/// A layer, while nobody else reads from its source.
pub(super) struct OgrLayer<'a> {
    raw: gdal_sys::OGRLayerH,
    fields: c_int,
    times: Vec<(usize, OGRFieldType::Type)>,
    /// Features came, and the end did not: databases stay locked meanwhile.
    is_reading: bool,
    source: PhantomData<&'a mut Source>,
}

/// A field as OGR describes it.
#[derive(Clone, Debug)]
pub(super) struct FieldDefinition {
    pub(super) name: String,
    pub(super) kind: OGRFieldType::Type,
    /// Whether it is a time that is read as text.
    pub(super) is_text: bool,
    pub(super) subtype: gdal_sys::OGRFieldSubType::Type,
    pub(super) title: Option<String>,
}

/// What OGR complained about since the last look on this thread, where it was a failure.
pub(super) fn failure() -> Option<String> {
    // SAFETY: the message is a string of this thread, copied at once.
    unsafe {
        let is_failure = gdal_sys::CPLGetLastErrorType() >= gdal_sys::CPLErr::CE_Failure;
        is_failure.then(|| owned(gdal_sys::CPLGetLastErrorMsg()).unwrap_or_default())
    }
}

/// Forgets what OGR complained about on this thread.
pub(super) fn forget_failure() {
    // SAFETY: it sets three variables of this thread.
    unsafe { gdal_sys::CPLErrorReset() }
}

/// What is in a folder or archive, at most so many entries of it; `None` where GDAL cannot look into it.
pub(in crate::sources::gdal) fn inside(path: &Path, depth: usize, most: usize) -> Option<Vec<Entry>> {
    let name = CString::new(path.to_str()?).ok()?;
    let mut all = Vec::new();
    // SAFETY: the name ends with zero; what is opened is closed once. An entry is lent until the next is asked for, and copied before.
    unsafe {
        let folder = gdal_sys::VSIOpenDir(name.as_ptr(), c_int::try_from(depth).ok()?, ptr::null());
        if folder.is_null() {
            return None;
        }
        while all.len() < most {
            let Some(entry) = gdal_sys::VSIGetNextDirEntry(folder).as_ref() else { break };
            let path = PathBuf::from(owned(entry.pszName).unwrap_or_default());
            let is_folder = entry.bModeKnown != 0 && entry.nMode & FOLDER == FOLDER;
            all.push(Entry { path, is_folder, size: if entry.bSizeKnown != 0 { entry.nSize } else { 0 } });
        }
        gdal_sys::VSICloseDir(folder);
    }
    Some(all)
}

/// A string that is lent; `None` where there is none.
///
/// # Safety
/// The pointer is null or leads to a string that ends with zero.
unsafe fn owned(text: *const c_char) -> Option<String> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

impl Source {
    pub(super) fn new(dataset: Dataset) -> Self {
        Self { dataset, times: Vec::new(), file: None }
    }

    /// The same, which is read from a file in memory.
    pub(super) fn holding(self, file: Arc<MemoryFile>) -> Self {
        Self { file: Some(file), ..self }
    }

    /// Has a field read as another type, before any feature is; false where GDAL does not let it.
    pub(super) fn retype(&mut self, layer: usize, field: usize, kind: OGRFieldType::Type) -> bool {
        let Some(layer) = self.layer(layer) else { return false };
        let Some(field) = c_int::try_from(field).ok().filter(|field| *field < layer.fields) else { return false };
        // SAFETY: the index is below the count of the definition, which lives as long as the layer. A type of no parts is set, so that
        // none of another's is left; no feature has been read by the definition.
        unsafe {
            let definition = gdal_sys::OGR_FD_GetFieldDefn(gdal_sys::OGR_L_GetLayerDefn(layer.raw), field);
            if gdal_sys::OGR_Fld_GetType(definition) != kind {
                gdal_sys::OGR_Fld_SetType(definition, kind);
            }
            gdal_sys::OGR_Fld_GetType(definition) == kind
        }
    }

    /// Has a field read as text that is a day or instant; false where GDAL does not let it.
    pub(super) fn read_time(&mut self, layer: usize, field: usize, kind: OGRFieldType::Type) -> bool {
        self.times.push((layer, field, kind));
        self.retype(layer, field, OGRFieldType::OFTString)
    }

    /// Short name of the driver that opened it.
    pub(super) fn driver(&self) -> String {
        self.dataset.driver().short_name()
    }

    pub(super) fn layer_names(&self) -> Vec<String> {
        use gdal::vector::LayerAccess;
        self.dataset.layers().map(|layer| layer.name()).collect()
    }

    /// The reference system of a layer.
    pub(super) fn reference(&self, index: usize) -> Option<gdal::spatial_ref::SpatialRef> {
        use gdal::vector::LayerAccess;
        self.dataset.layer(index).ok()?.spatial_ref()
    }

    /// The epoch of a layer's coordinates in years, where the file tells it.
    pub(super) fn epoch(&self, index: usize) -> Option<f64> {
        let reference = self.reference(index)?;
        // SAFETY: the system is this function's own until it ends; none told is zero.
        let epoch = unsafe { gdal_sys::OSRGetCoordinateEpoch(reference.to_c_hsrs()) };
        (epoch.is_finite() && epoch > 0.0).then_some(epoch)
    }

    /// All files that it consists of, as GDAL names them.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        // SAFETY: the dataset is open; the list is null or ends with null, and is destroyed after it was copied.
        unsafe {
            let list = gdal_sys::GDALGetFileList(self.dataset.c_dataset());
            let mut files = Vec::new();
            let mut at = list;
            while !at.is_null() && !(*at).is_null() {
                files.extend(owned(*at).map(PathBuf::from));
                at = at.add(1);
            }
            gdal_sys::CSLDestroy(list);
            files
        }
    }

    /// A table of a database that is none of its own: SQLite's virtual tables may be other files of this machine.
    pub(super) fn stranger(&self) -> Option<String> {
        use gdal::vector::LayerAccess;
        if !["SQLite", "GPKG"].contains(&self.driver().as_str()) {
            return None;
        }
        let text = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%'";
        let mut tables = self.dataset.execute_sql(text, None, gdal::vector::sql::Dialect::DEFAULT).ok()??;
        tables.features().find_map(|table| {
            let text = |field| table.field_as_string(field).ok().flatten().unwrap_or_default();
            let made = text(1);
            let words: Vec<&str> = made.split(|it: char| it.is_whitespace() || "(,;".contains(it)).collect();
            let module =
                words.iter().position(|word| word.eq_ignore_ascii_case("USING")).and_then(|at| words.get(at + 1));
            let module = module.map(|module| module.trim_matches(['"', '\'', '`', '[', ']']).to_ascii_lowercase());
            let is_own = module.is_some_and(|module| OWN_MODULES.contains(&module.as_str()));
            (!is_own).then(|| text(0))
        })
    }

    /// Whether a table of a database has an index beside its rows, or is a view of others.
    pub(super) fn has_index(&self, table: &str) -> bool {
        use gdal::vector::LayerAccess;
        let name = table.replace('\'', "''");
        let text = format!(
            "SELECT 1 FROM sqlite_master WHERE lower(tbl_name) = lower('{name}') AND type IN ('index', 'view')"
        );
        let answer = self.dataset.execute_sql(text, None, gdal::vector::sql::Dialect::DEFAULT);
        // What it does not say may be so.
        answer.map_or(true, |rows| rows.is_some_and(|mut rows| rows.features().next().is_some()))
    }

    /// Bytes that a SQLite file has as it says itself; `None` where it does not, or a part of it is in another file.
    pub(super) fn database_length(&self) -> Option<u64> {
        use gdal::vector::LayerAccess;
        if self.driver() != "SQLite" {
            return None;
        }
        let text = "SELECT page_count * page_size, journal_mode FROM pragma_page_count(), pragma_page_size(), pragma_journal_mode()";
        let mut answer = self.dataset.execute_sql(text, None, gdal::vector::sql::Dialect::DEFAULT).ok()??;
        let row = answer.features().next()?;
        let is_whole = row.field_as_string(1).ok().flatten().is_some_and(|mode| mode != "wal");
        row.field_as_integer64(0).ok().flatten().and_then(|length| u64::try_from(length).ok()).filter(|_| is_whole)
    }

    /// A layer by its place.
    pub(super) fn layer(&mut self, index: usize) -> Option<OgrLayer<'_>> {
        let times = self.times.iter().filter(|(layer, ..)| *layer == index).map(|&(_, field, kind)| (field, kind));
        let times = times.collect();
        let index = c_int::try_from(index).ok()?;
        // SAFETY: the dataset is open and borrowed; an index without a layer gives null.
        let raw = unsafe { gdal_sys::GDALDatasetGetLayer(self.dataset.c_dataset(), index) };
        if raw.is_null() {
            return None;
        }
        // SAFETY: the layer has a definition as long as its dataset is open.
        let fields = unsafe { gdal_sys::OGR_FD_GetFieldCount(gdal_sys::OGR_L_GetLayerDefn(raw)) };
        Some(OgrLayer { raw, fields, times, is_reading: false, source: PhantomData })
    }
}

/// Whoever is done leaves no reading open.
impl Drop for OgrLayer<'_> {
    fn drop(&mut self) {
        if self.is_reading {
            self.rewind();
        }
    }
}

impl OgrLayer<'_> {
    pub(super) fn fields(&self) -> Vec<FieldDefinition> {
        // SAFETY: every index is below the count of the definition, which lives as long as the layer.
        let define = |index: c_int| unsafe {
            let field = gdal_sys::OGR_FD_GetFieldDefn(gdal_sys::OGR_L_GetLayerDefn(self.raw), index);
            let name = gdal_sys::OGR_Fld_GetNameRef(field);
            let time = self.times.iter().find(|(field, _)| c_int::try_from(*field) == Ok(index));
            FieldDefinition {
                // As the values are: what is no UTF-8 is of old Windows.
                name: if name.is_null() { String::new() } else { text(CStr::from_ptr(name).to_bytes()).into_owned() },
                kind: time.map_or_else(|| gdal_sys::OGR_Fld_GetType(field), |&(_, kind)| kind),
                is_text: time.is_some(),
                subtype: gdal_sys::OGR_Fld_GetSubType(field),
                title: owned(gdal_sys::OGR_Fld_GetAlternativeNameRef(field)).filter(|title| !title.is_empty()),
            }
        };
        (0..self.fields).map(define).collect()
    }

    /// The type of its geometries without dimensions, and whether they have heights; `None` where it has none.
    pub(super) fn geometry(&self) -> Option<(OGRwkbGeometryType::Type, bool)> {
        // SAFETY: the layer is open; the others take a number.
        unsafe {
            let kind = gdal_sys::OGR_L_GetGeomType(self.raw);
            let flat = gdal_sys::OGR_GT_Flatten(kind);
            (flat != OGRwkbGeometryType::wkbNone).then(|| (flat, gdal_sys::OGR_GT_HasZ(kind) != 0))
        }
    }

    pub(super) fn geometry_name(&self) -> String {
        // SAFETY: the layer is open; the string is copied.
        unsafe { owned(gdal_sys::OGR_L_GetGeometryColumn(self.raw)).unwrap_or_default() }
    }

    /// The name of the column of feature ids; empty where the file has none.
    pub(super) fn id_name(&self) -> String {
        // SAFETY: as above.
        unsafe { owned(gdal_sys::OGR_L_GetFIDColumn(self.raw)).unwrap_or_default() }
    }

    /// Whether the driver can do something; the names are those of OGR.
    pub(super) fn can(&self, capability: &CStr) -> bool {
        // SAFETY: the layer is open, the name ends with zero.
        unsafe { gdal_sys::OGR_L_TestCapability(self.raw, capability.as_ptr()) != 0 }
    }

    /// Names fields (and `OGR_GEOMETRY`) that need not be read; each call replaces the last.
    pub(super) fn ignore(&mut self, names: &[CString]) {
        let mut list: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        list.push(ptr::null());
        // SAFETY: the list ends with null and outlives the call, in which OGR reads it. Fields that are read in vain are
        // no fault, so the result does not matter.
        let _ = unsafe { gdal_sys::OGR_L_SetIgnoredFields(self.raw, list.as_mut_ptr()) };
    }

    /// Sets a condition in OGR's language, or none; false where OGR does not understand it.
    pub(super) fn set_condition(&mut self, condition: Option<&CStr>) -> bool {
        let text = condition.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the layer is open; the text is null or ends with zero, and is copied.
        unsafe { gdal_sys::OGR_L_SetAttributeFilter(self.raw, text) == gdal_sys::OGRErr::OGRERR_NONE }
    }

    /// Sets a rectangle that features must meet, roughly; or none.
    pub(super) fn set_rectangle(&mut self, rect: Option<&Rect>) {
        // SAFETY: the layer is open; null as a geometry takes the filter away.
        unsafe {
            match rect {
                Some(rect) => {
                    gdal_sys::OGR_L_SetSpatialFilterRect(self.raw, rect.min_x, rect.min_y, rect.max_x, rect.max_y);
                }
                None => gdal_sys::OGR_L_SetSpatialFilter(self.raw, ptr::null_mut()),
            }
        }
    }

    /// Starts again with the first feature.
    pub(super) fn rewind(&mut self) {
        // SAFETY: the layer is open.
        unsafe { gdal_sys::OGR_L_ResetReading(self.raw) }
        self.is_reading = false;
    }

    /// Goes to a feature by its place; false where there is none.
    pub(super) fn go_to(&mut self, place: i64) -> bool {
        // SAFETY: the layer is open.
        unsafe { gdal_sys::OGR_L_SetNextByIndex(self.raw, place) == gdal_sys::OGRErr::OGRERR_NONE }
    }

    /// The next feature; `None` after the last, and where one cannot be read (see [`failure`]).
    pub(super) fn next(&mut self) -> Option<Feature<'_>> {
        // SAFETY: the layer is open and borrowed by the feature, which the caller owns from here.
        let raw = unsafe { gdal_sys::OGR_L_GetNextFeature(self.raw) };
        self.is_reading = !raw.is_null();
        self.feature(raw)
    }

    /// The feature with this id.
    pub(super) fn get(&mut self, id: i64) -> Option<Feature<'_>> {
        // SAFETY: as above.
        self.feature(unsafe { gdal_sys::OGR_L_GetFeature(self.raw, id) })
    }

    fn feature(&mut self, raw: gdal_sys::OGRFeatureH) -> Option<Feature<'_>> {
        (!raw.is_null()).then_some(Feature { raw, fields: self.fields, layer: PhantomData })
    }

    /// The number of features that the driver knows, or finds out where it is `forced`.
    pub(super) fn count(&mut self, forced: bool) -> Option<u64> {
        // SAFETY: the layer is open.
        let count = unsafe { gdal_sys::OGR_L_GetFeatureCount(self.raw, c_int::from(forced)) };
        u64::try_from(count).ok()
    }

    /// The extent that the driver knows without looking at each feature.
    pub(super) fn extent(&mut self) -> Option<Rect> {
        let mut envelope = gdal_sys::OGREnvelope { MinX: 0.0, MaxX: 0.0, MinY: 0.0, MaxY: 0.0 };
        // SAFETY: the layer is open; the envelope is filled in during the call.
        let result = unsafe { gdal_sys::OGR_L_GetExtent(self.raw, &raw mut envelope, 0) };
        let rect = Rect { min_x: envelope.MinX, min_y: envelope.MinY, max_x: envelope.MaxX, max_y: envelope.MaxY };
        let is_sound = [rect.min_x, rect.min_y, rect.max_x, rect.max_y].iter().all(|side| side.is_finite());
        (result == gdal_sys::OGRErr::OGRERR_NONE && is_sound && !rect.is_empty()).then_some(rect)
    }
}
