//! Random layers and policies.

use graticule::data::policy::{CacheScope, Permissions};
use graticule::model::value::{FeatureId, Value};
use graticule::sources::memory::MemoryRow;
use proptest::prelude::*;

use super::cond::{self, Cond};
use crate::kit::point;
use crate::rules::{Rule, Rules};

/// The properties; `sentinel` says whose row it is, so that a leak is found in any text.
pub(super) const NAMES: [&str; 4] = ["a", "b", "sentinel", "t"];
pub(super) const LAYERS: [&str; 2] = ["one", "two"];

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) a: Option<i64>,
    pub(super) b: Option<String>,
    pub(super) year: Option<i64>,
    pub(super) at: Option<(i8, i8)>,
    pub(super) sentinel: String,
}

/// One of four words.
pub(super) fn word(at: u8) -> String {
    ["ash", "birch", "cedar", "dogwood"][usize::from(at) % 4].to_owned()
}

impl Row {
    pub(super) fn time(&self) -> Option<String> {
        self.year.map(|year| format!("{year}-06-01T00:00:00Z"))
    }

    pub(super) fn in_memory(&self) -> MemoryRow {
        let time = self.time().and_then(|time| graticule::base::datetime::Instant::parse(&time));
        let values = vec![
            self.a.map_or(Value::Null, Value::Int),
            self.b.clone().map_or(Value::Null, Value::Text),
            Value::Text(self.sentinel.clone()),
            time.map_or(Value::Null, Value::Instant),
        ];
        (FeatureId::Int(self.id), self.wkb(), values)
    }

    pub(super) fn wkb(&self) -> Option<Vec<u8>> {
        self.at.map(|(x, y)| point(x.into(), y.into()))
    }
}

/// What one policy says of one layer.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) hidden: bool,
    pub(super) condition: Option<Cond>,
    pub(super) subset: Option<Cond>,
    pub(super) attributes: Option<Vec<String>>,
}

/// The layers' rows, and for each policy what it says of each layer.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) rows: [Vec<Row>; 2],
    pub(super) policies: Vec<[Said; 2]>,
}

impl World {
    /// Whether a layer may be seen.
    pub(super) fn shows(&self, layer: usize) -> bool {
        self.policies.iter().all(|policy| !policy[layer].hidden)
    }

    /// The properties that may be seen, in the schema's order.
    pub(super) fn attributes(&self, layer: usize) -> Vec<&'static str> {
        let allowed = |name: &&str| {
            let mut lists = self.policies.iter().filter_map(|policy| policy[layer].attributes.as_ref());
            lists.all(|list| list.iter().any(|other| other == name))
        };
        NAMES.into_iter().filter(allowed).collect()
    }

    /// The rows that may be seen.
    pub(super) fn allowed(&self, layer: usize) -> Vec<&Row> {
        let passes = |row: &&Row| {
            let conditions = self.policies.iter().flat_map(|policy| [&policy[layer].condition, &policy[layer].subset]);
            conditions.flatten().all(|condition| condition.test(row) == Some(true))
        };
        self.rows[layer].iter().filter(passes).collect()
    }

    /// The policies for the server; subsets as the source's SQL or else as expressions.
    pub(super) fn rules(&self, with_sql: bool) -> Vec<Rules> {
        let rule = |said: &Said| {
            let sql = said.subset.as_ref().and_then(Cond::sql).filter(|_| with_sql);
            let instead = said.subset.as_ref().filter(|_| sql.is_none());
            let conditions: Vec<_> = said.condition.iter().chain(instead).map(Cond::expr).collect();
            Rule {
                permissions: if said.hidden { Permissions::NONE } else { Permissions::READ },
                expression: Ok((!conditions.is_empty()).then_some(graticule::expr::Expr::And(conditions))),
                subset: sql,
                attributes: said.attributes.clone(),
                panics: false,
            }
        };
        let rules = |policy: &[Said; 2]| Rules::new([(LAYERS[0], rule(&policy[0])), (LAYERS[1], rule(&policy[1]))]);
        self.policies.iter().map(|policy| rules(policy).scoped(CacheScope::Nobody)).collect()
    }
}

type Cells = (Option<i64>, Option<u8>, Option<i64>, Option<(i8, i8)>);

fn rows(layer: &'static str) -> impl Strategy<Value = Vec<Row>> {
    let cells = (
        prop::option::weighted(0.8, 0..5_i64),
        prop::option::weighted(0.8, 0..4_u8),
        prop::option::weighted(0.8, 2000..2010_i64),
        prop::option::weighted(0.8, (-9..10_i8, -9..10_i8)),
    );
    prop::collection::vec(cells, 0..12).prop_map(move |all| {
        let row = |(id, (a, b, year, at)): (i64, Cells)| {
            let sentinel = format!("row-{layer}-{id}-of");
            Row { id, a, b: b.map(word), year, at, sentinel }
        };
        (1..).zip(all).map(row).collect()
    })
}

fn said() -> impl Strategy<Value = Said> {
    let names = prop::sample::subsequence(NAMES.to_vec(), 0..=NAMES.len()).prop_shuffle();
    let attributes = names.prop_map(|names| {
        // What no layer has does no harm.
        names.into_iter().chain(["no such"]).map(str::to_owned).collect::<Vec<_>>()
    });
    let parts = (
        prop::bool::weighted(0.1),
        prop::option::weighted(0.5, cond::any()),
        prop::option::weighted(0.3, cond::any()),
        prop::option::weighted(0.4, attributes),
    );
    parts.prop_map(|(hidden, condition, subset, attributes)| Said { hidden, condition, subset, attributes })
}

pub(super) fn any() -> impl Strategy<Value = World> {
    let policies = prop::collection::vec([said(), said()], 0..4);
    ([rows(LAYERS[0]).boxed(), rows(LAYERS[1]).boxed()], policies).prop_map(|(rows, policies)| World { rows, policies })
}
