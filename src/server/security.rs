//! The ways to say who asks, as clients are told them in the OpenAPI documents. What enforces them are filters.

use serde_json::{Map, Value, json};

/// A way to say who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Name and password (HTTP Basic).
    Basic,
    /// A token (HTTP Bearer).
    Bearer,
    /// A key in this header.
    KeyHeader(String),
    /// A key in this parameter of the query.
    KeyParameter(String),
}

/// All of them; one is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// The ways.
    pub schemes: Vec<Scheme>,
    /// Whether one must be taken; else it shows more, perhaps.
    pub is_required: bool,
}

impl Scheme {
    fn name(&self) -> &'static str {
        match self {
            Self::Basic => "password",
            Self::Bearer => "token",
            Self::KeyHeader(_) => "key",
            Self::KeyParameter(_) => "keyParameter",
        }
    }

    fn object(&self) -> Value {
        match self {
            Self::Basic => json!({ "type": "http", "scheme": "basic" }),
            Self::Bearer => json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" }),
            Self::KeyHeader(name) => json!({ "type": "apiKey", "in": "header", "name": name }),
            Self::KeyParameter(name) => json!({ "type": "apiKey", "in": "query", "name": name }),
        }
    }
}

impl Security {
    /// Adds `components.securitySchemes` and `security` to an OpenAPI document.
    pub(crate) fn describe(&self, document: &mut Value) {
        if self.schemes.is_empty() {
            return;
        }
        let schemes: Map<String, Value> =
            self.schemes.iter().map(|scheme| (scheme.name().to_owned(), scheme.object())).collect();
        document["components"]["securitySchemes"] = schemes.into();
        // An empty requirement means that none is fine as well.
        let none = (!self.is_required).then(|| json!({}));
        let each = self.schemes.iter().map(|scheme| json!({ scheme.name(): [] }));
        document["security"] = none.into_iter().chain(each).collect();
    }
}
