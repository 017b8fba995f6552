//! The parameter datetime (Part 1, 7.15.4). Which property is the time, only the server knows; what must hold whatever it
//! is, is checked: wider intervals have more features, open ends meet, features without a time are in every answer.

use std::collections::BTreeSet;

use super::Check;
use super::items::{check_form, declared};
use super::kit::{Checked, Collection, Kit, encoded, features, id_of, skip, with};
use crate::ensure;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/core/fc-time-definition", "datetime is declared as the standard has it", definition),
    (
        "/req/core/fc-time-response",
        "intervals, instants and open ends agree with each other and with the extent",
        response,
    ),
];

fn definition(kit: &Kit) -> Checked {
    for (path, parameter) in declared(kit, "datetime")? {
        check_form(&path, &parameter)?;
        ensure!(parameter["schema"]["type"] == "string", "{path}: datetime {}", parameter["schema"]);
    }
    Ok(())
}

fn ids(kit: &Kit, collection: &Collection, datetime: &str) -> Checked<BTreeSet<String>> {
    let query = if datetime.is_empty() { String::new() } else { format!("&datetime={}", encoded(datetime)) };
    Ok(features(&kit.json(&with(&collection.items, &format!("limit=10000{query}")), "")?).iter().map(id_of).collect())
}

fn response(kit: &Kit) -> Checked {
    let mut timed = false;
    for collection in kit.collections()? {
        let at = &collection.items;
        let all = ids(kit, collection, "")?;
        if all.len() >= 10_000 {
            continue;
        }
        // Before and after everything: only features without a time.
        let timeless = ids(kit, collection, "../0001-01-01T00:00:00Z")?;
        let after = ids(kit, collection, "9999-12-31T23:59:59Z/..")?;
        let both: BTreeSet<_> = timeless.intersection(&after).cloned().collect();
        for (wide, narrow) in [
            ("", "2020-01-01T00:00:00Z/.."),
            ("", "../2020-01-01T00:00:00Z"),
            ("2020-01-01T00:00:00Z/..", "2020-01-01T00:00:00Z/2020-12-31T23:59:59Z"),
            ("2020-01-01T00:00:00Z/2020-12-31T23:59:59Z", "2020-06-15T00:00:00Z/2020-06-15T23:59:59Z"),
            ("2020-06-15T00:00:00Z/2020-06-15T23:59:59Z", "2020-06-15T12:00:00Z"),
        ] {
            let (more, fewer) = (ids(kit, collection, wide)?, ids(kit, collection, narrow)?);
            ensure!(fewer.is_subset(&more), "{at}: datetime={narrow} has features that datetime={wide} has not");
            ensure!(both.is_subset(&fewer), "{at}: datetime={narrow} lacks features without a time");
        }
        // Every feature is in one or the other half, or in both.
        let (before, from) =
            (ids(kit, collection, "../2020-06-15T12:00:00Z")?, ids(kit, collection, "2020-06-15T12:00:00Z/..")?);
        let union: BTreeSet<_> = before.union(&from).cloned().collect();
        ensure!(union == all, "{at}: {} features in two halves of time, {} at all", union.len(), all.len());
        for (one, same) in [
            ("2020-06-15T12:00:00Z/..", "2020-06-15T12:00:00Z/"),
            ("../2020-06-15T12:00:00Z", "/2020-06-15T12:00:00Z"),
            ("2020-06-15T12:00:00Z", "2020-06-15T14:00:00+02:00"),
            ("2020-06-15T12:00:00Z", "2020-06-15T12:00:00Z/2020-06-15T12:00:00Z"),
            ("2020-06-15T12:00:00Z", "2020-06-15T12:00:00.000Z"),
        ] {
            ensure!(
                ids(kit, collection, one)? == ids(kit, collection, same)?,
                "{at}: datetime={one} is not datetime={same}"
            );
        }
        for ends in collection.value["extent"]["temporal"]["interval"].as_array().into_iter().flatten().take(1) {
            timed = true;
            let text = |end: usize| ends[end].as_str().unwrap_or("..").to_owned();
            let within = ids(kit, collection, &format!("{}/{}", text(0), text(1)))?;
            ensure!(within == all, "{at}: {} features in the temporal extent, {} at all", within.len(), all.len());
        }
    }
    if timed { Ok(()) } else { skip("no collection has a temporal extent (the rest holds)") }
}
