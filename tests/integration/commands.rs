//! The commands: what they print, where they write, how they end.

use std::process::Output;

use crate::harness::server::{Server, program, run, stderr, stdout};
use crate::harness::{SAMPLE, odd, text};

#[track_caller]
fn ended(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}{}", stdout(output), stderr(output));
}

#[test]
fn bad_usage_exits_with_2() {
    for args in
        [&["nonsense"][..], &[], &["serve", "--nonsense"], &["serve", "--log-format", "xml"], &["init"], &["templates"]]
    {
        let output = run(args);
        ended(&output, 2);
        assert!(!stderr(&output).is_empty());
    }
}

#[test]
fn help_tells_every_option() {
    for command in ["serve", "init", "check", "openapi", "templates"] {
        let output = run(&[command, "--help"]);
        ended(&output, 0);
        assert!(stdout(&output).len() > 200);
    }
    let help = stdout(&run(&["serve", "--help"]));
    for word in ["--listen", "--project", "--base-url", "GRATICULE_LISTEN", "GRATICULE_PROJECT"] {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert!(stdout(&run(&["--version"])).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_cannot_be_served_is_told_and_exits_with_1() {
    for args in [
        &["serve", "/nowhere/at/all.gpkg"][..],
        &["serve", "--project", "/nowhere/at/all.toml"],
        &["serve", "--listen", "nonsense"],
        &["serve", "--listen", "256.0.0.1:80"],
        &["serve", "--base-url", "ftp://x"],
        &["serve", "--trusted-proxies", "nonsense"],
        &["serve", "--ogcapi", "no-slash"],
        &["serve", "--log", "a=b=c"],
        &["check", "/nowhere/at/all.gpkg"],
        &["init", "/nowhere/at/all.gpkg"],
        &["openapi", "--api", "/nothing"],
    ] {
        let output = run(args);
        assert!([1, 2].contains(&output.status.code().unwrap()), "{args:?}: {:?}", output.status);
        assert!(stderr(&output).contains(args[args.len() - 1]), "{args:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
    }
}

#[test]
fn a_level_of_the_log_that_there_is_none_was_taken_for_a_module() {
    for (level, word) in [("foo", "expected error, warn, info, debug"), ("info,foo", "expected error")] {
        let output = run(&["serve", "--log", level, "/nowhere/at/all.gpkg"]);
        ended(&output, 1);
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
    for level in ["warn", "INFO", "off", "graticule=debug", "warn,graticule::gateways=trace", "graticule"] {
        let output = run(&["serve", "--log", level, "/nowhere/at/all.gpkg"]);
        assert!(stderr(&output).contains("does not exist"), "{level}: {}", stderr(&output));
    }
}

#[test]
fn a_file_that_is_missing_in_a_folder_was_told_as_damaged() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["nope", "nope.shp", "nope.tif", "more/nope", "nope.gpkg"] {
        let path = folder.path().join(name);
        let output = run(&["check", text(&path)]);
        ended(&output, 1);
        assert!(stderr(&output).contains(&format!("{name} does not exist")), "{}", stderr(&output));
    }
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["serve", "--listen", &address]);
    ended(&output, 1);
    assert!(stderr(&output).contains(&address));
}

#[test]
fn init_writes_a_project_that_serves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("project.toml");
    let output = run(&["init", SAMPLE, text(odd::file()), "--output", text(&path)]);
    ended(&output, 0);
    let written = std::fs::read_to_string(&path).unwrap();
    toml::from_str::<toml::Table>(&written).unwrap();
    ended(&run(&["check", "--project", text(&path)]), 0);
    let server = Server::start(&["--project", text(&path)]);
    assert_eq!(server.json("/ogcapi/collections/cities/items")["numberMatched"], 243);
    assert_eq!(server.json("/ogcapi/collections/quo'te%22s/items")["numberMatched"], 2);
    // A file that is there is not written over.
    ended(&run(&["init", SAMPLE, "--output", text(&path)]), 1);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
}

#[test]
fn init_takes_what_serve_takes() {
    let folder = tempfile::tempdir().unwrap();
    let (data, path) = (folder.path().join("data"), folder.path().join("project.toml"));
    std::fs::create_dir(&data).unwrap();
    std::fs::copy(SAMPLE, data.join("world.gpkg")).unwrap();
    std::fs::copy(SAMPLE.replace("natural_earth.gpkg", "elevation.tif"), data.join("dem.tif")).unwrap();
    std::fs::write(data.join("cities.csv"), "name,x,y\nA,1,2\nB,3,4\n").unwrap();
    ended(&run(&["init", text(&data), "--output", text(&path)]), 0);
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.contains("source = \"data/dem.tif\"\nid = \"dem\""), "{written}");
    assert!(written.contains("layer = \"cities\"\nid = \"cities_2\""), "two of a name: {written}");
    ended(&run(&["check", "--project", text(&path)]), 0);
    let server = Server::start(&["--project", text(&path)]);
    assert_eq!(server.json("/ogcapi/collections/cities_2/items")["numberMatched"], 243);
    server.get("/coverages/dem").expect(200);
}

#[test]
fn what_is_commented_out_in_a_new_project_is_valid_as_well() {
    let printed = stdout(&run(&["init", SAMPLE]));
    let lines = printed.lines().map(|line| {
        line.strip_prefix("# ").filter(|rest| rest.contains(" = ") || rest.starts_with('[')).unwrap_or(line)
    });
    let all: String = lines.filter(|line| !line.contains("project of Graticule")).collect::<Vec<_>>().join("\n");
    // Examples of files and columns that are not there are faults of their own; what is read is the form.
    let all = all.replace("[projects.NAME]", "[projects.other]");
    if let Err(cause) = toml::from_str::<graticule::project::settings::Project>(&all) {
        panic!("{cause}\n{all}");
    }
}

#[test]
fn check_lists_what_would_be_served() {
    let output = run(&["check", SAMPLE]);
    ended(&output, 0);
    assert!(stdout(&output).contains("countries") && stdout(&output).contains("cities"));
}

#[test]
fn slips_of_the_pen_in_a_project_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slip.toml");
    for (written, told) in [
        ("titel = 'x'", "titel"),
        ("title = ", "line 1"),
        ("[server]\nport = 1", "port"),
        (&format!("layers = [{{ source = '{SAMPLE}', layer = 'towns' }}]"), "countries"),
        (&format!("layers = [{{ source = '{SAMPLE}', layer = 'cities', properties = ['nmae'] }}]"), "nmae"),
        (&format!("layers = [{{ source = '{SAMPLE}', layer = 'cities', time = 'when' }}]"), "when"),
        (&format!("layers = [{{ source = '{SAMPLE}', layer = 'cities', key = 'code' }}]"), "code"),
        (
            &format!(
                "layers = [{{ source = '{SAMPLE}', layer = 'cities', id = 'a' }}, {{ source = '{SAMPLE}', layer = 'countries', id = 'a' }}]"
            ),
            "'a'",
        ),
        (&format!("limit = {{ default = 20, maximum = 10 }}\ndata = ['{SAMPLE}']"), "limit"),
        (&format!("[projects.ogcapi]\ndata = ['{SAMPLE}']"), "ogcapi"),
        (&format!("[projects.'a b']\ndata = ['{SAMPLE}']"), "a b"),
    ] {
        std::fs::write(&path, written).unwrap();
        let output = run(&["check", "--project", text(&path)]);
        ended(&output, 1);
        assert!(stderr(&output).contains(told), "{written}: {}", stderr(&output));
    }
}

#[test]
fn paths_of_a_project_are_relative_to_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(SAMPLE, folder.path().join("here.gpkg")).unwrap();
    let path = folder.path().join("project.toml");
    std::fs::write(&path, "data = ['here.gpkg']").unwrap();
    ended(&program(&["check", "--project", text(&path)]).current_dir("/").output().unwrap(), 0);
    ended(&program(&["check", "--project", "project.toml"]).current_dir(folder.path()).output().unwrap(), 0);
    ended(&program(&["check", "."]).current_dir(folder.path()).output().unwrap(), 0);
}

#[test]
fn the_environment_stands_for_options() {
    let environment = [
        ("GRATICULE_LISTEN", "127.0.0.1:0"),
        ("GRATICULE_DATA", SAMPLE),
        ("GRATICULE_BASE_URL", "https://env.example"),
        ("GRATICULE_OGCAPI", "/features"),
        ("GRATICULE_IGNORE_PARAMETERS", "utm_*,token"),
    ];
    let server = Server::start_with(&[], &environment);
    let landing = server.json("/features?utm_source=x&token=y");
    assert!(landing.to_string().contains("https://env.example/features"));
    server.get("/features?tokens=1").expect(400);
    server.get("/ogcapi").expect(404);
    let given = Server::start_with(&["--base-url", "https://option.example"], &environment);
    assert!(
        given.json("/features").to_string().contains("https://option.example/features"),
        "an option beats the environment"
    );
}

#[test]
fn a_limit_as_option_leaves_the_others_of_the_environment() {
    let environment = [("GRATICULE_LIMIT", "page_features=5,connections=100")];
    let path = "/ogcapi/collections/cities/items?limit=50";
    let server = Server::start_with(&["--limit", "connections=50"], &environment);
    assert_eq!(rows(&server.browse(path).text()), 5, "the environment beats the file");
    let server = Server::start_with(&["--limit", "page_features=7"], &environment);
    assert_eq!(rows(&server.browse(path).text()), 7, "the option beats the environment");
}

/// The features of a page.
fn rows(page: &str) -> usize {
    page.matches("data-feature=").count()
}

#[test]
fn the_roots_can_be_set_and_the_old_one_answers() {
    let server = Server::start(&["--ogcapi", "/geo/features"]);
    assert!(server.json("/geo/features").to_string().contains("/geo/features/collections"));
    let server = crate::harness::server::demo();
    let old = server.json("/wfs3/collections/cities/items?limit=1");
    assert!(!old.to_string().contains("/wfs3"), "links lead to the root: {old}");
}

#[test]
fn templates_are_written_and_one_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("all");
    ended(&run(&["templates", text(&written)]), 0);
    let error = std::fs::read_to_string(written.join("error.html")).unwrap();
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("error.html"), error.replace("{% block main %}", "{% block main %}<p>Our own words</p>"))
        .unwrap();
    let server = Server::start(&["--templates", text(&own)]);
    assert!(server.browse("/nothing").expect(404).text().contains("Our own words"));
    server.browse("/").expect(200);
    // All of the defaults serve as they are.
    let server = Server::start(&["--templates", text(&written)]);
    server.browse("/ogcapi/collections/cities/items").expect(200);
    // A second time changes nothing.
    std::fs::write(written.join("error.html"), "changed").unwrap();
    ended(&run(&["templates", text(&written)]), 0);
    assert_eq!(std::fs::read_to_string(written.join("error.html")).unwrap(), "changed");
}

#[test]
fn a_fault_in_a_template_names_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("getCatalogue.html");
    let names_it = |told: &str| assert!(told.contains("getCatalogue.html:3"), "{told}");
    std::fs::write(&page, "one\ntwo\n{% if %}").unwrap();
    for command in [&["check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let output = run(&[command, &["--templates", text(folder.path())]].concat());
        ended(&output, 1);
        names_it(&stderr(&output));
    }
    ended(&run(&["check", "--templates", "/nowhere/at/all"]), 1);
    // So does one that only a run finds.
    std::fs::write(&page, "one\ntwo\n{{ data.title | nonsense }}").unwrap();
    let output = run(&["check", "--templates", text(folder.path())]);
    ended(&output, 1);
    names_it(&stderr(&output));
    // What shows only with the data, the log tells.
    std::fs::write(&page, "one\ntwo\n{% if data.title %}{{ data.title.nonsense() }}{% endif %}").unwrap();
    let mut server = Server::start(&["--templates", text(folder.path()), "--log", "error"]);
    let answer = server.browse("/").expect(500);
    assert!(!answer.text().contains("nonsense"), "the cause is for the log");
    names_it(&server.log());
}

#[test]
fn the_greeting_names_every_root() {
    let greeting = &crate::harness::server::demo().greeting;
    for path in ["/ ", "/ogcapi ", "/customapi ", "/api.html "] {
        assert!(greeting.contains(&format!("{}{path}", crate::harness::server::demo().url)), "{path}: {greeting}");
    }
}

#[test]
fn a_template_that_nothing_uses_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("getFeature.html", "{% include 'mine.html' %}");
    write("mine.html", "included");
    write("getFeatrues.html", "a slip");
    write("notes.txt", "no template");
    let output = run(&["check", "--templates", text(folder.path())]);
    let told = stderr(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("'getFeatrues.html'") && told.contains("'notes.txt'") && !told.contains("mine"), "{told}");
    let mut server = Server::start(&["--templates", text(folder.path())]);
    let log = server.log();
    assert!(log.contains("WARN") && log.contains("getFeatrues.html"), "{log}");
    // What `templates` writes is all used.
    let written = folder.path().join("written");
    assert!(run(&["templates", text(&written)]).status.success());
    assert_eq!(stderr(&run(&["check", "--templates", text(&written)])), "");
}
