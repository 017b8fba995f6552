//! A feature that OGR has read: its number, its values, its geometry.

use std::ffi::{CStr, c_int};
use std::marker::PhantomData;

use gdal_sys::{OGRFieldType, OGRwkbByteOrder};

/// A feature that OGR has read.
pub(in crate::sources::gdal::vector) struct Feature<'a> {
    pub(super) raw: gdal_sys::OGRFeatureH,
    pub(super) fields: c_int,
    pub(super) layer: PhantomData<&'a mut ()>,
}

/// A date and a time of day as OGR stores them.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sources::gdal::vector) struct Moment {
    pub(in crate::sources::gdal::vector) year: i32,
    pub(in crate::sources::gdal::vector) month: i32,
    pub(in crate::sources::gdal::vector) day: i32,
    pub(in crate::sources::gdal::vector) hour: i32,
    pub(in crate::sources::gdal::vector) minute: i32,
    pub(in crate::sources::gdal::vector) second: f32,
    /// 0 is unknown, 1 local time, 100 UTC; each step from there is a quarter of an hour.
    pub(in crate::sources::gdal::vector) zone: i32,
}

/// A list of values, which OGR lends.
pub(in crate::sources::gdal::vector) enum List<'a> {
    Integers(&'a [i32]),
    LongIntegers(&'a [i64]),
    Numbers(&'a [f64]),
    Texts(Vec<&'a CStr>),
}

impl Drop for Feature<'_> {
    fn drop(&mut self) {
        // SAFETY: the feature is owned here and nothing of it is used after.
        unsafe { gdal_sys::OGR_F_Destroy(self.raw) }
    }
}

impl Feature<'_> {
    pub(in crate::sources::gdal::vector) fn id(&self) -> i64 {
        // SAFETY: the feature is alive.
        unsafe { gdal_sys::OGR_F_GetFID(self.raw) }
    }

    /// The field as OGR counts; `None` where it has no such field, or no value in it.
    fn filled(&self, field: usize) -> Option<c_int> {
        let field = c_int::try_from(field).ok().filter(|field| *field < self.fields)?;
        // SAFETY: the feature is alive and the index is one of its definition.
        (unsafe { gdal_sys::OGR_F_IsFieldSetAndNotNull(self.raw, field) } != 0).then_some(field)
    }

    pub(in crate::sources::gdal::vector) fn integer(&self, field: usize) -> Option<i64> {
        // SAFETY: the index was checked; OGR converts.
        self.filled(field).map(|field| unsafe { gdal_sys::OGR_F_GetFieldAsInteger64(self.raw, field) })
    }

    pub(in crate::sources::gdal::vector) fn number(&self, field: usize) -> Option<f64> {
        // SAFETY: as above.
        self.filled(field).map(|field| unsafe { gdal_sys::OGR_F_GetFieldAsDouble(self.raw, field) })
    }

    /// The bytes of a text, mostly UTF-8; they are lent until the next question.
    pub(in crate::sources::gdal::vector) fn text(&mut self, field: usize) -> Option<&[u8]> {
        let field = self.filled(field)?;
        // SAFETY: the index was checked. The string belongs to the feature, which is borrowed mutably, so that no other
        // question can free it.
        unsafe {
            let text = gdal_sys::OGR_F_GetFieldAsString(self.raw, field);
            (!text.is_null()).then(|| CStr::from_ptr(text).to_bytes())
        }
    }

    pub(in crate::sources::gdal::vector) fn binary(&mut self, field: usize) -> Option<&[u8]> {
        let field = self.filled(field)?;
        let mut length = 0;
        // SAFETY: as above; OGR tells the length of what it lends.
        unsafe {
            let bytes = gdal_sys::OGR_F_GetFieldAsBinary(self.raw, field, &raw mut length);
            match usize::try_from(length) {
                Ok(length) if !bytes.is_null() => Some(std::slice::from_raw_parts(bytes, length)),
                _ => Some(&[]),
            }
        }
    }

    pub(in crate::sources::gdal::vector) fn moment(&self, field: usize) -> Option<Moment> {
        let field = self.filled(field)?;
        let mut it = Moment::default();
        // SAFETY: the index was checked; each pointer leads to a number that outlives the call.
        let is_time = unsafe {
            gdal_sys::OGR_F_GetFieldAsDateTimeEx(
                self.raw,
                field,
                &raw mut it.year,
                &raw mut it.month,
                &raw mut it.day,
                &raw mut it.hour,
                &raw mut it.minute,
                &raw mut it.second,
                &raw mut it.zone,
            )
        };
        (is_time != 0).then_some(it)
    }

    /// The values of a list field of this kind.
    pub(in crate::sources::gdal::vector) fn list(
        &mut self,
        field: usize,
        kind: OGRFieldType::Type,
    ) -> Option<List<'_>> {
        let field = self.filled(field)?;
        let mut count = 0;
        // SAFETY: the index was checked; each call gives null or a list with the number that it tells, of the type that its
        // name says (OGR gives null where the field is of another), lent as long as the feature is borrowed. The list of
        // texts ends with null.
        unsafe {
            match kind {
                OGRFieldType::OFTIntegerList => {
                    let list = gdal_sys::OGR_F_GetFieldAsIntegerList(self.raw, field, &raw mut count);
                    Some(List::Integers(slice(list, count)))
                }
                OGRFieldType::OFTInteger64List => {
                    let list = gdal_sys::OGR_F_GetFieldAsInteger64List(self.raw, field, &raw mut count);
                    Some(List::LongIntegers(slice(list, count)))
                }
                OGRFieldType::OFTRealList => {
                    let list = gdal_sys::OGR_F_GetFieldAsDoubleList(self.raw, field, &raw mut count);
                    Some(List::Numbers(slice(list, count)))
                }
                _ => {
                    let mut at = gdal_sys::OGR_F_GetFieldAsStringList(self.raw, field);
                    let mut texts = Vec::new();
                    while !at.is_null() && !(*at).is_null() {
                        texts.push(CStr::from_ptr(*at));
                        at = at.add(1);
                    }
                    Some(List::Texts(texts))
                }
            }
        }
    }

    /// Writes the geometry as ISO WKB in the place of what is in `out`; false where there is none.
    pub(in crate::sources::gdal::vector) fn wkb(&self, out: &mut Vec<u8>) -> bool {
        out.clear();
        // SAFETY: the geometry is lent by the feature, which is alive. The buffer has the size that OGR tells for this very
        // geometry.
        unsafe {
            let geometry = gdal_sys::OGR_F_GetGeometryRef(self.raw);
            if geometry.is_null() {
                return false;
            }
            out.resize(gdal_sys::OGR_G_WkbSizeEx(geometry), 0);
            let result = gdal_sys::OGR_G_ExportToIsoWkb(geometry, OGRwkbByteOrder::wkbNDR, out.as_mut_ptr());
            result == gdal_sys::OGRErr::OGRERR_NONE && !out.is_empty()
        }
    }
}

/// A list that is lent.
///
/// # Safety
/// The pointer is null, or leads to so many values that live as long as `'a`.
unsafe fn slice<'a, T>(list: *const T, count: c_int) -> &'a [T] {
    match usize::try_from(count) {
        // SAFETY: the caller's promise.
        Ok(count) if !list.is_null() => unsafe { std::slice::from_raw_parts(list, count) },
        _ => &[],
    }
}
