//! What a GeoPackage puts before the WKB of a geometry (GeoPackage 1.3, clause 2.1.3).

use crate::base::bbox::Rect;

/// A geometry as the file stores it, taken apart.
pub(super) struct Stored<'a> {
    /// The geometry.
    pub(super) wkb: &'a [u8],
    /// The rectangle around it that the header has, where it has a sane one.
    pub(super) envelope: Option<Rect>,
}

/// Takes a stored geometry apart; `None` where it is none that can be read. WKB without a header is accepted, for some
/// programs write it.
pub(super) fn parse(blob: &[u8]) -> Option<Stored<'_>> {
    let Some(rest) = blob.strip_prefix(b"GP") else {
        return is_wkb(blob).then_some(Stored { wkb: blob, envelope: None });
    };
    let flags = *rest.get(1)?;
    let doubles = match flags >> 1 & 0b111 {
        0 => 0,
        1 => 4,
        2 | 3 => 6,
        4 => 8,
        _ => return None,
    };
    // The extended kind is no WKB, but whatever some extension says.
    if flags & 0b10_0000 != 0 {
        return None;
    }
    let (envelope, wkb) = rest.get(6..)?.split_at_checked(doubles * 8)?;
    let number = |at: usize| {
        let bytes = envelope.get(at * 8..at * 8 + 8)?.try_into().ok()?;
        Some(if flags & 1 == 1 { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    };
    // The header has both x before both y.
    let sides = (|| Some(Rect { min_x: number(0)?, max_x: number(1)?, min_y: number(2)?, max_y: number(3)? }))();
    let sane = |rect: &Rect| rect.min_x <= rect.max_x && rect.min_y <= rect.max_y;
    is_wkb(wkb).then(|| Stored { wkb, envelope: sides.filter(sane) })
}

/// Whether the bytes begin as WKB does: the byte order, then a known type, with or without Z and M.
fn is_wkb(bytes: &[u8]) -> bool {
    let Some((order, Ok(code))) =
        bytes.split_first().map(|(order, rest)| (order, <[u8; 4]>::try_from(rest.get(..4).unwrap_or_default())))
    else {
        return false;
    };
    let code = match order {
        0 => u32::from_be_bytes(code),
        1 => u32::from_le_bytes(code),
        _ => return false,
    };
    // The high bits are the Z, M and SRID of EWKB.
    let code = code & 0x1fff_ffff;
    code < 4000 && (1..=17).contains(&(code % 1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POINT: [u8; 21] = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn the_header_is_taken_off_whatever_its_envelope() {
        assert_eq!(parse(&POINT).map(|stored| stored.wkb), Some(&POINT[..]));
        for (indicator, bytes) in [(0, 0), (1, 32), (2, 48), (3, 48), (4, 64)] {
            let mut blob = vec![b'G', b'P', 0, indicator << 1 | 1, 0, 0, 0, 0];
            blob.resize(8 + bytes, 0);
            blob.extend(POINT);
            assert_eq!(parse(&blob).map(|stored| stored.wkb), Some(&POINT[..]), "{indicator}");
            assert!(parse(&blob[..bytes + 7]).is_none());
        }
        for flags in [0b1011, 0b10_0001] {
            let blob = [&[b'G', b'P', 0, flags, 0, 0, 0, 0][..], &POINT].concat();
            assert!(parse(&blob).is_none(), "{flags:b}");
        }
        assert!(parse(b"").is_none() && parse(b"GP").is_none() && parse(b"nonsense").is_none());
    }

    #[test]
    fn the_envelope_has_x_before_y() {
        let mut blob = vec![b'G', b'P', 0, 0b10, 0, 0, 0, 0];
        blob.extend([1.0f64, 2.0, 3.0, 4.0].iter().flat_map(|number| number.to_be_bytes()));
        blob.extend(POINT);
        let envelope = parse(&blob).and_then(|stored| stored.envelope);
        assert_eq!(envelope, Some(Rect { min_x: 1.0, min_y: 3.0, max_x: 2.0, max_y: 4.0 }));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = parse(&bytes);
            let _ = parse(&[b"GP".as_slice(), &bytes].concat());
        }
    }
}
