//! Files that the project names, or that lie in its folders, and that cannot be opened just now: away, or half written. What was described of them before
//! goes on, and whoever asks for rows is told to come again until they are back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Layer, Opening, Project, settings};
use crate::base::address;
use crate::project::settings::CrsSetting;

/// What a layer is opened from: another one where any of this is another. It is compared alone, never told.
pub(super) fn origin_of_layer(layer: &settings::Layer) -> String {
    let settings::Layer { source, layer: name, key, time, bands, units, options, .. } = layer;
    let (source, crs) = (source.to_string_lossy(), layer.crs.as_ref().and_then(CrsSetting::stored));
    format!("layer {source:?} {name:?} {key:?} {time:?} {bands:?} {units:?} {options:?} {crs:?} {:?}", layer.id)
}

/// What every layer of a file is opened from that stands among the data: those of its layers begin so.
pub(super) fn origin_of_data(path: &Path) -> String {
    format!("data {}\n", path.display())
}

/// What one layer of such a file is opened from: of an archive a file in it is named.
pub(super) fn origin_within(file: &str, member: &Path, layer: &str) -> String {
    format!("{file}{}\n{layer}\n", member.display())
}

/// Whether a part is away, or empty while somebody writes it.
fn is_away(part: &Path) -> bool {
    std::fs::metadata(part).map_or(true, |about| about.len() == 0)
}

/// Parts of a Shapefile without which GDAL opens it all the same, and tells other features: none of their properties, or other places.
const PARTS: [&str; 2] = ["dbf", "prj"];

impl Opening<'_> {
    /// A file, or a layer of one, that is named and cannot be opened now: it is told, and its layers are served on as they
    /// were before, where there was a before.
    pub(super) fn lacks_now(&mut self, name: &str, fault: String, own: Option<&settings::Layer>) {
        let kept: Vec<_> = self.same_before().cloned().collect();
        if kept.is_empty() {
            return self.lacks(name, fault);
        }
        self.of_files.push(fault.clone());
        self.faults.push(fault);
        for layer in kept {
            let id = if own.is_some() { layer.id.clone() } else { self.free_id(&layer.id) };
            let told = (Some(layer.title.clone()), layer.description.clone());
            self.origin.clone_from(&layer.origin);
            self.files.clone_from(&layer.files);
            self.publish(layer.reopened(id), told, own);
        }
    }

    /// The layers that were opened before from what is being opened now.
    fn same_before(&self) -> impl Iterator<Item = &Arc<Layer>> {
        let layers = self.before.map(Project::layers).into_iter().flatten();
        layers.filter(|layer| !self.origin.is_empty() && layer.origin.starts_with(&self.origin))
    }

    /// What is told of a part of a file that it was described with, and that is not there any more, though the file can be opened without.
    pub(super) fn part_away(&self, path: &Path) -> Option<String> {
        let is_part =
            |file: &&PathBuf| file.extension().is_some_and(|it| PARTS.iter().any(|part| it.eq_ignore_ascii_case(part)));
        let away =
            self.same_before().flat_map(|layer| layer.files.iter().filter(is_part)).find(|file| is_away(file))?;
        let name = address::name(away);
        Some(format!(
            "{}: its {name} is away; the file is served without it after another start of the server alone",
            address::shown(path)
        ))
    }

    /// Adds the files of a folder that were known by their contents, and are empty now: somebody writes them.
    pub(super) fn add_emptied(&self, files: &mut Vec<PathBuf>, folder: Option<&Path>) {
        let Some(folder) = folder else { return };
        let layers = self.before.map(Project::layers).into_iter().flatten();
        let is_emptied = |file: &&PathBuf| {
            file.parent() == Some(folder)
                && std::fs::metadata(file).is_ok_and(|about| about.is_file() && about.len() == 0)
        };
        let is_own = |layer: &&Arc<Layer>, file: &Path| layer.origin.starts_with(&origin_of_data(file));
        for layer in layers {
            let emptied = layer.files.iter().filter(is_emptied).find(|file| is_own(&layer, file));
            files.extend(emptied.filter(|file| !files.contains(file)).cloned());
        }
        files.sort();
    }
}
