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

/// Hosts whose namespaces are those of standards.
const STANDARDS: [&str; 3] = ["www.opengis.net", "www.w3.org", "www.isotc211.org"];

/// Whether a URI is one of this host.
fn is_of(uri: &str, host: &str) -> bool {
    let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://")).unwrap_or_default();
    rest.get(..host.len()).is_some_and(|start| start.eq_ignore_ascii_case(host))
        && rest[host.len()..].chars().next().is_none_or(|next| next == '/' || next == ':')
}

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
        if let Some(uri) = self.namespace.as_ref().filter(|uri| STANDARDS.iter().any(|host| is_of(uri, host))) {
            faults.push(format!(
                "wfs.namespace is '{uri}', which is one of the standards: the features need one of their own"
            ));
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
    fn the_namespace_of_a_standard_was_taken() {
        for (uri, faults) in [
            ("http://www.opengis.net/gml", 1),
            ("https://www.w3.org/2001/XMLSchema", 1),
            ("http://WWW.opengis.net", 1),
            ("http://www.opengis.net.example.org/x", 0),
            ("urn:example:features", 0),
            ("http://example.org/www.opengis.net/gml", 0),
        ] {
            let settings = Wfs { namespace: Some(uri.to_owned()), ..Wfs::default() };
            assert_eq!(settings.faults().len(), faults, "{uri}");
        }
    }

    #[test]
    fn a_prefix_must_be_free() {
        for prefix in ["wfs", "xmlns", "1a", "", "a:b"] {
            assert_eq!(Wfs { prefix: prefix.to_owned(), ..Wfs::default() }.faults().len(), 1, "{prefix}");
        }
        assert!(Wfs::default().faults().is_empty());
    }
}
