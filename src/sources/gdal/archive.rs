//! Archives: ZIP and tar files that GDAL looks into. A path may lead into one as into a folder (`x.zip/roads/roads.shp`), also into one within
//! another. What is in it is listed within limits, so that one that is made to harm costs no more than a moment.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use gdal::{Dataset, DatasetOptions};

use super::vector::ogr;
use super::{file, look_anew, prepare};
use crate::error::Result;

/// Most files and folders of an archive: GDAL looks for each of them among all.
pub const ENTRIES: u16 = 10_000;
/// How many folders deep it is looked into.
const DEPTH: usize = 16;
/// How many archives a path leads through at most.
const NESTED: usize = 2;
/// Most bytes that an archive holds, measured by its own, where it is of more than [`SMALL`]: text packs to a tenth, a bomb to a thousandth.
const SWELLS: u64 = 200;
/// Archives may hold so many bytes whatever their own size.
const SMALL: u64 = 256 * 1024 * 1024;
/// Most bytes of a packed tar file: for each part of it GDAL unpacks all that stands before.
const STREAM: u64 = 1024 * 1024 * 1024;

/// Endings of names, and GDAL's prefix of what looks into them.
const KINDS: [(&str, &str); 4] =
    [(".zip", "/vsizip/"), (".tar", "/vsitar/"), (".tgz", "/vsitar/"), (".tar.gz", "/vsitar/")];

/// A file or folder within an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is in the archive.
    pub path: PathBuf,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Bytes as it says, unpacked.
    pub size: u64,
}

/// The name without its ending, where it is that of an archive, and GDAL's prefix.
fn kind(path: &Path) -> Option<(&str, &'static str)> {
    let name = path.file_name()?.to_str()?;
    let (ending, prefix) = KINDS.into_iter().find(|(ending, _)| {
        let start = name.len().checked_sub(ending.len()).filter(|start| *start > 0);
        start.and_then(|start| name.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
    })?;
    Some((&name[..name.len() - ending.len()], prefix))
}

/// Whether a file has the name of an archive.
pub fn is_named_as_archive(path: &Path) -> bool {
    kind(path).is_some()
}

/// The name of an archive without its ending.
pub fn stem(path: &Path) -> Option<&str> {
    kind(path).map(|(stem, _)| stem)
}

/// Whether a path leads into an archive, or is one.
pub fn is_within(path: &Path) -> bool {
    ["/vsizip", "/vsitar", "/vsi7z", "/vsirar"].iter().any(|prefix| path.starts_with(prefix))
        || matches!(unpacked(path), Cow::Owned(_))
}

/// A path into an archive as GDAL writes it; any other as it is.
pub(super) fn unpacked(path: &Path) -> Cow<'_, Path> {
    if path.starts_with("/vsizip") || path.starts_with("/vsitar") {
        return path.into();
    }
    let is_elsewhere = path.to_string_lossy().starts_with("/vsi");
    // The outermost archive is a file of this machine; those in it are known by their names.
    let is_one = |path: &&Path| kind(path).is_some() && (is_elsewhere || path.is_file());
    let mut above: Vec<&Path> = path.ancestors().collect();
    above.reverse();
    let Some(outer) = above.into_iter().find(is_one) else { return path.into() };
    let whole = if is_elsewhere { outer.to_owned() } else { std::path::absolute(outer).unwrap_or(outer.to_owned()) };
    let Ok(rest) = path.strip_prefix(outer) else { return path.into() };
    let mut found = braced(outer, whole.as_os_str());
    for part in rest.components() {
        found.push("/");
        found.push(part);
        if kind(Path::new(&part)).is_some() {
            let inner = std::mem::take(&mut found);
            found = braced(Path::new(&part), &inner);
        }
    }
    PathBuf::from(found).into()
}

/// The same of a path that is to be opened. GDAL keeps how to read the packed file that it read last, by its name alone, so that
/// one which was replaced cannot be read: another one takes its place.
pub(super) fn within(path: &Path) -> Cow<'_, Path> {
    static OTHER: OnceLock<bool> = OnceLock::new();
    const NAME: &str = "/vsimem/graticule/other.csv.gz";
    // A line with an `a` and one with a `1`.
    const PACKED: [u8; 24] = [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 228, 50, 228, 2, 0, 0, 36, 193, 137, 4, 0, 0, 0];
    let within = unpacked(path);
    // `.tar.gz` and `.tgz`; of others it costs little.
    let is_packed = is_within(path) && within.to_string_lossy().to_ascii_lowercase().contains("gz");
    if is_packed && *OTHER.get_or_init(|| gdal::vsi::create_mem_file(NAME, PACKED.to_vec()).is_ok()) {
        let allowed_drivers = Some(&["CSV"][..]);
        let options = DatasetOptions { allowed_drivers, ..DatasetOptions::default() };
        let _ = Dataset::open_ex(format!("/vsigzip/{NAME}"), options);
    }
    within
}

/// The braces say where the name of the archive ends.
fn braced(name: &Path, whole: &std::ffi::OsStr) -> OsString {
    let mut found = OsString::from(kind(name).map_or("", |(_, prefix)| prefix));
    found.push("{");
    found.push(whole);
    found.push("}");
    found
}

/// All that is in an archive, in the order of the names; of one in another its size there is known. The errors name it and what is wrong with it.
pub fn entries(path: &Path, size: Option<u64>) -> Result<Vec<Entry>> {
    prepare();
    look_anew(path);
    let within = within(path);
    let text = within.to_string_lossy();
    let depth = text.matches("/vsizip").count() + text.matches("/vsitar").count();
    if depth > NESTED || (size.is_some() && text.starts_with("/vsitar")) {
        return Err(file(path, "is an archive in an archive that takes long to be read: unpack it"));
    }
    let own = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|about| about.len());
    if own.is_some() {
        is_bearable(path).map_err(|what| file(path, &what))?;
    }
    let packed = own.or(size);
    let all = ogr::inside(&within, DEPTH, usize::from(ENTRIES) + 1)
        .ok_or_else(|| file(path, "is no archive that GDAL can read, or is damaged"))?;
    if all.len() > usize::from(ENTRIES) {
        return Err(file(path, &too_many()));
    }
    let mut all: Vec<Entry> = all.into_iter().filter(|entry| is_sound(&entry.path)).collect();
    all.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let size = all.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.size));
    if packed.is_some_and(|packed| size > SMALL && size / SWELLS > packed) {
        return Err(file(
            path,
            &format!("would unpack to {} megabytes, more than {SWELLS} times its size", size >> 20),
        ));
    }
    Ok(all)
}

/// Names that lead nowhere but down.
fn is_sound(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn too_many() -> String {
    format!("has more than {ENTRIES} files: unpack it, and name the folder")
}

/// What would keep GDAL busy for long is refused before it looks.
fn is_bearable(path: &Path) -> Result<(), String> {
    let wrong = |cause: std::io::Error| format!("cannot be read: {cause}");
    let mut archive = File::open(path).map_err(wrong)?;
    let mut head = [0; 2];
    let is_packed = archive.read_exact(&mut head).is_ok() && head == [0x1f, 0x8b];
    if is_packed {
        archive.rewind().map_err(wrong)?;
        let most = archive.metadata().map_err(wrong)?.len().saturating_mul(SWELLS).clamp(SMALL, STREAM);
        let mut unpacked = flate2::read::MultiGzDecoder::new(archive).take(most + 1);
        let size = std::io::copy(&mut unpacked, &mut std::io::sink());
        return match size {
            Ok(size) if size > most => {
                Err(format!("would unpack to more than {} megabytes: unpack it, and name the folder", most >> 20))
            }
            Ok(_) => Ok(()),
            Err(_) => Err("is cut off or damaged".to_owned()),
        };
    }
    // The end of a ZIP file tells how many files it has.
    let length = archive.metadata().map_err(wrong)?.len();
    let tail = length.min(22 + u64::from(u16::MAX));
    archive.seek(SeekFrom::Start(length - tail)).map_err(wrong)?;
    let mut end = Vec::new();
    archive.take(tail).read_to_end(&mut end).map_err(wrong)?;
    let at = end.windows(22).rposition(|window| window.starts_with(b"PK\x05\x06"));
    match at.and_then(|at| end.get(at + 10..at + 12)) {
        Some(&[low, high]) if u16::from_le_bytes([low, high]) > ENTRIES => Err(too_many()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_into_archives_are_gdals() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_str().unwrap();
        for name in ["a.zip", "b.tar.gz", "c.fgb"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(folder.path().join("d.zip")).unwrap();
        for (path, wanted) in [
            ("a.zip", format!("/vsizip/{{{at}/a.zip}}")),
            ("a.zip/b/c.shp", format!("/vsizip/{{{at}/a.zip}}/b/c.shp")),
            ("a.zip/b/c.ZIP/d.shp", format!("/vsizip/{{/vsizip/{{{at}/a.zip}}/b/c.ZIP}}/d.shp")),
            ("b.tar.gz/c.csv", format!("/vsitar/{{{at}/b.tar.gz}}/c.csv")),
            ("c.fgb", format!("{at}/c.fgb")),
            ("d.zip/c.shp", format!("{at}/d.zip/c.shp")),
            ("none.zip/c.shp", format!("{at}/none.zip/c.shp")),
        ] {
            assert_eq!(unpacked(&folder.path().join(path)).to_str().unwrap(), wanted);
        }
        for path in ["/vsizip/x.zip/a.shp", "/vsicurl/https://example.org/a.fgb"] {
            assert_eq!(unpacked(Path::new(path)).to_str().unwrap(), path);
        }
        assert_eq!(
            unpacked(Path::new("/vsicurl/https://example.org/a.zip")).to_str().unwrap(),
            "/vsizip/{/vsicurl/https://example.org/a.zip}"
        );
        assert_eq!(stem(Path::new("x/all.tar.gz")), Some("all"));
        assert_eq!(stem(Path::new("x/.zip")), None);
    }
}
