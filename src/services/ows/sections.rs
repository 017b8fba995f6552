//! The parts of a capabilities document that a client wants (`SECTIONS`).

use crate::error::Result;

use super::kvp::{Kvp, invalid};

/// Which parts are wanted; all where the client names none.
pub struct Sections(Option<Vec<&'static str>>);

impl Sections {
    /// Reads them; `known` are those of the version.
    pub fn read(kvp: Kvp<'_>, known: &'static [&'static str]) -> Result<Self> {
        let Some(names) = kvp.list("SECTIONS")? else { return Ok(Self(None)) };
        let mut wanted = Vec::new();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            if name.eq_ignore_ascii_case("All") {
                return Ok(Self(None));
            }
            let found = known.iter().find(|it| it.eq_ignore_ascii_case(name));
            wanted.push(
                *found.ok_or_else(|| invalid("SECTIONS", name, &format!("All or some of {}", known.join(", "))))?,
            );
        }
        Ok(Self(Some(wanted)))
    }

    /// Whether a part is wanted.
    pub fn want(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|wanted| wanted.contains(&name))
    }
}
