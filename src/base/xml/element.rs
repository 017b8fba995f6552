//! An element that was read: its names resolved, its text whole.

use std::sync::Arc;

/// An attribute; declarations of namespaces are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The URI of its namespace.
    pub namespace: Option<Arc<str>>,
    /// Its local name.
    pub name: Box<str>,
    /// Its value, with references resolved.
    pub value: String,
}

/// An element with all that is in it.
#[derive(Clone, Debug)]
pub struct Element {
    /// The URI of its namespace.
    pub namespace: Option<Arc<str>>,
    /// Its local name.
    pub name: Box<str>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// The elements in it, in their order.
    pub children: Vec<Element>,
    /// The text and CDATA that stand directly in it, joined, as they came.
    pub text: String,
    /// The line of its start tag, from 1.
    pub place: usize,
    pub(super) scope: Option<Arc<Scope>>,
}

/// The namespaces that one start tag declares, and those around it.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) parent: Option<Arc<Scope>>,
    /// Prefix and URI; the prefix is empty for the default namespace.
    pub(super) bindings: Vec<(Box<str>, Arc<str>)>,
    /// How many there are with those around.
    pub(super) count: usize,
}

impl Scope {
    /// The URI of a prefix; an empty URI takes the default namespace back.
    pub(super) fn find<'a>(mut scope: Option<&'a Arc<Self>>, prefix: &str) -> Option<&'a Arc<str>> {
        while let Some(here) = scope {
            if let Some((_, uri)) = here.bindings.iter().find(|(name, _)| **name == *prefix) {
                return Some(uri).filter(|uri| !uri.is_empty());
            }
            scope = here.parent.as_ref();
        }
        None
    }
}

impl Element {
    /// The first child of a local name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| *child.name == *name)
    }

    /// The children of a local name.
    pub fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| *child.name == *name)
    }

    /// The value of an attribute by its local name; one without a namespace goes before one that has one (`gml:id`).
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let named = || self.attributes.iter().filter(|attribute| *attribute.name == *name);
        let found = named().find(|attribute| attribute.namespace.is_none()).or_else(|| named().next());
        found.map(|attribute| attribute.value.as_str())
    }

    /// The text without blanks around it.
    pub fn trimmed(&self) -> &str {
        self.text.trim()
    }

    /// A qualified name that stands in a value or text, in the scope of this element: the URI of its namespace, and the
    /// local part. A prefix that is not declared is one without a URI.
    pub fn resolve<'a>(&'a self, name: &'a str) -> (Option<&'a str>, &'a str) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        (Scope::find(self.scope.as_ref(), prefix).map(AsRef::as_ref), local)
    }
}
