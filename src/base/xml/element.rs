//! An element that was read: its names resolved, its text whole.

use std::sync::Arc;

use super::write::{push_attribute, push_text};

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

    /// The element as XML again, on one line: every element declares the namespace that it does not have from its parent.
    pub fn to_xml(&self) -> String {
        let mut xml = Vec::new();
        self.write(None, &mut xml);
        // What was read as text is text.
        String::from_utf8(xml).unwrap_or_default()
    }

    fn write(&self, around: Option<&str>, xml: &mut Vec<u8>) {
        let attribute = |name: &str, value: &str, xml: &mut Vec<u8>| {
            xml.extend_from_slice(format!(" {name}=\"").as_bytes());
            push_attribute(value, xml);
            xml.push(b'"');
        };
        xml.push(b'<');
        xml.extend_from_slice(self.name.as_bytes());
        let namespace = self.namespace.as_deref();
        if namespace != around {
            attribute("xmlns", namespace.unwrap_or_default(), xml);
        }
        for (number, own) in self.attributes.iter().enumerate() {
            match own.namespace.as_deref() {
                None => attribute(&own.name, &own.value, xml),
                // The one prefix that needs no declaration, and may have no other.
                Some("http://www.w3.org/XML/1998/namespace") => {
                    attribute(&format!("xml:{}", own.name), &own.value, xml);
                }
                Some(uri) => {
                    attribute(&format!("xmlns:n{number}"), uri, xml);
                    attribute(&format!("n{number}:{}", own.name), &own.value, xml);
                }
            }
        }
        xml.push(b'>');
        push_text(&self.text, xml);
        for child in &self.children {
            child.write(namespace, xml);
        }
        xml.extend_from_slice(b"</");
        xml.extend_from_slice(self.name.as_bytes());
        xml.push(b'>');
    }

    /// A qualified name that stands in a value or text, in the scope of this element: the URI of its namespace, and the
    /// local part. A prefix that is not declared is one without a URI.
    pub fn resolve<'a>(&'a self, name: &'a str) -> (Option<&'a str>, &'a str) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        (Scope::find(self.scope.as_ref(), prefix).map(AsRef::as_ref), local)
    }
}
