//! The version of an answer: the one place where versions are negotiated.

use crate::error::{Error, Kind, Result};
use crate::message::parameters::Parameters;

use super::service::{Dialect, Negotiation};

/// What of a name's versions a request speaks.
pub(super) struct Chosen {
    /// Its place among them.
    pub(super) at: usize,
    /// Whether it is the one that was asked for.
    pub(super) exact: bool,
}

/// The version that a request speaks, of those that are registered, which are never none.
pub(super) fn choose(known: &[&'static Dialect], how: Negotiation, asked: &Parameters) -> Result<Chosen> {
    let value = |name| asked.value_of(name).map(str::trim).filter(|value| !value.is_empty());
    let capabilities = value("REQUEST").is_some_and(|name| name.eq_ignore_ascii_case("GetCapabilities"));
    let spoken = || known.iter().map(|dialect| dialect.version).collect::<Vec<_>>().join(", ");
    let exactly = |version: &str| known.iter().position(|dialect| is(how, dialect.version, version));
    let found = |at| Ok(Chosen { at, exact: true });
    if how == Negotiation::Ows
        && capabilities
        && let Some(list) = value("ACCEPTVERSIONS")
    {
        // The first that the client names and the server speaks (OWS Common 1.1, 7.3.2).
        return list.split(',').find_map(|version| exactly(version.trim())).map_or_else(
            || {
                let message = format!("ACCEPTVERSIONS is '{list}', expected one of: {}", spoken());
                Err(Error::new(Kind::InvalidParameter, message).at("ACCEPTVERSIONS").coded("VersionNegotiationFailed"))
            },
            found,
        );
    }
    let wmtver = || value("WMTVER").filter(|_| how == Negotiation::Wms);
    let highest = || (0..known.len()).max_by_key(|&at| parts(known[at].version)).unwrap_or_default();
    let Some(version) = value("VERSION").or_else(wmtver) else {
        return found(if how == Negotiation::Lenient { 0 } else { highest() });
    };
    if let Some(at) = exactly(version) {
        return found(at);
    }
    match how {
        Negotiation::Lenient => Ok(Chosen { at: 0, exact: false }),
        Negotiation::Ows if !capabilities => {
            let message = format!("VERSION is '{version}', expected one of: {}", spoken());
            Err(Error::new(Kind::InvalidParameter, message).at("VERSION"))
        }
        // WMS 1.3.0, 6.2.4, and what OWS Common 1.1 keeps of it for old clients (D.11).
        Negotiation::Ows | Negotiation::Wms => {
            let Some(wanted) = parts(version) else { return Ok(Chosen { at: highest(), exact: false }) };
            let lower = (0..known.len()).filter(|&at| parts(known[at].version).is_some_and(|it| it < wanted));
            let lower = lower.max_by_key(|&at| parts(known[at].version));
            let lowest = || (0..known.len()).min_by_key(|&at| parts(known[at].version)).unwrap_or_default();
            Ok(Chosen { at: lower.unwrap_or_else(lowest), exact: false })
        }
    }
}

/// Whether a client means a version: the last part may be left out, where the version is negotiated at all.
fn is(how: Negotiation, version: &str, asked: &str) -> bool {
    let is_short = how != Negotiation::Lenient && asked.matches('.').count() == 1;
    version == asked || (is_short && version.rsplit_once('.').is_some_and(|it| it.0 == asked))
}

/// The numbers of a version, to compare.
fn parts(version: &str) -> Option<[u32; 3]> {
    let mut numbers = [0; 3];
    for (at, part) in version.split('.').enumerate() {
        *numbers.get_mut(at)? = part.parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::parameters::Origin;

    static KNOWN: [Dialect; 3] = [Dialect::new("1.1.0"), Dialect::new("2.0.0"), Dialect::new("1.0.0")];

    fn chosen(how: Negotiation, query: &str) -> Result<&'static str, String> {
        let known: Vec<&'static Dialect> = KNOWN.iter().collect();
        let chosen = choose(&known, how, &Parameters::parse(query, Origin::Query));
        chosen.map(|it| known[it.at].version).map_err(|error| format!("{:?} {:?}", error.locator(), error.code()))
    }

    #[test]
    fn each_way_of_negotiation() {
        use Negotiation::{Lenient, Ows, Wms};
        let cases = [
            (Lenient, "VERSION=9", Ok("1.1.0")),
            (Lenient, "", Ok("1.1.0")),
            (Ows, "", Ok("2.0.0")),
            (Ows, "REQUEST=GetFeature&VERSION=1.0.0", Ok("1.0.0")),
            (Ows, "REQUEST=GetFeature&VERSION=", Ok("2.0.0")),
            (Ows, "REQUEST=GetFeature&VERSION=2.0", Ok("2.0.0")),
            (Ows, "REQUEST=GetFeature&VERSION=1.2.0", Err("Some(\"VERSION\") None")),
            (Ows, "REQUEST=GetCapabilities&VERSION=1.2.0", Ok("1.1.0")),
            (Ows, "REQUEST=getcapabilities&ACCEPTVERSIONS=3.0.0, 1.0.0,2.0.0", Ok("1.0.0")),
            (
                Ows,
                "REQUEST=GetCapabilities&ACCEPTVERSIONS=3.0.0&VERSION=2.0.0",
                Err("Some(\"ACCEPTVERSIONS\") Some(\"VersionNegotiationFailed\")"),
            ),
            (Ows, "REQUEST=GetFeature&ACCEPTVERSIONS=3.0.0", Ok("2.0.0")),
            (Wms, "VERSION=0.9", Ok("1.0.0")),
            (Wms, "VERSION=1.0.7", Ok("1.0.0")),
            (Wms, "VERSION=1.9.9", Ok("1.1.0")),
            (Wms, "WMTVER=1.0.0", Ok("1.0.0")),
            (Wms, "VERSION=9", Ok("2.0.0")),
            (Wms, "VERSION=nonsense", Ok("2.0.0")),
        ];
        for (how, query, wanted) in cases {
            assert_eq!(chosen(how, query), wanted.map_err(str::to_owned), "{how:?} {query}");
        }
    }
}
