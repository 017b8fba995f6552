//! What GDAL fetches from other machines, held back for a while.

use std::ffi::{c_char, c_int, c_void};
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

/// Takes one refusal back.
pub(in crate::sources::gdal) fn answer_fetches() {
    // SAFETY: it takes the last callback of this thread off a list.
    let _ = unsafe { CPLHTTPPopFetchCallback() };
}
