use super::*;
use proptest::prelude::*;

fn environ(variables: &[(&str, &str)]) -> Environ {
    let first = [("REQUEST_METHOD", "GET"), ("SERVER_NAME", "gis.example"), ("SERVER_PORT", "80")];
    first.iter().chain(variables).map(|(name, value)| (*name, *value)).collect()
}

fn request(variables: &[(&str, &str)]) -> Request {
    environ(variables).request(Body::empty()).unwrap()
}

/// Prefix and path.
fn target(variables: &[(&str, &str)]) -> (String, String) {
    let request = request(variables);
    (request.head().prefix.clone(), request.head().path.clone())
}

fn is(prefix: &str, path: &str) -> (String, String) {
    (prefix.to_owned(), path.to_owned())
}

#[test]
fn the_raw_path_is_kept_where_it_fits() {
    let raw = ("REQUEST_URI", "/my%20gis/a%2Fb/%e4%B8?x=%2C");
    let script = ("SCRIPT_NAME", "/my gis");
    assert_eq!(target(&[raw, script]), is("/my%20gis", "/a%2Fb/%e4%B8"));
    assert_eq!(target(&[raw, script, ("PATH_INFO", "/other/ü %")]), is("/my%20gis", "/other/%C3%BC%20%25"));
    let split = [("REQUEST_URI", "/gis/a%2Fb"), ("SCRIPT_NAME", "/gis"), ("PATH_INFO", "/a/b")];
    assert_eq!(target(&split), is("/gis", "/a%2Fb"));
    // The server merged the slashes, and its rules looked at that.
    let merged = [("REQUEST_URI", "/gis//a"), ("SCRIPT_NAME", "/gis"), ("PATH_INFO", "/a")];
    assert_eq!(target(&merged), is("/gis", "/a"));
    // A name is not the beginning of another.
    let other = [("REQUEST_URI", "/gisborne"), ("SCRIPT_NAME", "/gis"), ("PATH_INFO", "/borne")];
    assert_eq!(target(&other), is("/gis", "/borne"));
    assert_eq!(request(&[raw, script]).head().parameters.query(&[], &[]), "?x=%2C");
}

#[test]
fn the_variables_of_each_server_are_understood() {
    // Apache leaves PATH_INFO out where there is none.
    assert_eq!(target(&[("REQUEST_URI", "/gis"), ("SCRIPT_NAME", "/gis")]), is("/gis", "/"));
    assert_eq!(target(&[("SCRIPT_NAME", "/cgi-bin/g"), ("PATH_INFO", "/ogcapi")]), is("/cgi-bin/g", "/ogcapi"));
    // nginx with its stock parameters, for FastCGI and for SCGI.
    let stock = [("REQUEST_URI", "/ogcapi"), ("SCRIPT_NAME", "/ogcapi"), ("DOCUMENT_URI", "/ogcapi")];
    assert_eq!(target(&stock), is("", "/ogcapi"));
    assert_eq!(target(&[("REQUEST_URI", "/ogcapi?f=json"), ("DOCUMENT_URI", "/ogcapi")]), is("", "/ogcapi"));
    // The same, and a prefix of one's own after them: both are sent.
    let own =
        [&stock[1..], &[("REQUEST_URI", "/gis/ogcapi"), ("DOCUMENT_URI", "/gis/ogcapi"), ("SCRIPT_NAME", "/gis")]];
    assert_eq!(target(&own.concat()), is("/gis", "/ogcapi"));
    let root = [("REQUEST_URI", "/gis"), ("SCRIPT_NAME", "/gis"), ("DOCUMENT_URI", "/gis"), ("SCRIPT_NAME", "/gis")];
    assert_eq!(target(&root), is("/gis", "/"));
    assert_eq!(target(&[&root[..3], &[("SCGI", "1")]].concat()), is("/gis", "/"));
    // nginx with fastcgi_split_path_info, where the expression did not match.
    let slash = [("REQUEST_URI", "/gis/"), ("SCRIPT_NAME", "/gis/"), ("PATH_INFO", ""), ("DOCUMENT_URI", "/gis/")];
    assert_eq!(target(&slash), is("/gis", "/"));
    assert_eq!(target(&[("SCRIPT_NAME", "/"), ("PATH_INFO", "a")]), is("", "/a"));
    assert_eq!(target(&[("REQUEST_URI", "http://gis.example/a/b?c")]), is("", "/a/b"));
    assert_eq!(target(&[]), is("", "/"));
}

#[test]
fn default_ports_are_left_out() {
    let authority = |variables: &[(&str, &str)]| {
        let request = request(variables);
        let head = request.head();
        assert_eq!(head.headers[HOST], head.authority);
        format!("{}://{}", head.scheme, head.authority)
    };
    assert_eq!(authority(&[]), "http://gis.example");
    assert_eq!(authority(&[("SERVER_PORT", "8080")]), "http://gis.example:8080");
    assert_eq!(authority(&[("SERVER_PORT", "443"), ("HTTPS", "on")]), "https://gis.example");
    assert_eq!(authority(&[("SERVER_PORT", "443"), ("HTTPS", "off")]), "http://gis.example:443");
    assert_eq!(authority(&[("HTTP_HOST", "a.example:443"), ("REQUEST_SCHEME", "https")]), "https://a.example");
    assert_eq!(authority(&[("HTTP_HOST", "a.example:8443"), ("HTTPS", "on")]), "https://a.example:8443");
    assert_eq!(authority(&[("SERVER_NAME", "::1")]), "http://[::1]");
}

#[test]
fn headers_are_those_of_the_client_and_the_user_is_the_servers() {
    let made = request(&[
        ("HTTP_X_THING", "1"),
        ("HTTP_X_THING", "2"),
        ("HTTP_PROXY", "evil:3128"),
        ("HTTP_REMOTE_USER", "forged"),
        ("HTTP_CONTENT_LENGTH", "9"),
        ("CONTENT_LENGTH", ""),
        ("CONTENT_TYPE", "text/xml"),
        ("REDIRECT_HTTP_AUTHORIZATION", "Basic x"),
        ("REMOTE_ADDR", "192.0.2.7"),
    ]);
    let head = made.head();
    assert_eq!(head.headers.get_all("x-thing").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert!(!head.headers.contains_key("proxy") && !head.headers.contains_key("content-length"));
    assert_eq!(
        (&head.headers["content-type"], &head.headers["authorization"]),
        (&"text/xml".parse().unwrap(), &"Basic x".parse().unwrap())
    );
    assert_eq!(head.peer, "192.0.2.7".parse().ok());
    assert_eq!(head.principal, None);
    let user = |variables: &[(&str, &str)]| request(variables).head().principal.clone().map(|principal| principal.name);
    assert_eq!(user(&[("REMOTE_USER", "anna"), ("AUTH_TYPE", "Basic")]).as_deref(), Some("anna"));
    // nginx tells a name that nobody checked.
    assert_eq!(user(&[("REMOTE_USER", "anna")]), None);
}

#[test]
fn nonsense_is_refused() {
    for wrong in [("REQUEST_METHOD", ""), ("REQUEST_METHOD", "G T"), ("HTTP_A(B", "1"), ("HTTP_A", "1\n2")] {
        assert!(environ(&[wrong]).request(Body::empty()).is_err(), "{wrong:?}");
    }
    let length = |length: &str| environ(&[("CONTENT_LENGTH", length)]).content_length().ok();
    assert_eq!(
        (length(""), length("12"), length("+1"), length("99999999999999999999")),
        (Some(None), Some(Some(12)), None, None)
    );
}

proptest! {
    #[test]
    fn no_target_panics(uri in "[/%a-f2:?# ü]{0,20}", script in "[/%a-f ü]{0,8}", info in "[/%a-f ü]{0,8}") {
        for variables in [&[("REQUEST_URI", uri.as_str()), ("SCRIPT_NAME", &script), ("PATH_INFO", &info)][..],
                          &[("REQUEST_URI", uri.as_str()), ("SCRIPT_NAME", &script)]] {
            let (prefix, path) = target(variables);
            prop_assert!(path.starts_with('/'));
            prop_assert!(prefix.is_ascii() && path.is_ascii());
        }
    }
}
