//! Feature information as lines of text, in QGIS Server's form.

use crate::error::Result;
use crate::model::batch::Batch;
use crate::server::context::Context;

use super::{InfoPart, InfoWriter, words};

pub(super) struct Text {
    out: String,
    part: Option<InfoPart>,
}

impl Text {
    pub(super) fn new() -> Self {
        Self { out: "GetFeatureInfo results\n\n".to_owned(), part: None }
    }

    /// A line with a name and a value, which keep to one line.
    fn line(&mut self, name: &str, value: &str) {
        for (text, end) in [(name, " = '"), (value, "'\n")] {
            self.out.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
            self.out.push_str(end);
        }
    }

    fn end_layer(&mut self) {
        if self.part.is_some() {
            self.out.push('\n');
        }
    }
}

impl InfoWriter for Text {
    fn layer(&mut self, part: &InfoPart) {
        self.end_layer();
        self.out.push_str("Layer '");
        self.out.push_str(&part.name);
        self.out.push_str("'\n");
        self.part = Some(part.clone());
    }

    fn rows(&mut self, rows: &Batch) {
        let Some(part) = self.part.clone() else { return };
        for row in rows.rows() {
            if let Some(id) = InfoPart::id(row) {
                self.out.push_str("Feature ");
                self.out.push_str(&id);
                self.out.push('\n');
            }
            for (cell, field) in part.fields() {
                self.line(&field.name, &words(row, cell));
            }
        }
    }

    fn size(&self) -> usize {
        self.out.len()
    }

    fn finish(mut self: Box<Self>, _: &Context) -> Result<Vec<u8>> {
        self.end_layer();
        Ok(self.out.into_bytes())
    }
}
