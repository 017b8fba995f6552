//! GetCapabilities: what there is, in the words of the version.

use std::time::Duration;

use futures_util::future::join_all;

use crate::error::Result;
use crate::message::response::Response;
use crate::render::legend::{self, LegendLayer, LegendLook};
use crate::render::style::Style;
use crate::server::context::Context;
use crate::server::service::Dialect;
use crate::services::ows::capabilities::cached;
use crate::services::ows::kvp::Kvp;
use crate::services::ows::sequence::{Held, held, is_current};

use super::capabilities::{Told, document};
use super::layers::{MapLayer, shown};
use super::version::Version;
use super::{drawing, legend_entries, styles};

/// How long the document waits for extents that are being measured; a later one has them.
const EXTENT_BUDGET: Duration = Duration::from_millis(500);

/// Legends that are drawn at a time, to know how large they are.
const LEGENDS_AT_ONCE: usize = 4;

/// Answers the request.
pub(super) async fn answer(cx: &Context, kvp: Kvp<'_>, dialect: &Dialect, version: &Version) -> Result<Response> {
    let sequence = cx.update_sequence();
    if held(kvp, sequence)? == Held::Current {
        return Err(is_current(sequence));
    }
    let tree = shown(cx);
    let mut layers = Vec::new();
    for one in &tree {
        one.flat(&mut layers);
    }
    let extents = layers.iter().map(async |layer| {
        let extent = layer.extent(EXTENT_BUDGET).await;
        // What is slow is not waited for twice.
        let budget = if extent.is_some() { EXTENT_BUDGET } else { Duration::ZERO };
        (extent, layer.stored_extent(budget).await)
    });
    let extents = join_all(extents).await;
    let state = format!("{sequence} {extents:?}");
    let make = async {
        // A few at a time: a thousand layers would crowd everybody's maps out.
        let mut legends = Vec::new();
        for some in layers.chunks(LEGENDS_AT_ONCE) {
            legends.extend(join_all(some.iter().map(|layer| sizes(layer))).await);
        }
        let told =
            extents.iter().copied().zip(legends).map(|((extent, stored), legends)| Told { extent, stored, legends });
        let told: Vec<Told> = told.collect();
        Ok(document(cx, version, sequence, &tree, &told))
    };
    cached(cx, dialect, version.capabilities, &state, make).await
}

/// Width and height of the legend of each style, which 1.1.1 must tell; none where it cannot be drawn.
async fn sizes(layer: &MapLayer) -> Vec<Option<(u32, u32)>> {
    let one = async |style: &Style| {
        let entries = legend_entries::of(layer, style, None).await?;
        let layers = [LegendLayer { title: layer.layer.title.clone(), entries }];
        drawing::run(move || legend::draw(&layers, &LegendLook::default())).await
    };
    let mut sizes = Vec::new();
    for style in styles::all(layer) {
        let drawn = one(&style).await.inspect_err(|error| tracing::warn!(layer = layer.layer.id, ?error, "no legend"));
        sizes.push(drawn.ok().map(|picture| (picture.width, picture.height)));
    }
    sizes
}
