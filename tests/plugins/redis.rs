//! The example with Redis, with a real Redis: an entry is made once, shared by two servers, and nobody waits for a Redis
//! that is gone.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::examples::Example;

struct Redis {
    program: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Redis {
    /// None where Redis is not installed; where it must be (`CI=true`), that fails.
    fn start() -> Option<Self> {
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok();
        assert!(found || std::env::var("CI").as_deref() != Ok("true"), "apt-get install redis-server");
        if !found {
            eprintln!("skipped: redis-server is missing (apt-get install redis-server)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new("redis-server");
        command.args(["--port", &address.port().to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]);
        let program = command.arg(folder.path()).stdout(Stdio::null()).spawn().unwrap();
        let redis = Self { program, address: address.to_string(), _folder: folder };
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&redis.address).is_err() {
            assert!(Instant::now() < end, "Redis does not start");
            std::thread::yield_now();
        }
        Some(redis)
    }

    /// The answer to a command of one word after the other.
    fn ask(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

#[test]
fn redis_cache() {
    let Some(redis) = Redis::start() else { return };
    let example = Example::start_with("redis_cache", &["--redis", &redis.address]);
    let first = example.text("/ogcapi/api", &[("Host", "same.example")]);
    assert_eq!(first.0, 200);
    assert!(redis.ask("DBSIZE").starts_with(":1"), "one entry is kept");
    assert_eq!(example.text("/ogcapi/api", &[("Host", "same.example")]), first);
    // Another server that publishes the same takes the entry, and adds none.
    let other = Example::start_with("redis_cache", &["--redis", &redis.address]);
    assert_eq!(other.text("/ogcapi/api", &[("Host", "same.example")]), first);
    assert!(redis.ask("DBSIZE").starts_with(":1"), "the entry is shared");
    assert!(redis.ask("INFO stats").contains("keyspace_hits:2"), "{}", redis.ask("INFO stats"));
    drop(redis);
    assert_eq!(example.text("/ogcapi/api", &[("Host", "same.example")]).0, 200);
}
