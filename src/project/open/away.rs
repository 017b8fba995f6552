//! Files that the project names and that cannot be opened just now: away, or half written. What was described of them before
//! goes on, and whoever asks for rows is told to come again until they are back.

use std::path::Path;

use super::{Opening, settings};
use crate::project::settings::CrsSetting;

/// What a layer is opened from: another one where any of this is another. It is compared alone, never told.
pub(super) fn origin_of_layer(layer: &settings::Layer) -> String {
    let settings::Layer { source, layer: name, key, time, bands, units, options, .. } = layer;
    let (source, crs) = (source.to_string_lossy(), layer.crs.as_ref().and_then(CrsSetting::stored));
    format!("layer {source:?} {name:?} {key:?} {time:?} {bands:?} {units:?} {options:?} {crs:?} {:?}", layer.id)
}

/// What every layer of a file is opened from that stands among the data.
pub(super) fn origin_of_data(path: &Path) -> String {
    format!("data {}", path.display())
}

impl Opening<'_> {
    /// A file, or a layer of one, that is named and cannot be opened now: it is told, and its layers are served on as they
    /// were before, where there was a before.
    pub(super) fn lacks_now(&mut self, name: &str, fault: String, own: Option<&settings::Layer>) {
        let before = self.before.filter(|_| !self.origin.is_empty());
        let is_same = |layer: &&std::sync::Arc<super::Layer>| layer.origin == self.origin;
        let kept: Vec<_> = before.into_iter().flat_map(|it| it.layers().iter().filter(is_same).cloned()).collect();
        if kept.is_empty() {
            return self.lacks(name, fault);
        }
        self.of_files.push(fault.clone());
        self.faults.push(fault);
        for layer in kept {
            let id = if own.is_some() { layer.id.clone() } else { self.free_id(&layer.id) };
            let told = (Some(layer.title.clone()), layer.description.clone());
            self.publish(layer.reopened(id), told, own);
        }
    }
}
