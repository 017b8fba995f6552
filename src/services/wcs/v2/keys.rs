//! GetCoverage by keys and values.

use crate::error::{Error, Kind, Result};
use crate::message::request::Head;
use crate::services::ows::kvp::{Kvp, invalid};
use crate::services::wcs::area::{Axis, Scaling, Subset, no_axis};
use crate::services::wcs::bands::Wanted;

use super::get_coverage::Asked;

pub(super) fn read(head: &Head) -> Result<Asked> {
    let kvp = Kvp::new(head);
    let ids = kvp.list("COVERAGEID")?.unwrap_or_default();
    let [id] = ids[..] else {
        let what = if ids.is_empty() { "is missing" } else { "names more than one" };
        return Err(Error::new(Kind::MissingParameter, format!("COVERAGEID {what}")).at("coverageId"));
    };
    let text = |name| kvp.text(name).map(|text| text.map(str::to_owned));
    let mut asked = Asked {
        id: id.to_owned(),
        subsetting: text("SUBSETTINGCRS")?,
        output: text("OUTPUTCRS")?,
        scaling: scaling(head)?,
        bands: kvp.text("RANGESUBSET")?.map(Wanted::read),
        interpolation: text("INTERPOLATION")?,
        format: text("FORMAT")?,
        media_type: text("MEDIATYPE")?,
        ..Asked::default()
    };
    for parameter in head.parameters.iter().filter(|it| it.name.eq_ignore_ascii_case("SUBSET")) {
        let Some(text) = parameter.value.as_deref() else { continue };
        for part in parts(text).ok_or_else(|| invalid("SUBSET", text, "AXIS(LOW,HIGH) or AXIS(POINT)"))? {
            let (subset, crs) = subset(part)?;
            asked.subsets.push(subset);
            if let Some(crs) = crs {
                if asked.subsetting.as_ref().is_some_and(|other| *other != crs) {
                    return Err(invalid("SUBSET", text, "one system for all subsets"));
                }
                asked.subsetting = Some(crs);
            }
        }
    }
    Ok(asked)
}

/// The parts `name(…)` of a list.
fn parts(text: &str) -> Option<Vec<(&str, &str)>> {
    let (mut found, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (name, after) = rest.split_once('(')?;
        let (values, after) = after.split_once(')')?;
        found.push((name.trim(), values.trim()));
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(found)
}

/// A subset, `axis(low,high)`, `axis(point)`, or with a system as `axis,crs(low,high)`.
fn subset((name, values): (&str, &str)) -> Result<(Subset, Option<String>)> {
    let (label, crs) = name.split_once(',').map_or((name, None), |(label, crs)| (label, Some(crs.trim().to_owned())));
    let axis = Axis::read(label).ok_or_else(|| no_axis(label.trim(), "SUBSET"))?;
    let end = |text: &str| bound(text);
    let mut values = values.split(',');
    let (low, high) = match (values.next(), values.next(), values.next()) {
        (Some(point), None, _) => {
            let point = end(point)?.ok_or_else(|| invalid("SUBSET", point, "a number"))?;
            (Some(point), Some(point))
        }
        (Some(low), Some(high), None) => (end(low)?, end(high)?),
        _ => return Err(invalid("SUBSET", name, "one point, or a lower and an upper bound")),
    };
    Ok((Subset { axis, low, high }, crs))
}

/// An end of a subset; `*` is where the coverage ends.
pub(super) fn bound(text: &str) -> Result<Option<f64>> {
    let text = text.trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.trim_matches('"').parse::<f64>().ok().filter(|number| number.is_finite());
    let wrong = || {
        Error::new(Kind::OutOfRange, format!("a bound is '{text}', expected a number"))
            .at("SUBSET")
            .coded("InvalidSubsetting")
    };
    number.map(Some).ok_or_else(wrong)
}

/// The one scaling of a request.
fn scaling(head: &Head) -> Result<Scaling> {
    let names = ["SCALEFACTOR", "SCALEAXES", "SCALESIZE", "SCALEEXTENT"];
    // One that is empty is not one that was left out: it scales nothing, and that is a fault.
    let given: Vec<(&str, &str)> = names
        .into_iter()
        .filter_map(|name| Some((name, head.parameters.iter().find(|it| it.name.eq_ignore_ascii_case(name))?)))
        .map(|(name, parameter)| (name, parameter.value.as_deref().unwrap_or_default().trim()))
        .collect();
    let [(name, text)] = given[..] else {
        return match given.len() {
            0 => Ok(Scaling::None),
            _ => Err(Error::new(Kind::InvalidParameter, "a coverage is scaled in one way at a time").at(given[1].0)),
        };
    };
    if name == "SCALEFACTOR" {
        return factor(text, name).map(Scaling::Factor);
    }
    let parts = parts(text).filter(|parts| !parts.is_empty());
    let parts = parts.ok_or_else(|| invalid(name, text, "AXIS(NUMBER) for each axis"))?;
    let axis = |label: &str| Axis::read(label).ok_or_else(|| undefined(label, name));
    let mut axes = Vec::new();
    let mut sizes = Vec::new();
    for (label, value) in parts {
        match name {
            "SCALEAXES" => axes.push((axis(label)?, factor(value, name)?)),
            "SCALESIZE" => sizes.push((axis(label)?, size(value, name)?)),
            _ => sizes.push((axis(label)?, extent(value, name)?)),
        }
    }
    once(axes.iter().map(|(axis, _)| *axis).chain(sizes.iter().map(|(axis, _)| *axis)), name)?;
    Ok(if name == "SCALEAXES" { Scaling::Axes(axes) } else { Scaling::Size(sizes) })
}

/// Each axis at most once.
pub(super) fn once(axes: impl Iterator<Item = Axis>, parameter: &str) -> Result<()> {
    let across: Vec<bool> = axes.map(Axis::is_across).collect();
    let is_twice = |which: bool| across.iter().filter(|it| **it == which).count() > 1;
    if is_twice(true) || is_twice(false) {
        let message = "an axis is scaled twice";
        return Err(Error::new(Kind::OutOfRange, message).at(parameter.to_owned()).coded("InvalidScaleFactor"));
    }
    Ok(())
}

/// A label of no axis, in the words of the scaling extension.
pub(super) fn undefined(label: &str, parameter: &str) -> Error {
    Error::new(Kind::OutOfRange, format!("there is no axis '{label}'"))
        .at(parameter.to_owned())
        .coded("ScaleAxisUndefined")
}

/// A factor by which something is scaled.
pub(super) fn factor(text: &str, parameter: &str) -> Result<f64> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| {
        Error::new(Kind::OutOfRange, format!("the scale factor is '{text}', expected a number above 0"))
            .at(parameter.to_owned())
            .coded("InvalidScaleFactor")
    })
}

/// A size in pixels.
pub(super) fn size(text: &str, parameter: &str) -> Result<u32> {
    let number = text.trim().parse::<f64>().ok().filter(|number| *number >= 1.0 && *number <= f64::from(u32::MAX));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the range of the type
    number.map(|number| number.round() as u32).ok_or_else(|| {
        Error::new(Kind::OutOfRange, format!("the size is '{text}', expected a number of pixels"))
            .at(parameter.to_owned())
            .coded("InvalidExtent")
    })
}

/// The pixels from one to another, `10:20`.
fn extent(text: &str, parameter: &str) -> Result<u32> {
    let wrong = || {
        Error::new(Kind::OutOfRange, format!("the extent is '{text}', expected LOW:HIGH"))
            .at(parameter.to_owned())
            .coded("InvalidExtent")
    };
    let (low, high) = text.split_once([':', ',']).ok_or_else(wrong)?;
    between(low, high).ok_or_else(wrong)
}

/// How many pixels there are from one to another.
pub(super) fn between(low: &str, high: &str) -> Option<u32> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let count = number(high)?.round() - number(low)?.round() + 1.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the range of the type
    (count >= 1.0 && count <= f64::from(u32::MAX)).then_some(count as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::request::Request;
    use proptest::prelude::*;

    fn asked(query: &str) -> Result<Asked> {
        read(Request::get(&format!("/ows?{query}")).head())
    }

    #[test]
    fn subsets_in_every_spelling() {
        let read = asked("coverageId=a&subset=Lat(1,2)&SUBSET=Long,EPSG:4326(*,3)").unwrap();
        let wanted = [
            Subset { axis: Axis::Y, low: Some(1.0), high: Some(2.0) },
            Subset { axis: Axis::X, low: None, high: Some(3.0) },
        ];
        assert_eq!((read.subsets, read.subsetting.as_deref()), (wanted.to_vec(), Some("EPSG:4326")));
        let read = asked("COVERAGEID=a&SUBSET=x(1,2),y(3)").unwrap();
        assert_eq!(read.subsets[1], Subset { axis: Axis::Y, low: Some(3.0), high: Some(3.0) });
        for (bad, code) in [
            ("SUBSET=time(1)", Some("InvalidAxisLabel")),
            ("SUBSET=x(a,b)", Some("InvalidSubsetting")),
            ("SUBSET=x(1,2,3)", None),
            ("SUBSET=x", None),
            ("SUBSET=x(*)", None),
            ("SCALEFACTOR=0", Some("InvalidScaleFactor")),
            ("SCALEFACTOR=", Some("InvalidScaleFactor")),
            ("SCALEAXES=", None),
            ("SCALEAXES=q(1)", Some("ScaleAxisUndefined")),
            ("SCALESIZE=x(0)", Some("InvalidExtent")),
            ("SCALEEXTENT=x(5:1)", Some("InvalidExtent")),
            ("SCALEFACTOR=1&SCALEAXES=x(1)", None),
        ] {
            assert_eq!(asked(&format!("COVERAGEID=a&{bad}")).unwrap_err().code(), code, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_value_panics(text in "[xy(),:*.0-9e\u{e4}-]{0,30}") {
            let _ = asked(&format!("COVERAGEID=a&SUBSET={text}&SCALEEXTENT={text}"));
        }
    }
}
