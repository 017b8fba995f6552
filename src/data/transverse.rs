//! Mercator's projection laid across (Gauss-Krüger, UTM), from metres back to degrees, without a library: what most regional data is stored
//! in. Krüger's series to the sixth power of the third flattening, as PROJ has them; the same to less than a thousandth of a millimetre, at a
//! fraction of the time. Vertices near the first one of a geometry follow by Taylor's series.

use gdal::spatial_ref::SpatialRef;

use crate::base::crs::Crs;

/// How far from the middle of the zone the formula is used, on the sphere of the series.
const WIDEST: f64 = 0.08;
/// How far from the equator, likewise: 72 degrees.
const HIGHEST: f64 = 1.2566;
/// Furthest middle of a zone: with a greater one places may lie beyond the date line.
const LAST_MIDDLE: f64 = 165.0;
/// How far from the first vertex Taylor's series is used: 320 metres. What it leaves out is below 1e-13 degrees.
const NEAR: f64 = 5e-5;
/// Of fewer vertices each is moved by itself.
const FEW: usize = 3;
/// Steps of the places that are tried, from the middle to each side.
const TRIED: i32 = 12;
/// Names of base systems between which and WGS 84 nothing is shifted.
const BASES: [&str; 2] = ["WGS 84", "ETRS89"];

/// A zone.
#[derive(Clone, Debug)]
pub(super) struct Transverse {
    /// Units of the system to the sphere of the series.
    scale: f64,
    false_easting: f64,
    false_northing: f64,
    /// Where the origin lies on the meridian.
    origin: f64,
    /// Degrees of the meridian in the middle.
    middle: f64,
    /// The square of the eccentricity.
    eccentricity: f64,
    /// From the plane to the sphere.
    inverse: [f64; 6],
    /// From the latitude on the sphere to that on the ellipsoid.
    latitude: [f64; 6],
}

#[derive(Clone, Copy, Debug)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    fn plus(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }

    fn by(self, factor: f64) -> Self {
        Self { re: self.re * factor, im: self.im * factor }
    }
}

/// What a place is made of, and how it changes around.
struct Around {
    place: (f64, f64),
    /// The derivatives of the isometric latitude and the longitude by the place in the plane, each divided by its factorial.
    isometric: [Complex; 3],
    /// Those of the latitude by the isometric one.
    latitude: [f64; 3],
}

impl Transverse {
    /// The zone of a system of which the places are wanted in degrees of WGS 84.
    pub(super) fn of(from: &SpatialRef, to: &Crs) -> Option<Self> {
        let text = |node: &str| from.get_attr_value(node, 0).ok().flatten();
        if !to.is_lon_lat_wgs84()
            || text("PROJECTION")? != "Transverse_Mercator"
            || !BASES.contains(&text("GEOGCS")?.as_str())
        {
            return None;
        }
        let number = |name: &str| from.get_proj_param(name).ok().flatten();
        let spheroid = |child| from.get_attr_value("SPHEROID", child).ok()??.parse::<f64>().ok();
        let (major, flattening) = (spheroid(1)?, 1.0 / spheroid(2)?);
        let middle = number("central_meridian")?;
        let n = flattening / (2.0 - flattening);
        let radius = major / (1.0 + n) * polynomial(n * n, &[1.0, 1.0 / 4.0, 1.0 / 64.0, 1.0 / 256.0]);
        let scale = from.linear_units() / (radius * number("scale_factor")?);
        let zone = Self {
            scale,
            false_easting: number("false_easting")?,
            false_northing: number("false_northing")?,
            origin: meridian(n, flattening, number("latitude_of_origin")?.to_radians()),
            middle,
            eccentricity: flattening * (2.0 - flattening),
            inverse: inverse_series(n),
            latitude: latitude_series(n),
        };
        (scale.is_finite() && n < 0.002 && middle.abs() <= LAST_MIDDLE).then_some(zone)
    }

    /// Moves the vertices of a geometry, in place, where all of them lie in the zone.
    pub(super) fn moved(&self, xs: &mut [f64], ys: &mut [f64]) -> bool {
        if xs.len() < FEW {
            return self.each_moved(xs, ys);
        }
        let Some((&x, &y)) = xs.first().zip(ys.first()) else { return true };
        if !self.holds(xs, ys) {
            return false;
        }
        let first = self.sphere(x, y);
        let around = self.around(first);
        for (x, y) in xs.iter_mut().zip(ys) {
            let at = self.sphere(*x, *y);
            let step = Complex { re: at.re - first.re, im: at.im - first.im };
            let is_near = step.re.abs() <= NEAR && step.im.abs() <= NEAR;
            (*x, *y) = if is_near { around.near(step) } else { self.place(at) };
        }
        true
    }

    /// The same without a look at the others.
    pub(super) fn each_moved(&self, xs: &mut [f64], ys: &mut [f64]) -> bool {
        let holds = self.holds(xs, ys);
        if holds {
            xs.iter_mut().zip(ys).for_each(|(x, y)| (*x, *y) = self.place(self.sphere(*x, *y)));
        }
        holds
    }

    fn holds(&self, xs: &[f64], ys: &[f64]) -> bool {
        xs.iter().zip(ys).map(|(x, y)| self.sphere(*x, *y)).all(|at| at.re.abs() <= HIGHEST && at.im.abs() <= WIDEST)
    }

    /// Places all over the zone, to be tried against PROJ.
    pub(super) fn tried(&self) -> (Vec<f64>, Vec<f64>) {
        let part = |at: i32, furthest: f64| f64::from(at) / f64::from(TRIED) * furthest * 0.999 / self.scale;
        let all = || -TRIED..=TRIED;
        let place = |x, y| {
            let (x, y) = (part(x, WIDEST), part(y, HIGHEST));
            (x + self.false_easting, y - self.origin / self.scale + self.false_northing)
        };
        all().flat_map(|x| all().map(move |y| place(x, y))).unzip()
    }

    /// Northing and easting on the sphere of the series.
    fn sphere(&self, x: f64, y: f64) -> Complex {
        Complex { re: (y - self.false_northing) * self.scale + self.origin, im: (x - self.false_easting) * self.scale }
    }

    /// Longitude and latitude in degrees.
    fn place(&self, at: Complex) -> (f64, f64) {
        let (sine, cosine) = twice(at);
        let turned = at.plus(sum(&self.inverse, sine, cosine).by(-1.0));
        self.degrees(turned)
    }

    fn degrees(&self, turned: Complex) -> (f64, f64) {
        let (sine, cosine) = turned.re.sin_cos();
        let across = short_sinh(turned.im);
        let tangent = sine / (across * across + cosine * cosine).sqrt();
        // Sine and cosine of twice the latitude on the sphere.
        let square = tangent * tangent;
        let (twice_sine, twice_cosine) = (2.0 * tangent / (1.0 + square), (1.0 - square) / (1.0 + square));
        let more = real_sum(&self.latitude, twice_sine, twice_cosine);
        let latitude = tangent.atan() + more;
        (self.middle + (across / cosine).atan().to_degrees(), latitude.to_degrees())
    }

    /// A place, and all that tells of those around it.
    fn around(&self, at: Complex) -> Around {
        let (sine, cosine) = twice(at);
        let (mut s, mut c) = (sine, cosine);
        let zero = Complex { re: 0.0, im: 0.0 };
        let (mut value, mut first, mut second, mut third) = (zero, zero, zero, zero);
        let mut order = 0.0;
        for factor in self.inverse {
            order += 2.0;
            value = value.plus(s.by(factor));
            first = first.plus(c.by(factor * order));
            second = second.plus(s.by(factor * order * order));
            third = third.plus(c.by(factor * order * order * order));
            (s, c) = (s.times(cosine).plus(c.times(sine)), c.times(cosine).plus(s.times(sine).by(-1.0)));
        }
        let turned = at.plus(value.by(-1.0));
        let first = Complex { re: 1.0 - first.re, im: -first.im };
        // The isometric latitude and the longitude are the inverse Gudermannian: its derivatives are of secant and tangent.
        let (sine, cosine) = once(turned);
        let norm = cosine.re * cosine.re + cosine.im * cosine.im;
        let secant = Complex { re: cosine.re / norm, im: -cosine.im / norm };
        let tangent = sine.times(secant);
        let by_turn = [secant, secant.times(tangent), secant.times(secant.times(secant).plus(tangent.times(tangent)))];
        let isometric = [
            by_turn[0].times(first),
            by_turn[1].times(first).times(first).plus(by_turn[0].times(second)).by(0.5),
            by_turn[2]
                .times(first)
                .times(first)
                .times(first)
                .plus(by_turn[1].times(first).times(second).by(3.0))
                .plus(by_turn[0].times(third))
                .by(1.0 / 6.0),
        ];
        let place = self.degrees(turned);
        let (sine, cosine) = place.1.to_radians().sin_cos();
        let (e, square) = (self.eccentricity, sine * sine);
        let rest = (1.0 - e * square) / (1.0 - e);
        // By the latitude itself.
        let slope = -sine * (1.0 + 2.0 * e - 3.0 * e * square) / (1.0 - e);
        let bend = -cosine * (1.0 + 2.0 * e - 9.0 * e * square) / (1.0 - e);
        let first = cosine * rest;
        let second = first * slope;
        let third = first * (slope * slope + first * bend);
        let degrees = 1f64.to_degrees();
        Around { place, isometric, latitude: [first * degrees, second * degrees / 2.0, third * degrees / 6.0] }
    }
}

impl Around {
    fn near(&self, step: Complex) -> (f64, f64) {
        let [first, second, third] = self.isometric;
        let moved = third.times(step).plus(second).times(step).plus(first).times(step);
        let [slope, bend, more] = self.latitude;
        let latitude = moved.re * (slope + moved.re * (bend + moved.re * more));
        (self.place.0 + moved.im.to_degrees(), self.place.1 + latitude)
    }
}

/// Sine and cosine of a number near the real axis.
fn once(at: Complex) -> (Complex, Complex) {
    let (sine, cosine) = at.re.sin_cos();
    let (up, over) = (short_sinh(at.im), short_cosh(at.im));
    (Complex { re: sine * over, im: cosine * up }, Complex { re: cosine * over, im: -sine * up })
}

/// Sine and cosine of its double.
fn twice(at: Complex) -> (Complex, Complex) {
    once(at.by(2.0))
}

/// The hyperbolic sine of a small number: what is left out is below 1e-17.
fn short_sinh(x: f64) -> f64 {
    let square = x * x;
    x * polynomial(square, &[1.0, 1.0 / 6.0, 1.0 / 120.0, 1.0 / 5040.0, 1.0 / 362_880.0, 1.0 / 39_916_800.0])
}

fn short_cosh(x: f64) -> f64 {
    polynomial(x * x, &[1.0, 1.0 / 2.0, 1.0 / 24.0, 1.0 / 720.0, 1.0 / 40_320.0, 1.0 / 3_628_800.0])
}

/// The sum of sines of multiples (Clenshaw's), of the sine and cosine of the first.
fn sum(factors: &[f64; 6], sine: Complex, cosine: Complex) -> Complex {
    let double = cosine.by(2.0);
    let (mut next, mut last) = (Complex { re: 0.0, im: 0.0 }, Complex { re: 0.0, im: 0.0 });
    for factor in factors.iter().rev() {
        let product = double.times(next);
        (next, last) = (Complex { re: product.re - last.re + factor, im: product.im - last.im }, next);
    }
    sine.times(next)
}

fn real_sum(factors: &[f64; 6], sine: f64, cosine: f64) -> f64 {
    let (mut next, mut last) = (0.0, 0.0);
    for factor in factors.iter().rev() {
        (next, last) = (2.0 * cosine * next - last + factor, next);
    }
    sine * next
}

fn polynomial(x: f64, factors: &[f64]) -> f64 {
    factors.iter().rev().fold(0.0, |sum, factor| sum * x + factor)
}

/// The way along the meridian to a latitude.
fn meridian(n: f64, flattening: f64, latitude: f64) -> f64 {
    let e = (flattening * (2.0 - flattening)).sqrt();
    let conformal = (latitude.tan().asinh() - e * (e * latitude.sin()).atanh()).sinh().atan();
    let (sine, cosine) = (2.0 * conformal).sin_cos();
    conformal + real_sum(&forward_series(n), sine, cosine)
}

/// A series whose factors are polynomials that begin with `n` to the power of their place.
fn series(n: f64, factors: [&[f64]; 6]) -> [f64; 6] {
    let mut power = 1.0;
    factors.map(|factors| {
        power *= n;
        power * polynomial(n, factors)
    })
}

fn forward_series(n: f64) -> [f64; 6] {
    series(
        n,
        [
            &[1.0 / 2.0, -2.0 / 3.0, 5.0 / 16.0, 41.0 / 180.0, -127.0 / 288.0, 7891.0 / 37_800.0],
            &[13.0 / 48.0, -3.0 / 5.0, 557.0 / 1440.0, 281.0 / 630.0, -1_983_433.0 / 1_935_360.0],
            &[61.0 / 240.0, -103.0 / 140.0, 15_061.0 / 26_880.0, 167_603.0 / 181_440.0],
            &[49_561.0 / 161_280.0, -179.0 / 168.0, 6_601_661.0 / 7_257_600.0],
            &[34_729.0 / 80_640.0, -3_418_889.0 / 1_995_840.0],
            &[212_378_941.0 / 319_334_400.0],
        ],
    )
}

fn inverse_series(n: f64) -> [f64; 6] {
    series(
        n,
        [
            &[1.0 / 2.0, -2.0 / 3.0, 37.0 / 96.0, -1.0 / 360.0, -81.0 / 512.0, 96_199.0 / 604_800.0],
            &[1.0 / 48.0, 1.0 / 15.0, -437.0 / 1440.0, 46.0 / 105.0, -1_118_711.0 / 3_870_720.0],
            &[17.0 / 480.0, -37.0 / 840.0, -209.0 / 4480.0, 5569.0 / 90_720.0],
            &[4397.0 / 161_280.0, -11.0 / 504.0, -830_251.0 / 7_257_600.0],
            &[4583.0 / 161_280.0, -108_847.0 / 3_991_680.0],
            &[20_648_693.0 / 638_668_800.0],
        ],
    )
}

fn latitude_series(n: f64) -> [f64; 6] {
    series(
        n,
        [
            &[2.0, -2.0 / 3.0, -2.0, 116.0 / 45.0, 26.0 / 45.0, -2854.0 / 675.0],
            &[7.0 / 3.0, -8.0 / 5.0, -227.0 / 45.0, 2704.0 / 315.0, 2323.0 / 945.0],
            &[56.0 / 15.0, -136.0 / 35.0, -1262.0 / 105.0, 73_814.0 / 2835.0],
            &[4279.0 / 630.0, -332.0 / 35.0, -399_572.0 / 14_175.0],
            &[4174.0 / 315.0, -144_838.0 / 6237.0],
            &[601_676.0 / 22_275.0],
        ],
    )
}

#[cfg(test)]
mod tests {
    use gdal::spatial_ref::{CoordTransform, SpatialRef};
    use proptest::prelude::*;

    use super::super::reference::spatial_ref;
    use super::*;

    fn zone(crs: &Crs) -> (Transverse, SpatialRef) {
        let system = spatial_ref(crs).unwrap();
        (Transverse::of(&system, &Crs::Crs84).unwrap(), system)
    }

    fn by_proj(system: &SpatialRef, xs: &mut [f64], ys: &mut [f64]) {
        let transform = CoordTransform::new(system, &spatial_ref(&Crs::Crs84).unwrap()).unwrap();
        transform.transform_coords(xs, ys, &mut []).unwrap();
    }

    proptest! {
        #[test]
        fn a_line_is_where_proj_has_it(
            code in prop::sample::select(vec![25832u32, 25833, 32632, 32733, 3045, 3067, 32603, 32758, 5105]),
            (across, up) in (-1.0..1.0f64, -1.0..1.0f64),
            steps in prop::collection::vec((-1.0..1.0f64, -1.0..1.0f64, 0u32..7), 1..12),
        ) {
            let (zone, system) = zone(&Crs::Epsg(code));
            let (x, y) = (across * WIDEST / zone.scale + zone.false_easting, (up * HIGHEST - zone.origin) / zone.scale + zone.false_northing);
            let place = |(dx, dy, size): &(f64, f64, u32)| (x + dx * 10f64.powi(size.cast_signed()), y + dy * 10f64.powi(size.cast_signed()));
            let (xs, ys): (Vec<f64>, Vec<f64>) = std::iter::once((x, y)).chain(steps.iter().map(place)).unzip();
            let (mut ours, mut theirs) = ((xs.clone(), ys.clone()), (xs.clone(), ys.clone()));
            if zone.moved(&mut ours.0, &mut ours.1) {
                by_proj(&system, &mut theirs.0, &mut theirs.1);
                for (ours, theirs) in ours.0.iter().chain(&ours.1).zip(theirs.0.iter().chain(&theirs.1)) {
                    // Coordinates are written to 1e-11 degrees.
                    prop_assert!((ours - theirs).abs() < 1e-12, "{} {}", ours, theirs);
                }
            } else {
                prop_assert_eq!(&ours.0, &xs);
                prop_assert!(!zone.holds(&xs, &ys));
            }
        }
    }

    #[test]
    fn other_systems_have_no_formula() {
        // Another projection, another datum, degrees, and a zone at the date line.
        for crs in [3035, 31467, 27700, 4326, 32601, 3857] {
            assert!(Transverse::of(&spatial_ref(&Crs::Epsg(crs)).unwrap(), &Crs::Crs84).is_none(), "{crs}");
        }
        assert!(Transverse::of(&spatial_ref(&Crs::Epsg(25832)).unwrap(), &Crs::Epsg(25833)).is_none());
    }
}
