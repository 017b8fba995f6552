//! The reference system behind a number, as `spatial_ref_sys` has it: by its authority where PROJ knows that, else by its WKT,
//! else by its text for PROJ. That is the order in which PostGIS takes them for `ST_Transform`.

use tokio_postgres::Client;

use super::fault;
use crate::base::crs::Crs;
use crate::data::reference;
use crate::error::Result;

/// The system; `None` behind 0 alone, which is none. The error is what is wrong with the table.
pub(super) async fn reference(client: &Client, srid: i32) -> Result<Result<Option<Crs>, String>> {
    if srid <= 0 {
        return Ok(Ok(None));
    }
    let query = "SELECT auth_name, auth_srid, srtext, proj4text FROM spatial_ref_sys WHERE srid = $1";
    let row = client.query_opt(query, &[&srid]).await.map_err(fault::describing)?;
    let Some(row) = row else {
        return Ok(Err(format!("its reference system (SRID {srid}) is not in spatial_ref_sys: {MEND}")));
    };
    let defined = Defined { authority: row.get(0), code: row.get(1), wkt: row.get(2), proj: row.get(3) };
    let system = defined.system().map(Some);
    Ok(system.map_err(|why| format!("its reference system (SRID {srid} of spatial_ref_sys) {why}: {MEND}")))
}

const MEND: &str = "mend it there, or name the system with crs = \"EPSG:…\" in the project file";

/// A row of `spatial_ref_sys`.
#[derive(Default)]
struct Defined<'a> {
    authority: Option<&'a str>,
    code: Option<i32>,
    wkt: Option<&'a str>,
    proj: Option<&'a str>,
}

impl Defined<'_> {
    fn system(&self) -> Result<Crs, String> {
        let mut why = "has no definition".to_owned();
        let ways = [self.of_authority(), self.of_wkt(), self.of_proj()];
        for crs in ways.into_iter().flatten() {
            match reference::of_places(&crs) {
                Ok(_) if matches!(crs, Crs::Epsg(_)) => return Ok(crs),
                Ok(_) => return Ok(reference::spelled_out(crs)),
                Err(error) if error.message().contains("no places") => {
                    "has no places on the ground: it is neither geographic nor projected".clone_into(&mut why);
                }
                Err(_) => "cannot be understood".clone_into(&mut why),
            }
        }
        Err(why)
    }

    fn of_authority(&self) -> Option<Crs> {
        let (name, code) = (self.authority?.trim(), u32::try_from(self.code?).ok()?);
        // The text that names a system may name files as well.
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_name.then(|| {
            if name.eq_ignore_ascii_case("EPSG") {
                Crs::Epsg(code)
            } else {
                Crs::Definition(format!("{name}:{code}").into())
            }
        })
    }

    fn of_wkt(&self) -> Option<Crs> {
        let text = self.wkt?.trim();
        // Else it may name a file or what is on another machine.
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_wkt = text.split_once('[').is_some_and(|(word, _)| is_word(word.trim_end())) && text.ends_with(']');
        Some(Crs::Definition(if is_wkt { text } else { NONE }.into())).filter(|_| !text.is_empty())
    }

    fn of_proj(&self) -> Option<Crs> {
        let text = self.proj?.trim();
        Some(Crs::Definition(if text.starts_with('+') { text } else { NONE }.into())).filter(|_| !text.is_empty())
    }
}

/// What no system is called.
const NONE: &str = "?";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_taken_by_its_authority_then_by_its_wkt_then_by_its_text_for_proj() {
        let local = Some("+proj=laea +lat_0=50 +lon_0=10 +datum=WGS84 +units=m +no_defs");
        let name = |defined: Defined<'_>| {
            let crs = defined.system()?;
            reference::of(&crs)
                .map(|found| (matches!(crs, Crs::Epsg(_)), found.name.clone()))
                .map_err(|it| it.to_string())
        };
        let of = |authority, code, wkt, proj| name(Defined { authority, code, wkt, proj });
        let wkt = reference::spelled_out(Crs::Definition("EPSG:25833".into()));
        let Crs::Definition(wkt) = wkt else { panic!("{wkt}") };
        let (utm32, utm33) = ("ETRS89 / UTM zone 32N".to_owned(), "ETRS89 / UTM zone 33N".to_owned());
        assert_eq!(of(Some("EPSG"), Some(25832), Some(&wkt), local), Ok((true, utm32)));
        assert_eq!(of(Some("epsg"), Some(999_999), Some(&wkt), local), Ok((false, utm33.clone())));
        assert_eq!(of(Some("mine"), Some(1), Some(&wkt), local), Ok((false, utm33)));
        assert_eq!(of(None, None, None, local).map(|(is_coded, _)| is_coded), Ok(false));
        assert_eq!(of(None, None, Some("garbage"), local).map(|(is_coded, _)| is_coded), Ok(false));
        let (_, albers) = of(Some("ESRI"), Some(102_013), None, None).unwrap();
        assert!(albers.contains("Albers"), "{albers}");
        for (wkt, proj) in [(Some("garbage"), None), (Some("/etc/passwd"), Some("https://a.example/x]")), (None, None)]
        {
            assert!(of(None, None, wkt, proj).is_err(), "{wkt:?}");
        }
        for (wkt, is_one) in
            [("GEOGCS [\"x\"]", true), ("https://a.example/x[]", false), ("https://a.example/x]", false)]
        {
            let found = Defined { wkt: Some(wkt), ..Defined::default() }.of_wkt();
            assert_eq!(found != Some(Crs::Definition(NONE.into())), is_one, "{wkt}");
        }
        assert!(of(Some("EPSG"), Some(4978), None, None).unwrap_err().contains("no places"));
    }
}
