//! Spatial operators.

use crate::base::xml::Element;
use crate::model::geometry::gml::{self, Gml};

use super::super::cql2::turned;
use super::super::{Expr, GeometryLiteral, Relation};
use super::name::{Named, is_reference};
use super::units;
use super::{Fault, Reader};

impl Reader<'_> {
    /// A spatial operator, where the element is one.
    pub(super) fn spatial(&self, element: &Element) -> Result<Option<Expr>, Fault> {
        let mut relation = match &*element.name {
            "BBOX" | "Intersects" | "Intersect" => Relation::Intersects,
            "Disjoint" => Relation::Disjoint,
            "Within" => Relation::Within,
            "Contains" => Relation::Contains,
            "Touches" | "Touch" => Relation::Touches,
            "Crosses" | "Cross" => Relation::Crosses,
            "Overlaps" | "Overlap" => Relation::Overlaps,
            "Equals" => Relation::Equals,
            "DWithin" => Relation::DWithin,
            "Beyond" => Relation::Beyond,
            _ => return Ok(None),
        };
        let name = &element.name;
        let (mut property, mut other, mut literal, mut distance) = (None, None, None, None);
        for (at, child) in element.children.iter().enumerate() {
            let geometry = if &*child.name == "Literal" { child.children.first().unwrap_or(child) } else { child };
            if is_reference(child) && property.is_none() {
                property = Some(self.geometry_name(child)?);
            } else if is_reference(child) && other.is_none() && literal.is_none() {
                other = Some(self.geometry_name(child)?);
            } else if gml::is_geometry(geometry) && literal.is_none() && other.is_none() {
                literal = Some(self.geometry(geometry)?);
                if at == 0 && element.children.len() > 1 {
                    // The literal is the first of the two.
                    relation = turned(relation);
                }
            } else if &*child.name == "Distance" && distance.is_none() {
                distance = Some(child);
            } else {
                return Err(Fault::parsing(child, format!("'{}' cannot stand in '{name}'", child.name)));
            }
        }
        if let (Some(first), Some(second), None) = (&property, &other, distance)
            && !matches!(relation, Relation::DWithin | Relation::Beyond)
        {
            return Ok(Some(Expr::Geometries(first.clone(), relation, second.clone())));
        }
        let Some(geometry) = literal else {
            return Err(Fault::parsing(element, format!("'{name}' needs a geometry of GML")));
        };
        // A BBOX without a name is one of the only geometry there is.
        let property = match (property, &self.context.schema.geometry) {
            (Some(property), _) => property,
            (None, Some(field)) => field.name.clone(),
            (None, None) => return Err(Fault::value(element, "there is no geometry")),
        };
        let is_distance = matches!(relation, Relation::DWithin | Relation::Beyond);
        let distance = match distance {
            Some(told) if is_distance => Some(units::distance(told, &geometry.crs, self.context.metres_per_unit)?),
            None if is_distance => return Err(Fault::parsing(element, format!("'{name}' needs a Distance"))),
            _ => None,
        };
        if let Some(refusal) = geometry.refusal(relation) {
            return Err(Fault::value(element, refusal));
        }
        Ok(Some(Expr::Spatial { relation, property, geometry, distance }))
    }

    fn geometry_name(&self, element: &Element) -> Result<String, Fault> {
        match self.named(element)? {
            Named::Geometry(name) => Ok(name),
            Named::Property(name) => Err(Fault::value(element, format!("'{name}' is no geometry"))),
            Named::Id => Err(Fault::value(element, "an id is no geometry")),
        }
    }

    fn geometry(&self, element: &Element) -> Result<GeometryLiteral, Fault> {
        let (read, crs) = gml::read(element, self.context.rule).map_err(|fault| Fault::gml(element, fault))?;
        match read {
            Gml::Figure(figure) => Ok(GeometryLiteral::new(&figure, crs)),
            Gml::Box(bbox) if bbox.min_x > bbox.max_x && !crs.is_lon_lat_wgs84() => {
                Err(Fault::value(element, "the western edge of the box lies east of the eastern one"))
            }
            Gml::Box(bbox) => Ok(GeometryLiteral::bbox(&bbox, crs)),
        }
    }
}
