//! The one resolver of the base URL: what every absolute link begins with, also behind proxies.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, header};

use crate::error::{Error, Kind, Result};
use crate::message::request::Head;

// Names that are made once are found faster than those that are read each time.
static SERVICE_URL: HeaderName = HeaderName::from_static("x-qgis-service-url");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
static FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// What a link begins with: scheme, host and path prefix, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

/// A range of addresses, such as `127.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    address: IpAddr,
    bits: u8,
}

impl std::str::FromStr for AddressRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("'{text}' is not an address such as 10.0.0.1 or a range such as 10.0.0.0/8");
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

impl AddressRange {
    /// Whether the address lies within. An IPv4 address in IPv6's clothes is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let mask = |value: u128, width: u8| value.checked_shr(u32::from(width - self.bits)).unwrap_or(0);
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => mask(u32::from(a).into(), 32) == mask(u32::from(b).into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => mask(a.into(), 128) == mask(b.into(), 128),
            _ => false,
        }
    }
}

/// How the base URL is found.
#[derive(Clone, Debug, Default)]
pub struct BaseUrlSettings {
    /// The base URL itself: then no header has a say.
    pub fixed: Option<String>,
    /// Proxies whose forwarded headers are believed.
    pub trusted: Vec<AddressRange>,
}

impl BaseUrlSettings {
    /// The base URL of a request: the setting, else what a trusted proxy says, else what the client spoke to.
    pub fn resolve(&self, head: &Head) -> Result<BaseUrl> {
        if let Some(fixed) = &self.fixed {
            return Ok(BaseUrl(format!("{}{}", fixed.trim_end_matches('/'), head.prefix)));
        }
        let host = head.headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
        let mut scheme = head.scheme.clone();
        let mut authority = host.filter(|host| !host.is_empty()).unwrap_or(&head.authority).to_owned();
        let mut prefix = head.prefix.clone();
        if head.peer.is_some_and(|peer| self.trusted.iter().any(|range| range.contains(peer))) {
            if let Some(url) = first(&head.headers, &SERVICE_URL).filter(|url| is_url(url)) {
                let url = url.split(['?', '#']).next().unwrap_or_default();
                return Ok(BaseUrl(url.trim_end_matches('/').to_owned()));
            }
            let mut forwarded = Forwarded::read(&head.headers);
            scheme = forwarded.scheme.take().unwrap_or(scheme);
            authority = forwarded.authority(&authority, &scheme);
            if let Some(before) = forwarded.prefix {
                prefix = before + &prefix;
            }
        }
        if !is_authority(&authority) {
            return Err(Error::new(Kind::BadRequest, "the Host header is not a host name with an optional port"));
        }
        Ok(BaseUrl(format!("{scheme}://{authority}{prefix}")))
    }
}

impl BaseUrl {
    /// The URL without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of a path, which is percent-encoded and begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// What forwarded headers say.
#[derive(Default)]
struct Forwarded {
    scheme: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    prefix: Option<String>,
}

impl Forwarded {
    /// The first element of each list is the one nearest to the client. RFC 7239 has the first word.
    fn read(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        if let Some(element) = first(headers, &header::FORWARDED) {
            for pair in element.split(';') {
                let Some((name, value)) = pair.split_once('=') else { continue };
                let value = value.trim().trim_matches('"').to_owned();
                match name.trim().to_ascii_lowercase().as_str() {
                    "proto" => found.scheme = scheme(&value),
                    "host" if is_authority(&value) => found.host = Some(value),
                    _ => {}
                }
            }
        }
        found.scheme = found.scheme.or_else(|| first(headers, &FORWARDED_PROTO).and_then(scheme));
        found.host =
            found.host.or_else(|| first(headers, &FORWARDED_HOST).filter(|it| is_authority(it)).map(str::to_owned));
        found.port = first(headers, &FORWARDED_PORT).and_then(|port| port.parse().ok());
        found.prefix = first(headers, &FORWARDED_PREFIX).and_then(|prefix| {
            let clean = prefix.trim_matches('/');
            let fine = clean.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~%".contains(&b));
            let walks = clean.split('/').any(|part| matches!(part, "" | "." | ".."));
            (fine && !walks).then(|| format!("/{clean}"))
        });
        found
    }

    /// The host, with the forwarded port where the host has none and the port is not the scheme's own.
    fn authority(&self, seen: &str, scheme: &str) -> String {
        let host = self.host.as_deref().unwrap_or(seen);
        let Some(port) = self.port else { return host.to_owned() };
        let has_port = host.rfind(':').is_some_and(|colon| !host[colon..].contains(']'));
        if has_port && self.host.is_some() {
            return host.to_owned();
        }
        let bare = if has_port { &host[..host.rfind(':').unwrap_or(host.len())] } else { host };
        if matches!((scheme, port), ("http", 80) | ("https", 443)) { bare.to_owned() } else { format!("{bare}:{port}") }
    }
}

/// The first element of the first header of this name.
fn first<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?;
    value.split(',').map(str::trim).find(|element| !element.is_empty())
}

fn scheme(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    matches!(lower.as_str(), "http" | "https").then_some(lower)
}

fn is_authority(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:[]".contains(&b))
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| is_authority(rest.split(['/', '?', '#']).next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::request::Request;
    use http::{HeaderName, HeaderValue};

    fn base(headers: &[(&str, &str)], peer: &str, trusted: &str) -> String {
        let mut request = Request::get("http://inside:8080/ogcapi");
        request.head_mut().peer = peer.parse().ok();
        for (name, value) in headers {
            request
                .head_mut()
                .headers
                .insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let settings = BaseUrlSettings { fixed: None, trusted: vec![trusted.parse().unwrap()] };
        settings.resolve(request.head()).unwrap().as_str().to_owned()
    }

    #[test]
    fn lists_cases_and_ports_are_read() {
        let local = |headers: &[(&str, &str)]| base(headers, "127.0.0.1", "127.0.0.0/8");
        assert_eq!(local(&[]), "http://inside:8080");
        assert_eq!(local(&[("host", "a.example")]), "http://a.example");
        assert_eq!(
            local(&[("x-forwarded-proto", "https, https, HTTPS"), ("x-forwarded-host", "gis.example, inner")]),
            "https://gis.example"
        );
        assert_eq!(
            local(&[
                ("forwarded", "for=1.2.3.4;proto=https;host=\"gis.example:8443\", for=5.6.7.8"),
                ("x-forwarded-prefix", "/maps/")
            ]),
            "https://gis.example:8443/maps"
        );
        assert_eq!(
            local(&[("x-forwarded-port", "443"), ("x-forwarded-proto", "https"), ("host", "a:80")]),
            "https://a"
        );
        assert_eq!(local(&[("x-qgis-service-url", "https://q.example/x/?y=1")]), "https://q.example/x");
    }

    #[test]
    fn strangers_are_not_believed_and_nonsense_is_passed_over() {
        let headers = [("x-forwarded-host", "evil.example"), ("x-qgis-service-url", "https://evil.example")];
        assert_eq!(base(&headers, "192.0.2.1", "127.0.0.0/8"), "http://inside:8080");
        let headers = [
            ("x-forwarded-host", "evil\"><script>"),
            ("x-forwarded-prefix", "/a/../b"),
            ("x-forwarded-proto", "javascript"),
        ];
        assert_eq!(base(&headers, "127.0.0.1", "127.0.0.0/8"), "http://inside:8080");
    }

    #[test]
    fn ranges_hold_their_addresses() {
        let holds =
            |range: &str, address: &str| range.parse::<AddressRange>().unwrap().contains(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && holds("::1", "::1") && !holds("::1", "::2"));
        assert!(holds("127.0.0.0/8", "::ffff:127.0.0.1") && holds("::/0", "2001:db8::1"));
    }
}
