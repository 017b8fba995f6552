//! A real nginx with a configuration of the test's own, in a folder of its own, on a free port.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::PATIENCE;
use crate::program::Guarded;

/// Where Debian has it; /usr/sbin is not in everybody's path.
const NGINX: &str = "/usr/sbin/nginx";

/// An nginx that runs until it is dropped.
pub(crate) struct Nginx {
    _program: Guarded,
    _folder: TempDir,
    /// `http://127.0.0.1:port`
    pub(crate) url: String,
    /// `127.0.0.1:port`
    pub(crate) authority: String,
}

/// Whether the tests that want nginx can run. Where they must (`CI=true`), its absence fails them.
pub(crate) fn is_here() -> bool {
    let found = Path::new(NGINX).exists();
    assert!(found || std::env::var("CI").as_deref() != Ok("true"), "{NGINX} is missing: apt-get install nginx-light");
    if !found {
        eprintln!("skipped: {NGINX} is missing (apt-get install nginx-light)");
    }
    found
}

impl Nginx {
    /// Starts it with these locations.
    pub(crate) fn start(locations: &str) -> Self {
        // Another program may take the free port first.
        (0..5).find_map(|_| Self::try_start(locations)).expect("nginx does not start")
    }

    fn try_start(locations: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let authority = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let path = folder.path().to_str().unwrap();
        let temporary: String = ["client_body", "fastcgi", "scgi", "proxy", "uwsgi"]
            .map(|name| format!("{name}_temp_path {path}/{name};\n"))
            .concat();
        // One process, so that its end is the end of all.
        let config = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/error.log info;
            events {{ worker_connections 512; }}
            http {{
                access_log off; {temporary}
                client_max_body_size 100m; large_client_header_buffers 8 256k; client_header_buffer_size 256k;
                server {{ listen {authority}; server_name gis.example; merge_slashes on;
                    {locations}
                }}
            }}"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let args = ["-p", path, "-e", &format!("{path}/start.log"), "-c", file.to_str().unwrap()];
        let test = Command::new(NGINX).args(args).arg("-t").output().unwrap();
        let said = String::from_utf8_lossy(&test.stderr).into_owned();
        assert!(test.status.success() || said.contains("Address already in use"), "{said}");
        let program = Guarded::start(NGINX, &args);
        let deadline = Instant::now() + PATIENCE / 6;
        while TcpStream::connect(&authority).is_err() {
            if Instant::now() > deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(Self { _program: program, _folder: folder, url: format!("http://{authority}"), authority })
    }
}

/// The locations for a gateway: at the root with nginx's stock parameters alone, and below `/gis` in the usual ways.
pub(crate) fn locations(protocol: &str, upstream: &str) -> String {
    let fastcgi = protocol == "fastcgi";
    let common =
        format!("include /etc/nginx/{protocol}_params; {protocol}_param HTTP_HOST $http_host; {protocol}_pass up;");
    let keep = if fastcgi { "fastcgi_keep_conn on;" } else { "" };
    let split = if fastcgi {
        "fastcgi_split_path_info ^(/gis)(.*)$; fastcgi_param PATH_INFO $fastcgi_path_info;".to_owned()
    } else {
        "scgi_param SCRIPT_NAME /gis;".to_owned()
    };
    let common = common.replace("_pass up", &format!("_pass {upstream}")) + keep;
    format!(
        "location / {{ {common} }}
        location /gis {{ {split} {common} }}
        location /named {{ {common} {protocol}_param SCRIPT_NAME /named; }}
        location /secure {{ {common} {protocol}_param SCRIPT_NAME /secure; {protocol}_param HTTPS on; }}
        location /stranger {{ {common} {protocol}_param REMOTE_ADDR 192.0.2.1; }}
        location /known {{ {common} {protocol}_param REMOTE_USER anna; {protocol}_param AUTH_TYPE Basic; }}
        location /unbuffered {{ {common} {protocol}_request_buffering off; {protocol}_buffering off; }}"
    )
}
