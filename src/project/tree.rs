//! The tree of layers and groups that maps offer.

use std::collections::{HashMap, HashSet};

use super::map_settings::Group;

/// A layer or a group.
#[derive(Clone, Debug)]
pub enum Node {
    /// A layer, by its id.
    Layer(String),
    /// A group with what it holds, in the order of drawing.
    Group(Group, Vec<Node>),
}

/// Puts layers into their groups; whatever no group names stands at the root, in the order of the project. Says what is
/// wrong with the groups: those are left out.
pub(super) fn tree(groups: &[Group], layers: &[String]) -> (Vec<Node>, Vec<String>) {
    let mut faults = Vec::new();
    let known: HashSet<&str> = layers.iter().map(String::as_str).collect();
    let mut by_id: HashMap<&str, &Group> = HashMap::new();
    for group in groups {
        let id = group.id.as_str();
        if id.is_empty() || id.contains(',') {
            faults.push(format!("the id of a group is '{id}', expected a name without a comma"));
        } else if known.contains(id) || by_id.contains_key(id) {
            faults.push(format!("group '{id}': a layer or another group has this id"));
        } else {
            by_id.insert(id, group);
        }
    }
    let mut held: HashMap<&str, &str> = HashMap::new();
    for group in groups.iter().filter(|group| by_id.contains_key(group.id.as_str())) {
        if group.layers.is_empty() {
            faults.push(format!("group '{}': it holds no layer", group.id));
        }
        for member in &group.layers {
            if !known.contains(member.as_str()) && !by_id.contains_key(member.as_str()) {
                faults.push(format!("group '{}': there is no layer or group '{member}'", group.id));
            } else if let Some(other) = held.insert(member, &group.id) {
                faults.push(format!("group '{}': '{member}' is in group '{other}' as well", group.id));
            }
        }
    }
    let mut building = Building { known: &known, by_id: &by_id, placed: HashSet::new() };
    let mut roots = Vec::new();
    for id in layers.iter().map(String::as_str).filter(|id| !held.contains_key(id)) {
        roots.extend(building.node(id));
    }
    for group in groups.iter().filter(|group| !held.contains_key(group.id.as_str())) {
        roots.extend(building.node(&group.id));
    }
    // What is left hangs in a ring of groups, which no root leads to.
    for group in groups.iter().filter(|group| by_id.contains_key(group.id.as_str())) {
        if !building.placed.contains(group.id.as_str()) {
            faults.push(format!("group '{}': it holds itself", group.id));
            roots.extend(building.node(&group.id));
        }
    }
    (roots, faults)
}

struct Building<'a> {
    known: &'a HashSet<&'a str>,
    by_id: &'a HashMap<&'a str, &'a Group>,
    placed: HashSet<String>,
}

impl Building<'_> {
    /// The node of this id; none where it is unknown or stands elsewhere already.
    fn node(&mut self, id: &str) -> Option<Node> {
        if !self.placed.insert(id.to_owned()) {
            return None;
        }
        if let Some(group) = self.by_id.get(id) {
            let held = group.layers.iter().filter_map(|member| self.node(member)).collect();
            return Some(Node::Group((*group).clone(), held));
        }
        self.known.contains(id).then(|| Node::Layer(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str, layers: &[&str]) -> Group {
        let layers = layers.iter().map(|&id| id.to_owned()).collect();
        Group { id: id.into(), title: None, description: None, keywords: Vec::new(), layers, attribution: None }
    }

    fn shape(nodes: &[Node]) -> String {
        let one = |node: &Node| match node {
            Node::Layer(id) => id.clone(),
            Node::Group(group, held) => format!("{}({})", group.id, shape(held)),
        };
        nodes.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn groups_nest_and_what_is_in_none_stands_at_the_root() {
        let layers = ["a", "b", "c", "d"].map(str::to_owned);
        let (nodes, faults) = tree(&[group("in", &["c", "a"]), group("out", &["b", "in"])], &layers);
        assert_eq!((shape(&nodes).as_str(), faults.len()), ("d out(b in(c a))", 0));
    }

    #[test]
    fn rings_strangers_and_doubles_are_told() {
        let layers = ["a".to_owned()];
        for (groups, told) in [
            (vec![group("x", &["y"]), group("y", &["x"])], "holds itself"),
            (vec![group("x", &["z"])], "no layer or group 'z'"),
            (vec![group("x", &["a"]), group("y", &["a"])], "as well"),
            (vec![group("a", &["a"])], "has this id"),
            (vec![group("x,y", &["a"])], "comma"),
            (vec![group("x", &[])], "holds no layer"),
        ] {
            let (_, faults) = tree(&groups, &layers);
            assert!(faults.iter().any(|fault| fault.contains(told)), "{told}: {faults:?}");
        }
    }
}
