//! The program itself: hashes that it makes, in a project file that it serves.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use crate::kit::{SAMPLE, basic};

const PROGRAM: &str = env!("CARGO_BIN_EXE_graticule");

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GRATICULE_")) {
        command.env_remove(name);
    }
    command
}

fn hashed(args: &[&str], input: &str) -> (bool, String) {
    let mut child = program(args).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_hash_prints_is_what_serve_reads() {
    let (fine, password) = hashed(&["hash"], "correct horse\n");
    assert!(fine && password.starts_with("$argon2id$v=19$m="), "{password}");
    let (fine, pair) = hashed(&["hash", "--new-key"], "");
    let value = |name: &str| {
        pair.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start_matches([' ', '=']).to_owned())).unwrap()
    };
    let (key, sha256) = (value("key"), value("sha256"));
    assert!(fine && hashed(&["hash", "--key"], &key) == (true, sha256.clone()));
    for (args, input) in [
        (&["hash"][..], ""),
        (&["hash"], "a\nb\n"),
        (&["hash"], &*"a".repeat(5000)),
        (&["hash", "--key"], "short"),
        (&["hash", "--key"], ""),
    ] {
        assert!(!hashed(args, input).0, "{args:?} {input:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("project.toml");
    let text = format!(
        "data = [{SAMPLE:?}]\n[[access.users]]\nname = 'ann'\npassword = '{password}'\nroles = ['reader']\n\
         [[access.keys]]\nname = 'robot'\nsha256 = '{sha256}'\nroles = ['reader']\n\
         [[access.rules]]\nlayers = '*'\nroles = 'reader'\n"
    );
    std::fs::write(&path, text).unwrap();
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let args = ["serve", "--project", path.to_str().unwrap(), "--listen", "127.0.0.1:0", "--log", "debug"];
    let mut running = Running(program(&args).stderr(log).spawn().unwrap());
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    let mut url = String::new();
    while !url.contains("/ogcapi") {
        url.clear();
        assert!(output.read_line(&mut url).unwrap() > 0, "it ended");
    }
    let root = url.split_whitespace().next().unwrap().to_owned();
    let items = format!("{root}/collections/cities/items?limit=1");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let status =
        |url: &str, header: (&str, &str)| agent.get(url).header(header.0, header.1).call().unwrap().status().as_u16();
    assert_eq!(status(&items, ("accept", "*/*")), 404);
    assert_eq!(status(&items, ("authorization", &basic("ann", "correct horse"))), 200);
    assert_eq!(status(&items, ("authorization", &basic("ann", "wrong horse"))), 401);
    assert_eq!(status(&items, ("x-api-key", &key)), 200);
    assert_eq!(status(&format!("{items}&api_key={key}"), ("accept", "text/html")), 200);
    assert_eq!(status(&format!("{items}&api_key=wrong-{key}"), ("accept", "text/html")), 401);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("dispatched") && log.contains("limit"), "{log}");
    for secret in [&*key, "horse", &password, &sha256, &basic("ann", "correct horse")[6..]] {
        assert!(!log.contains(secret), "the log tells {secret}");
    }
}

#[test]
fn access_of_a_project_below_is_refused_and_faults_fail_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let file = folder.path().join("project.toml");
        std::fs::write(&file, format!("data = [{SAMPLE:?}]\n{text}")).unwrap();
        let output = program(&["check", "--project", file.to_str().unwrap()]).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    assert!(check("access.require = false").0);
    let (fine, told) = check("[projects.x.access]\nrequire = true");
    assert!(!fine && told.contains("at the root of the file"), "{told}");
    let (fine, told) = check("[[access.rules]]\nlayers = 'cities'\nroles = '*'\nrows = 'nme = 1'");
    assert!(!fine && told.contains("did you mean 'name'"), "{told}");
    assert!(!check("[access]\nrequires = true").0 && !check("[access.jwt]\nalgorithms = ['none']").0);
}
