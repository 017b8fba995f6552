//! The canvas: shapes, lines and stamps become pixels.
//!
//! One renderer of our own: it was measured to be the fastest for what maps are made of (`benches/README.md`). Covers are
//! exact areas, so edges are smooth; pixels are kept multiplied by their opacity.
//!
//! ```
//! use graticule::render::canvas::{Canvas, Colour, FillRule, Path, Pen};
//!
//! let mut canvas = Canvas::new(64, 64);
//! let mut path = Path::new();
//! path.rectangle(8.0, 8.0, 48.0, 48.0);
//! canvas.fill(&path, FillRule::EvenOdd, Colour::rgb(220, 230, 210));
//! canvas.stroke(&path, &Pen::new(2.0), Colour::BLACK);
//! let picture = canvas.finish();
//! assert_eq!(picture.pixel(32, 32), [220, 230, 210, 255]);
//! assert_eq!(picture.pixel(8, 32), [0, 0, 0, 255]);
//! assert_eq!(picture.pixel(2, 2), [0, 0, 0, 0]);
//! ```

mod colour;
mod coverage;
mod cut;
mod dash;
mod path;
mod pen;
mod stamp;
mod stroke;

#[cfg(test)]
mod tests;

pub use colour::Colour;
pub use coverage::FillRule;
pub use path::{Path, Point};
pub use pen::{Cap, Join, Pen};
pub use stamp::Stamp;

use colour::{Pixel, cover_four, over, scaled, unpremultiply};
use coverage::{Coverage, Spans};
use path::Bounds;
use stroke::Stroker;

/// A picture that is being drawn. It takes four bytes a pixel, and a MiB (or 64 rows, where those are more) for the
/// covers of the shape that is drawn.
#[derive(Debug)]
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Pixel>,
    coverage: Coverage,
    stroker: Stroker,
    /// The outline that a stroke fills; then the dashes, and the runs that come near the canvas.
    outline: Path,
    dashes: Path,
    runs: Path,
    starts: Vec<f64>,
}

/// A finished picture: red, green, blue and alpha of each pixel, not premultiplied, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgba {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Four bytes a pixel.
    pub data: Vec<u8>,
}

impl Rgba {
    /// A pixel; nothing where there is none.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        if x >= self.width {
            return [0; 4];
        }
        let at = y as usize * self.width as usize + x as usize;
        self.data.as_chunks::<4>().0.get(at).copied().unwrap_or_default()
    }

    /// The pixels, row by row.
    pub fn pixels(&self) -> &[[u8; 4]] {
        self.data.as_chunks().0
    }
}

impl Canvas {
    /// A transparent canvas.
    pub fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self {
            width,
            height,
            pixels: vec![[0; 4]; width * height],
            coverage: Coverage::new(width, height),
            stroker: Stroker::default(),
            outline: Path::new(),
            dashes: Path::new(),
            runs: Path::new(),
            starts: Vec::new(),
        }
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.width as u32
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height as u32
    }

    /// Gives every pixel this colour, whatever was there.
    pub fn clear(&mut self, colour: Colour) {
        self.pixels.fill(colour.premultiplied());
    }

    /// Fills a path; all its lines count as closed.
    pub fn fill(&mut self, path: &Path, rule: FillRule, colour: Colour) {
        if colour.alpha > 0 {
            let mut blender = Blender { pixels: &mut self.pixels, width: self.width, colour: colour.premultiplied() };
            self.coverage.fill(path, rule, &mut blender);
        }
    }

    /// Draws lines and rings.
    pub fn stroke(&mut self, path: &Path, pen: &Pen, colour: Colour) {
        // A width that is no number is no width.
        if colour.alpha == 0 || pen.width.is_nan() || pen.width <= 0.0 {
            return;
        }
        let pen = &Pen { width: pen.width.min(WIDEST), ..pen.clone() };
        self.outline.clear();
        let reach = pen.reach() + 2.0;
        let near =
            Bounds { left: -reach, top: -reach, right: self.width as f64 + reach, bottom: self.height as f64 + reach };
        for (points, closed) in path.parts() {
            match Bounds::of(points) {
                Some(bounds) if near.holds(&bounds) => self.line(points, closed, 0.0, pen),
                Some(bounds) if near.meets(&bounds) => {
                    let mut runs = std::mem::take(&mut self.runs);
                    let mut starts = std::mem::take(&mut self.starts);
                    runs.clear();
                    starts.clear();
                    cut::cut(points, closed, &near, &mut runs, &mut starts);
                    for ((points, _), &along) in runs.parts().zip(&starts) {
                        self.line(points, false, along, pen);
                    }
                    (self.runs, self.starts) = (runs, starts);
                }
                _ => {}
            }
        }
        let mut blender = Blender { pixels: &mut self.pixels, width: self.width, colour: colour.premultiplied() };
        self.coverage.fill(&self.outline, FillRule::NonZero, &mut blender);
    }

    /// Adds the outline of a line, or of its dashes.
    fn line(&mut self, points: &[Point], closed: bool, along: f64, pen: &Pen) {
        if pen.dash.is_empty() {
            self.stroker.outline(points, closed, pen, &mut self.outline);
            return;
        }
        self.dashes.clear();
        dash::dash(points, closed, &pen.dash, along, &mut self.dashes);
        for (points, closed) in self.dashes.parts() {
            self.stroker.outline(points, closed, pen, &mut self.outline);
        }
    }

    /// Covers a small upright rectangle with `part` (0 to 1) of a colour: what a feature below a pixel leaves.
    pub fn dot(&mut self, x: f64, y: f64, width: f64, height: f64, part: f64, colour: Colour) {
        let (right, bottom) = (x + width, y + height);
        let on_canvas = right > 0.0 && bottom > 0.0 && x < self.width as f64 && y < self.height as f64;
        if !(on_canvas && part > 0.0 && width < 1e6 && height < 1e6) {
            return;
        }
        let colour = colour.premultiplied();
        let columns = x.floor().max(0.0) as usize..(right.ceil() as usize).min(self.width);
        for row in y.floor().max(0.0) as usize..(bottom.ceil() as usize).min(self.height) {
            let high = bottom.min((row + 1) as f64) - y.max(row as f64);
            for column in columns.clone() {
                let wide = right.min((column + 1) as f64) - x.max(column as f64);
                let cover = (wide * high * part.min(1.0) * 255.0).round() as u8;
                over(&mut self.pixels[row * self.width + column], scaled(colour, cover));
            }
        }
    }

    /// Lays a stamp with its upper left corner on a pixel, which may lie outside.
    pub fn stamp(&mut self, stamp: &Stamp, x: i64, y: i64) {
        self.lay(&stamp.pixels, stamp.width, x, y, 255);
    }

    /// Lays rows of pixels (not premultiplied) over the canvas, each `width` wide, with this share (0 to 1) of opacity.
    pub fn image(&mut self, pixels: &[[u8; 4]], width: u32, x: i64, y: i64, opacity: f64) {
        let part = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
        for (row, y) in pixels.chunks_exact(width.max(1) as usize).zip(y.min(self.height as i64)..) {
            let Some((columns, line)) = self.row_part(x, y, row.len()) else { continue };
            for (below, &[red, green, blue, alpha]) in line.iter_mut().zip(&row[columns]) {
                over(below, scaled(Colour { red, green, blue, alpha }.premultiplied(), part));
            }
        }
    }

    /// Lays a smaller canvas with its upper left corner on a pixel.
    pub(crate) fn lay_canvas(&mut self, other: &Canvas, x: i64, y: i64) {
        self.lay(&other.pixels, other.width, x, y, 255);
    }

    /// Lays another canvas over this one, with this share (0 to 1) of opacity.
    pub fn merge(&mut self, other: &Canvas, opacity: f64) {
        let part = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
        self.lay(&other.pixels, other.width, 0, 0, part);
    }

    fn lay(&mut self, pixels: &[Pixel], width: usize, x: i64, y: i64, part: u8) {
        for (row, y) in pixels.chunks_exact(width.max(1)).zip(y.min(self.height as i64)..) {
            let Some((columns, line)) = self.row_part(x, y, row.len()) else { continue };
            for (below, &above) in line.iter_mut().zip(&row[columns]) {
                match above[3] {
                    0 => {}
                    255 if part == 255 => *below = above,
                    _ => over(below, if part == 255 { above } else { scaled(above, part) }),
                }
            }
        }
    }

    /// Where something that starts at this pixel and is so wide lies on a row: its columns, and the row's pixels.
    fn row_part(&mut self, x: i64, y: i64, width: usize) -> Option<(std::ops::Range<usize>, &mut [Pixel])> {
        let row = usize::try_from(y).ok().filter(|row| *row < self.height)?;
        let end = x.checked_add(i64::try_from(width).ok()?)?.min(self.width as i64);
        let start = x.max(0);
        if start >= end {
            return None;
        }
        let line = &mut self.pixels[row * self.width..(row + 1) * self.width];
        Some(((start - x) as usize..(end - x) as usize, &mut line[start as usize..end as usize]))
    }

    /// The picture.
    pub fn finish(self) -> Rgba {
        let Self { width, height, mut pixels, .. } = self;
        unpremultiply(&mut pixels);
        Rgba { width: width as u32, height: height as u32, data: pixels.into_flattened() }
    }
}

/// No line is wider than this, in pixels.
const WIDEST: f64 = 1e5;

/// Lays a colour over pixels.
struct Blender<'a> {
    pixels: &'a mut [Pixel],
    width: usize,
    colour: Pixel,
}

impl Spans for Blender<'_> {
    #[inline]
    fn solid(&mut self, row: usize, start: usize, end: usize, cover: u8) {
        let end = end.min(self.width);
        let line = &mut self.pixels[row * self.width + start..row * self.width + end];
        let colour = scaled(self.colour, cover);
        if colour[3] == 255 {
            line.fill(colour);
        } else {
            for pixel in line {
                over(pixel, colour);
            }
        }
    }

    #[inline]
    fn four(&mut self, row: usize, start: usize, covers: [u8; 4]) {
        let end = (start + 4).min(self.width);
        let Some(line) = self.pixels.get_mut(row * self.width + start..row * self.width + end) else { return };
        if let Some(four) = line.first_chunk_mut::<4>() {
            return cover_four(four, self.colour, covers);
        }
        for (pixel, cover) in line.iter_mut().zip(covers) {
            over(pixel, scaled(self.colour, cover));
        }
    }
}
