//! Samples of one type, in a vector of that type.

/// The type of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleKind {
    /// 8 bits without a sign.
    U8,
    /// 16 bits with a sign.
    I16,
    /// 16 bits without a sign.
    U16,
    /// 32 bits with a sign.
    I32,
    /// 32 bits without a sign.
    U32,
    /// 32 bits, floating point.
    F32,
    /// 64 bits, floating point.
    F64,
}

impl SampleKind {
    /// Bytes of a sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Whether samples are floating point numbers.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// The sample of an opacity that hides all behind it, as GDAL has it.
    pub fn opaque(self) -> f64 {
        match self {
            Self::U16 => f64::from(u16::MAX),
            Self::I16 => f64::from(i16::MAX),
            _ => 255.0,
        }
    }

    /// The least and the greatest value that a sample can have.
    pub fn range(self) -> (f64, f64) {
        match self {
            Self::U8 => (0.0, f64::from(u8::MAX)),
            Self::I16 => (f64::from(i16::MIN), f64::from(i16::MAX)),
            Self::U16 => (0.0, f64::from(u16::MAX)),
            Self::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
            Self::U32 => (0.0, f64::from(u32::MAX)),
            Self::F32 => (f64::from(f32::MIN), f64::from(f32::MAX)),
            Self::F64 => (f64::MIN, f64::MAX),
        }
    }
}

/// Samples of a band.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// 8 bits without a sign.
    U8(Vec<u8>),
    /// 16 bits with a sign.
    I16(Vec<i16>),
    /// 16 bits without a sign.
    U16(Vec<u16>),
    /// 32 bits with a sign.
    I32(Vec<i32>),
    /// 32 bits without a sign.
    U32(Vec<u32>),
    /// 32 bits, floating point.
    F32(Vec<f32>),
    /// 64 bits, floating point.
    F64(Vec<f64>),
}

/// Does the same to samples of any type.
macro_rules! with_samples {
    ($samples:expr, $values:ident => $done:expr) => {
        match $samples {
            $crate::data::coverage::Samples::U8($values) => $done,
            $crate::data::coverage::Samples::I16($values) => $done,
            $crate::data::coverage::Samples::U16($values) => $done,
            $crate::data::coverage::Samples::I32($values) => $done,
            $crate::data::coverage::Samples::U32($values) => $done,
            $crate::data::coverage::Samples::F32($values) => $done,
            $crate::data::coverage::Samples::F64($values) => $done,
        }
    };
}
pub(in crate::data) use with_samples;

/// A number that a sample can be.
pub(in crate::data) trait Sample: Copy + PartialEq {
    fn to_f64(self) -> f64;
    /// The nearest value of the type.
    fn of(value: f64) -> Self;
    /// Samples of the type.
    fn wrap(values: Vec<Self>) -> Samples;
}

macro_rules! sample {
    ($($whole:ty => $whole_kind:ident),*; $($float:ty => $float_kind:ident),*) => {
        $(impl Sample for $whole {
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
            fn of(value: f64) -> Self {
                value.round() as $whole
            }
            fn wrap(values: Vec<Self>) -> Samples {
                Samples::$whole_kind(values)
            }
        })*
        $(impl Sample for $float {
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[allow(clippy::cast_possible_truncation)] // to the nearest
            fn of(value: f64) -> Self {
                value as $float
            }
            fn wrap(values: Vec<Self>) -> Samples {
                Samples::$float_kind(values)
            }
        })*
    };
}
sample!(u8 => U8, i16 => I16, u16 => U16, i32 => I32, u32 => U32; f32 => F32, f64 => F64);

impl Samples {
    /// So many samples of one value, or of the nearest that the type has.
    pub fn filled(kind: SampleKind, count: usize, value: f64) -> Self {
        match kind {
            SampleKind::U8 => Self::U8(vec![Sample::of(value); count]),
            SampleKind::I16 => Self::I16(vec![Sample::of(value); count]),
            SampleKind::U16 => Self::U16(vec![Sample::of(value); count]),
            SampleKind::I32 => Self::I32(vec![Sample::of(value); count]),
            SampleKind::U32 => Self::U32(vec![Sample::of(value); count]),
            SampleKind::F32 => Self::F32(vec![Sample::of(value); count]),
            SampleKind::F64 => Self::F64(vec![Sample::of(value); count]),
        }
    }

    /// The type.
    pub fn kind(&self) -> SampleKind {
        match self {
            Self::U8(_) => SampleKind::U8,
            Self::I16(_) => SampleKind::I16,
            Self::U16(_) => SampleKind::U16,
            Self::I32(_) => SampleKind::I32,
            Self::U32(_) => SampleKind::U32,
            Self::F32(_) => SampleKind::F32,
            Self::F64(_) => SampleKind::F64,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        with_samples!(self, values => values.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts rows of so many columns into rows of `width`, at a column and a row. Of another type they are left out.
    pub(in crate::data) fn put(&mut self, part: &Samples, at: (usize, usize), width: usize, columns: usize) {
        match (self, part) {
            (Self::U8(to), Self::U8(from)) => put(to, from, at, width, columns),
            (Self::I16(to), Self::I16(from)) => put(to, from, at, width, columns),
            (Self::U16(to), Self::U16(from)) => put(to, from, at, width, columns),
            (Self::I32(to), Self::I32(from)) => put(to, from, at, width, columns),
            (Self::U32(to), Self::U32(from)) => put(to, from, at, width, columns),
            (Self::F32(to), Self::F32(from)) => put(to, from, at, width, columns),
            (Self::F64(to), Self::F64(from)) => put(to, from, at, width, columns),
            _ => {}
        }
    }

    /// One of them as a number; `None` beyond the last.
    pub fn get(&self, at: usize) -> Option<f64> {
        with_samples!(self, values => values.get(at).map(|value| value.to_f64()))
    }
}

fn put<T: Copy>(to: &mut [T], from: &[T], (left, top): (usize, usize), width: usize, columns: usize) {
    for (row, line) in from.chunks_exact(columns).enumerate() {
        let start = (top + row) * width + left;
        to[start..start + columns].copy_from_slice(line);
    }
}
