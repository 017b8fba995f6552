//! What goes into a key beside what can be hashed.

use std::fmt::{self, Debug, Write};
use std::hash::Hasher;

/// Hashes what has no hash of its own, for there are floats in it, by how it is written.
pub fn write(part: &impl Debug, hasher: &mut impl Hasher) {
    // Neither a hash nor a key in memory fails.
    let _ = write!(Text(hasher), "{part:?}");
    hasher.write_u8(0xff);
}

struct Text<'a, H>(&'a mut H);

impl<H: Hasher> Write for Text<'_, H> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
