//! GetCoverage by XML.

use crate::base::xml::Element;
use crate::error::{Error, Kind, Result};
use crate::services::wcs::area::{Axis, Scaling, Subset, no_axis};
use crate::services::wcs::bands::Wanted;

use super::get_coverage::Asked;
use super::keys::{between, bound, factor, once, size, undefined};

pub(super) fn read(root: &Element) -> Result<Asked> {
    let ids: Vec<&Element> = root.children_named("CoverageId").collect();
    let [id] = ids[..] else {
        return Err(Error::new(Kind::MissingParameter, "one CoverageId is expected").at("coverageId"));
    };
    let text = |name: &str| root.child(name).map(|it| it.trimmed().to_owned()).filter(|text| !text.is_empty());
    let mut asked = Asked {
        id: id.trimmed().to_owned(),
        format: text("format"),
        media_type: text("mediaType"),
        ..Asked::default()
    };
    for child in &root.children {
        let of = |name: &str| child.child(name).map(Element::trimmed).unwrap_or_default();
        let axis = || Axis::read(of("Dimension")).ok_or_else(|| no_axis(of("Dimension"), "dimension"));
        match &*child.name {
            "DimensionTrim" => {
                let end = |name: &str| child.child(name).map_or(Ok(None), |it| bound(it.trimmed()));
                asked.subsets.push(Subset { axis: axis()?, low: end("TrimLow")?, high: end("TrimHigh")? });
            }
            "DimensionSlice" => {
                let point = bound(of("SlicePoint"))?;
                asked.subsets.push(Subset { axis: axis()?, low: point, high: point });
            }
            "Extension" => extension(child, &mut asked)?,
            _ => {}
        }
    }
    Ok(asked)
}

/// The extensions, by their local names: their namespaces differ from draft to draft.
fn extension(extension: &Element, asked: &mut Asked) -> Result<()> {
    for child in &extension.children {
        match &*child.name {
            "subsettingCrs" => asked.subsetting = Some(child.trimmed().to_owned()),
            "outputCrs" => asked.output = Some(child.trimmed().to_owned()),
            // Groups around what is meant.
            "GetCoverageCrs" | "Scaling" => self::extension(child, asked)?,
            "RangeSubset" | "rangeSubset" => asked.bands = Some(bands(child)),
            "Interpolation" => asked.interpolation = interpolation(child),
            "globalInterpolation" => asked.interpolation = Some(child.trimmed().to_owned()),
            "ScaleByFactor" | "ScaleAxesByFactor" | "ScaleToSize" | "ScaleToExtent" => {
                if asked.scaling != Scaling::None {
                    let message = "a coverage is scaled in one way at a time";
                    return Err(Error::new(Kind::InvalidParameter, message).at(child.name.to_string()));
                }
                asked.scaling = scaling(child)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// One method for all, or the same for each axis.
fn interpolation(element: &Element) -> Option<String> {
    let global = element.child("globalInterpolation");
    let per_axis = || element.child("InterpolationPerAxis").and_then(|it| it.child("interpolationMethod"));
    global.or_else(per_axis).map(|it| it.trimmed().to_owned())
}

fn bands(element: &Element) -> Vec<Wanted> {
    let text =
        |element: &Element, name: &str| element.child(name).map(|it| it.trimmed().to_owned()).unwrap_or_default();
    let mut found = Vec::new();
    for item in element.children_named("RangeItem") {
        for child in &item.children {
            match &*child.name {
                "RangeComponent" => found.push(Wanted::One(child.trimmed().to_owned())),
                "RangeInterval" => {
                    found.push(Wanted::Run(text(child, "startComponent"), text(child, "endComponent")));
                }
                _ => {}
            }
        }
    }
    found
}

fn scaling(element: &Element) -> Result<Scaling> {
    let name = &*element.name;
    let of = |element: &Element, name: &str| element.child(name).map(|it| it.trimmed().to_owned()).unwrap_or_default();
    if name == "ScaleByFactor" {
        return factor(&of(element, "scaleFactor"), name).map(Scaling::Factor);
    }
    let (mut axes, mut sizes) = (Vec::new(), Vec::new());
    for child in &element.children {
        let label = of(child, "axis");
        let axis = Axis::read(&label).ok_or_else(|| undefined(&label, name))?;
        match name {
            "ScaleAxesByFactor" => axes.push((axis, factor(&of(child, "scaleFactor"), name)?)),
            "ScaleToSize" => sizes.push((axis, size(&of(child, "targetSize"), name)?)),
            _ => {
                let (low, high) = (of(child, "low"), of(child, "high"));
                let size = between(&low, &high).ok_or_else(|| {
                    Error::new(Kind::OutOfRange, format!("the extent runs from '{low}' to '{high}'"))
                        .at(name.to_owned())
                        .coded("InvalidExtent")
                })?;
                sizes.push((axis, size));
            }
        }
    }
    if axes.is_empty() && sizes.is_empty() {
        return Err(Error::new(Kind::InvalidParameter, format!("{name} names no axis")).at(name.to_owned()));
    }
    once(axes.iter().map(|(axis, _)| *axis).chain(sizes.iter().map(|(axis, _)| *axis)), name)?;
    Ok(if name == "ScaleAxesByFactor" { Scaling::Axes(axes) } else { Scaling::Size(sizes) })
}
