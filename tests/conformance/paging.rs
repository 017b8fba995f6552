//! Pages: a walk over `next` meets every feature once, whatever the parameters (Part 1, 7.15.4, 7.15.7 and 7.15.8).

use std::collections::BTreeSet;

use serde_json::Value;

use super::Check;
use super::collections::extent_of;
use super::items::property_values;
use super::kit::{Checked, Collection, GEOJSON, HTML, Kit, encoded, features, id_of, parameters, resolve, skip, with};
use crate::ensure;
use crate::harness::client::links;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/core/fc-numberReturned", "numberReturned is the number of features on the page", number_returned),
    ("/req/core/fc-numberMatched", "numberMatched is the number of features over all pages", number_matched),
    ("/rec/core/fc-next-1", "a walk over next meets each feature once, with any limit and filter", walks),
    ("/rec/core/fc-next-2", "the last page has no next, and next keeps every parameter as it came", next_keeps),
    ("/rec/core/fc-prev", "a walk back over prev meets each feature once as well", walks_back),
    ("/rec/core/fc-next-page", "next of a page is a page", next_of_a_page),
];

/// Longest walk, in pages: another server may have millions of features.
const MOST_PAGES: usize = 400;

/// A walk over the pages: the ids in order, and whether it came to its end.
pub(crate) struct Walk {
    pub(crate) ids: Vec<String>,
    pub(crate) matched: Option<u64>,
    whole: bool,
    last: Value,
}

/// Walks from an address over all `next`.
pub(crate) fn walk(kit: &Kit, first: &str) -> Checked<Walk> {
    let mut walk = Walk { ids: Vec::new(), matched: None, whole: false, last: Value::Null };
    let mut url = first.to_owned();
    for page_number in 0..MOST_PAGES {
        let page = kit.json(&url, GEOJSON)?;
        if page_number == 0 {
            walk.matched = page["numberMatched"].as_u64();
        }
        let found = features(&page);
        walk.ids.extend(found.iter().map(id_of));
        let next = links(&page, "next");
        ensure!(next.len() <= 1, "{url}: {} links with rel next", next.len());
        walk.last = page;
        let Some(link) = next.first() else {
            walk.whole = true;
            break;
        };
        ensure!(!found.is_empty(), "{url}: an empty page with a next one");
        ensure!(link["type"] == GEOJSON, "{url}: next has type {}", link["type"]);
        url = resolve(&url, link["href"].as_str().unwrap_or_default());
    }
    let distinct: BTreeSet<&String> = walk.ids.iter().collect();
    ensure!(
        distinct.len() == walk.ids.len(),
        "{first}: {} ids on the way, {} of them different",
        walk.ids.len(),
        distinct.len()
    );
    if let (true, Some(matched)) = (walk.whole, walk.matched) {
        ensure!(
            matched == walk.ids.len() as u64,
            "{first}: numberMatched {matched}, but {} on the way",
            walk.ids.len()
        );
    }
    Ok(walk)
}

/// Every filter worth a walk: none, half of the extent, an open interval, a property.
fn filters(kit: &Kit, collection: &Collection) -> Checked<Vec<String>> {
    let mut all = vec![String::new()];
    if let Some([west, south, east, north]) = extent_of(collection) {
        let middle = f64::midpoint(west, east);
        all.push(format!("bbox={west}%2C{south}%2C{middle},{north}"));
        all.push("bbox=170,-90,-100,90".to_owned());
    }
    all.push("datetime=2020-06-01T00:00:00Z%2F..".to_owned());
    let properties = property_values(kit, collection)?;
    all.extend(properties.iter().take(2).map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{}={}", encoded(name), encoded(&text))
    }));
    Ok(all)
}

fn walks(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        for filter in filters(kit, collection)? {
            let url = with(&collection.items, &filter);
            let whole = walk(kit, &with(&url, "limit=10000"))?;
            let count = whole.ids.len();
            // Pages of one where they are few, else sizes that do and do not divide the whole.
            let sizes = [1, 7, count.div_ceil(3), count, count + 1];
            let fitting = sizes.into_iter().filter(|size| *size > 0 && *size <= 1000 && count / size <= 40);
            for size in fitting.collect::<BTreeSet<_>>() {
                let paged = walk(kit, &with(&url, &format!("limit={size}")))?;
                ensure!(
                    paged.ids == whole.ids || !whole.whole,
                    "{url}: pages of {size} give other features than one page"
                );
            }
        }
    }
    Ok(())
}

fn number_returned(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        for limit in [1, 10, 100] {
            let url = with(&collection.items, &format!("limit={limit}"));
            let page = kit.json(&url, "")?;
            let Some(returned) = page["numberReturned"].as_u64() else { continue };
            ensure!(
                returned == features(&page).len() as u64,
                "{url}: numberReturned {returned}, {} features",
                features(&page).len()
            );
        }
    }
    Ok(())
}

fn number_matched(kit: &Kit) -> Checked {
    let mut seen = false;
    for collection in kit.collections()? {
        for filter in filters(kit, collection)? {
            let url = with(&with(&collection.items, &filter), "limit=1000");
            seen |= walk(kit, &url)?.matched.is_some();
        }
    }
    if seen { Ok(()) } else { skip("there is no numberMatched") }
}

fn next_keeps(kit: &Kit) -> Checked {
    let mut seen = false;
    for collection in kit.collections()? {
        let url = with(&collection.items, "limit=1&bbox=-180%2C-90%2c180,90&datetime=..%2F2100-01-01T00%3A00%3A00Z");
        let page = kit.json(&url, "")?;
        let Some(next) = links(&page, "next").first().and_then(|link| link["href"].as_str()).map(str::to_owned) else {
            continue;
        };
        seen = true;
        let (asked, kept) = (parameters(&url), parameters(&next));
        for (name, value) in asked.iter().filter(|(name, _)| !["offset", "cursor"].contains(&name.as_str())) {
            ensure!(kept.get(name) == Some(value), "{url}: next has {name}={:?}, not {value}", kept.get(name));
        }
    }
    if seen { Ok(()) } else { skip("no collection has a second page") }
}

fn walks_back(kit: &Kit) -> Checked {
    let mut seen = false;
    for collection in kit.collections()? {
        let size = 7;
        let forward = walk(kit, &with(&collection.items, &format!("limit={size}")))?;
        if !forward.whole || links(&forward.last, "prev").is_empty() {
            continue;
        }
        seen = true;
        let mut page = forward.last.clone();
        let mut back: Vec<String> = features(&page).iter().map(id_of).collect();
        for _ in 0..MOST_PAGES {
            let Some(prev) = links(&page, "prev").first().and_then(|link| link["href"].as_str()).map(str::to_owned)
            else {
                break;
            };
            page = kit.json(&resolve(&collection.items, &prev), "")?;
            let mut ids: Vec<String> = features(&page).iter().map(id_of).collect();
            ids.append(&mut back);
            back = ids;
        }
        ensure!(
            back == forward.ids,
            "{}: the way back has {} features, the way there {}",
            collection.items,
            back.len(),
            forward.ids.len()
        );
    }
    if seen { Ok(()) } else { skip("no collection has a link back") }
}

fn next_of_a_page(kit: &Kit) -> Checked {
    if !kit.declares("ogcapi-features-1/1.0/conf/html")? {
        return skip("the class html is not declared");
    }
    let mut seen = false;
    for collection in kit.collections()?.iter().take(3) {
        // The link to the items may say a format, which beats what is accepted.
        let url = with(&format!("{}/items", collection.url), "limit=1");
        let page = kit.get(&url, HTML)?;
        ensure!(
            page.status == 200 && page.media_type() == HTML,
            "{url} as a page: {} {}",
            page.status,
            page.media_type()
        );
        let text = String::from_utf8_lossy(&page.body).into_owned();
        let Some(href) = text.split('<').find_map(next_in) else { continue };
        seen = true;
        let next = resolve(&url, &href);
        let page = kit.get(&next, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")?;
        ensure!(page.status == 200 && page.media_type() == HTML, "{next}: {} {}", page.status, page.media_type());
    }
    if seen { Ok(()) } else { skip("no page tells its next by rel=\"next\"") }
}

/// Where a tag of HTML leads, if it is a link to the next page.
fn next_in(tag: &str) -> Option<String> {
    let tag = tag.split('>').next().filter(|tag| tag.starts_with("a ") || tag.starts_with("link "))?;
    let value = |name: &str| {
        let rest = tag.split_once(&format!(" {name}="))?.1;
        match rest.chars().next()? {
            quote @ ('"' | '\'') => rest[1..].split(quote).next(),
            _ => rest.split(' ').next(),
        }
    };
    value("rel").filter(|rel| rel.split(' ').any(|word| word == "next"))?;
    value("href").map(|href| href.replace("&amp;", "&"))
}
