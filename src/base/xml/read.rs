//! The one reader of XML: a document to elements, within limits.

use std::fmt;
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::element::{Attribute, Element, Scope};
use super::encoding::{decode, decode_start};
use super::name::is_name;
use super::write::is_xml;

/// What a document may have at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes.
    pub bytes: usize,
    /// Elements within elements.
    pub depth: usize,
    /// Elements and attributes together.
    pub nodes: usize,
}

impl Default for Limits {
    /// 4 MB, 64 deep, 100,000 nodes.
    fn default() -> Self {
        Self { bytes: 4 * 1024 * 1024, depth: 64, nodes: 100_000 }
    }
}

/// The most attributes of one start tag, and the most namespaces in scope.
const MOST_ATTRIBUTES: usize = 256;
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Why a document could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlFault {
    /// What is wrong, in words for the client.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for XmlFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (line {})", self.message, self.line)
    }
}

impl std::error::Error for XmlFault {}

/// Reads a document.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Element, XmlFault> {
    parse_as(bytes, None, limits)
}

/// Reads a document; `charset` is the encoding that the transport names, where it does.
pub fn parse_as(bytes: &[u8], charset: Option<&str>, limits: &Limits) -> Result<Element, XmlFault> {
    let whole = |message: String| XmlFault { message, line: 1 };
    if bytes.len() > limits.bytes {
        return Err(whole(format!("the document is larger than {} bytes", limits.bytes)));
    }
    let text = decode(bytes, charset).map_err(whole)?;
    if let Some((at, _)) = text.char_indices().find(|(_, c)| !is_xml(*c)) {
        let line = 1 + text[..at].matches('\n').count();
        return Err(XmlFault { message: "a character that XML cannot have".to_owned(), line });
    }
    Parse { text: &text, limits, nodes: 0, line: 1, counted: 0, open: Vec::new(), root: None }.run()
}

/// Reads the root element of a document of which only the beginning is there: its name and attributes.
pub fn parse_root(start: &[u8], charset: Option<&str>) -> Result<Element, XmlFault> {
    let text = decode_start(start, charset).map_err(|message| XmlFault { message, line: 1 })?;
    Parse { text: &text, limits: &Limits::default(), nodes: 0, line: 1, counted: 0, open: Vec::new(), root: None }
        .first()
}

/// A document half read.
struct Parse<'a> {
    text: &'a str,
    limits: &'a Limits,
    nodes: usize,
    line: usize,
    /// Up to where lines were counted.
    counted: usize,
    open: Vec<Element>,
    root: Option<Element>,
}

impl Parse<'_> {
    fn run(mut self) -> Result<Element, XmlFault> {
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().check_comments = false;
        loop {
            let event = reader.read_event();
            self.count_lines(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX));
            match event {
                Ok(Event::Start(tag)) => self.start(&tag)?,
                Ok(Event::Empty(tag)) => {
                    self.start(&tag)?;
                    self.end()?;
                }
                // That the names fit, the reader has seen to.
                Ok(Event::End(_)) => self.end()?,
                Ok(Event::Text(text)) => self.text(&text.xml10_content())?,
                Ok(Event::CData(text)) => {
                    self.inside("CDATA")?;
                    self.text(&text.xml10_content())?;
                }
                Ok(Event::GeneralRef(reference)) => {
                    self.inside("a reference")?;
                    let found = reference.resolve_char_ref().map_err(|_| self.fault("a reference to no character"))?;
                    let c = match (found, reference.as_ref()) {
                        (Some(c), _) if is_xml(c) => c,
                        (None, "lt") => '<',
                        (None, "gt") => '>',
                        (None, "amp") => '&',
                        (None, "quot") => '"',
                        (None, "apos") => '\'',
                        _ => return Err(self.fault("an entity that is none of the five")),
                    };
                    self.text(c.encode_utf8(&mut [0; 4]))?;
                }
                Ok(Event::DocType(_)) => return Err(self.fault("a document type declaration is not allowed")),
                Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_)) => {}
                Ok(Event::Eof) => break,
                Err(cause) => return Err(self.fault(&format!("no well-formed XML: {cause}"))),
            }
        }
        if let Some(open) = self.open.last() {
            return Err(XmlFault { message: format!("the element '{}' does not end", open.name), line: open.place });
        }
        self.root.take().ok_or_else(|| self.fault("there is no element"))
    }

    /// The first element alone.
    fn first(mut self) -> Result<Element, XmlFault> {
        let mut reader = Reader::from_str(self.text);
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag) | Event::Empty(tag)) => self.start(&tag)?,
                Ok(Event::DocType(_)) => return Err(self.fault("a document type declaration is not allowed")),
                Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_)) => {}
                Ok(Event::Text(text)) => self.text(&text)?,
                Ok(_) => return Err(self.fault("there is no element")),
                Err(cause) => return Err(self.fault(&format!("no well-formed XML: {cause}"))),
            }
            if let Some(root) = self.open.pop() {
                return Ok(root);
            }
        }
    }

    fn fault(&self, message: &str) -> XmlFault {
        XmlFault { message: message.to_owned(), line: self.line }
    }

    fn count_lines(&mut self, to: usize) {
        let to = to.min(self.text.len());
        self.line += self.text.get(self.counted..to).map_or(0, |passed| passed.matches('\n').count());
        self.counted = to;
    }

    fn count_node(&mut self) -> Result<(), XmlFault> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(self.fault(&format!("more than {} elements and attributes", self.limits.nodes)));
        }
        Ok(())
    }

    fn inside(&self, what: &str) -> Result<(), XmlFault> {
        if self.open.is_empty() { Err(self.fault(&format!("{what} outside of the root element"))) } else { Ok(()) }
    }

    fn text(&mut self, text: &str) -> Result<(), XmlFault> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.chars().all(char::is_whitespace) => {}
            None => return Err(self.fault("text outside of the root element")),
        }
        Ok(())
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), XmlFault> {
        self.count_node()?;
        if self.root.is_some() {
            return Err(self.fault("a second root element"));
        }
        if self.open.len() >= self.limits.depth {
            return Err(self.fault(&format!("elements are nested deeper than {}", self.limits.depth)));
        }
        let around = self.open.last().and_then(|element| element.scope.clone());
        let mut bindings: Vec<(Box<str>, Arc<str>)> = Vec::new();
        let mut raw: Vec<(String, String)> = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|cause| self.fault(&format!("no well-formed XML: {cause}")))?;
            self.count_node()?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|_| self.fault("a reference in an attribute that cannot be resolved"))?;
            if !value.chars().all(is_xml) || value.contains('<') && attribute.value.contains('<') {
                return Err(self.fault("a character that an attribute cannot have"));
            }
            match attribute.key.as_ref() {
                "xmlns" => bindings.push(("".into(), value.as_ref().into())),
                key => match key.strip_prefix("xmlns:") {
                    Some("xml" | "xmlns") => {}
                    Some(_) if value.is_empty() => return Err(self.fault("a prefix without a namespace")),
                    Some(prefix) if is_name(prefix) => bindings.push((prefix.into(), value.as_ref().into())),
                    Some(_) => return Err(self.fault("a prefix that is no name")),
                    None => raw.push((key.to_owned(), value.into_owned())),
                },
            }
            if bindings.len() + raw.len() > MOST_ATTRIBUTES {
                return Err(self.fault("too many attributes"));
            }
        }
        let scope = if bindings.is_empty() {
            around
        } else {
            let count = bindings.len() + around.as_ref().map_or(0, |around| around.count);
            if count > MOST_ATTRIBUTES {
                return Err(self.fault("too many namespaces"));
            }
            Some(Arc::new(Scope { parent: around, bindings, count }))
        };
        let (namespace, name) = self.qualified(scope.as_ref(), tag.name().as_ref(), true)?;
        let mut attributes: Vec<Attribute> = Vec::with_capacity(raw.len());
        for (key, value) in raw {
            let (namespace, name) = self.qualified(scope.as_ref(), &key, false)?;
            if attributes.iter().any(|known| known.name == name && known.namespace == namespace) {
                return Err(self.fault("an attribute that stands twice"));
            }
            attributes.push(Attribute { namespace, name, value });
        }
        let (children, text) = (Vec::new(), String::new());
        self.open.push(Element { namespace, name, attributes, children, text, place: self.line, scope });
        Ok(())
    }

    fn qualified(
        &self,
        scope: Option<&Arc<Scope>>,
        name: &str,
        default: bool,
    ) -> Result<(Option<Arc<str>>, Box<str>), XmlFault> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        if !is_name(local) {
            return Err(self.fault("a name that is none"));
        }
        let namespace = match prefix {
            "" if !default || name.starts_with(':') => None,
            "xml" => Some(XML.into()),
            prefix => Scope::find(scope, prefix).cloned(),
        };
        if namespace.is_none() && name.contains(':') {
            return Err(self.fault(&format!("the prefix '{prefix}' is not declared")));
        }
        Ok((namespace, local.into()))
    }

    fn end(&mut self) -> Result<(), XmlFault> {
        let Some(done) = self.open.pop() else { return Err(self.fault("an end without a start")) };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(done),
            None => self.root = Some(done),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Element, XmlFault> {
        parse(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn names_are_resolved_and_text_is_whole() {
        let root = read(
            "<?xml version='1.0'?>\n<!-- c --><a:r xmlns:a='urn:a' xmlns='urn:d' x='1 &lt; &#50;'>\n\
             <c a:y='2'>one &amp; <![CDATA[<two>]]><b/></c><c xmlns=''/></a:r>\n",
        )
        .unwrap();
        assert_eq!((root.namespace.as_deref(), &*root.name, root.attribute("x")), (Some("urn:a"), "r", Some("1 < 2")));
        let c = root.child("c").unwrap();
        assert_eq!((c.namespace.as_deref(), c.trimmed(), c.attribute("y")), (Some("urn:d"), "one & <two>", Some("2")));
        assert_eq!((c.place, c.children.len()), (3, 1));
        assert_eq!(root.children_named("c").nth(1).unwrap().namespace, None);
        assert_eq!(c.resolve("a:t"), (Some("urn:a"), "t"));
        assert_eq!(c.resolve("t"), (Some("urn:d"), "t"));
        assert_eq!(c.resolve("z:t"), (None, "t"));
    }

    #[test]
    fn what_is_hostile_or_broken_is_refused() {
        let deep = "<a>".repeat(65) + &"</a>".repeat(65);
        let bombs = [
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "<a>&b;</a>",
            "<a>&#0;</a>",
            "<a>&#xD800;</a>",
            "<a b='&c;'/>",
            "<a b='&#1;'/>",
            "<a b='<'/>",
            "<a b='1' b='2'/>",
            "<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>",
            "<a>\u{1}</a>",
            "<a></b>",
            "<a>",
            "</a>",
            "<a/><b/>",
            "<a/>text",
            "x<a/>",
            "&lt;<a/>",
            "<x:a/>",
            "<1a/>",
            "<a b:c='1'/>",
            "<:a/>",
            "",
            "{}",
            deep.as_str(),
        ];
        for bad in bombs {
            assert!(read(bad).is_err(), "{bad}");
        }
        let many = format!("<a>{}</a>", "<b/>".repeat(100_000));
        assert!(read(&many).unwrap_err().message.contains("100000"));
        let wide = (0..300).fold("<a".to_owned(), |text, n| text + &format!(" b{n}=''")) + "/>";
        assert!(read(&wide).is_err());
        assert!(parse(&vec![b' '; 5_000_000], &Limits::default()).unwrap_err().message.contains("larger"));
        assert_eq!(read("<a>\n\n</b>").unwrap_err().line, 3);
    }

    #[test]
    fn the_root_is_read_from_a_beginning() {
        let root =
            parse_root(b"<?xml version=\"1.0\"?><!-- x -->\n<w:G xmlns:w='x' a='\xc3\xbc'><b>\xc3", None).unwrap();
        assert_eq!((&*root.name, root.namespace.as_deref(), root.attribute("a")), ("G", Some("x"), Some("\u{fc}")));
        let wide: Vec<u8> = "<a b='1'/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(parse_root(&wide, None).unwrap().attribute("b"), Some("1"));
        for bad in ["", "{}", "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", "<a b='", "</a>", "<!-- a", "text<a/>"] {
            assert!(parse_root(bad.as_bytes(), None).is_err(), "{bad}");
        }
    }

    #[test]
    fn other_encodings_are_read() {
        let latin = b"<?xml version='1.0' encoding=\"ISO-8859-1\"?><a>Z\xfcrich</a>";
        assert_eq!(parse(latin, &Limits::default()).unwrap().text, "Z\u{fc}rich");
        assert_eq!(parse_as(b"<a>\xfc</a>", Some("latin1"), &Limits::default()).unwrap().text, "\u{fc}");
        let text = "<?xml version='1.0' encoding='UTF-16'?><a>Z\u{fc}rich \u{1f600}</a>";
        let (mut big, mut little, mut marked) = (Vec::new(), Vec::new(), vec![0xff, 0xfe]);
        for unit in text.encode_utf16() {
            big.extend(unit.to_be_bytes());
            little.extend(unit.to_le_bytes());
        }
        marked.extend(&little);
        for bytes in [big, little, marked, ["\u{feff}".as_bytes(), text.as_bytes()].concat()] {
            assert_eq!(parse(&bytes, &Limits::default()).unwrap().text, "Z\u{fc}rich \u{1f600}");
        }
        assert!(parse(b"<a>\xfc</a>", &Limits::default()).is_err());
        assert!(parse(b"<?xml version='1.0' encoding='nonsense'?><a/>", &Limits::default()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes, &Limits::default());
        }

        #[test]
        fn nothing_like_xml_panics(text in "[<>/a:='\"&;#x!\\[\\]\\-? \\n]{0,60}") {
            let _ = read(&text);
        }
    }
}
