//! What the project file says of the WFS.

use serde::Deserialize;

use crate::base::xml::is_name;

/// Settings of the WFS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wfs {
    /// The prefix that names of feature types have.
    pub prefix: String,
    /// The namespace of the feature types; one of the project's name where left out.
    pub namespace: Option<String>,
    /// Most features of an answer; all that match where left out.
    pub max_features: Option<u64>,
}

impl Default for Wfs {
    fn default() -> Self {
        Self { prefix: "app".to_owned(), namespace: None, max_features: None }
    }
}

/// Prefixes that documents use themselves.
const TAKEN: [&str; 8] = ["wfs", "gml", "ows", "ogc", "fes", "xsi", "xlink", "xsd"];

impl Wfs {
    /// What is wrong with the settings.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let prefix = &self.prefix;
        let is_taken = TAKEN.contains(&prefix.as_str()) || prefix.to_ascii_lowercase().starts_with("xml");
        if !is_name(prefix) || is_taken {
            faults
                .push(format!("wfs.prefix is '{prefix}', expected a name of XML that the service does not use itself"));
        }
        let is_uri = |uri: &String| uri.contains(':') && !uri.chars().any(|c| c.is_whitespace() || c.is_control());
        if let Some(uri) = self.namespace.as_ref().filter(|uri| !is_uri(uri)) {
            faults.push(format!("wfs.namespace is '{uri}', expected a URI"));
        }
        if self.max_features == Some(0) {
            faults.push("wfs.max_features is 0, expected at least 1".to_owned());
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_must_be_free() {
        for prefix in ["wfs", "xmlns", "1a", "", "a:b"] {
            assert_eq!(Wfs { prefix: prefix.to_owned(), ..Wfs::default() }.faults().len(), 1, "{prefix}");
        }
        assert!(Wfs::default().faults().is_empty());
    }
}
