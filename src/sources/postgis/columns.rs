//! Which type a column has for clients, and how SQL hands it over in a form that is read without guessing.

use tokio_postgres::types::Type;

use crate::model::schema::FieldKind;

use super::sql::quoted;

/// How the bytes of a column become a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Bool,
    Text,
    /// The same, of JSON: its `null` is no value.
    Json,
    Date,
    Timestamp,
    Bytes,
}

impl Form {
    /// Whether values of a type are read in this form.
    pub(super) fn reads(self, kind: &Type) -> bool {
        match self {
            Self::Int2 | Self::Int4 | Self::Int8 => [Type::INT2, Type::INT4, Type::INT8].contains(kind),
            Self::Float4 => *kind == Type::FLOAT4,
            Self::Float8 => *kind == Type::FLOAT8,
            Self::Numeric => *kind == Type::NUMERIC,
            Self::Bool => *kind == Type::BOOL,
            Self::Date => *kind == Type::DATE,
            Self::Timestamp => [Type::TIMESTAMP, Type::TIMESTAMPTZ].contains(kind),
            Self::Bytes => *kind == Type::BYTEA,
            Self::Text | Self::Json => [Type::TEXT, Type::VARCHAR, Type::BPCHAR].contains(kind),
        }
    }

    /// Whether it is read as text.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Json)
    }

    /// Whether what is no number may be among its values. PostgreSQL has it as the greatest of all.
    pub(super) fn has_nan(self) -> bool {
        matches!(self, Self::Float4 | Self::Float8 | Self::Numeric)
    }
}

/// How values of the column are compared with literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    Integer,
    /// Floating point numbers; not a number is neither more nor less.
    Float,
    /// Of any length; the loop has it as a float.
    Numeric,
    /// Of four bytes; read as it is written.
    Short,
    Bool,
    /// Text; `plain` where equality is that of the bytes.
    Text {
        plain: bool,
    },
    Uuid,
    Date,
    Timestamp,
    TimestampTz,
    /// By this program alone.
    Not,
}

/// A column as it is selected.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: FieldKind,
    pub(super) form: Form,
    pub(super) compared: Compared,
    /// The type of a list of texts, whose members SQL finds.
    pub(super) texts: Option<&'static str>,
    /// What is selected.
    pub(super) select: String,
    /// What is true where it has no value, or one that is none: not a number, without end, the null of JSON.
    pub(super) absent: String,
    /// A number that is no integer as the loop reads it: as a float.
    pub(super) float: Option<String>,
    /// Whether a regular expression may be asked of it in any letters.
    pub(super) is_searched: bool,
    /// Whether it is never null.
    pub(super) is_filled: bool,
    /// Whether an index has the rows in its order.
    pub(super) is_indexed: bool,
    pub(super) comment: Option<String>,
}

/// What the catalog of the database says of a column.
pub(super) struct Described<'a> {
    pub(super) name: &'a str,
    /// Name of its type; of a domain, of what it is made.
    pub(super) type_name: &'a str,
    /// `A` for arrays, `C` for rows, as pg_type has it.
    pub(super) category: char,
    /// What its declaration says more of its type; below zero nothing.
    pub(super) modifier: i32,
    /// Whether equal texts have the same bytes.
    pub(super) is_deterministic: bool,
    /// Whether the database has every letter.
    pub(super) is_unicode: bool,
    pub(super) is_filled: bool,
    /// Whether an index over all rows begins with it, and whether that has texts by their bytes.
    pub(super) index: Option<bool>,
    pub(super) comment: Option<String>,
}

impl Column {
    pub(super) fn new(described: Described<'_>) -> Self {
        let Described { name, type_name, category, modifier, is_deterministic, is_unicode, is_filled, index, comment } =
            described;
        let stored = format!("t.{}", quoted(name));
        let column = stored.clone();
        let text = || format!("{column}::text");
        let (kind, form, compared, select) = match (type_name, category) {
            ("int2", _) => (FieldKind::Integer, Form::Int2, Compared::Integer, column),
            ("int4", _) => (FieldKind::Integer, Form::Int4, Compared::Integer, column),
            ("int8", _) => (FieldKind::Integer, Form::Int8, Compared::Integer, column),
            ("oid", _) => (FieldKind::Integer, Form::Int8, Compared::Not, format!("{column}::int8")),
            // A short number is read as it is written, not as its nearest neighbour with more bits.
            ("float4", _) => (FieldKind::Number, Form::Float4, Compared::Short, column),
            ("float8", _) => (FieldKind::Number, Form::Float8, Compared::Float, column),
            ("numeric", _) => (FieldKind::Number, Form::Numeric, Compared::Numeric, column),
            ("bool", _) => (FieldKind::Boolean, Form::Bool, Compared::Bool, column),
            ("text" | "varchar", _) => {
                (FieldKind::String, Form::Text, Compared::Text { plain: is_deterministic }, column)
            }
            ("uuid", _) => (FieldKind::String, Form::Text, Compared::Uuid, text()),
            ("date", _) => (FieldKind::Date, Form::Date, Compared::Date, column),
            ("timestamp", _) => (FieldKind::DateTime, Form::Timestamp, Compared::Timestamp, column),
            ("timestamptz", _) => (FieldKind::DateTime, Form::Timestamp, Compared::TimestampTz, column),
            ("bytea", _) => (FieldKind::Binary, Form::Bytes, Compared::Not, column),
            ("json" | "jsonb", _) => (FieldKind::Json, Form::Json, Compared::Not, text()),
            ("hstore", _) | (_, 'A' | 'C') => {
                (FieldKind::Json, Form::Json, Compared::Not, format!("to_json({column})::text"))
            }
            _ => (FieldKind::String, Form::Text, Compared::Text { plain: false }, text()),
        };
        let is_indexed = match compared {
            Compared::Text { .. } => index == Some(true) && matches!(type_name, "text" | "varchar"),
            _ => index.is_some() && (compared == Compared::Uuid || !(form.is_text() || form == Form::Bytes)),
        };
        let is_searched = is_unicode && is_deterministic && matches!(type_name, "text" | "varchar");
        let texts = match type_name {
            "_text" => Some("text[]"),
            "_varchar" => Some("varchar[]"),
            _ => None,
        };
        let absent = match (form, type_name, category) {
            (Form::Float4 | Form::Float8 | Form::Numeric, ..) => format!("({stored} IS NULL OR {stored} = 'NaN')"),
            (Form::Date | Form::Timestamp, ..) => format!("({stored} IS NULL OR NOT isfinite({stored}))"),
            (_, "json" | "jsonb", _) => format!("({stored} IS NULL OR {type_name}_typeof({stored}) = 'null')"),
            // A row of nulls is null to SQL, and has its members here.
            (.., 'C') => format!("{stored} IS NOT DISTINCT FROM NULL"),
            _ => format!("{stored} IS NULL"),
        };
        let float = match compared {
            Compared::Float => Some(stored),
            Compared::Numeric if fits_float(modifier) => Some(format!("{stored}::float8")),
            Compared::Numeric => Some(numeric_as_float(&stored)),
            // As it is written, not as its nearest neighbour with more bits.
            Compared::Short => Some(format!("{stored}::text::float8")),
            _ => None,
        };
        let name = name.to_owned();
        Self { name, kind, form, compared, texts, select, absent, float, is_searched, is_filled, is_indexed, comment }
    }

    /// The column itself, as conditions read it.
    pub(super) fn stored(&self) -> String {
        format!("t.{}", quoted(&self.name))
    }

    /// The column as rows are ordered by it.
    pub(super) fn sorted(&self) -> String {
        let stored = self.stored();
        match (self.form, self.compared) {
            // A UUID has the order of its text.
            (_, Compared::Uuid) => stored,
            (form, _) if form.is_text() => format!("{stored}::text COLLATE \"C\""),
            // Without end is nothing, and comes last.
            (Form::Date | Form::Timestamp, _) => format!("CASE WHEN isfinite({stored}) THEN {stored} END"),
            // So is what is not a number.
            (form, _) if form.has_nan() => format!("nullif({stored}, 'NaN')"),
            _ => stored,
        }
    }
}

/// Whether all that a declaration `numeric(precision, scale)` lets in has its place among the floats.
fn fits_float(modifier: i32) -> bool {
    // As PostgreSQL packs them, behind four bytes of a length.
    let packed = modifier - 4;
    let (precision, scale) = (packed >> 16 & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024);
    packed >= 0 && precision - scale <= 308 && scale <= 300
}

/// A number of any length as a float, infinite or nothing where it is beyond all floats: to cast it would be an error.
fn numeric_as_float(stored: &str) -> String {
    format!(
        "CASE WHEN abs({stored}) > 1.797693134862315807e308 THEN sign({stored})::float8 * 'Infinity'::float8 \
         WHEN abs({stored}) < 2.470328229206232721e-324 THEN 0 ELSE {stored}::float8 END"
    )
}
