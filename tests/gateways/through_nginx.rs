//! What comes through nginx, what goes back, and what happens when either side leaves, seen by a server that tells.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use graticule::gateways::http::Patience;
use graticule::gateways::listener::Listener;
use serde_json::Value;

use crate::PATIENCE;
use crate::client::{attempt, get, send};
use crate::echo::{Echo, MEETING, runtime};
use crate::nginx::{self, Nginx, locations};

/// nginx before a server that echoes, by each protocol, over TCP.
fn fronts() -> Vec<(Nginx, Echo)> {
    if !nginx::is_here() {
        return Vec::new();
    }
    let start = |protocol| {
        let echo = Echo::start(protocol, Patience::default());
        (Nginx::start(&locations(protocol, &echo.address)), echo)
    };
    ["fastcgi", "scgi"].map(start).into()
}

/// FastCGI over a Unix socket in this folder.
fn unix(folder: &Path) -> (Nginx, Echo) {
    let path = folder.join("socket");
    let listener = runtime().block_on(async { Listener::unix(&path, 0o660) }).unwrap();
    let echo = Echo::on(listener, "fastcgi", Patience::default());
    (Nginx::start(&locations("fastcgi", &format!("unix:{}", path.display()))), echo)
}

fn told(nginx: &Nginx, path: &str, headers: &[(&str, &str)]) -> Value {
    get(&format!("{}{path}", nginx.url), headers).expect(200).json()
}

#[test]
fn the_request_arrives_as_it_was_sent() {
    for (nginx, _echo) in fronts() {
        let told_ = told(&nginx, "/a%2Fb/c%20d?x=1%2C2&y=a+b", &[("X-Thing", "1"), ("Proxy", "evil:3128")]);
        assert_eq!((&told_["path"], &told_["query"]), (&"/a%2Fb/c%20d".into(), &"?x=1%2C2&y=a+b".into()));
        assert_eq!((&told_["scheme"], &told_["authority"]), (&"http".into(), &nginx.authority.as_str().into()));
        assert_eq!(told_["peer"], "127.0.0.1");
        assert_eq!(told_["headers"]["x-thing"], "1");
        assert_eq!(told_["headers"].get("proxy"), None);
        let below = told(&nginx, "/gis/x%2fy", &[]);
        assert_eq!((&below["prefix"], &below["path"]), (&"/gis".into(), &"/x%2fy".into()));
        let merged = told(&nginx, "/gis//x", &[]);
        assert_eq!(merged["prefix"], "/gis");
        assert_eq!(told(&nginx, "/stranger", &[])["peer"], "192.0.2.1");
    }
}

#[test]
fn authentication_is_forwarded_and_not_forged() {
    for (nginx, _echo) in fronts() {
        // anna:secret
        let claimed = told(&nginx, "/", &[("Authorization", "Basic YW5uYTpzZWNyZXQ="), ("Remote-User", "anna")]);
        assert_eq!(claimed["headers"]["authorization"], "Basic YW5uYTpzZWNyZXQ=");
        assert_eq!(claimed["principal"], Value::Null);
        assert_eq!(told(&nginx, "/known", &[])["principal"], "anna");
    }
}

#[test]
fn bodies_arrive_whole() {
    let body: Vec<u8> = (0..5_000_000_u32).map(|i| i.to_le_bytes()[1]).collect();
    let expected = format!("{} {}", body.len(), body.iter().map(|byte| u64::from(*byte)).sum::<u64>());
    for (nginx, echo) in fronts() {
        for mount in ["", "/unbuffered"] {
            let url = format!("{}{mount}/length", nginx.url);
            if echo.protocol == "scgi" && !mount.is_empty() {
                // nginx before 1.29 tells the length of what it has so far.
                continue;
            }
            assert_eq!(send("POST", &url, &[], &body).expect(200).text(), expected, "{url}");
            assert_eq!(send("POST", &url, &[("Transfer-Encoding", "chunked")], &body).expect(200).text(), expected);
            assert_eq!(send("POST", &url, &[("Content-Length", "0")], &[]).expect(200).text(), "0 0");
        }
        // A body that nobody reads does not spoil the answer.
        send("POST", &format!("{}/unbuffered", nginx.url), &[], &body).expect(200);
    }
}

#[test]
fn sixteen_are_answered_at_once() {
    for (nginx, _echo) in fronts() {
        let url = format!("{}/meet", nginx.url);
        std::thread::scope(|scope| {
            for _ in 0..MEETING {
                scope.spawn(|| assert_eq!(get(&url, &[]).expect(200).text(), "met"));
            }
        });
    }
}

#[test]
fn a_client_that_leaves_ends_its_query() {
    let folder = tempfile::tempdir().unwrap();
    let unix = nginx::is_here().then(|| unix(folder.path()));
    for (nginx, echo) in fronts().into_iter().chain(unix) {
        let mut client = TcpStream::connect(&nginx.authority).unwrap();
        write!(client, "GET /unbuffered/endless HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        client.read_exact(&mut vec![0; 100_000]).unwrap();
        drop(client);
        echo.left.recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn an_answer_that_breaks_off_does_not_look_whole() {
    let folder = tempfile::tempdir().unwrap();
    let unix = nginx::is_here().then(|| unix(folder.path()));
    for (nginx, echo) in fronts().into_iter().chain(unix) {
        for mount in ["", "/unbuffered"] {
            let answer = attempt("GET", &format!("{}{mount}/breaks", nginx.url), &[], &[]);
            let whole = answer.is_ok_and(|answer| answer.status == 200);
            assert!(!whole, "{} at {}{mount}", echo.protocol, echo.address);
        }
        get(&nginx.url, &[]).expect(200);
    }
}

#[test]
fn variables_that_are_too_large_are_refused() {
    for (nginx, _echo) in fronts() {
        // nginx itself takes no more than 64 KB of variables to a FastCGI server: 500.
        let large = "y".repeat(100_000);
        let answer = get(&nginx.url, &[("X-Large", &large)]);
        assert!(matches!(answer.status, 431 | 500), "{}", answer.status);
        get(&format!("{}/?x={}", nginx.url, &large[..20_000]), &[]).expect(200);
    }
}
