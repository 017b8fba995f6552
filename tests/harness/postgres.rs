//! A PostgreSQL cluster of the tests' own, in a temporary folder, on a free port; with PostGIS in its database.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// As long as a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where Debian has the programs of PostgreSQL: the newest.
fn programs() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = folders.flatten().map(|entry| entry.path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists());
    found.sort();
    found.pop()
}

/// Whether PostgreSQL is here. Where it must be (`CI=true`), its absence is a failure.
pub(crate) fn is_here() -> bool {
    let found = programs().is_some();
    assert!(
        found || std::env::var("CI").as_deref() != Ok("true"),
        "PostgreSQL is missing: apt-get install postgresql-postgis"
    );
    if !found {
        eprintln!("skipped: PostgreSQL is missing (apt-get install postgresql postgresql-15-postgis-3)");
    }
    found
}

/// A server that runs until it is dropped.
pub(crate) struct Postgres {
    folder: TempDir,
    bin: PathBuf,
    child: Option<Child>,
    pub(crate) port: u16,
}

/// Starts the program, and stops it at once when its own input ends: also when the test binary is killed.
const GUARD: &str = r#""$0" "$@" & child=$!; read -r _; kill -QUIT $child; wait $child"#;

/// A command as a user who may run PostgreSQL, which refuses to be run by root.
fn as_user(program: &Path) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|said| said.stdout.trim_ascii() == b"0");
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
}

impl Postgres {
    /// An empty cluster, started, with a database `gis` that has PostGIS.
    pub(crate) fn start() -> Self {
        let mut server = Self::new(|server| {
            run(as_user(&server.bin.join("initdb"))
                .args(["-U", "gis", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
                .arg(server.data()));
        });
        server.resume();
        server.sql("postgres", "CREATE DATABASE gis");
        server.sql("gis", "CREATE EXTENSION postgis");
        server
    }

    /// A streaming replica of another, started.
    pub(crate) fn replica_of(primary: &Postgres) -> Self {
        let mut server = Self::new(|server| {
            let port = primary.port.to_string();
            run(as_user(&server.bin.join("pg_basebackup"))
                .args(["-h", "127.0.0.1", "-p", &port, "-U", "gis", "-R", "--checkpoint=fast", "--no-sync", "-D"])
                .arg(server.data()));
        });
        server.resume();
        server
    }

    fn new(make: impl FnOnce(&Self)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Its owner is another user where root runs the tests.
        run(Command::new("chmod").arg("777").arg(folder.path()));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder, bin: programs().unwrap(), child: None, port };
        make(&server);
        server
    }

    /// Where files may be put that it reads.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it (again), and waits until it answers.
    pub(crate) fn resume(&mut self) {
        let socket = self.folder.path().to_str().unwrap().to_owned();
        let settings = [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={socket}"),
            "fsync=off".to_owned(),
            "shared_buffers=32MB".to_owned(),
            "wal_level=replica".to_owned(),
            "max_connections=60".to_owned(),
        ];
        let server = as_user(&self.bin.join("postgres"));
        let mut command = Command::new("sh");
        command.args(["-c", GUARD]).arg(server.get_program()).args(server.get_args()).arg("-D").arg(self.data());
        for setting in &settings {
            command.args(["-c", setting]);
        }
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
        let deadline = Instant::now() + PATIENCE;
        while !self.answers() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            && self.psql("postgres").args(["-Atc", "SELECT 1"]).output().is_ok_and(|said| said.status.success())
    }

    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Asks a role for its password from now on.
    pub(crate) fn ask_password_of(&self, role: &str) {
        let lines = format!("host all {role} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n");
        std::fs::write(self.data().join("pg_hba.conf"), lines).unwrap();
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    /// Has it say nothing any more, though it still takes connections, or speak again.
    pub(crate) fn freeze(&self, is_frozen: bool) {
        let signal = if is_frozen { "-STOP" } else { "-CONT" };
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let Some(first) = file.lines().next() else { return };
        // Its parent first: it would start others.
        let _ = Command::new("kill").args([signal, first]).status();
        let _ = Command::new("pkill").args([signal, "-P", first]).status();
    }

    /// Stops it at once, as a crash would for its clients.
    pub(crate) fn stop(&mut self) {
        if self.child.is_some() {
            self.freeze(false);
        }
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }

    fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        let port = self.port.to_string();
        command.args([
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            "gis",
            "-p",
            &port,
            "-d",
            database,
        ]);
        command.stdin(Stdio::null());
        command
    }

    /// Runs statements.
    #[track_caller]
    pub(crate) fn sql(&self, database: &str, statements: &str) {
        run(self.psql(database).args(["-c", statements]));
    }

    /// Has it write down how it answers each statement of those who connect from now on, with the rows that were read.
    pub(crate) fn explain(&self) {
        self.sql("gis", "ALTER SYSTEM SET session_preload_libraries = 'auto_explain';");
        for setting in ["log_min_duration = 0", "log_analyze = on"] {
            self.sql("gis", &format!("ALTER ROLE gis SET auto_explain.{setting};"));
        }
        self.sql("gis", "SELECT pg_reload_conf();");
    }

    /// The one value of a query.
    pub(crate) fn value(&self, database: &str, query: &str) -> String {
        let said = self.psql(database).args(["-Atc", query]).output().unwrap();
        String::from_utf8_lossy(&said.stdout).trim().to_owned()
    }

    /// Loads a layer of a file that GDAL reads.
    pub(crate) fn load(&self, file: &str, layer: &str, options: &[&str]) {
        let target = format!("PG:host=127.0.0.1 port={} user=gis dbname=gis", self.port);
        run(Command::new("ogr2ogr").args(["-q", "-f", "PostgreSQL", &target, file, layer]).args(options).args([
            "-lco",
            "GEOMETRY_NAME=geom",
            "-lco",
            "FID=fid",
            "-lco",
            "LAUNDER=NO",
            "--config",
            "PG_USE_COPY",
            "YES",
        ]));
    }

    /// Begins a transaction, and runs statements in it.
    pub(crate) fn hold(&self, database: &str, statements: &str) -> Held {
        let name = format!("held {}", self.value("postgres", "SELECT clock_timestamp()"));
        let mut child =
            self.psql(database).env("PGAPPNAME", &name).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "BEGIN; {statements};").unwrap();
        let held = Held(child);
        let done = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND state = 'idle in transaction' AND query LIKE '%{}%'",
            statements.rsplit(' ').next().unwrap_or_default()
        );
        let deadline = Instant::now() + PATIENCE;
        while self.value("postgres", &done) != "1" {
            assert!(Instant::now() < deadline, "{statements}");
            std::thread::sleep(Duration::from_millis(20));
        }
        held
    }

    /// Kills a server process of a session, as a crash in it would: all others are ended, and the database recovers.
    pub(crate) fn crash(&self) {
        let _session = self.hold("gis", "SELECT 1");
        let pid = self.value("gis", "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'held%'");
        run(Command::new("kill").args(["-KILL", &pid]));
        let deadline = Instant::now() + PATIENCE;
        while self.value("gis", &format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}")) != "0" {
            assert!(Instant::now() < deadline, "it does not recover: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How a program connects.
    pub(crate) fn dsn(&self) -> String {
        format!("postgres://gis@127.0.0.1:{}/gis", self.port)
    }
}

/// A transaction that is open until this is dropped.
pub(crate) struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}
