use serde_json::{Value, json};

use super::*;

const EVIL: &str = "\"'><script>alert(1)</script>";
const SCRIPT: &str = "javascript:alert(1)";

fn urls() -> PageUrls {
    PageUrls { base: "http://h/prefix".into(), up: "../".into() }
}

/// A context whose every text and address from data is `text`.
fn context(data: &Value, text: &str, href: &str) -> Value {
    let link = json!({ "href": href, "rel": "next", "type": "application/geo+json", "title": text });
    let parameter = |name: &str, kind: &str| json!({ "name": name, "type": kind, "in": "query", "required": true, "description": text, "value": text });
    json!({
        "data": data,
        "links": [{ "href": "http://h/prefix/a/items?f=html", "rel": "self", "type": "text/html", "title": text }, link],
        "operation": {
            "id": "x", "summary": text, "description": text,
            "parameters": [
                parameter("x", "number"), parameter("limit", "integer"), parameter("filter", "string"), parameter("bbox", "array"), parameter("sortby", "string"),
                { "name": text, "type": "string", "in": "query", "required": false, "description": text, "enum": [text], "default": text },
            ],
        },
        "params": { "x": text, "limit": "10", "offset": text, "filter": text, "bbox": text, text: text },
        "error": { "title": text, "detail": text, "parameter": "x", "status": 400 },
        "schema": [{ "name": "name", "title": text, "type": "string", "description": text }, { "name": text, "type": "number" }],
        "has_geometry": true, "has_time": true, "most": 100, "urls": { "api": text, "items": text, "ows": text }, "key": { "name": text, "type": text }, "geometry": { "name": text, "type": text, "has_z": true },
        "services": [{ "href": href, "name": text, "version": text, "type": text, "title": text }], "json_ld": { "name": text, "url": href, text: [text] },
        "conditions": [{ "text": text, "rest": text, "property": text, "operator": text, "value": text }, { "text": text, "rest": null }],
        "page": {
            "title": text, "breadcrumbs": [{ "title": text, "href": href }, { "title": text }],
            "formats": [{ "name": "geojson", "label": text, "href": href, "type": "application/geo+json" }],
            "base": "http://h/prefix", "home": "http://h/prefix/", "request_id": text, "project": { "title": text, "description": text },
            "map": { "tile_url": text, "attribution": text, "library": true }, "version": text,
        },
    })
}

/// The shapes that `data` has, all in one: each page finds its own members.
fn data(text: &str, href: &str) -> Vec<Value> {
    let link = |rel: &str| json!({ "href": href, "rel": rel, "type": "text/html", "title": text });
    let links: Vec<Value> = ["items", "data", "root", "license", "prev"].map(link).into();
    let feature = json!({
        "type": "Feature", "id": text, "geometry": { "type": "Point", "coordinates": [7, 46] }, "links": links,
        "properties": { "name": text, text: text, "url": SCRIPT, "nested": { text: [text, null, true] }, "none": null },
    });
    let collection = json!({
        "id": text, "title": text, "description": text, "itemType": text, "crs": [text], "storageCrs": text, "storageCrsCoordinateEpoch": text, "links": links,
        "extent": { "spatial": { "bbox": [[1, 2, 3, 4]] }, "temporal": { "interval": [[text, null]] } },
    });
    let all = json!({
        "title": text, "description": text, "status": 404, "detail": text, "parameter": text, "request_id": text,
        "roots": [{ "title": text, "href": href }],
        "functions": [{ "name": text, "description": text, "arguments": [{ "title": text, "type": [text] }, text], "returns": [text, href] }, text], "conformsTo": [text, href], "links": links,
        "projects": [{ "name": text, "title": text, "description": text, "href": href }],
        "apis": [{ "title": text, "description": text, "version": text, "links": links }],
        "layers": [{ "id": text, "title": text, "description": text, "kind": text, "legend": href, "attribution": text, "shown": true, "links": [link("collection"), link("items")] }],
        "wms": href, "services": [{ "title": text, "links": links }], "collections": [collection.clone()],
    });
    let list =
        json!({ "type": "FeatureCollection", "features": [feature.clone()], "numberMatched": 1, "links": links });
    vec![Value::Null, json!({}), all, list, feature, collection, json!([{ text: text }]), json!(text)]
}

fn pages() -> Vec<&'static str> {
    assets::templates()
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with("parts/") && *name != "base.html")
        .collect()
}

#[test]
fn hostile_data_never_becomes_markup_or_a_script() {
    let templates = Templates::load(None).unwrap();
    for name in pages() {
        for data in data(EVIL, SCRIPT) {
            let page = templates.render(name, &context(&data, EVIL, SCRIPT), &urls()).unwrap();
            assert!(!page.contains("<script>alert"), "{name}: {data}");
            assert!(!page.contains("\"'>"), "{name}: {data}");
            for attribute in ["href", "src", "action", "data-url", "data-src"] {
                assert!(!page.contains(&format!("{attribute}=\"javascript")), "{name}: {attribute} in {data}");
            }
        }
    }
}

#[test]
fn pages_load_nothing_from_other_hosts_and_have_no_inline_scripts() {
    let templates = Templates::load(None).unwrap();
    for name in pages() {
        for data in data("text", "http://h/prefix/a?f=html") {
            let page = templates.render(name, &context(&data, "text", "http://h/prefix/a?f=html"), &urls()).unwrap();
            assert!(!page.contains("=\"http://h"), "{name} has an absolute URL in an attribute");
            for script in page.split("<script").skip(1) {
                if script.starts_with(" type=\"application/ld+json\">") {
                    let words = script.split_once('>').unwrap().1.split_once('<').unwrap();
                    assert!(words.1.starts_with("/script>"), "{name}: {script:.80}");
                    serde_json::from_str::<Value>(words.0).unwrap();
                    continue;
                }
                assert!(script.contains("src=\"../static/"), "{name}: {script:.80}");
                assert!(script.split_once('>').unwrap().1.starts_with("</script>"), "{name} has an inline script");
            }
            assert!(!page.contains(" onclick") && !page.contains(" onload") && !page.contains(" onsubmit"), "{name}");
        }
    }
}

#[test]
fn a_page_needs_no_optional_member() {
    let templates = Templates::load(None).unwrap();
    for name in pages() {
        templates.render(name, &json!({}), &PageUrls::default()).unwrap();
    }
}

#[test]
fn a_collection_that_can_be_searched_has_a_field_for_it() {
    let list = json!({ "features": [{ "id": 1, "properties": {} }] });
    let mut context = context(&list, "text", "#");
    let q = json!({ "name": "q", "type": "array", "in": "query", "required": false, "description": "words" });
    context["operation"]["parameters"].as_array_mut().unwrap().push(q);
    context["params"] = json!({ "q": "a \"b\"", "limit": "5", "offset": "10", "cursor": "x" });
    let page = Templates::load(None).unwrap().render("getFeatures.html", &context, &urls()).unwrap();
    let form = &page[page.find("role=\"search\"").unwrap()..];
    let form = &form[..form.find("</form>").unwrap()];
    assert!(
        form.contains("name=\"q\" value=\"a &quot;b&quot;\"") && form.contains("name=\"limit\" value=\"5\""),
        "{form}"
    );
    assert!(!form.contains("offset") && !form.contains("cursor"), "{form}");
    assert!(page.contains("<span class=\"chip-label\">Search</span>"));
}

#[test]
fn a_feature_is_linked_by_its_escaped_id() {
    let list = json!({ "features": [{ "id": "a/b ?", "properties": { "name": "x" } }] });
    let page =
        Templates::load(None).unwrap().render("getFeatures.html", &context(&list, "text", "#"), &urls()).unwrap();
    assert!(page.contains("items/a%2Fb%20%3F\""), "{page}");
}

#[test]
fn a_feature_with_an_empty_id_led_to_the_list_that_it_stands_in() {
    let list = json!({ "features": [{ "id": "", "properties": { "name": "x" } }] });
    let page =
        Templates::load(None).unwrap().render("getFeatures.html", &context(&list, "text", "#"), &urls()).unwrap();
    let row = &page[page.find("<tr data-feature=\"\"").unwrap()..];
    let row = &row[..row.find("</tr>").unwrap()];
    assert!(!row.contains("href"), "{row}");
}

#[test]
fn without_the_map_library_the_page_says_so() {
    let list = json!({ "features": [] });
    let mut context = context(&list, "text", "#");
    context["page"]["map"]["library"] = false.into();
    let page = Templates::load(None).unwrap().render("getFeatures.html", &context, &urls()).unwrap();
    assert!(page.contains("The map library is not part of this build: run <code>make</code>."));
    assert!(!page.contains("leaflet"));
}

#[test]
fn a_folder_overrides_by_file_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("static")).unwrap();
    std::fs::write(
        folder.path().join("error.html"),
        "{% extends 'base.html' %}{% block main %}mine {{ data }}{% endblock %}",
    )
    .unwrap();
    std::fs::write(folder.path().join("Mine.html"), "<p>{{ data }}</p>").unwrap();
    std::fs::write(folder.path().join("static/graticule.css"), "body { color: red }").unwrap();
    std::fs::write(folder.path().join("static/.secret"), "x").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "{% no template").unwrap();

    let mut templates = Templates::load(Some(folder.path())).unwrap();
    let page = templates.render("error.html", &json!({ "data": "<b>" }), &urls()).unwrap();
    assert!(page.contains("mine &lt;b&gt;") && page.contains("<header"));
    assert_eq!(templates.static_file("graticule.css").unwrap().bytes, "body { color: red }");
    assert!(templates.static_file("map.js").is_some());
    for path in ["../error.html", "..", ".secret", "/etc/passwd", "", "static/graticule.css"] {
        assert!(templates.static_file(path).is_none(), "{path}");
    }

    // The publisher's folder beats a handler author's template; both are checked.
    templates.add("Mine.html", "author".into()).unwrap();
    templates.add("Other.html", "author".into()).unwrap();
    assert_eq!(templates.render("Mine.html", &json!({ "data": 1 }), &urls()).unwrap(), "<p>1</p>");
    assert!(templates.has("Other.html") && !templates.has("Missing.html"));
    assert!(templates.add("Mine.html", "{% if %}".into()).is_err());
}

#[test]
fn all_faults_are_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("parts")).unwrap();
    std::fs::write(folder.path().join("error.html"), "one\n{% if %}").unwrap();
    std::fs::write(folder.path().join("parts/map.html"), "{{").unwrap();
    std::fs::write(folder.path().join("latin.html"), b"\xe9").unwrap();
    let faults = Templates::load(Some(folder.path())).err().unwrap();
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("error.html:2: ")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("map.html:1: ")), "{faults:?}");

    let faults = Templates::load(Some(&folder.path().join("missing"))).err().unwrap();
    assert!(faults[0].contains("missing: "), "{faults:?}");
}

#[test]
fn a_failing_template_is_told_to_the_log_alone() {
    let mut templates = Templates::load(None).unwrap();
    templates.add("Bad.html", "one\n{{ 1|nonsense }}".into()).unwrap();
    let error = templates.render("Bad.html", &json!({}), &urls()).unwrap_err();
    assert_eq!(error.kind(), crate::Kind::Internal);
    assert!(!error.message().contains("nonsense"));
    assert!(error.cause().unwrap().to_string().contains("Bad.html:2: "), "{error:?}");
}

#[test]
fn paths_and_queries_are_made_from_the_page() {
    let mut templates = Templates::load(None).unwrap();
    let source = "{{ path_append('b c') }} {{ path_chomp(1) }} {{ path_chomp(9) }} {{ static('a.css') }} \
                  {{ query(params, offset=none, sortby='-x') }} {{ starts_with('abc', 'ab') }} {{ content_type_name('text/html') }}";
    templates.add("Paths.html", source.into()).unwrap();
    let context = json!({
        "links": [{ "rel": "self", "href": "http://h/prefix/a/items.html?x=1" }],
        "params": { "q": "a&b", "offset": "3" },
    });
    let page = templates.render("Paths.html", &context, &urls()).unwrap().replace("&amp;", "&");
    let page = page.replace(&templates.version, "VERSION");
    assert_eq!(page, "../a/items/b c ../a ../ ../static/VERSION/a.css ?q=a%26b&sortby=-x true HTML");
}
