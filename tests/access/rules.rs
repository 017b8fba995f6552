//! What rules leave of the data.

use std::fmt::Write;

use graticule::Server;

use crate::kit::{Answer, ask, basic, faulty, names, server, users};

async fn as_user(server: &Server, name: &str, url: &str) -> Answer {
    match name {
        "" => ask(server, url, &[]).await,
        name => ask(server, url, &[("authorization", &basic(name, name))]).await,
    }
}

async fn count(server: &Server, name: &str) -> Option<u64> {
    let answer = as_user(server, name, "/ogcapi/collections/countries/items?limit=1").await;
    (answer.status != 404).then(|| answer.matched())
}

fn rule(text: &str) -> String {
    format!("[[access.rules]]\nlayers = 'countries'\n{text}\n")
}

#[tokio::test]
async fn a_layer_without_a_rule_is_open_and_one_with_is_closed_but_for_what_it_grants() {
    let server = server(&format!("{}{}", users(&["ann:reader", "bob"]), rule("roles = ['reader']")));
    assert_eq!(count(&server, "ann").await, Some(177));
    for name in ["", "bob"] {
        for path in ["", "/items", "/items/2", "/items?name=x", "/items?no=x", "/queryables", "/schema"] {
            let hidden = as_user(&server, name, &format!("/ogcapi/collections/countries{path}")).await;
            let missing = as_user(&server, name, &format!("/ogcapi/collections/nowhere{path}")).await;
            assert_eq!(hidden.status, 404, "{path}");
            assert_eq!(hidden.status, missing.status);
            // It is as if it did not exist.
            let anonymous = |answer: &Answer, id: &str| {
                let mut json = answer.json();
                json["request_id"] = "".into();
                json.to_string().replace(id, "ID")
            };
            assert_eq!(anonymous(&hidden, "countries"), anonymous(&missing, "nowhere"));
        }
        for path in
            ["/ogcapi/collections", "/ogcapi/api", "/api", "/", "/ogcapi", "/ogcapi/collections?f=html", "/?f=html"]
        {
            let answer = as_user(&server, name, path).await;
            assert!(answer.status == 200 && !answer.text.contains("ountries/"), "{path}: {}", answer.text);
        }
        assert_eq!(as_user(&server, name, "/ogcapi/collections/cities/items").await.matched(), 243);
    }
    assert!(as_user(&server, "ann", "/ogcapi/collections").await.text.contains("countries/"));
    assert!(as_user(&server, "ann", "/ogcapi/api").await.text.contains("countries"));
    // The other project has no rule.
    assert_eq!(as_user(&server, "", "/x/ogcapi/collections/countries/items").await.matched(), 177);
}

#[tokio::test]
async fn neither_the_map_nor_an_error_tells_of_a_hidden_layer() {
    let server = server(&format!("{}{}", users(&["ann:reader"]), rule("roles = ['reader']")));
    for path in
        ["/map", "/map?f=html", "/ogcapi/collections/contries", "/ogcapi/collections/contries?f=html", "/?f=html"]
    {
        let answer = as_user(&server, "", path).await;
        assert!(!answer.text.contains("countries"), "{path}: {}", answer.text);
        assert!(as_user(&server, "ann", path).await.text.contains("countries"), "{path}");
    }
}

#[tokio::test]
async fn everybody_and_authenticated() {
    let all = users(&["ann", "bob:reader"]);
    let rules = rule("roles = '*'\nrows = \"continent = 'Africa'\"")
        + &rule("roles = 'authenticated'\nrows = \"continent = 'Asia'\"");
    let server = server(&format!("{all}{rules}"));
    assert_eq!(count(&server, "").await, Some(51));
    assert_eq!(count(&server, "ann").await, Some(51 + 47));
    assert_eq!(count(&server, "bob").await, Some(51 + 47));
}

#[tokio::test]
async fn a_form_offers_no_value_that_is_hidden() {
    let all = users(&["ann:all", "bob:europe", "eve:nameless"]);
    let rules = rule("roles = 'all'")
        + &rule("roles = 'europe'\nrows = \"continent = 'Europe'\"")
        + &rule("roles = 'nameless'\nproperties = ['name']");
    let server = server(&format!("{all}{rules}"));
    let offered = async |name: &str| {
        let page = as_user(&server, name, "/ogcapi/collections/countries/items?limit=1&f=html").await.text;
        let lists: Vec<&str> =
            page.split("<datalist").skip(1).map(|rest| &rest[..rest.find("</datalist>").unwrap()]).collect();
        lists.join("\n")
    };
    // Who sees all comes before and after those who do not.
    for _ in 0..2 {
        let all = offered("ann").await;
        assert!(all.contains("\"Africa\"") && all.contains("\"Europe\"") && !all.contains("Fiji"), "{all}");
        let some = offered("bob").await;
        assert!(some.contains("\"Europe\"") && !some.contains("Africa") && !some.contains("Asia"), "{some}");
        assert_eq!(offered("eve").await, "");
    }
}

#[tokio::test]
async fn rules_that_match_are_joined() {
    let all = users(&["ann:africa", "bob:africa,europe", "eve:africa,all", "wes:writer", "wea:writer,africa"]);
    let rules = rule("roles = 'africa'\nrows = \"continent = 'Africa'\"\nproperties = ['name', 'continent']")
        + &rule("roles = 'europe'\nrows = \"continent = 'Europe'\"\nproperties = ['name', 'iso_a3']")
        + &rule("roles = 'all'")
        + &rule("roles = 'writer'\noperations = ['insert', 'update']");
    let server = server(&format!("{all}{rules}"));
    let properties = async |name: &str| {
        let answer = as_user(&server, name, "/ogcapi/collections/countries/items?limit=1").await;
        let json = answer.json();
        let mut names: Vec<String> = json["features"][0]["properties"].as_object().unwrap().keys().cloned().collect();
        names.sort();
        (answer.matched(), names.join(" "))
    };
    assert_eq!(properties("ann").await, (51, "continent name".to_owned()));
    assert_eq!(properties("bob").await, (90, "continent iso_a3 name".to_owned()));
    assert_eq!(properties("eve").await, (177, "continent gdp_md_est iso_a3 name pop_est".to_owned()));
    // Whoever may only write sees nothing, and opens nothing for reading.
    assert_eq!(count(&server, "wes").await, None);
    assert_eq!(properties("wea").await, (51, "continent name".to_owned()));
}

#[tokio::test]
async fn what_is_cut_away_leaks_nowhere() {
    let all = users(&["ann:reader"]);
    let rules = rule("roles = 'reader'\nrows = \"continent = 'Africa'\"\nproperties = ['name']");
    let server = server(&format!("{all}{rules}"));
    let ann = async |url: &str| as_user(&server, "ann", url).await;
    let page = ann("/ogcapi/collections/countries/items?limit=200").await;
    assert!(page.matched() == 51 && names(&page).len() == 51 && !page.text.contains("continent"));
    assert!(!names(&page).contains(&"Fiji".to_owned()));
    assert_eq!(ann("/ogcapi/collections/countries/items/1").await.status, 404, "Fiji");
    assert_eq!(ann("/ogcapi/collections/countries/items/2").await.status, 200, "Tanzania");
    assert_eq!(ann("/ogcapi/collections/countries/items?name=Fiji").await.matched(), 0);
    assert_eq!(ann("/ogcapi/collections/countries/items?continent=Asia").await.status, 400);
    let api = ann("/ogcapi/api").await.text;
    assert!(!api.contains("continent") && !api.contains("pop_est"));
    assert!(!ann("/ogcapi/collections/countries").await.text.contains("continent"));
    let bbox = ann("/ogcapi/collections/countries").await.json()["extent"]["spatial"]["bbox"][0].clone();
    assert!(bbox[0].as_f64().unwrap() > -30.0 && bbox[2].as_f64().unwrap() < 60.0, "{bbox}");
    assert_eq!(page.header("cache-control"), "private, no-cache");
}

#[tokio::test]
async fn claims_are_values_whatever_they_say() {
    let mut all = users(&["Africa"]);
    for (name, claim) in [
        ("bob", "' OR 1=1 --"),
        ("eve", "Africa' OR 'a'='a"),
        ("joe", "'||(SELECT name FROM countries)||'"),
        ("lee", ":name"),
        ("max", "%"),
        ("ned", "name"),
        ("tim", "Europe"),
        ("nul", "Africa\\u0000"),
    ] {
        let hash = crate::kit::hash_at(name, 8, 1);
        let _ =
            write!(all, "[[access.users]]\nname = '{name}'\npassword = '{hash}'\nclaims = {{ part = \"{claim}\" }}\n");
    }
    let bound = server(&(all.clone() + &rule("roles = '*'\nrows = 'continent = :part'")));
    for name in ["", "Africa", "bob", "eve", "joe", "lee", "max", "ned", "nul"] {
        assert_eq!(count(&bound, name).await, Some(0), "{name}");
    }
    assert_eq!(count(&bound, "tim").await, Some(39));
    // Nobody's value makes NOT true.
    let negated = server(&(all.clone() + &rule("roles = '*'\nrows = 'NOT (continent = :part)'")));
    assert_eq!(count(&negated, "").await, Some(0));
    assert_eq!(count(&negated, "Africa").await, Some(0));
    assert_eq!(count(&negated, "bob").await, Some(177));
    assert_eq!(count(&negated, "tim").await, Some(138));
    let named = server(&(all.clone() + &rule("roles = '*'\nrows = 'continent = :name'")));
    assert_eq!((count(&named, "Africa").await, count(&named, "").await), (Some(51), Some(0)));
    let numbers = server(&(all + &rule("roles = '*'\nrows = 'pop_est > :part OR fid = :part'")));
    assert_eq!(count(&numbers, "bob").await, Some(0));
    let roles = users(&["ann:Asia,Africa", "bob"]) + &rule("roles = '*'\nrows = 'continent IN (:roles)'");
    let roles = server(&roles);
    assert_eq!((count(&roles, "ann").await, count(&roles, "bob").await), (Some(98), Some(0)));
}

#[tokio::test]
async fn a_fault_is_told_and_closes_its_layers() {
    for (fault, told) in [
        ("roles = '*'\nrows = 'continent = '", "rows"),
        ("roles = '*'\nrows = 'contnent = :name'", "did you mean 'continent'"),
        ("roles = '*'\nrows = 'pop_est = \\'a\\''", "number"),
        ("roles = '*'\nrows = 'name < :roles'", "IN (:roles)"),
        ("roles = '*'\nproperties = ['nmae']", "no property 'nmae'"),
        ("roles = '*'\noperations = ['read', 'write']", "no operation 'write'"),
        ("roles = []", "no role"),
    ] {
        let fault = fault.replace("'pop_est = \\'a\\''", "\"pop_est = 'a'\"");
        // Another rule that grants all does not open what is closed.
        let (server, faults) = faulty(&format!("{}{}{}", users(&["ann:r"]), rule(&fault), rule("roles = ['r', '*']")));
        assert!(faults.len() == 1 && faults[0].contains(told) && faults[0].contains("access rule 1"), "{faults:?}");
        assert_eq!((count(&server, "").await, count(&server, "ann").await), (None, None), "{fault}");
        assert_eq!(as_user(&server, "", "/ogcapi/collections/cities/items").await.status, 200);
    }
    let (_, faults) = faulty(
        "[[access.rules]]\nlayers = ['nowhere', 'cities']\nroles = '*'\n[[access.rules]]\nproject = 'y'\nlayers = '*'\nroles = '*'",
    );
    assert!(faults[0].contains("no layer 'nowhere'") && faults[1].contains("no project 'y'"), "{faults:?}");
}

#[tokio::test]
async fn projects_have_rules_of_their_own() {
    let server = server("[[access.rules]]\nproject = 'x'\nlayers = '*'\nroles = 'nobody'");
    for url in ["/x/ogcapi/collections/cities/items", "/ogcapi/collections/cities/items?MAP=x"] {
        assert_eq!(ask(&server, url, &[]).await.status, 404, "{url}");
    }
    assert_eq!(ask(&server, "/ogcapi/collections/cities/items", &[]).await.status, 200);
    assert_eq!(ask(&server, "/x/ogcapi/collections", &[]).await.json()["collections"], serde_json::json!([]));
}

#[tokio::test]
async fn who_may_share_an_answer() {
    let url = "/ogcapi/collections/countries/items?limit=1";
    let same = server(&rule("roles = '*'\nrows = \"continent = 'Africa'\""));
    assert_eq!(ask(&same, url, &[]).await.header("cache-control"), "no-cache", "the same for everybody");
    let other = server(&(users(&["ann"]) + &rule("roles = ['authenticated', '*']")));
    assert_eq!(ask(&other, url, &[]).await.header("cache-control"), "private, no-cache");
}
