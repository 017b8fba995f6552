//! `graticule cgi` as a web server runs it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::program::{PROGRAM, without_settings};

/// Runs the program for one request.
fn run(args: &[&str], variables: &[(&str, &str)], body: &[u8]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    without_settings(&mut command).envs(variables.iter().copied());
    let mut child = command.spawn().unwrap();
    // It may end without having read its input.
    let _ = child.stdin.as_mut().unwrap().write_all(body);
    child.wait_with_output().unwrap()
}

/// Head and body of the answer.
fn answer(variables: &[(&str, &str)], body: &[u8]) -> (String, String) {
    let common = [("GATEWAY_INTERFACE", "CGI/1.1"), ("SERVER_NAME", "gis.example"), ("SERVER_PORT", "80")];
    let output = run(&["cgi", "--log", "warn"], &[&common, variables].concat(), body);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[test]
fn a_request_is_answered_from_the_environment() {
    let get = [("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", "/cgi-bin/graticule")];
    let (head, body) = answer(&[&get[..], &[("PATH_INFO", "/ogcapi"), ("CONTENT_LENGTH", "")]].concat(), b"");
    assert!(head.starts_with("Status: 200 OK\r\n") && head.contains("content-length: "), "{head}");
    assert!(body.contains("\"http://gis.example/cgi-bin/graticule/ogcapi/collections\""), "{body}");
    let (head, body) = answer(&[("REQUEST_METHOD", "HEAD"), ("PATH_INFO", "/ogcapi")], b"");
    assert!(head.starts_with("Status: 200 OK\r\n") && body.is_empty(), "{head}");
    let (head, _) = answer(&[&get[..], &[("PATH_INFO", "/nowhere")]].concat(), b"");
    assert!(head.starts_with("Status: 404 Not Found\r\n"), "{head}");
    let form = b"SERVICE=FORMED";
    let post = [
        ("REQUEST_METHOD", "POST"),
        ("PATH_INFO", "/ows"),
        ("CONTENT_LENGTH", "14"),
        ("CONTENT_TYPE", "application/x-www-form-urlencoded"),
    ];
    let (head, body) = answer(&post, form);
    assert!(head.starts_with("Status: 400 Bad Request\r\n") && body.contains("FORMED"), "{head}\n{body}");
    let (head, _) = answer(&post, &form[..5]);
    assert!(head.starts_with("Status: 400 "), "{head}");
}

#[test]
fn a_query_is_no_command_line() {
    let variables =
        [("REQUEST_METHOD", "GET"), ("GATEWAY_INTERFACE", "CGI/1.1"), ("QUERY_STRING", "--project+/etc/x.toml")];
    let output = run(&["cgi", "--project", "/etc/x.toml"], &variables, b"");
    assert!(!output.status.success() && output.stdout.is_empty());
    let output = run(&["cgi"], &[], b"");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("REQUEST_METHOD"));
}
