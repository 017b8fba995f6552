//! Queries of the project file that are published as tables, with parameters that are bound, never written into the text.

use super::literal::{FIRST_DAY, LAST_DAY};
use super::sql::{Bound, Sql};
use crate::base::datetime::Date;
use crate::model::schema::FieldKind;
use crate::model::value::Value;

/// A query that is published as a layer.
#[derive(Clone, Debug)]
pub struct SqlView {
    /// A `SELECT`; `:name` stands for a parameter.
    pub query: String,
    /// The parameters that clients may give.
    pub parameters: Vec<ViewParameter>,
    /// The geometry column; the first where left out.
    pub geometry: Option<String>,
}

/// A parameter of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewParameter {
    /// Name, as the query and clients have it.
    pub name: String,
    /// Type.
    pub kind: FieldKind,
    /// What it is where a client gives none.
    pub default: Value,
    /// What it is, for people.
    pub description: Option<String>,
}

/// A query, cut at its parameters.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
    parameters: Vec<ViewParameter>,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Parameter(usize),
}

impl Template {
    /// Cuts a query. Colons within quotes and comments, of casts (`::`), and before names that are no parameters stay.
    pub(super) fn new(view: &SqlView) -> Self {
        let text = view.query.trim().trim_end_matches(';');
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(first) = rest.chars().next() {
            let taken = match first {
                '\'' | '"' => quoted(rest, first),
                '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
                ':' if rest.starts_with("::") => 2,
                ':' => {
                    let end = rest[1..]
                        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                        .map_or(rest.len(), |at| at + 1);
                    if let Some(at) = view.parameters.iter().position(|it| it.name == rest[1..end]) {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                        pieces.push(Piece::Parameter(at));
                        rest = &rest[end..];
                        continue;
                    }
                    1
                }
                other => other.len_utf8(),
            };
            plain.push_str(&rest[..taken]);
            rest = &rest[taken..];
        }
        pieces.push(Piece::Text(plain));
        Self { pieces, parameters: view.parameters.clone() }
    }

    /// Appends the query with values for its parameters; those left out, or of another type, are at their defaults.
    pub(super) fn write(&self, sql: &mut Sql, values: &[(String, Value)]) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => sql.add(text),
                Piece::Parameter(at) => {
                    let parameter = &self.parameters[*at];
                    let given = values.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| value);
                    let bound = given.and_then(|value| bound(parameter.kind, value));
                    match bound.or_else(|| bound_default(parameter)) {
                        Some((bound, cast)) => sql.bind(bound, cast),
                        None => sql.add("NULL"),
                    }
                }
            }
        }
    }
}

fn bound_default(parameter: &ViewParameter) -> Option<(Bound, &'static str)> {
    bound(parameter.kind, &parameter.default)
}

/// The length of what stands in quotes at the start of a text.
fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |end| end + 2)
}

/// A value of a type as it is bound, and the type to cast it to.
fn bound(kind: FieldKind, value: &Value) -> Option<(Bound, &'static str)> {
    #[allow(clippy::cast_precision_loss)] // as a client that writes 1 for 1.0 means it
    Some(match (kind, value) {
        (FieldKind::Integer, Value::Int(number)) => (Bound::Int(*number), "int8"),
        (FieldKind::Number, Value::Int(number)) => (Bound::Float(*number as f64), "float8"),
        (FieldKind::Number, Value::Float(number)) => (Bound::Float(*number), "float8"),
        (FieldKind::Boolean, Value::Bool(truth)) => (Bound::Bool(*truth), "bool"),
        (FieldKind::String, Value::Text(text)) if !text.contains('\0') => (Bound::Text(text.clone()), "text"),
        (FieldKind::Date, Value::Date(day)) => (Bound::Date(day.0.clamp(FIRST_DAY, LAST_DAY)), "date"),
        (FieldKind::DateTime, Value::Instant(at)) => {
            (Bound::Instant(at.0.max(Date(FIRST_DAY).start().0)), "timestamptz")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_bound_and_other_colons_stay() {
        let parameter = |name: &str| ViewParameter {
            name: name.to_owned(),
            kind: FieldKind::Integer,
            default: Value::Int(1),
            description: None,
        };
        let query = "SELECT a::text, ':n', \":n\", :n2 -- :n\n, :n /* :n */ FROM t WHERE b > :n AND c = :m;";
        let view =
            SqlView { query: query.to_owned(), parameters: vec![parameter("n"), parameter("m")], geometry: None };
        let mut sql = Sql::default();
        Template::new(&view).write(&mut sql, &[("m".to_owned(), Value::Int(7))]);
        let expected =
            "SELECT a::text, ':n', \":n\", :n2 -- :n\n, $1::int8 /* :n */ FROM t WHERE b > $2::int8 AND c = $3::int8";
        assert_eq!(sql.text, expected);
        assert_eq!(sql.values, [Bound::Int(1), Bound::Int(1), Bound::Int(7)]);
    }
}
