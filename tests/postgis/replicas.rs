//! How one machine is outgrown: two servers behind nginx, over a primary and its replica; each is stopped in turn.

use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::harness::client::attempt;
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

const NGINX: &str = "/usr/sbin/nginx";

/// An nginx that hands on what one server could not answer to the other.
struct Balancer {
    child: std::process::Child,
    _folder: tempfile::TempDir,
    url: String,
}

impl Balancer {
    fn start(servers: [&Server; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let authority = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let upstream = servers.map(|server| format!("server {} max_fails=0;", server.authority())).concat();
        let temporary: String = ["client_body", "fastcgi", "scgi", "proxy", "uwsgi"]
            .map(|name| format!("{name}_temp_path {path}/{name};\n"))
            .concat();
        let config = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/error.log;
            events {{ worker_connections 128; }}
            http {{ access_log off; {temporary}
                upstream graticule {{ {upstream} }}
                server {{ listen {authority};
                    location / {{ proxy_pass http://graticule; proxy_next_upstream error timeout http_503; }} }} }}"
        );
        std::fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let child =
            Command::new(NGINX).args(["-p", path, "-e", &format!("{path}/log"), "-c", "nginx.conf"]).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(&authority).is_err() {
            assert!(Instant::now() < deadline, "nginx does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, _folder: folder, url: format!("http://{authority}") }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn readers_notice_nothing_when_any_one_part_stops() {
    if !is_here() || !std::path::Path::new(NGINX).exists() {
        return;
    }
    let mut primary = Postgres::start();
    primary.sql(
        "gis",
        "CREATE TABLE towns (id int PRIMARY KEY, geom geometry(Point, 4326));
         INSERT INTO towns SELECT n, ST_SetSRID(ST_MakePoint(n % 180, 0), 4326) FROM generate_series(1, 5000) AS n",
    );
    let mut replica = Postgres::replica_of(&primary);
    let hosts = |a: &Postgres, b: &Postgres| format!("postgres://gis@127.0.0.1:{},127.0.0.1:{}/gis", a.port, b.port);
    let first = Server::start(&[&hosts(&primary, &replica)]);
    let second = Server::start(&[&hosts(&replica, &primary)]);
    let balancer = Balancer::start([&first, &second]);
    let url = format!("{}/ogcapi/collections/towns/items?limit=100&offset=4000", balancer.url);
    let (stop, whole, failed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let is_whole = attempt("GET", &url, &[], &[])
                        .is_ok_and(|answer| answer.status == 200 && answer.json()["numberReturned"] == 100);
                    let counter = if is_whole { &whole } else { &failed };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // So many more answers under each state of things.
        let more = |what: &str| {
            let (deadline, seen) = (Instant::now() + Duration::from_secs(60), whole.load(Ordering::Relaxed));
            while whole.load(Ordering::Relaxed) < seen + 200 {
                assert!(Instant::now() < deadline, "no answers while {what}");
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        more("all is well");
        replica.stop();
        more("the replica is away");
        replica.resume();
        more("the replica is back");
        primary.stop();
        more("the primary is away");
        primary.resume();
        more("the primary is back");
        drop(first);
        more("one server is away");
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(failed.load(Ordering::Relaxed), 0, "of {} answers", whole.load(Ordering::Relaxed));
}
