//! Well-known text, in and out (OGC 06-103r4, with Z, M and EMPTY; measures are read over).

use std::fmt::Write as _;

use super::figure::{DEEPEST, Figure, Position};

/// Why a text is no geometry, and at which byte it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte.
    pub position: usize,
    /// What is wrong.
    pub message: String,
}

/// Whether a word, in capitals, starts a geometry.
pub fn is_geometry(name: &str) -> bool {
    let single = name.strip_prefix("MULTI").unwrap_or(name);
    matches!(single, "POINT" | "LINESTRING" | "POLYGON") || name == "GEOMETRYCOLLECTION"
}

/// Reads a text that is a geometry.
pub fn parse(text: &str) -> Result<Figure, Fault> {
    let (figure, end) = parse_start(text)?;
    let rest = text[end..].trim_start();
    if rest.is_empty() {
        return Ok(figure);
    }
    Err(Fault { position: text.len() - rest.len(), message: "more follows after the geometry".to_owned() })
}

/// Reads the geometry that a text starts with, and tells where it ends.
pub fn parse_start(text: &str) -> Result<(Figure, usize), Fault> {
    let mut reader = Reader { text, at: 0 };
    let figure = reader.geometry(0)?;
    Ok((figure, reader.at))
}

/// A geometry as text, without a space where none is needed.
pub fn write(figure: &Figure) -> String {
    let mut out = String::new();
    write_tagged(figure, figure.has_z(), &mut out);
    out
}

/// What follows the two first numbers of each position.
#[derive(Clone, Copy, PartialEq)]
enum Dimensions {
    /// Not said: two numbers, or three with z.
    Untold,
    Z,
    M,
    Zm,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn geometry(&mut self, depth: usize) -> Result<Figure, Fault> {
        self.blanks();
        let start = self.at;
        let mut name = self.word().to_ascii_uppercase();
        let mut dimensions = Dimensions::Untold;
        for (suffix, told) in [("ZM", Dimensions::Zm), ("Z", Dimensions::Z), ("M", Dimensions::M)] {
            if let Some(plain) = name.strip_suffix(suffix).filter(|plain| is_geometry(plain)) {
                (name, dimensions) = (plain.to_owned(), told);
                break;
            }
        }
        if !is_geometry(&name) {
            let message = "expected POINT, LINESTRING, POLYGON, MULTI… of each, or GEOMETRYCOLLECTION";
            return Err(Fault { position: start, message: message.to_owned() });
        }
        if depth > DEEPEST {
            return Err(Fault { position: start, message: format!("collections nest deeper than {DEEPEST} levels") });
        }
        self.blanks();
        let before = self.at;
        match self.word().to_ascii_uppercase().as_str() {
            "Z" => dimensions = Dimensions::Z,
            "M" => dimensions = Dimensions::M,
            "ZM" => dimensions = Dimensions::Zm,
            _ => self.at = before,
        }
        let figure = self.body(&name, dimensions, depth)?;
        match figure.fault().filter(|_| depth == 0) {
            Some(message) => Err(Fault { position: start, message: message.to_owned() }),
            None => Ok(figure),
        }
    }

    fn body(&mut self, name: &str, dimensions: Dimensions, depth: usize) -> Result<Figure, Fault> {
        let is_empty = self.take_empty();
        let list = |this: &mut Self, one: &mut dyn FnMut(&mut Self) -> Result<Figure, Fault>| {
            if is_empty { Ok(Vec::new()) } else { this.list(one) }
        };
        Ok(match name {
            "POINT" if is_empty => Figure::Point(None),
            "POINT" => {
                self.expect('(')?;
                let at = self.position(dimensions)?;
                self.expect(')')?;
                Figure::Point(Some(at))
            }
            "LINESTRING" if is_empty => Figure::LineString(Vec::new()),
            "LINESTRING" => Figure::LineString(self.positions(dimensions)?),
            "POLYGON" if is_empty => Figure::Polygon(Vec::new()),
            "POLYGON" => Figure::Polygon(self.list(&mut |this| this.positions(dimensions))?),
            "MULTIPOINT" => Figure::MultiPoint(list(self, &mut |this| {
                if this.take_empty() {
                    return Ok(Figure::Point(None));
                }
                let is_wrapped = this.take('(');
                let at = this.position(dimensions)?;
                if is_wrapped {
                    this.expect(')')?;
                }
                Ok(Figure::Point(Some(at)))
            })?),
            "MULTILINESTRING" => {
                Figure::MultiLineString(list(self, &mut |this| this.body("LINESTRING", dimensions, depth))?)
            }
            "MULTIPOLYGON" => Figure::MultiPolygon(list(self, &mut |this| this.body("POLYGON", dimensions, depth))?),
            _ => Figure::GeometryCollection(list(self, &mut |this| this.geometry(depth + 1))?),
        })
    }

    /// Something in parentheses, with commas between.
    fn list<T>(&mut self, one: &mut dyn FnMut(&mut Self) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        self.expect('(')?;
        let mut all = vec![one(self)?];
        while self.take(',') {
            all.push(one(self)?);
        }
        self.expect(')')?;
        Ok(all)
    }

    fn positions(&mut self, dimensions: Dimensions) -> Result<Vec<Position>, Fault> {
        self.list(&mut |this| this.position(dimensions))
    }

    fn position(&mut self, dimensions: Dimensions) -> Result<Position, Fault> {
        let mut at = [self.number()?, self.number()?, f64::NAN];
        match dimensions {
            Dimensions::Untold => {
                self.blanks();
                if !self.text[self.at..].starts_with([',', ')']) {
                    at[2] = self.number()?;
                }
            }
            Dimensions::Z => at[2] = self.number()?,
            Dimensions::M => {
                self.number()?;
            }
            Dimensions::Zm => {
                at[2] = self.number()?;
                self.number()?;
            }
        }
        Ok(at)
    }

    fn number(&mut self) -> Result<f64, Fault> {
        self.blanks();
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).unwrap_or(rest.len());
        let number = rest[..length].parse().ok().filter(|number: &f64| number.is_finite());
        let number = number.ok_or_else(|| self.expected("a number"))?;
        self.at += length;
        Ok(number)
    }

    fn take_empty(&mut self) -> bool {
        self.blanks();
        let before = self.at;
        let is_empty = self.word().eq_ignore_ascii_case("EMPTY");
        if !is_empty {
            self.at = before;
        }
        is_empty
    }

    fn take(&mut self, sign: char) -> bool {
        self.blanks();
        let is = self.text[self.at..].starts_with(sign);
        self.at += if is { sign.len_utf8() } else { 0 };
        is
    }

    fn expect(&mut self, sign: char) -> Result<(), Fault> {
        if self.take(sign) { Ok(()) } else { Err(self.expected(&format!("'{sign}'"))) }
    }

    fn expected(&self, what: &str) -> Fault {
        let found: String = self.text[self.at..].chars().take(20).collect();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("'{found}'") };
        Fault { position: self.at, message: format!("expected {what}, found {found}") }
    }

    fn word(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }
}

fn write_tagged(figure: &Figure, z: bool, out: &mut String) {
    out.push_str(match figure {
        Figure::Point(_) => "POINT",
        Figure::LineString(_) => "LINESTRING",
        Figure::Polygon(_) => "POLYGON",
        Figure::MultiPoint(_) => "MULTIPOINT",
        Figure::MultiLineString(_) => "MULTILINESTRING",
        Figure::MultiPolygon(_) => "MULTIPOLYGON",
        Figure::GeometryCollection(_) => "GEOMETRYCOLLECTION",
    });
    out.push_str(if z { " Z" } else { "" });
    write_body(figure, z, out);
}

fn write_body(figure: &Figure, z: bool, out: &mut String) {
    match figure {
        Figure::Point(Some(at)) => write_all(std::slice::from_ref(at), out, &mut |at, out| write_position(at, z, out)),
        Figure::LineString(line) => write_all(line, out, &mut |at, out| write_position(at, z, out)),
        Figure::Polygon(rings) => write_all(rings, out, &mut |ring: &Vec<Position>, out| {
            write_all(ring, out, &mut |at, out| write_position(at, z, out));
        }),
        Figure::GeometryCollection(members) => {
            write_all(members, out, &mut |member, out| write_tagged(member, z, out));
        }
        _ => write_all(figure.members(), out, &mut |member, out| write_body(member, z, out)),
    }
}

fn write_all<T>(items: &[T], out: &mut String, one: &mut dyn FnMut(&T, &mut String)) {
    if items.is_empty() {
        return out.push_str(" EMPTY");
    }
    for (at, item) in items.iter().enumerate() {
        out.push(if at == 0 { '(' } else { ',' });
        one(item, out);
    }
    out.push(')');
}

fn write_position(at: &Position, z: bool, out: &mut String) {
    // Writing to a text cannot fail.
    let _ = write!(out, "{} {}", at[0], at[1]);
    if z {
        let _ = write!(out, " {}", if at[2].is_nan() { 0.0 } else { at[2] });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::geometry::samples::{any_sample, any_style, wkb};
    use proptest::prelude::*;

    #[test]
    fn every_form_is_read() {
        for (text, written) in [
            ("point ( 1   -2.5e1 )", "POINT(1 -25)"),
            ("POINT Z (1 2 3)", "POINT Z(1 2 3)"),
            ("POINTZ(1 2 3)", "POINT Z(1 2 3)"),
            ("POINT(1 2 3)", "POINT Z(1 2 3)"),
            ("POINT M (1 2 3)", "POINT(1 2)"),
            ("POINT ZM (1 2 3 4)", "POINT Z(1 2 3)"),
            ("POINT EMPTY", "POINT EMPTY"),
            ("LINESTRING(1 2, 3 4)", "LINESTRING(1 2,3 4)"),
            ("MULTIPOINT(1 2, (3 4))", "MULTIPOINT((1 2),(3 4))"),
            ("POLYGON((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))", "POLYGON((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))"),
            ("MULTIPOLYGON(((0 0,4 0,4 4,0 0)))", "MULTIPOLYGON(((0 0,4 0,4 4,0 0)))"),
            ("MULTILINESTRING EMPTY", "MULTILINESTRING EMPTY"),
            (
                "GEOMETRYCOLLECTION(POINT(1 2), GEOMETRYCOLLECTION(LINESTRING(1 2,3 4)))",
                "GEOMETRYCOLLECTION(POINT(1 2),GEOMETRYCOLLECTION(LINESTRING(1 2,3 4)))",
            ),
        ] {
            let figure = parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
            assert_eq!(write(&figure), written, "{text}");
            assert_eq!(parse(written).unwrap().wkb(), figure.wkb());
            assert_eq!(Figure::read(&figure.wkb()).unwrap().wkb(), figure.wkb());
        }
    }

    #[test]
    fn faults_say_where() {
        for (text, position, message) in [
            ("", 0, "expected POINT"),
            ("CIRCLE(1 2)", 0, "expected POINT"),
            ("POINT(1)", 7, "a number"),
            ("POINT(1 2", 9, "the end"),
            ("POINT(1 2 3 4)", 12, "')'"),
            ("POINT(1 2) x", 11, "more follows"),
            ("POINT(1 1e999)", 8, "a number"),
            ("LINESTRING(1 2)", 0, "two positions"),
            ("POLYGON((0 0, 1 0, 1 1, 0 1))", 0, "ends where it starts"),
            ("POLYGON((0 0, 1 0, 0 0))", 0, "four positions"),
        ] {
            let fault = parse(text).unwrap_err();
            assert!(fault.message.contains(message), "{text}: {fault:?}");
            assert_eq!(fault.position, position, "{text}: {fault:?}");
        }
        assert!(parse(&"GEOMETRYCOLLECTION(".repeat(100_000)).unwrap_err().message.contains("deeper"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(sample in any_sample(), style in any_style()) {
            let figure = Figure::read(&wkb(&sample, style)).unwrap();
            if figure.fault().is_none() {
                prop_assert_eq!(parse(&write(&figure)).unwrap().wkb().len(), figure.wkb().len());
            }
        }

        #[test]
        fn no_text_panics(text in "(POINT|MULTIPOINT|POLYGON|GEOMETRYCOLLECTION)? ?[Z(]{0,3}[0-9 .,()eE+-]{0,20}\\PC{0,4}") {
            let _ = parse(&text);
        }
    }
}
