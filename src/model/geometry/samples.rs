//! Geometries for tests, and a writer of WKB that shares nothing with the reader.

use proptest::prelude::*;

pub(crate) type Ordinates = [f64; 4];

/// A geometry; each vertex has x, y, z and m, of which [`Style`] says what is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sample {
    Point(Ordinates),
    Line(Vec<Ordinates>),
    Arc(Vec<Ordinates>),
    Polygon(Vec<Vec<Ordinates>>),
    /// A triangle, written with the code of one.
    Triangle(Vec<Vec<Ordinates>>),
    /// The code of the type and the members: compound curves and curve polygons too.
    Members(u32, Vec<Sample>),
}

/// How a geometry is written.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is one freedom of the format
pub(crate) struct Style {
    pub(crate) z: bool,
    pub(crate) m: bool,
    /// Flags instead of thousands, and an SRID on the outermost.
    pub(crate) ewkb: bool,
    pub(crate) big_endian: bool,
    /// Each member in the other byte order.
    pub(crate) mixed: bool,
}

impl Sample {
    /// All vertices, in order.
    pub(crate) fn vertices(&self) -> Vec<Ordinates> {
        match self {
            Self::Point(vertex) => vec![*vertex],
            Self::Line(line) | Self::Arc(line) => line.clone(),
            Self::Polygon(rings) | Self::Triangle(rings) => rings.concat(),
            Self::Members(_, members) => members.iter().flat_map(Sample::vertices).collect(),
        }
    }

    /// Changes all vertices that are somewhere.
    pub(crate) fn change(&mut self, change: &dyn Fn(Ordinates) -> Ordinates) {
        let all = |line: &mut Vec<Ordinates>| line.iter_mut().for_each(|vertex| *vertex = change(*vertex));
        match self {
            Self::Point(vertex) if vertex[0].is_nan() => {}
            Self::Point(vertex) => *vertex = change(*vertex),
            Self::Line(line) | Self::Arc(line) => all(line),
            Self::Polygon(rings) | Self::Triangle(rings) => rings.iter_mut().for_each(all),
            Self::Members(_, members) => members.iter_mut().for_each(|member| member.change(change)),
        }
    }
}

/// The sample as WKB.
pub(crate) fn wkb(sample: &Sample, style: Style) -> Vec<u8> {
    let mut out = Vec::new();
    write(sample, style, true, &mut out);
    out
}

fn write(sample: &Sample, style: Style, outermost: bool, out: &mut Vec<u8>) {
    let code = match sample {
        Sample::Point(_) => 1,
        Sample::Line(_) => 2,
        Sample::Arc(_) => 8,
        Sample::Polygon(_) => 3,
        Sample::Triangle(_) => 17,
        Sample::Members(code, _) => *code,
    };
    out.push(u8::from(!style.big_endian));
    if style.ewkb {
        let flags = u32::from(style.z) << 31 | u32::from(style.m) << 30 | u32::from(outermost) << 29;
        number(code | flags, style, out);
        if outermost {
            number(4326, style, out);
        }
    } else {
        number(code + 1000 * u32::from(style.z) + 2000 * u32::from(style.m), style, out);
    }
    match sample {
        Sample::Point(at) => vertex(at, style, out),
        Sample::Line(line) | Sample::Arc(line) => vertices(line, style, out),
        Sample::Polygon(rings) | Sample::Triangle(rings) => {
            number(u32::try_from(rings.len()).unwrap(), style, out);
            for ring in rings {
                vertices(ring, style, out);
            }
        }
        Sample::Members(_, members) => {
            number(u32::try_from(members.len()).unwrap(), style, out);
            let style = Style { big_endian: style.big_endian != style.mixed, ..style };
            for member in members {
                write(member, style, false, out);
            }
        }
    }
}

fn number(number: u32, style: Style, out: &mut Vec<u8>) {
    out.extend(if style.big_endian { number.to_be_bytes() } else { number.to_le_bytes() });
}

fn vertices(line: &[Ordinates], style: Style, out: &mut Vec<u8>) {
    number(u32::try_from(line.len()).unwrap(), style, out);
    for at in line {
        vertex(at, style, out);
    }
}

fn vertex(at: &Ordinates, style: Style, out: &mut Vec<u8>) {
    for (number, written) in at.iter().zip([true, true, style.z, style.m]) {
        if written {
            out.extend(if style.big_endian { number.to_be_bytes() } else { number.to_le_bytes() });
        }
    }
}

pub(crate) fn any_style() -> impl Strategy<Value = Style> {
    any::<[bool; 5]>().prop_map(|[z, m, ewkb, big_endian, mixed]| Style { z, m, ewkb, big_endian, mixed })
}

fn any_vertex() -> impl Strategy<Value = Ordinates> {
    let number = prop_oneof![-180.0..180.0f64, -1e7..1e7f64, (-20i32..20).prop_map(f64::from)];
    prop::array::uniform4(number)
}

pub(crate) fn any_line() -> impl Strategy<Value = Vec<Ordinates>> {
    prop::collection::vec(any_vertex(), 1..8)
}

fn any_polygon() -> impl Strategy<Value = Vec<Vec<Ordinates>>> {
    let ring = prop::collection::vec(any_vertex(), 3..7).prop_map(|mut ring| {
        ring.push(ring[0]);
        ring
    });
    prop::collection::vec(ring, 1..4)
}

/// A geometry of any type that has no arcs (those have vertices that are not stored), empty ones among them.
pub(crate) fn any_sample() -> impl Strategy<Value = Sample> {
    let point = || prop_oneof![9 => any_vertex(), 1 => Just([f64::NAN; 4])].prop_map(Sample::Point);
    let line = || any_line().prop_map(Sample::Line);
    let polygon = || any_polygon().prop_map(Sample::Polygon);
    let triangle = || any_polygon().prop_map(Sample::Triangle);
    let members = |codes: &'static [u32], member: BoxedStrategy<Sample>| {
        (prop::sample::select(codes), prop::collection::vec(member, 0..4))
            .prop_map(|(code, of)| Sample::Members(code, of))
    };
    let simple = prop_oneof![
        point(),
        line(),
        polygon(),
        triangle(),
        members(&[4], point().boxed()),
        members(&[5, 11], line().boxed()),
        members(&[6, 12, 15], polygon().boxed()),
        members(&[16], triangle().boxed()),
    ];
    simple.prop_recursive(3, 24, 4, move |inner| members(&[7], inner.boxed()))
}

/// A geometry with curves in it.
pub(crate) fn any_curve() -> impl Strategy<Value = Sample> {
    let part = || prop_oneof![any_line().prop_map(Sample::Line), any_line().prop_map(Sample::Arc)].boxed();
    let members = |codes: &'static [u32], member: BoxedStrategy<Sample>| {
        let members = prop::collection::vec(member, 0..4);
        (prop::sample::select(codes), members).prop_map(|(code, members)| Sample::Members(code, members)).boxed()
    };
    let line = move || prop_oneof![part(), members(&[9], part())].boxed();
    let polygon = move || prop_oneof![any_polygon().prop_map(Sample::Polygon), members(&[10], line())].boxed();
    prop_oneof![line(), polygon(), members(&[11], line()), members(&[12], polygon())]
}
