//! A file of this machine is read without any other machine: what it names (a schema, a reference system, overviews by an address) is not fetched.
//! GDAL would, and whoever made the file would learn who opens it and reach what only the server reaches.

use std::cell::Cell;
use std::marker::PhantomData;
use std::path::Path;

use super::vector::{self, ogr};
use super::{archive, is_named_as_virtual};

/// The one file on other machines that GDAL may read, which is none.
const ALLOWED: &str = "CPL_VSIL_CURL_ALLOWED_FILENAME";

thread_local! {
    /// How many hold this thread back.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// While it lives, GDAL reads nothing from other machines on this thread.
pub(super) struct Offline(PhantomData<*const ()>);

impl Offline {
    /// For a file; none where it is on another machine itself, or is virtual and was named for what it names.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let may_reach = vector::local(path).is_none() || (is_named_as_virtual(path) && !archive::is_within(path));
        (!may_reach).then(|| {
            if HELD.replace(HELD.get() + 1) == 0 {
                ogr::refuse_fetches();
                if let Err(error) = gdal::config::set_thread_local_config_option(ALLOWED, "/") {
                    tracing::warn!(%error, "GDAL may reach other machines");
                }
            }
            Self(PhantomData)
        })
    }

    /// The same for a thread that opens this file alone, until it ends.
    pub(super) fn for_good(path: &Path) {
        if HELD.get() == 0 {
            std::mem::forget(Self::of(path));
        }
    }
}

impl Drop for Offline {
    fn drop(&mut self) {
        if HELD.replace(HELD.get().saturating_sub(1)) == 1 {
            ogr::answer_fetches();
            // What is not set cannot stay set.
            let _ = gdal::config::clear_thread_local_config_option(ALLOWED);
        }
    }
}
