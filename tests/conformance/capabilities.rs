//! Landing page, API definition, conformance (Part 1, 7.2 to 7.4) and HTTP (7.5 to 7.10).

use super::Check;
use super::kit::{Checked, HTML, JSON, Kit, fail, parse, resolve, send, with};
use crate::ensure;
use crate::harness::client::links;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/core/root-op", "the landing page answers GET, with and without a slash", root_op),
    ("/req/core/root-success", "it is 200 and leads to definition, conformance and data", root_success),
    ("/req/core/api-definition-op", "every link to a definition answers", api_definition_op),
    ("/req/core/api-definition-success", "with 200 and the media type that the link says", api_definition_success),
    ("/req/core/conformance-op", "the conformance declaration answers at its path", conformance_op),
    ("/req/core/conformance-success", "it is a list of URIs with that of core", conformance_success),
    ("/req/core/http", "HTTP/1.1; HEAD is GET without a body; unknown paths are 404, other methods 405", http),
    ("/req/core/query-param-unknown", "a parameter that is not declared is 400, on every resource", unknown),
    ("/rec/core/cross-origin", "scripts of other origins may read answers, and ask before they send", cross_origin),
    ("/per/core/additional-status-codes", "a format that is not offered is 406", not_acceptable),
];

fn root_op(kit: &Kit) -> Checked {
    for url in [kit.root.clone(), format!("{}/", kit.root)] {
        let answer = kit.get(&url, JSON)?;
        ensure!(answer.status == 200, "{url}: status {}", answer.status);
    }
    Ok(())
}

fn root_success(kit: &Kit) -> Checked {
    let landing = kit.landing()?;
    kit.linked(&["service-desc", "service-doc"])?;
    kit.linked(&["conformance", "http://www.opengis.net/def/rel/ogc/1.0/conformance"])?;
    kit.collections_url()?;
    for link in landing["links"].as_array().into_iter().flatten() {
        ensure!(
            link["href"].is_string() && link["rel"].is_string(),
            "a link of the landing page lacks href or rel: {link}"
        );
    }
    Ok(())
}

fn api_definition_op(kit: &Kit) -> Checked {
    definitions(kit, |url, _, answer| {
        ensure!((200..400).contains(&answer.status), "{url}: status {}", answer.status);
        Ok(())
    })
}

fn api_definition_success(kit: &Kit) -> Checked {
    definitions(kit, |url, media_type, answer| {
        ensure!(answer.status == 200, "{url}: status {}", answer.status);
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        ensure!(
            essence.is_empty() || answer.media_type() == essence,
            "{url} is {}, its link says {media_type}",
            answer.media_type()
        );
        Ok(())
    })
}

fn definitions(kit: &Kit, check: impl Fn(&str, &str, &crate::harness::client::Answer) -> Checked) -> Checked {
    let landing = kit.landing()?;
    let all: Vec<_> = ["service-desc", "service-doc"].iter().flat_map(|rel| links(landing, rel)).collect();
    ensure!(!all.is_empty(), "the landing page has no link to a definition");
    for link in all {
        let url = resolve(&kit.root, link["href"].as_str().unwrap_or_default());
        let media_type = link["type"].as_str().unwrap_or_default();
        check(&url, media_type, &kit.get(&url, media_type)?)?;
    }
    Ok(())
}

fn conformance_op(kit: &Kit) -> Checked {
    let url = format!("{}/conformance", kit.root);
    let answer = kit.get(&url, JSON)?;
    ensure!(answer.status == 200, "{url}: status {}", answer.status);
    Ok(())
}

fn conformance_success(kit: &Kit) -> Checked {
    let url = format!("{}/conformance", kit.root);
    let declared = kit.json(&url, JSON)?;
    let Some(classes) = declared["conformsTo"].as_array() else { return fail("conformsTo is no array") };
    ensure!(classes.iter().all(serde_json::Value::is_string), "conformsTo has something that is no text");
    ensure!(
        classes.iter().any(|class| class == "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"),
        "the class core is not declared"
    );
    Ok(())
}

/// Every kind of resource: landing page, conformance, collections, a collection, its items, one of them.
fn resources(kit: &Kit) -> Checked<Vec<String>> {
    let collection = &kit.collections()?[0];
    let mut all = vec![
        kit.root.clone(),
        kit.linked(&["conformance", "http://www.opengis.net/def/rel/ogc/1.0/conformance"])?,
        kit.collections_url()?,
        collection.url.clone(),
        collection.items.clone(),
    ];
    let page = kit.json(&with(&collection.items, "limit=1"), "")?;
    all.extend(links(&page["features"][0], "self").iter().filter_map(|link| link["href"].as_str()).map(str::to_owned));
    Ok(all)
}

fn http(kit: &Kit) -> Checked {
    for url in resources(kit)? {
        let whole = kit.get(&url, JSON)?;
        ensure!(whole.version >= ureq::http::Version::HTTP_11, "{url}: {:?}", whole.version);
        let head = send("HEAD", &url, &[("Accept", JSON)])?;
        ensure!(head.status == 200, "HEAD {url}: status {}", head.status);
        ensure!(head.body.is_empty(), "HEAD {url} has a body");
        ensure!(
            head.header("content-type") == whole.header("content-type"),
            "HEAD {url}: another Content-Type than GET"
        );
        let wrong = send("DELETE", &url, &[])?;
        ensure!([401, 403, 404, 405, 501].contains(&wrong.status), "DELETE {url}: status {}", wrong.status);
        ensure!(wrong.status != 405 || !wrong.header("allow").is_empty(), "DELETE {url}: 405 without Allow");
    }
    for path in
        ["nothing-here", "collections/there-is-no-such-collection", "collections/there-is-no-such-collection/items"]
    {
        let url = format!("{}/{path}", kit.root);
        let answer = kit.get(&url, JSON)?;
        ensure!(answer.status == 404, "{url}: status {}", answer.status);
    }
    Ok(())
}

fn unknown(kit: &Kit) -> Checked {
    for url in resources(kit)? {
        let url = with(&url, "thereisnosuchparameter=1");
        let answer = kit.get(&url, JSON)?;
        ensure!(answer.status == 400, "{url}: status {}", answer.status);
    }
    Ok(())
}

fn cross_origin(kit: &Kit) -> Checked {
    for url in resources(kit)? {
        let origin = ("Origin", "https://maps.example");
        let answer = send("GET", &url, &[origin, ("Accept", JSON)])?;
        let allowed = answer.header("access-control-allow-origin");
        ensure!(allowed == "*" || allowed == origin.1, "{url}: Access-Control-Allow-Origin is '{allowed}'");
        let asks =
            [origin, ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "authorization")];
        let preflight = send("OPTIONS", &url, &asks)?;
        ensure!((200..300).contains(&preflight.status), "preflight of {url}: status {}", preflight.status);
        let headers = preflight.header("access-control-allow-headers").to_ascii_lowercase();
        ensure!(headers.contains("authorization"), "preflight of {url} allows '{headers}'");
    }
    Ok(())
}

fn not_acceptable(kit: &Kit) -> Checked {
    for url in resources(kit)? {
        let answer = kit.get(&url, "image/x-no-such-format")?;
        ensure!([200, 406].contains(&answer.status), "{url}: status {}", answer.status);
        for accept in ["*/*", "application/*", ""] {
            let answer = kit.get(&url, accept)?;
            ensure!(answer.status == 200, "{url} with Accept '{accept}': status {}", answer.status);
            ensure!(answer.media_type() != HTML, "{url} with Accept '{accept}' is a page");
            parse(&answer)?;
        }
    }
    Ok(())
}
