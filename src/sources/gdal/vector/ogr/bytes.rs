//! The bytes of what GDAL's paths name, also within archives and on other machines, and files in memory that GDAL opens.

use std::ffi::{CString, c_void};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that is open for reading from its start.
pub(in crate::sources::gdal::vector) struct Bytes(*mut gdal_sys::VSILFILE);

/// A file in memory. Dropped, it is gone.
pub(in crate::sources::gdal::vector) struct MemoryFile {
    path: PathBuf,
    name: CString,
    /// Open while it is written.
    file: *mut gdal_sys::VSILFILE,
}

// SAFETY: a handle is closed before the file is handed to other threads (`finished` takes it by value and leaves null), and GDAL locks its
// table of files in memory; the path is read alone.
unsafe impl Send for MemoryFile {}
// SAFETY: as above: nothing but the path is reached through a shared reference.
unsafe impl Sync for MemoryFile {}

fn name(path: &Path) -> io::Result<CString> {
    let text = path.to_str().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(CString::new(text)?)
}

impl Bytes {
    pub(in crate::sources::gdal::vector) fn open(path: &Path) -> io::Result<Self> {
        let name = name(path)?;
        // SAFETY: both texts end with zero and outlive the call; what is opened is closed once, when this is dropped.
        let file = unsafe { gdal_sys::VSIFOpenL(name.as_ptr(), c"rb".as_ptr()) };
        if file.is_null() { Err(io::ErrorKind::NotFound.into()) } else { Ok(Self(file)) }
    }
}

impl Bytes {
    /// Goes to a place.
    pub(in crate::sources::gdal::vector) fn go_to(&mut self, place: u64) -> io::Result<()> {
        // SAFETY: the file is open; 0 counts from its start.
        if unsafe { gdal_sys::VSIFSeekL(self.0, place, 0) } == 0 {
            Ok(())
        } else {
            Err(io::ErrorKind::InvalidInput.into())
        }
    }
}

impl io::Read for Bytes {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the file is open, and there is room for so many bytes.
        Ok(unsafe { gdal_sys::VSIFReadL(into.as_mut_ptr().cast::<c_void>(), 1, into.len(), self.0) })
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: it was opened and is closed once.
        let _ = unsafe { gdal_sys::VSIFCloseL(self.0) };
    }
}

impl MemoryFile {
    /// An empty one that ends with this name, in a folder of its own.
    pub(in crate::sources::gdal::vector) fn new(stem: &str) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let path = PathBuf::from(format!("/vsimem/graticule/{}/{stem}", COUNT.fetch_add(1, Ordering::Relaxed)));
        let name = name(&path)?;
        // SAFETY: as for reading.
        let file = unsafe { gdal_sys::VSIFOpenL(name.as_ptr(), c"wb".as_ptr()) };
        if file.is_null() { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(Self { path, name, file }) }
    }

    /// The same, all of it written.
    pub(in crate::sources::gdal::vector) fn finished(mut self) -> io::Result<Self> {
        let file = std::mem::replace(&mut self.file, std::ptr::null_mut());
        // SAFETY: it was opened by `new`, and null is in its place now.
        let closed = file.is_null() || unsafe { gdal_sys::VSIFCloseL(file) } == 0;
        if closed { Ok(self) } else { Err(io::ErrorKind::OutOfMemory.into()) }
    }

    pub(in crate::sources::gdal::vector) fn path(&self) -> &Path {
        &self.path
    }
}

impl io::Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.is_null() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // SAFETY: the file is open, and the bytes are there.
        let written = unsafe { gdal_sys::VSIFWriteL(bytes.as_ptr().cast::<c_void>(), 1, bytes.len(), self.file) };
        if written == 0 && !bytes.is_empty() { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(written) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        // SAFETY: a handle is closed once, then the file is taken away by its own name.
        unsafe {
            if !self.file.is_null() {
                let _ = gdal_sys::VSIFCloseL(self.file);
            }
            let _ = gdal_sys::VSIUnlink(self.name.as_ptr());
        }
    }
}
