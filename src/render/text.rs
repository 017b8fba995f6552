//! Text from left to right, for legends and messages. Labels on maps would need more.
//!
//! The font is DejaVu Sans, which comes with the crate `dejavu`; what it has no sign for is drawn as a box.

use std::sync::OnceLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::canvas::{Canvas, Colour, FillRule, Path, Point};

/// How text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Height of the font in pixels: from one line to the next it is a quarter more.
    pub size: f64,
    /// Colour.
    pub colour: Colour,
    /// Whether it is heavy.
    pub bold: bool,
}

/// More characters in one text are not drawn.
const LONGEST: usize = 2000;

fn face(bold: bool) -> Option<&'static Face<'static>> {
    static REGULAR: OnceLock<Option<Face<'static>>> = OnceLock::new();
    static BOLD: OnceLock<Option<Face<'static>>> = OnceLock::new();
    let (slot, bytes) =
        if bold { (&BOLD, dejavu::sans::bold as fn() -> _) } else { (&REGULAR, dejavu::sans::regular as fn() -> _) };
    slot.get_or_init(|| Face::parse(bytes(), 0).ok()).as_ref()
}

impl TextStyle {
    /// Text of a size, in black.
    pub fn new(size: f64) -> Self {
        Self { size: size.clamp(1.0, 500.0), colour: Colour::BLACK, bold: false }
    }

    /// From the top of a line to the top of the next, in pixels.
    pub fn line_height(&self) -> f64 {
        self.size * 1.25
    }

    /// How wide a line is, in pixels.
    pub fn width(&self, text: &str) -> f64 {
        let Some(face) = face(self.bold) else { return 0.0 };
        Line::new(face, text, self.size).last().map_or(0.0, |glyph| glyph.end)
    }

    /// Cuts a line where it would be wider, and says so by an ellipsis.
    pub fn fitted(&self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let room = width - self.width("…");
        let Some(face) = face(self.bold) else { return text.to_owned() };
        let kept = Line::new(face, text, self.size).take_while(|glyph| glyph.end <= room).count();
        text.chars().take(kept).chain(['…']).collect()
    }

    /// Breaks text into lines of at most this width, between words where it can.
    pub fn broken(&self, text: &str, width: f64) -> Vec<String> {
        let mut lines = Vec::new();
        let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
        for paragraph in text[..end].lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&longer) <= width {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = self.cut(word, width, &mut lines);
            }
            lines.push(line);
        }
        lines
    }

    /// Cuts a word that is wider than a line into lines, and gives back the rest.
    fn cut(&self, word: &str, width: f64, lines: &mut Vec<String>) -> String {
        let Some(face) = face(self.bold) else { return word.to_owned() };
        let mut rest = word;
        loop {
            let fits = Line::new(face, rest, self.size).take_while(|glyph| glyph.end <= width).count();
            let end = rest.char_indices().nth(fits.max(1)).map(|(at, _)| at);
            match end.filter(|_| lines.len() < LONGEST) {
                Some(end) if fits < rest.chars().count() => {
                    lines.push(rest[..end].to_owned());
                    rest = &rest[end..];
                }
                _ => return rest.to_owned(),
            }
        }
    }

    /// Draws a line whose box has its upper left corner here.
    pub fn draw(&self, canvas: &mut Canvas, text: &str, x: f64, y: f64) {
        let Some(face) = face(self.bold) else { return };
        let scale = self.size / f64::from(face.units_per_em());
        // The line's ink in the middle of its height.
        let (above, below) = (f64::from(face.ascender()) * scale, f64::from(face.descender()) * scale);
        let base = y + (self.line_height() + above + below) / 2.0;
        let mut pen = Glyph { path: Path::new(), scale, origin: (x, base), last: (0.0, 0.0) };
        for glyph in Line::new(face, text, self.size) {
            pen.origin = (x + glyph.start, base);
            match glyph.id {
                Some(id) => {
                    // A glyph without an outline is a space.
                    let _ = face.outline_glyph(id, &mut pen);
                }
                None => pen.missing(glyph.end - glyph.start, self.size),
            }
        }
        canvas.fill(&pen.path, FillRule::NonZero, self.colour);
    }
}

/// The signs of a line, with their places.
struct Line<'a> {
    face: &'a Face<'static>,
    rest: std::iter::Take<std::str::Chars<'a>>,
    size: f64,
    end: f64,
    last: Option<GlyphId>,
}

struct Placed {
    /// `None` where the font has no sign.
    id: Option<GlyphId>,
    start: f64,
    end: f64,
}

impl<'a> Line<'a> {
    fn new(face: &'a Face<'static>, text: &'a str, size: f64) -> Self {
        Self { face, rest: text.chars().take(LONGEST), size, end: 0.0, last: None }
    }
}

impl Iterator for Line<'_> {
    type Item = Placed;

    fn next(&mut self) -> Option<Placed> {
        let sign = self.rest.next()?;
        let scale = self.size / f64::from(self.face.units_per_em());
        // Control characters take no room; white space of any kind is a space.
        let id = match sign {
            _ if sign.is_whitespace() => self.face.glyph_index(' '),
            _ if sign.is_control() => return Some(Placed { id: None, start: self.end, end: self.end }),
            _ => self.face.glyph_index(sign),
        };
        let advance =
            id.and_then(|id| self.face.glyph_hor_advance(id)).map_or(0.6 * self.size, |it| f64::from(it) * scale);
        let start = self.end + kerning(self.face, self.last, id) * scale;
        self.last = id;
        self.end = start + advance;
        Some(Placed { id, start, end: self.end })
    }
}

/// How much nearer two signs stand, in units of the font.
fn kerning(face: &Face<'_>, left: Option<GlyphId>, right: Option<GlyphId>) -> f64 {
    let (Some(left), Some(right), Some(tables)) = (left, right, face.tables().kern) else { return 0.0 };
    let mut horizontal = tables.subtables.into_iter().filter(|table| table.horizontal && !table.has_cross_stream);
    horizontal.find_map(|table| table.glyphs_kerning(left, right)).map_or(0.0, f64::from)
}

/// Takes the outlines of signs, whose curves become lines.
struct Glyph {
    path: Path,
    scale: f64,
    origin: Point,
    last: Point,
}

impl Glyph {
    fn place(&self, x: f32, y: f32) -> Point {
        (self.origin.0 + f64::from(x) * self.scale, self.origin.1 - f64::from(y) * self.scale)
    }

    fn to(&mut self, point: Point) {
        self.path.push(point.0, point.1);
        self.last = point;
    }

    /// A box with a hole.
    fn missing(&mut self, width: f64, size: f64) {
        if width <= 0.0 {
            return;
        }
        let (x, y) = self.origin;
        let (line, height) = ((size / 14.0).max(0.7), size * 0.7);
        let (left, right, top) = (x + width * 0.12, x + width * 0.88, y - height);
        self.path.rectangle(left, top, right - left, height);
        let inner =
            [(left + line, top + line), (left + line, y - line), (right - line, y - line), (right - line, top + line)];
        // The other way round, so that it is a hole.
        self.path.ring(&inner);
    }
}

impl OutlineBuilder for Glyph {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.end(true);
        self.to(self.place(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.to(self.place(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (start, control, end) = (self.last, self.place(x1, y1), self.place(x, y));
        let steps = steps(start, control, end);
        for step in 1..=steps {
            let part = f64::from(step) / f64::from(steps);
            self.to(between(between(start, control, part), between(control, end, part), part));
        }
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (start, first, second, end) = (self.last, self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        let steps = steps(start, first, second).max(steps(first, second, end));
        for step in 1..=steps {
            let part = f64::from(step) / f64::from(steps);
            let middle = between(first, second, part);
            let before = between(between(start, first, part), middle, part);
            self.to(between(before, between(middle, between(second, end, part), part), part));
        }
    }

    fn close(&mut self) {
        self.path.end(true);
    }
}

/// The place at a part of the way.
fn between(from: Point, to: Point, part: f64) -> Point {
    (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part)
}

/// Into how many lines a curve of this size is cut.
fn steps(start: Point, control: Point, end: Point) -> u32 {
    let bend = (start.0 - 2.0 * control.0 + end.0).abs() + (start.1 - 2.0 * control.1 + end.1).abs();
    (bend.sqrt() * 1.5).ceil().clamp(1.0, 24.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ink(text: &str) -> u32 {
        let mut canvas = Canvas::new(200, 30);
        TextStyle::new(16.0).draw(&mut canvas, text, 4.0, 4.0);
        canvas.finish().pixels().iter().filter(|pixel| pixel[3] > 128).count() as u32
    }

    #[test]
    fn letters_leave_ink_and_spaces_none() {
        assert!(ink("Graticule") > 90);
        assert_eq!(ink(" \t\u{a0}\u{3000}"), 0);
        assert_eq!(ink("\u{0}\u{7}"), 0);
        assert!(ink("Å") > ink("A"));
        // What the font does not have is a box with a hole.
        assert!((10..60).contains(&ink("中")), "{}", ink("中"));
    }

    #[test]
    fn widths_add_up() {
        let style = TextStyle::new(20.0);
        assert!(style.width("WWW") > style.width("iii") * 2.0);
        assert!((style.width("aa") - 2.0 * style.width("a")).abs() < 0.5);
        assert!(style.width("AV") < style.width("A") + style.width("V"));
        assert!(TextStyle { bold: true, ..style }.width("abc") > style.width("abc"));
    }

    #[test]
    fn a_long_line_is_broken_or_cut() {
        let style = TextStyle::new(12.0);
        let text = "the quick brown fox jumps over Donaudampfschifffahrtsgesellschaft\nand more";
        let lines = style.broken(text, 100.0);
        assert!(lines.len() > 4 && lines.iter().all(|line| style.width(line) <= 100.0), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace([' ', '\n'], ""));
        let fitted = style.fitted(text, 100.0);
        assert!(fitted.ends_with('…') && style.width(&fitted) <= 100.0);
        assert_eq!(style.fitted("fox", 100.0), "fox");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), width in any::<f64>(), size in any::<f64>()) {
            let style = TextStyle { size: size.clamp(1.0, 500.0), ..TextStyle::new(12.0) };
            let mut canvas = Canvas::new(60, 20);
            style.draw(&mut canvas, &text, width, 3.0);
            style.fitted(&text, width);
            style.broken(&text, width);
        }
    }
}
