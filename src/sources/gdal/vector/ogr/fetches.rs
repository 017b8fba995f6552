//! What GDAL fetches from other machines, held back for a while.

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

unsafe extern "C" {
    fn CPLHTTPPushFetchCallback(answer: Fetch, data: *mut c_void) -> c_int;
    fn CPLHTTPPopFetchCallback() -> c_int;
}

/// What GDAL asks in the place of another machine: address, options, progress with data, writing with data, data.
type Fetch = unsafe extern "C" fn(
    *const c_char,
    *const *const c_char,
    *const c_void,
    *mut c_void,
    *const c_void,
    *mut c_void,
    *mut c_void,
) -> *mut c_void;

/// Bytes of GDAL's record of an answer, by a good measure: it has nine words, and those that are zero mean nothing.
const ANSWER: usize = 512;

/// The answer that there is none: a record whose first word, the status, says failure. None at all would mean that the next is asked.
unsafe extern "C" fn refuse(
    _: *const c_char,
    _: *const *const c_char,
    _: *const c_void,
    _: *mut c_void,
    _: *const c_void,
    _: *mut c_void,
    _: *mut c_void,
) -> *mut c_void {
    // SAFETY: GDAL frees what it has allocated here; the first word lies within.
    unsafe {
        let answer = gdal_sys::VSICalloc(ANSWER, 1);
        if !answer.is_null() {
            answer.cast::<c_int>().write(1);
        }
        answer
    }
}

/// Has GDAL fetch nothing on this thread, until as many [`answer_fetches`] came.
pub(in crate::sources::gdal) fn refuse_fetches() {
    // SAFETY: the function lives as long as the program and has the signature that GDAL calls.
    let _ = unsafe { CPLHTTPPushFetchCallback(refuse, ptr::null_mut()) };
}

/// Forgets what was fetched; files that are open read on.
pub(in crate::sources::gdal) fn forget_fetched() {
    // SAFETY: it empties caches that GDAL locks itself.
    unsafe { gdal_sys::VSICurlClearCache() }
}

/// Forgets what was fetched of one file, or of an archive that it is in: a connection that broke off leaves a short piece, which GDAL would
/// give again and again. Nothing where it is on this machine.
pub(in crate::sources::gdal) fn forget_fetched_of(path: &Path) {
    let Some(name) = elsewhere(path).and_then(|name| CString::new(name).ok()) else { return };
    // SAFETY: the name ends with zero and outlives the call; the caches are locked by GDAL.
    unsafe { gdal_sys::VSICurlPartialClearCache(name.as_ptr()) }
}

/// What GDAL fetches for a path: the archive, where it leads into one.
fn elsewhere(path: &Path) -> Option<&str> {
    let mut rest = path.to_str()?;
    let mut is_braced = false;
    while let Some(inner) = ["/vsizip/", "/vsitar/", "/vsigzip/"].iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        is_braced = inner.starts_with('{');
        rest = inner.strip_prefix('{').unwrap_or(inner);
    }
    let rest = if is_braced { rest.split('}').next().unwrap_or(rest) } else { rest };
    // Without braces the name of the archive ends with its ending.
    let end = if rest.len() < path.as_os_str().len() && !is_braced {
        [".zip/", ".tar/", ".tgz/", ".gz/"].iter().filter_map(|end| Some(rest.find(end)? + end.len() - 1)).min()
    } else {
        None
    };
    rest.starts_with("/vsi").then(|| &rest[..end.unwrap_or(rest.len())])
}

/// Takes one refusal back.
pub(in crate::sources::gdal) fn answer_fetches() {
    // SAFETY: it takes the last callback of this thread off a list.
    let _ = unsafe { CPLHTTPPopFetchCallback() };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fetched_for_a_path_is_known() {
        let file = "/vsicurl/http://a.example/b.fgb";
        let archive = "/vsicurl/http://a.example/b.zip";
        for (path, wanted) in [
            (file.to_owned(), Some(file)),
            (format!("/vsizip/{archive}/c.shp"), Some(archive)),
            (format!("/vsizip/{{{archive}}}/c.shp"), Some(archive)),
            (format!("/vsizip/{{/vsizip/{{{archive}}}/d.zip}}/c.shp"), Some(archive)),
            ("/data/b.fgb".to_owned(), None),
            ("/vsizip//data/b.zip/c.shp".to_owned(), None),
        ] {
            assert_eq!(elsewhere(Path::new(&path)), wanted, "{path}");
        }
    }
}
