//! Addresses as they may be told: without who reads there, without passwords, and without what follows the question mark,
//! which may be a key.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// What stands in the place of a secret.
const HIDDEN: &str = "…";
/// Addresses that begin so have a user's name in them that is no secret by itself.
const DATABASES: [&str; 2] = ["postgres", "postgresql"];
/// Words whose value is a secret, as libpq's `password=…`, also at the end of a longer word.
const SECRETS: [&str; 7] = ["password", "passwd", "passphrase", "pwd", "secret", "token", "apikey"];
/// Words with which the parts of a database's connection begin that is no URL.
const PARTS: [&str; 8] = ["dbname=", "host=", "hostaddr=", "password=", "port=", "service=", "sslmode=", "user="];

/// A text for a log or a terminal, such as a path of GDAL's (`/vsicurl/https://user:password@…`) or the connection of a
/// database, without the secrets in it.
pub fn hidden(text: &str) -> Cow<'_, str> {
    let text: Cow<'_, str> =
        if text.contains("://") || text.contains("/vsi") { without_users(text).into() } else { text.into() };
    if text.contains('=') { without_values(&text).into() } else { text }
}

/// A path for a log or a terminal, without the secrets of an address in it.
pub fn shown(path: &Path) -> String {
    hidden(&path.to_string_lossy()).into_owned()
}

/// Whether a text is the connection of a database in another form than a URL: that of libpq, or of GDAL's drivers.
pub fn is_connection(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    let drivers = ["pg:", "mysql:", "mssql:", "oci:", "odbc:"];
    drivers.iter().any(|driver| text.starts_with(driver)) || PARTS.iter().any(|part| text.starts_with(part))
}

/// The name of a file; of an address that of what lies there. Anybody may read it.
pub fn name(path: &Path) -> String {
    let named = place(path);
    let name = Path::new(&*named).file_name().unwrap_or_default().to_string_lossy();
    if is_connection(&path.to_string_lossy()) || name.is_empty() { "data".to_owned() } else { name.into_owned() }
}

/// The same without its ending.
pub fn stem(path: &Path) -> String {
    if is_connection(&path.to_string_lossy()) {
        return "data".to_owned();
    }
    Path::new(&*place(path)).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Where an address leads, without who reads there and what is asked for; a path of files as it is.
fn place(path: &Path) -> Cow<'_, str> {
    let text = path.to_string_lossy();
    let named = text.split_once("/vsicurl").and_then(|(_, rest)| rest.strip_prefix('?'));
    let url = named.and_then(|options| options.split('&').find_map(|option| option.strip_prefix("url=")));
    let text = match url {
        Some(url) => percent_encoding::percent_decode_str(url).decode_utf8_lossy().into_owned().into(),
        None => text,
    };
    let Some((_, rest)) = text.split_once("://") else { return text };
    // A password that was not written as it ought to be may have any sign in it.
    let before = rest.split('?').next().unwrap_or_default();
    let rest = if before.contains('@') || !rest.contains('@') { before } else { rest };
    let (_, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    place.split('?').next().unwrap_or_default().to_owned().into()
}

/// A text without who reads at the addresses in it.
fn without_users(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((at, scheme)) = start(rest) {
        let (before, address) = rest.split_at(at);
        shown.push_str(before);
        let end = address.find(|it: char| it.is_whitespace() || "\"<>}".contains(it)).unwrap_or(address.len());
        let end = end_of_users(address, end).unwrap_or(end);
        let (address, after) = address.split_at(end);
        let question = address.find('?');
        let place = match address.rfind('@') {
            Some(at) if question.is_none_or(|question| at < question) => {
                let is_name = DATABASES.iter().any(|known| scheme.eq_ignore_ascii_case(known))
                    && address[..at].chars().all(|it| it.is_alphanumeric() || "_-.".contains(it));
                shown.push_str(if is_name { &address[..at] } else { HIDDEN });
                &address[at..question.unwrap_or(address.len())]
            }
            Some(_) => "",
            None => &address[..question.unwrap_or(address.len())],
        };
        shown.push_str(place);
        if question.is_some() {
            let _ = write!(shown, "?{HIDDEN}");
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Where an address ends whose password has blanks or quotes in it: what seems to be its host has no number for a port.
fn end_of_users(address: &str, end: usize) -> Option<usize> {
    let whole = &address[..end];
    let host = whole.split(['/', '?']).next().unwrap_or_default();
    let (_, port) = host.split_once(':')?;
    let is_port = port.split(',').all(|port| port.bytes().all(|it| it.is_ascii_digit() || it == b':'));
    if whole.contains('@') || is_port || host.starts_with('[') || end == address.len() {
        return None;
    }
    let line = address.lines().next().unwrap_or_default();
    let at = line.rfind('@')?;
    Some(at + line[at..].find(|it: char| it.is_whitespace() || "\"<>}".contains(it)).unwrap_or(line.len() - at))
}

/// Where the next address begins, after its scheme, or with the question mark of GDAL's options; and its scheme.
fn start(text: &str) -> Option<(usize, &str)> {
    let scheme = text.match_indices("://").find_map(|(at, colon)| {
        let name = text[..at].rsplit(|it: char| !it.is_ascii_alphanumeric()).next().unwrap_or_default();
        (!name.is_empty()).then_some((at + colon.len(), name))
    });
    let options = text.match_indices("/vsi").find_map(|(at, _)| {
        let length = text[at + 1..].find(|it: char| !it.is_ascii_alphanumeric() && it != '_')?;
        let end = at + 1 + length;
        text[end..].starts_with('?').then_some((end, ""))
    });
    scheme.into_iter().chain(options).min_by_key(|(at, _)| *at)
}

/// A text without the values of words that name a secret.
fn without_values(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('=') {
        let (word, value) = rest.split_at(at + 1);
        shown.push_str(word);
        rest = value;
        let name = word.trim_end_matches('=').trim_end().to_ascii_lowercase();
        if !SECRETS.iter().any(|secret| name.ends_with(secret)) {
            continue;
        }
        let value = rest.trim_start_matches(' ');
        shown.push_str(HIDDEN);
        rest = &value[length(value)..];
    }
    shown.push_str(rest);
    shown
}

/// How long a value is: in quotes it may have blanks, and a quote after a backslash.
fn length(value: &str) -> usize {
    let Some(quote) = value.chars().next().filter(|it| "'\"".contains(*it)) else {
        let is_end =
            |(at, it): (usize, char)| (it.is_whitespace() && !value[..at].ends_with('\\')) || "\"<>}&".contains(it);
        return value.char_indices().find(|end| is_end(*end)).map_or(value.len(), |(at, _)| at);
    };
    let mut is_escaped = false;
    for (at, it) in value.char_indices().skip(1) {
        if it == quote && !is_escaped {
            return at + 1;
        }
        is_escaped = it == '\\' && !is_escaped;
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_without_their_secrets() {
        for (text, wanted) in [
            ("/data/a.fgb", "/data/a.fgb"),
            ("/data/who@home?.fgb", "/data/who@home?.fgb"),
            ("/data/year=2020/a.fgb", "/data/year=2020/a.fgb"),
            ("/vsicurl/https://example.org/a.fgb", "/vsicurl/https://example.org/a.fgb"),
            ("/vsicurl/http://user:geheim@host/a.fgb: no", "/vsicurl/http://…@host/a.fgb: no"),
            ("/vsicurl/http://user:ge/he@im@host:80/a.fgb", "/vsicurl/http://…@host:80/a.fgb"),
            ("/vsicurl/http://host/a.fgb?key=geheim is cut", "/vsicurl/http://host/a.fgb?… is cut"),
            ("/vsicurl?max_retry=2&url=http://u:geheim@host/a.fgb", "/vsicurl?…"),
            ("/vsizip/{/vsicurl?url=http%3A%2F%2Fu%3Ageheim%40h}/a", "/vsizip/{/vsicurl?…}/a"),
            ("http://user:ge?he@im@host/a.fgb", "http://?…"),
            ("http://host:8080/a b@c and http://[::1]:80/ b@c", "http://host:8080/a b@c and http://[::1]:80/ b@c"),
            ("HTTP://u:geheim@a and ftp://v@b", "HTTP://…@a and ftp://…@b"),
            ("postgresql://reader@host/base", "postgresql://reader@host/base"),
            ("expected postgres://user@host:port/database", "expected postgres://user@host:port/database"),
            ("POSTGRES://u:geheim@h/db does not exist", "POSTGRES://…@h/db does not exist"),
            ("/srv/postgis://u:ge heim@h/db is none", "/srv/postgis://…@h/db is none"),
            ("postgres://u:ge@heim@127.0.0.1/db?password=geheim", "postgres://…@127.0.0.1/db?…"),
        ] {
            assert_eq!(hidden(text), wanted);
        }
    }

    #[test]
    fn connections_are_told_without_their_passwords() {
        for (text, wanted) in [
            ("PG:dbname=x password=geheim host=h does not exist", "PG:dbname=x password=… host=h does not exist"),
            ("host=h PASSWORD='ge \\' heim' port=1", "host=h PASSWORD=… port=1"),
            ("password = geheim user=u", "password =… user=u"),
            ("sslpassword=ge\\ heim user=u", "sslpassword=… user=u"),
            ("password='geheim", "password=…"),
            ("MSSQL:server=h;uid=u;pwd=geheim;database=d", "MSSQL:server=h;uid=u;pwd=…"),
            ("name it with crs = \"EPSG:4326\"", "name it with crs = \"EPSG:4326\""),
        ] {
            assert_eq!(hidden(text), wanted);
        }
        assert!(is_connection("pg:dbname=x") && is_connection("host=h dbname=x") && !is_connection("/a/host=h/x.fgb"));
    }

    #[test]
    fn names_have_no_part_of_a_key() {
        for (path, whole, wanted) in [
            ("data/a.b.fgb", "a.b.fgb", "a.b"),
            ("what?.fgb", "what?.fgb", "what?"),
            ("/vsicurl/http://host/a.fgb?v=1.5&key=geheim", "a.fgb", "a"),
            ("/vsicurl?max_retry=2&url=http%3A%2F%2Fu%3Ageheim%40h%2Fa.fgb", "a.fgb", "a"),
            ("PG:dbname=x host=h password=geheim", "data", "data"),
            ("postgis://u:ge/he@im@h/db", "db", "db"),
            ("http://u:geheim@h", "h", "h"),
            ("http://u:ge?heim@h/a.fgb?token=geheim", "a.fgb", "a"),
        ] {
            assert_eq!((name(Path::new(path)), stem(Path::new(path))), (whole.to_owned(), wanted.to_owned()), "{path}");
        }
    }
}
