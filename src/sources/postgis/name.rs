//! What a project file calls a table: its name, behind its schema where that is not `public`. No two tables are called the
//! same, whatever dots their names have.

/// What a table is called: `roads`, `parcels.owners`, `public.a.b` where the name has a dot, `"odd.schema".roads`.
pub(super) fn label(schema: &str, name: &str) -> String {
    if schema == "public" && !name.contains('.') {
        return name.to_owned();
    }
    if schema.contains('.') || schema.starts_with('"') {
        return format!("{}.{name}", super::quoted(schema));
    }
    format!("{schema}.{name}")
}

/// The schemas and tables that may be meant, the likeliest first: names may be quoted as in SQL.
pub(super) fn meant(label: &str) -> Vec<(String, String)> {
    let (schema, rest) = match quoted_first(label) {
        Some((schema, rest)) => (schema, rest),
        None => match label.split_once('.') {
            Some((schema, name)) => (schema.to_owned(), Some(name)),
            None => return vec![("public".to_owned(), label.to_owned())],
        },
    };
    let Some(name) = rest else {
        return vec![("public".to_owned(), label.to_owned()), ("public".to_owned(), schema)];
    };
    let mut all = vec![(schema.clone(), name.to_owned())];
    if let Some((unquoted, None)) = quoted_first(name) {
        all.push((schema, unquoted));
    }
    all
}

/// The part in quotes that a text begins with, and what follows its dot.
fn quoted_first(text: &str) -> Option<(String, Option<&str>)> {
    let inside = text.strip_prefix('"')?;
    let mut at = 0;
    loop {
        at += inside.get(at..)?.find('"')?;
        let after = inside.get(at + 1..)?;
        if !after.starts_with('"') {
            let part = inside[..at].replace("\"\"", "\"");
            return match after.strip_prefix('.') {
                Some(rest) => Some((part, Some(rest))),
                None => after.is_empty().then_some((part, None)),
            };
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tables_are_called_the_same_and_each_is_found_by_its_label() {
        let parts =
            ["public", "a", "a.b", "b", "\"a", "\"a\"", "\"a.b\"", "a\".\"b", "public.a", "ü.\"", "\"\"", ".", "a."];
        let mut labels = std::collections::HashMap::new();
        for schema in parts {
            for name in parts {
                let label = label(schema, name);
                assert_eq!(meant(&label)[0], (schema.to_owned(), name.to_owned()), "{label}");
                assert_eq!(labels.insert(label, (schema, name)), None);
            }
        }
        let is = |text: &str, schema: &str, name: &str| meant(text).contains(&(schema.to_owned(), name.to_owned()));
        assert!(is("public.roads", "public", "roads") && is("\"public\".\"a.b\"", "public", "a.b"));
        assert!(is("\"a.b\"", "public", "a.b") && is("a.\"B\"", "a", "B") && !is("a.b", "public", "a.b"));
    }
}
