//! The one writer of XML: elements appended to bytes, every name and value escaped by the place where it stands.

/// Whether XML 1.0 can have a character at all, escaped or not (2.2).
pub fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

fn push(text: &str, out: &mut Vec<u8>, attribute: bool) {
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let written: &[u8] = match byte {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' if attribute => b"&quot;",
            // A reader would make blanks of these in an attribute, and a line feed of a carriage return.
            b'\t' if attribute => b"&#9;",
            b'\n' if attribute => b"&#10;",
            b'\r' => b"&#13;",
            b'\t' | b'\n' => continue,
            0..=0x1f => b"",
            // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
            0xef if matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf])) => {
                out.extend_from_slice(&bytes[from..at]);
                from = at + 3;
                continue;
            }
            _ => continue,
        };
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(written);
        from = at + 1;
    }
    out.extend_from_slice(&bytes[from..]);
}

/// Appends text, escaped; characters that XML cannot have are dropped.
pub fn push_text(text: &str, out: &mut Vec<u8>) {
    push(text, out, false);
}

/// Appends the value of an attribute, escaped, without the quotes (which must be double).
pub fn push_attribute(text: &str, out: &mut Vec<u8>) {
    push(text, out, true);
}

/// Writes elements; each start is ended by name, in the order that the stack has.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    /// The names of the open elements, one after the other, and where each begins.
    names: String,
    open: Vec<usize>,
    /// Whether an element has ended or begun on a line of its own, so that the next tag gets one.
    breaks: bool,
}

impl Writer {
    /// A writer of a fragment.
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer of a document: it begins with the declaration.
    pub fn document() -> Self {
        Self { out: b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_vec(), breaks: true, ..Self::default() }
    }

    fn line(&mut self) {
        if self.breaks {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + 2 * self.open.len(), b' ');
        }
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.line();
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        for (name, value) in attributes {
            self.out.push(b' ');
            self.out.extend_from_slice(name.as_bytes());
            self.out.extend_from_slice(b"=\"");
            push_attribute(value, &mut self.out);
            self.out.push(b'"');
        }
    }

    /// Begins an element. Names come from the program, never from a client: see [`super::escaped_name`].
    pub fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push(b'>');
        self.open.push(self.names.len());
        self.names.push_str(name);
        self.breaks = true;
    }

    /// Text in the open element.
    pub fn text(&mut self, text: &str) {
        push_text(text, &mut self.out);
        self.breaks = false;
    }

    /// Ends the element that began last.
    pub fn end(&mut self) {
        let Some(at) = self.open.pop() else { return };
        self.line();
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(&self.names.as_bytes()[at..]);
        self.out.push(b'>');
        self.names.truncate(at);
        self.breaks = true;
    }

    /// An element with nothing but text.
    pub fn element(&mut self, name: &str, text: &str) {
        self.element_with(name, &[], text);
    }

    /// An element with attributes and text.
    pub fn element_with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.start(name, attributes);
        self.text(text);
        self.end();
    }

    /// An element with nothing in it.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.extend_from_slice(b"/>");
        self.breaks = true;
    }

    /// Bytes that are XML already.
    pub fn raw(&mut self, xml: &[u8]) {
        self.out.extend_from_slice(xml);
    }

    /// The bytes; elements that are open are ended.
    pub fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.end();
        }
        if self.breaks {
            self.out.push(b'\n');
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, parse};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_are_nested_and_escaped() {
        let mut xml = Writer::document();
        xml.start("a:r", &[("xmlns:a", "urn:\"<&")]);
        xml.element("b", "1 < 2 & \u{1}\u{fffe}x");
        xml.empty("c", &[]);
        xml.start("d", &[]);
        let text = String::from_utf8(xml.finish()).unwrap();
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a:r xmlns:a=\"urn:&quot;&lt;&amp;\">\n  \
             <b>1 &lt; 2 &amp; x</b>\n  <c/>\n  <d>\n  </d>\n</a:r>\n"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in any::<String>(), value in any::<String>()) {
            let mut xml = Writer::document();
            xml.element_with("a", &[("b", &value)], &text);
            let read = parse(&xml.finish(), &Limits::default()).unwrap();
            let kept = |text: &str| text.chars().filter(|c| is_xml(*c)).collect::<String>();
            prop_assert_eq!(&read.text, &kept(&text));
            prop_assert_eq!(read.attribute("b").unwrap(), kept(&value));
        }
    }
}
