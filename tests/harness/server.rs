//! The built server as a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use super::client::{self, Answer};
use super::{SAMPLE, examples, odd, text};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_graticule");

/// Starts the program, and stops it (SIGTERM) when its own input ends: also when the test binary is killed.
const GUARD: &str = r#""$0" "$@" & child=$!; exec >&-; read -r _; kill -TERM $child 2>/dev/null; wait $child"#;

/// A server that runs until it is dropped.
pub(crate) struct Server {
    guard: Child,
    input: Option<ChildStdin>,
    // Kept open: the server may write to it.
    _output: BufReader<ChildStdout>,
    log: File,
    /// `http://127.0.0.1:port`, without a slash at the end.
    pub(crate) url: String,
    /// What it printed when it started.
    pub(crate) greeting: String,
}

/// A command of the program with an environment that holds nothing of its settings. One that does not end, such as a
/// server that should have refused to start, is ended.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["60", PROGRAM]).args(args).stdin(Stdio::null());
    without_settings(&mut command);
    command
}

/// Runs a command of the program to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    program(args).output().unwrap()
}

/// The standard output of a run.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The standard error of a run.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GRATICULE_")) {
        command.env_remove(name);
    }
}

impl Server {
    /// How many answers were kept from a request before.
    pub(crate) fn kept(&self) -> u64 {
        let told = self.get("/metrics").text();
        let counts = told.lines().filter(|line| line.starts_with("graticule_kept_answers_total"));
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// `graticule serve …` on a free port.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_with(args, &[])
    }

    /// The same with environment variables; where those say where to listen, no option does.
    pub(crate) fn start_with(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = tempfile::tempfile().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, PROGRAM, "serve"]).args(args);
        without_settings(&mut command);
        if !environment.iter().any(|(name, _)| *name == "GRATICULE_LISTEN") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.envs(environment.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log.try_clone().unwrap());
        let mut guard = command.spawn().unwrap();
        let input = guard.stdin.take();
        let mut output = BufReader::new(guard.stdout.take().unwrap());
        let mut greeting = String::new();
        while !greeting.contains("Ctrl+C") && output.read_line(&mut greeting).unwrap() > 0 {}
        let start = greeting.find("http://127.0.0.1:");
        let url = start.map(|start| {
            let rest = &greeting[start..];
            let end = "http://".len() + rest["http://".len()..].find(['/', ' ', '\n']).unwrap();
            rest[..end].to_owned()
        });
        let mut server = Self { guard, input, _output: output, log, url: url.clone().unwrap_or_default(), greeting };
        let log = server.log();
        assert!(url.is_some(), "the server did not start: {}{log}", server.greeting);
        server
    }

    /// `127.0.0.1:port`.
    pub(crate) fn authority(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[])
    }

    #[track_caller]
    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers)
    }

    /// As a browser asks.
    #[track_caller]
    pub(crate) fn browse(&self, path: &str) -> Answer {
        self.get_with(path, &[("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")])
    }

    /// The JSON of an answer of 200.
    #[track_caller]
    pub(crate) fn json(&self, path: &str) -> Value {
        self.get(path).expect(200).json()
    }

    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        client::send(method, &format!("{}{path}", self.url), headers)
    }

    /// All that it has logged so far.
    pub(crate) fn log(&mut self) -> String {
        let mut log = String::new();
        self.log.rewind().unwrap();
        self.log.read_to_string(&mut log).unwrap();
        log
    }

    /// Tells it to stop (SIGTERM) and does not wait.
    pub(crate) fn tell_to_stop(&mut self) {
        self.input = None;
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.guard.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tell_to_stop();
        let _ = self.guard.wait();
    }
}

/// The server with the bundled sample data, as `graticule serve` starts it; one for all tests of a binary.
pub(crate) fn demo() -> &'static Server {
    static DEMO: OnceLock<Server> = OnceLock::new();
    DEMO.get_or_init(|| Server::start(&[]))
}

/// A server with the sample data, every odd layer and the examples' one; one for all tests of a binary.
pub(crate) fn odd_server() -> &'static Server {
    static ODD: OnceLock<Server> = OnceLock::new();
    ODD.get_or_init(|| Server::start(&[SAMPLE, text(odd::file()), text(odd::many()), text(examples::file())]))
}
