//! Signs that a file is cut off which its driver does not see.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::ogr::Source;

/// Bytes at the end that are looked at.
const END: u64 = 4096;

/// What says that a file of this machine is cut off; `None` where nothing does.
pub(super) fn cut_off(path: &Path, source: &Source) -> Option<String> {
    let about = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    if let Some(whole) = source.database_length()
        && about.len() < whole
    {
        return Some(format!("is cut off: it has {} bytes of {whole}", about.len()));
    }
    // GDAL passes over half a feature at the end.
    let is_open = source.driver() == "GeoJSONSeq" && last_byte(path, about.len()).is_some_and(|last| last != b'}');
    is_open.then(|| "is cut off: it does not end with a feature".to_owned())
}

/// The last byte that is no white space.
fn last_byte(path: &Path, length: u64) -> Option<u8> {
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::Start(length.saturating_sub(END))).ok()?;
    let mut end = Vec::new();
    file.take(END).read_to_end(&mut end).ok()?;
    end.into_iter().rev().find(|byte| !byte.is_ascii_whitespace() && *byte != 0x1e)
}
