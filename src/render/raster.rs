//! Samples become pixels.

use super::canvas::{Canvas, Colour};
use super::style::{Interpolation, RasterColours, RasterStyle, Stop};
use crate::data::coverage::{Band, Samples, Strip};

/// Colours the samples of a raster.
pub struct RasterPainter {
    colours: Colours,
    opacity: f64,
}

enum Colours {
    Grey(Stretch),
    Ramp(Vec<Stop>, Interpolation),
    Palette(Vec<[u8; 4]>),
    Rgb([Stretch; 3]),
}

/// Brings values from a range to 0 to 255.
#[derive(Clone, Copy)]
struct Stretch {
    min: f64,
    factor: f64,
}

/// The least and the greatest sample of a band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Least.
    pub min: f64,
    /// Greatest.
    pub max: f64,
}

impl RasterPainter {
    /// Prepares a style for a raster with these bands; those that [`RasterStyle::unknown_ranges`] lists should have got
    /// statistics.
    pub fn new(style: &RasterStyle, bands: &[Band]) -> Self {
        let stretch = |band: usize, min: Option<f64>, max: Option<f64>| {
            let known = bands.get(band).and_then(range_of).unwrap_or(Range { min: 0.0, max: 255.0 });
            Stretch::new(min.unwrap_or(known.min), max.unwrap_or(known.max))
        };
        let colours = match &style.colours {
            RasterColours::Grey(grey) => Colours::Grey(stretch(grey.band - 1, grey.min, grey.max)),
            RasterColours::Ramp(ramp) => Colours::Ramp(ramp.stops.clone(), ramp.interpolation),
            RasterColours::Palette(palette) => {
                let colours = bands.get(palette.band - 1).and_then(|band| band.palette.as_deref());
                Colours::Palette(colours.unwrap_or_default().to_vec())
            }
            RasterColours::Rgb(rgb) => {
                Colours::Rgb([rgb.red, rgb.green, rgb.blue].map(|band| stretch(band - 1, rgb.min, rgb.max)))
            }
        };
        Self { colours, opacity: style.opacity }
    }

    /// Draws a strip at its rows of the canvas. Its bands are those of [`RasterStyle::bands`], and behind them the opacity
    /// where the raster has one ([`Band::opacity_of`]).
    pub fn draw(&self, canvas: &mut Canvas, strip: &Strip) {
        let pixels = self.pixels(strip);
        canvas.image(&pixels, strip.width, 0, i64::from(strip.first_row), self.opacity);
    }

    /// The pixels of a strip, not premultiplied and without the style's opacity.
    pub fn pixels(&self, strip: &Strip) -> Vec<[u8; 4]> {
        let mut pixels = vec![[0; 4]; strip.width as usize * strip.rows as usize];
        let read = if matches!(self.colours, Colours::Rgb(_)) { 3 } else { 1 };
        match (&self.colours, strip.bands.as_slice()) {
            (Colours::Grey(stretch), [band, ..]) => {
                each(band, &mut pixels, |value| {
                    let grey = stretch.apply(value);
                    [grey, grey, grey, 255]
                });
            }
            (Colours::Ramp(stops, interpolation), [band, ..]) => {
                let mut ramp = Finder { stops, interpolation: *interpolation, at: 0 };
                each(band, &mut pixels, |value| ramp.colour(value));
            }
            (Colours::Palette(colours), [band, ..]) => {
                each(band, &mut pixels, |value| {
                    let whole = value >= 0.0 && value < colours.len() as f64;
                    if whole { colours[value as usize] } else { [0; 4] }
                });
            }
            (Colours::Rgb(stretches), bands @ [_, _, _, ..]) => {
                for (channel, (stretch, band)) in stretches.iter().zip(bands).enumerate() {
                    channel_of(band, &mut pixels, channel, *stretch);
                }
            }
            _ => {}
        }
        if let Some(opacity) = strip.bands.get(read) {
            see_through(opacity, &mut pixels);
        }
        if let Some(mask) = &strip.mask {
            for (pixel, _) in pixels.iter_mut().zip(mask).filter(|(_, mask)| **mask == 0) {
                *pixel = [0; 4];
            }
        }
        pixels
    }
}

impl RasterStyle {
    /// The bands whose range must be measured before anything is drawn, for neither the style nor the file tells it. The
    /// first is 0.
    pub fn unknown_ranges(&self, bands: &[Band]) -> Vec<usize> {
        let (min, max) = match &self.colours {
            RasterColours::Grey(grey) => (grey.min, grey.max),
            RasterColours::Rgb(rgb) => (rgb.min, rgb.max),
            RasterColours::Ramp(_) | RasterColours::Palette(_) => return Vec::new(),
        };
        if min.is_some() && max.is_some() {
            return Vec::new();
        }
        let unknown = |band: &usize| bands.get(*band).is_some_and(|band| range_of(band).is_none());
        self.bands().into_iter().filter(unknown).collect()
    }
}

/// What a file tells of a band's range; bytes have theirs.
fn range_of(band: &Band) -> Option<Range> {
    if band.kind.bytes() == 1 {
        return Some(Range { min: 0.0, max: 255.0 });
    }
    band.statistics.map(|statistics| Range { min: statistics.min, max: statistics.max })
}

impl Range {
    /// The range of one band of a strip, joined with that of the strips before.
    #[must_use]
    pub fn with(before: Option<Range>, strip: &Strip, band: usize) -> Option<Range> {
        let mut range = before;
        let samples = strip.bands.get(band)?;
        for at in 0..samples.len() {
            if strip.mask.as_ref().is_some_and(|mask| mask.get(at) == Some(&0)) {
                continue;
            }
            if let Some(value) = samples.get(at).filter(|value| value.is_finite()) {
                let Range { min, max } = range.unwrap_or(Range { min: value, max: value });
                range = Some(Range { min: min.min(value), max: max.max(value) });
            }
        }
        range
    }
}

impl Stretch {
    fn new(min: f64, max: f64) -> Self {
        let factor = if max > min { 255.0 / (max - min) } else { 0.0 };
        Self { min, factor }
    }

    #[inline]
    fn apply(self, value: f64) -> u8 {
        // `as` brings what lies outside to the nearest end.
        ((value - self.min) * self.factor + 0.5) as u8
    }
}

/// Finds the colour of a value; neighbours mostly lie between the same two stops.
struct Finder<'a> {
    stops: &'a [Stop],
    interpolation: Interpolation,
    /// How many stops were below or at the last value.
    at: usize,
}

impl Finder<'_> {
    #[inline]
    fn colour(&mut self, value: f64) -> [u8; 4] {
        let (below, above) = (self.at.checked_sub(1).map(|at| &self.stops[at]), self.stops.get(self.at));
        let found = below.is_none_or(|stop| stop.value <= value) && above.is_none_or(|stop| value < stop.value);
        if !found {
            self.at = self.stops.partition_point(|stop| stop.value <= value);
        }
        let below = self.at.checked_sub(1).map(|at| &self.stops[at]);
        let above = self.stops.get(self.at);
        let exact = below.filter(|stop| stop.value >= value);
        match (self.interpolation, below, above) {
            (Interpolation::Exact, ..) => exact.map_or([0; 4], |stop| pixel(stop.color)),
            (Interpolation::Discrete, _, above) => exact.or(above).map_or([0; 4], |stop| pixel(stop.color)),
            (Interpolation::Linear, Some(below), Some(above)) => between(below, above, value),
            (Interpolation::Linear, below, above) => below.or(above).map_or([0; 4], |stop| pixel(stop.color)),
        }
    }
}

fn pixel(colour: Colour) -> [u8; 4] {
    [colour.red, colour.green, colour.blue, colour.alpha]
}

#[inline]
fn between(below: &Stop, above: &Stop, value: f64) -> [u8; 4] {
    let part = ((value - below.value) / (above.value - below.value)) as f32;
    let (from, to) = (pixel(below.color), pixel(above.color));
    std::array::from_fn(|channel| {
        let (from, to) = (f32::from(from[channel]), f32::from(to[channel]));
        (from + (to - from) * part + 0.5) as u8
    })
}

/// Whole numbers of 16 bits are looked up in a table where there are many of them.
const MANY: usize = 1 << 17;

/// Colours each sample; what is no number stays transparent.
fn each(samples: &Samples, pixels: &mut [[u8; 4]], mut colour: impl FnMut(f64) -> [u8; 4]) {
    fn direct<T: Copy + Into<f64>>(values: &[T], pixels: &mut [[u8; 4]], mut colour: impl FnMut(f64) -> [u8; 4]) {
        for (pixel, &value) in pixels.iter_mut().zip(values) {
            let value: f64 = value.into();
            if !value.is_nan() {
                *pixel = colour(value);
            }
        }
    }
    match samples {
        Samples::U8(values) => {
            let table: Vec<_> = (0..=u8::MAX).map(|value| colour(f64::from(value))).collect();
            for (pixel, &value) in pixels.iter_mut().zip(values) {
                *pixel = table[usize::from(value)];
            }
        }
        Samples::U16(values) if values.len() > MANY => {
            let table: Vec<_> = (0..=u16::MAX).map(|value| colour(f64::from(value))).collect();
            for (pixel, &value) in pixels.iter_mut().zip(values) {
                *pixel = table[usize::from(value)];
            }
        }
        Samples::U16(values) => direct(values, pixels, colour),
        Samples::I16(values) => direct(values, pixels, colour),
        Samples::I32(values) => direct(values, pixels, colour),
        Samples::U32(values) => direct(values, pixels, colour),
        Samples::F32(values) => direct(values, pixels, colour),
        Samples::F64(values) => direct(values, pixels, colour),
    }
}

/// Sets one channel of each pixel; the last one makes it opaque.
fn channel_of(samples: &Samples, pixels: &mut [[u8; 4]], channel: usize, stretch: Stretch) {
    fn set<T: Copy + Into<f64>>(values: &[T], pixels: &mut [[u8; 4]], channel: usize, stretch: Stretch) {
        for (pixel, &value) in pixels.iter_mut().zip(values) {
            pixel[channel] = stretch.apply(value.into());
            pixel[3] = 255;
        }
    }
    match samples {
        Samples::U8(values) => set(values, pixels, channel, stretch),
        Samples::I16(values) => set(values, pixels, channel, stretch),
        Samples::U16(values) => set(values, pixels, channel, stretch),
        Samples::I32(values) => set(values, pixels, channel, stretch),
        Samples::U32(values) => set(values, pixels, channel, stretch),
        Samples::F32(values) => set(values, pixels, channel, stretch),
        Samples::F64(values) => set(values, pixels, channel, stretch),
    }
}

/// Leaves each pixel as much of its own opacity as the raster has there.
fn see_through(opacity: &Samples, pixels: &mut [[u8; 4]]) {
    fn each<T: Copy + Into<f64>>(values: &[T], pixels: &mut [[u8; 4]], opaque: f64) {
        for (pixel, &value) in pixels.iter_mut().zip(values) {
            let value: f64 = value.into();
            if value.is_nan() {
                pixel[3] = 0;
            } else if value < opaque {
                pixel[3] = (f64::from(pixel[3]) * value / opaque + 0.5) as u8;
            }
        }
    }
    let opaque = opacity.kind().opaque();
    match opacity {
        Samples::U8(values) => each(values, pixels, opaque),
        Samples::I16(values) => each(values, pixels, opaque),
        Samples::U16(values) => each(values, pixels, opaque),
        Samples::I32(values) => each(values, pixels, opaque),
        Samples::U32(values) => each(values, pixels, opaque),
        Samples::F32(values) => each(values, pixels, opaque),
        Samples::F64(values) => each(values, pixels, opaque),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(bands: Vec<Samples>, mask: Option<Vec<u8>>) -> Strip {
        Strip { first_row: 0, rows: 1, width: bands[0].len() as u32, bands, mask }
    }

    fn painter(style: &str) -> RasterPainter {
        RasterPainter::new(&toml::from_str(style).unwrap(), &[])
    }

    const RAMP: &str =
        "stops = [{ value = 0, color = '#000' }, { value = 10, color = '#fff' }, { value = 20, color = '#f00' }]";

    #[test]
    fn greys_are_stretched_and_nothing_stays_transparent() {
        let painter = painter("grey = { min = 0, max = 100 }");
        let values = Samples::F32(vec![-5.0, 0.0, 20.0, 100.0, 1e9, f32::NAN, 50.0]);
        let pixels = painter.pixels(&strip(vec![values], Some(vec![255, 255, 255, 255, 255, 255, 0])));
        let grey = |it| [it, it, it, 255];
        assert_eq!(pixels, [grey(0), grey(0), grey(51), grey(255), grey(255), [0; 4], [0; 4]]);
    }

    #[test]
    fn a_ramp_is_linear_discrete_or_exact() {
        let values = Samples::I16(vec![-1, 0, 5, 10, 15, 20, 21]);
        let colours = |interpolation: &str| {
            let painter = painter(&format!("[ramp]\ninterpolation = '{interpolation}'\n{RAMP}"));
            painter.pixels(&strip(vec![values.clone()], None))
        };
        let (black, white, red, none) = ([0, 0, 0, 255], [255; 4], [255, 0, 0, 255], [0; 4]);
        let (grey, pink) = ([128, 128, 128, 255], [255, 128, 128, 255]);
        assert_eq!(colours("linear"), [black, black, grey, white, pink, red, red]);
        assert_eq!(colours("discrete"), [black, black, white, white, red, red, none]);
        assert_eq!(colours("exact"), [none, black, none, white, none, red, none]);
    }

    #[test]
    fn tables_say_the_same_as_single_values() {
        let painter = painter(&format!("[ramp]\n{RAMP}"));
        let values: Vec<u16> = (0..MANY as u32 + 2).map(|value| (value % 30) as u16).collect();
        let many = painter.pixels(&strip(vec![Samples::U16(values.clone())], None));
        let few = painter.pixels(&strip(vec![Samples::I32(values.iter().map(|&it| i32::from(it)).collect())], None));
        assert_eq!(many, few);
    }

    #[test]
    fn three_bands_are_red_green_and_blue() {
        let painter = painter("opacity = 0.5\nrgb = {}");
        let strip = strip([10, 20, 30].map(|it| Samples::U8(vec![it])).into(), None);
        assert_eq!(painter.pixels(&strip), [[10, 20, 30, 255]]);
        let mut canvas = Canvas::new(1, 1);
        painter.draw(&mut canvas, &strip);
        assert_eq!(canvas.finish().pixel(0, 0)[3], 128);
    }

    #[test]
    fn a_range_leaves_out_what_is_no_value() {
        let strip = strip(vec![Samples::F64(vec![3.0, f64::NAN, -7.0, 99.0])], Some(vec![255, 255, 255, 0]));
        assert_eq!(Range::with(None, &strip, 0), Some(Range { min: -7.0, max: 3.0 }));
        assert_eq!(Range::with(None, &strip, 1), None);
    }
}
