//! From the settings to rules that fit their layers: all faults are found here, not at a request.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bind::{self, bind};
use super::{Compiled, Rule, Rules, Who};
use crate::data::policy::Permissions;
use crate::expr::{Expr, check, cql2};
use crate::model::schema::Schema;
use crate::project::access_settings::{self as settings, Several};
use crate::project::catalog::{Layer, Project};

/// Stands for all layers of a project, or for everybody.
const ALL: &str = "*";

impl Rules {
    /// Reads the rules for these projects; tells what is wrong with them. A layer of which a rule is at fault is closed.
    pub fn new(settings: &[settings::Rule], projects: &[&Project]) -> (Self, Vec<String>) {
        let (mut compiled, mut faults) = (Compiled::default(), Vec::new());
        for (number, rule) in settings.iter().enumerate() {
            let mut wrong = Vec::new();
            compiled.add(rule, projects, &mut wrong);
            let layers = rule.layers.as_slice().join(", ");
            faults.extend(wrong.into_iter().map(|fault| format!("access rule {} ({layers}): {fault}", number + 1)));
        }
        (Self(Arc::new(compiled)), faults)
    }
}

impl Compiled {
    fn add(&mut self, settings: &settings::Rule, projects: &[&Project], faults: &mut Vec<String>) {
        let Some(project) = projects.iter().find(|project| project.name == settings.project) else {
            return faults.push(format!("there is no project '{}'", settings.project.as_deref().unwrap_or_default()));
        };
        let layers = layers(&settings.layers, project, faults);
        let (grants, parsed) = (grants(settings), settings.rows.as_deref().map(cql2::parse).transpose());
        let who: Vec<Who> = settings.roles.as_slice().iter().map(|role| who(role)).collect();
        let mut close = |layer: &Layer, fault: String| {
            self.closed.insert((settings.project.clone(), layer.id.clone()));
            faults.push(fault);
        };
        let (Ok(grants), Ok(rows), false) = (&grants, &parsed, who.is_empty()) else {
            let fault = match (&grants, &parsed) {
                (Err(fault), _) => fault.clone(),
                (_, Err(fault)) => format!("its rows: {fault}"),
                _ => "it is for no role".to_owned(),
            };
            return layers.into_iter().for_each(|layer| close(layer, fault.clone()));
        };
        for layer in &layers {
            if let Err(fault) = fits(layer.full_schema(), rows.as_ref(), settings.properties.as_deref()) {
                close(layer, format!("layer '{}': {fault}", layer.id));
            } else if let Some(Err(_)) = rows.as_ref().map(|rows| applies(layer, rows)) {
                let fault = "its rows cannot be applied to a coverage, which has a place alone";
                close(layer, format!("layer '{}': {fault}", layer.id));
            }
        }
        self.rules.push(Rule {
            project: settings.project.clone(),
            layers: layers.into_iter().map(|layer| layer.id.clone()).collect(),
            who,
            grants: *grants,
            binds: rows.as_ref().map(bind::names).unwrap_or_default(),
            rows: rows.clone(),
            properties: settings.properties.clone(),
        });
    }
}

/// The layers that a rule names.
fn layers<'a>(named: &Several, project: &'a Project, faults: &mut Vec<String>) -> Vec<&'a Layer> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for id in named.as_slice() {
        let before = found.len();
        found.extend(project.layers().iter().map(AsRef::as_ref).filter(|layer| id == ALL || layer.id == *id));
        if found.len() == before && id != ALL {
            faults.push(format!("there is no layer '{id}'"));
        }
    }
    found.retain(|layer: &&Layer| seen.insert(layer.id.clone()));
    found
}

fn who(role: &str) -> Who {
    match role {
        ALL => Who::Everybody,
        "authenticated" => Who::Authenticated,
        role => Who::Role(role.to_owned()),
    }
}

fn grants(settings: &settings::Rule) -> Result<Permissions, String> {
    let Some(operations) = &settings.operations else { return Ok(Permissions::READ) };
    let mut grants = Permissions::NONE;
    for operation in operations.as_slice() {
        match operation.as_str() {
            "read" => grants.read = true,
            "insert" => grants.insert = true,
            "update" => grants.update = true,
            "delete" => grants.delete = true,
            other => return Err(format!("there is no operation '{other}', only read, insert, update and delete")),
        }
    }
    Ok(grants)
}

/// Whether rows that fit a layer can be applied to it: of a coverage, only its place can be tested.
fn applies(layer: &Layer, rows: &Expr) -> Result<(), String> {
    let rows = check(&bind(rows, layer.full_schema(), None), layer.full_schema())?;
    layer.coverage_view(None, vec![rows]).map(drop).map_err(|error| error.to_string())
}

/// Whether rows and properties of a rule fit a layer.
fn fits(schema: &Schema, rows: Option<&Expr>, properties: Option<&[String]>) -> Result<(), String> {
    if let Some(name) = properties.unwrap_or_default().iter().find(|name| schema.position(name).is_none()) {
        let all: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
        return Err(format!("there is no property '{name}', only {}", all.join(", ")));
    }
    let Some(rows) = rows else { return Ok(()) };
    bind::are_sets_in_place(rows).map_err(|fault| format!("its rows: {fault}"))?;
    check(&bind(rows, schema, None), schema).map(drop).map_err(|fault| format!("its rows: {fault}"))
}
