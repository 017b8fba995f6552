//! The tree of layers.

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::base::xml::Writer;
use crate::message::request::COMPONENT;
use crate::project::map_settings::{Attribution, Group, Scales};
use crate::server::context::{Context, Published};
use crate::services::ows::endpoint::{online_resource, prefix};

use super::super::layers::{MapLayer, Shown};
use super::super::offered;
use super::super::styles;
use super::super::version::Version;
use super::{Told, keywords, place};

/// What all elements of the tree share.
struct Tree<'a> {
    cx: &'a Context,
    version: &'a Version,
    crs: [Crs; 3],
    /// What is known of the layers that are still to come.
    told: std::slice::Iter<'a, Told>,
}

/// What an element holds, all together: what its own box is made of.
#[derive(Default)]
struct Held {
    space: Option<Rect>,
    /// The box in the system that a layer is stored in.
    stored: Option<(Crs, Rect)>,
}

/// The root, which is no layer itself.
pub(super) fn root(xml: &mut Writer, cx: &Context, version: &Version, shown: &[Shown], told: &[Told]) {
    let mut tree = Tree { cx, version, crs: offered::everywhere(version), told: told.iter() };
    let held = Held::of(told.iter());
    let project = cx.project();
    xml.start("Layer", &[]);
    xml.element("Title", &project.title);
    if let Some(text) = &project.description {
        xml.element("Abstract", text);
    }
    for crs in &tree.crs {
        xml.element(version.crs, &offered::name(crs));
    }
    tree.boxes(xml, &held, &[]);
    for one in shown {
        tree.node(xml, one);
    }
    xml.end();
}

impl Held {
    fn of<'a>(told: impl Iterator<Item = &'a Told>) -> Self {
        let mut all = Rect::EMPTY;
        for rect in told.filter_map(|told| told.extent?.space) {
            all.include(rect.min_x, rect.min_y);
            all.include(rect.max_x, rect.max_y);
        }
        Self { space: (!all.is_empty()).then_some(all), stored: None }
    }
}

impl Tree<'_> {
    /// The boxes of an element, in the systems of all and in some more.
    fn boxes(&self, xml: &mut Writer, held: &Held, more: &[Crs]) {
        // A named layer must have one; of one without features, or not yet measured, the world says nothing wrong.
        let rect = held.space.unwrap_or(Rect::WORLD);
        let rect = place::roomy(&rect);
        place::geographic(xml, self.version, &rect);
        for crs in self.crs.iter().chain(more) {
            match &held.stored {
                Some((stored, rect)) if stored == crs => place::stored_box(xml, self.version, rect, crs),
                _ => place::bounding_box(xml, self.version, &rect, crs),
            }
        }
    }

    fn node(&mut self, xml: &mut Writer, shown: &Shown) {
        match shown {
            Shown::Layer(layer) => {
                if let Some(told) = self.told.next() {
                    self.layer(xml, layer, told);
                }
            }
            Shown::Group(group, held) => self.group(xml, group, held),
        }
    }

    fn group(&mut self, xml: &mut Writer, group: &Group, held: &[Shown]) {
        let mut flat = Vec::new();
        for one in held {
            one.flat(&mut flat);
        }
        let all = Held::of(self.told.clone().take(flat.len()));
        xml.start("Layer", &[("queryable", "1")]);
        xml.element("Name", &group.id);
        xml.element("Title", group.title.as_deref().unwrap_or(&group.id));
        if let Some(text) = &group.description {
            xml.element("Abstract", text);
        }
        keywords(xml, &group.keywords);
        self.boxes(xml, &all, &[]);
        attribution(xml, group.attribution.as_ref());
        for one in held {
            self.node(xml, one);
        }
        xml.end();
    }

    fn layer(&self, xml: &mut Writer, shown: &MapLayer, told: &Told) {
        let (layer, extent) = (&shown.layer, told.extent);
        xml.start("Layer", &[("queryable", "1")]);
        xml.element("Name", &shown.name());
        xml.element("Title", &layer.title);
        if let Some(text) = &layer.description {
            xml.element("Abstract", text);
        }
        keywords(xml, &layer.keywords);
        let own = offered::own(shown);
        for crs in &own {
            xml.element(self.version.crs, &offered::name(crs));
        }
        let stored = shown.crs().cloned().zip(told.stored);
        self.boxes(xml, &Held { space: extent.and_then(|extent| extent.space), stored }, &own);
        if let Published::Features(view) = &shown.data {
            place::time(xml, self.version, view.schema(), extent.and_then(|extent| extent.time));
        }
        attribution(xml, layer.attribution.as_ref());
        for (style, size) in styles::named(shown).iter().zip(&told.legends) {
            self.style(xml, &shown.name(), style, *size);
        }
        self.scales(xml, layer.scales);
        xml.end();
    }

    fn style(&self, xml: &mut Writer, layer: &str, style: &styles::Named<'_>, size: Option<(u32, u32)>) {
        let escaped = |text: &str| percent_encoding::utf8_percent_encode(text, COMPONENT).to_string();
        let sld = if self.version.is_1_3() { "&SLD_VERSION=1.1.0" } else { "" };
        let url = format!(
            "{}SERVICE=WMS&VERSION={}&REQUEST=GetLegendGraphic&LAYER={}&STYLE={}&FORMAT=image/png{sld}",
            prefix(self.cx),
            self.version.name,
            escaped(layer),
            escaped(style.name),
        );
        xml.start("Style", &[]);
        xml.element("Name", style.name);
        xml.element("Title", style.title);
        if let Some((width, height)) = size {
            xml.start("LegendURL", &[("width", &width.to_string()), ("height", &height.to_string())]);
            xml.element("Format", "image/png");
            online_resource(xml, &url);
            xml.end();
        }
        xml.end();
    }

    fn scales(&self, xml: &mut Writer, scales: Scales) {
        if self.version.is_1_3() {
            for (name, end) in [("MinScaleDenominator", scales.min), ("MaxScaleDenominator", scales.max)] {
                if let Some(end) = end {
                    xml.element(name, &end.to_string());
                }
            }
        } else if scales.min.is_some() || scales.max.is_some() {
            // The diagonal of a pixel in metres (WMS 1.1.1, 7.1.4.5.8).
            let hint = |denominator: f64| (denominator * 0.000_28 * std::f64::consts::SQRT_2).to_string();
            let min = hint(scales.min.unwrap_or(0.0));
            let max = scales.max.map_or_else(|| "1e12".to_owned(), hint);
            xml.empty("ScaleHint", &[("min", &min), ("max", &max)]);
        }
    }
}

fn attribution(xml: &mut Writer, attribution: Option<&Attribution>) {
    let Some(Attribution { title, url }) = attribution else { return };
    xml.start("Attribution", &[]);
    if let Some(title) = title {
        xml.element("Title", title);
    }
    if let Some(url) = url {
        online_resource(xml, url);
    }
    xml.end();
}
