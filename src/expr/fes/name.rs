//! Names of properties: by themselves, with a prefix, or as a path of one step or two.

use crate::base::xml::{Element, escaped_name};
use crate::model::schema::Schema;

use super::super::nearest::nearest;
use super::{Fault, Reader};

/// What a reference names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Named {
    /// A property, or the key, by the schema's name.
    Property(String),
    /// The geometry, by the schema's name.
    Geometry(String),
    /// `@gml:id`.
    Id,
}

/// Whether the element is a reference to a property.
pub(super) fn is_reference(element: &Element) -> bool {
    matches!(&*element.name, "ValueReference" | "PropertyName")
}

impl Reader<'_> {
    /// What a reference names.
    pub(super) fn named(&self, element: &Element) -> Result<Named, Fault> {
        let path = element.trimmed();
        if path.is_empty() {
            return Err(Fault::value(element, "the name of a property is empty"));
        }
        // A property may have such a name itself.
        if let Some(named) = self.lookup(path) {
            return Ok(named);
        }
        let mut steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty() && *step != ".").collect();
        if let [first, _, ..] = steps[..] {
            let local = local(first);
            let is_type = self.context.types.iter().any(|name| name.eq_ignore_ascii_case(local) || *name == first);
            if is_type || local == "*" {
                steps.remove(0);
            }
        }
        let [step] = steps[..] else {
            return Err(Fault::value(element, format!("'{path}' is a path that leads nowhere here")));
        };
        if let Some(attribute) = step.strip_prefix('@') {
            return match local(attribute) {
                "id" | "fid" => Ok(Named::Id),
                _ => Err(Fault::value(element, format!("there is no attribute '{attribute}'"))),
            };
        }
        let name = index_off(step).unwrap_or(step);
        if let Some(position) = step.strip_prefix("*[").and_then(|rest| rest.strip_suffix(']')) {
            return self.positioned(element, position);
        }
        self.lookup(name).or_else(|| self.lookup(local(name))).ok_or_else(|| {
            let all = self.context.schema.fields.iter().map(|field| field.name.as_str());
            let near = nearest(local(name), all).map_or(String::new(), |near| format!("; did you mean '{near}'?"));
            Fault::value(element, format!("there is no property '{path}'{near}"))
        })
    }

    fn lookup(&self, name: &str) -> Option<Named> {
        let schema = self.context.schema;
        if schema.position(name).is_some() || schema.key.0 == name {
            return Some(Named::Property(name.to_owned()));
        }
        // Names that XML cannot have stand escaped in documents.
        if let Some(field) = schema.fields.iter().find(|field| escaped_name(&field.name) == name) {
            return Some(Named::Property(field.name.clone()));
        }
        let geometry = schema.geometry.as_ref()?;
        // What clients call it that know no schema.
        let is_alias = matches!(name, "geometry" | "the_geom" | "msGeometry" | "Geometry");
        (geometry.name == name || escaped_name(&geometry.name) == name || is_alias)
            .then(|| Named::Geometry(geometry.name.clone()))
    }

    /// `*[1]`: the properties in the order in which a description of the type has them, the geometry first.
    fn positioned(&self, element: &Element, position: &str) -> Result<Named, Fault> {
        let position = position.trim().trim_start_matches("position()").trim_start_matches('=').trim();
        let all = in_order(self.context.schema);
        let at = position.parse::<usize>().ok().and_then(|at| at.checked_sub(1));
        let found = at.and_then(|at| all.into_iter().nth(at));
        found.ok_or_else(|| Fault::value(element, format!("there is no property at '{position}'")))
    }
}

fn in_order(schema: &Schema) -> Vec<Named> {
    let geometry = schema.geometry.iter().map(|geometry| Named::Geometry(geometry.name.clone()));
    geometry.chain(schema.fields.iter().map(|field| Named::Property(field.name.clone()))).collect()
}

/// A name without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// `name[1]` without its index, which can be the first alone.
fn index_off(step: &str) -> Option<&str> {
    step.strip_suffix("[1]").filter(|name| *name != "*")
}
