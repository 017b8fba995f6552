//! From the `[access]` settings to filters and rules. A fault never opens anything: a user whose hash cannot be read does
//! not get in, a token without keys is refused, an address that cannot be read is not believed.

use http::HeaderName;

use super::basic::Basic;
use super::challenge::{Challenge, REALM};
use super::gatekeeper::Gatekeeper;
use super::jwt::{Bearer, Expected, Key, KeyFile, KeyUrl};
use super::keys::{ApiKeys, HEADER, PARAMETER};
use super::password::PasswordHash;
use super::proxy::TrustedProxy;
use super::rules::Rules;
use crate::error::Result;
use crate::message::principal::Principal;
use crate::project::access_settings::{self as settings, Algorithm, Require};
use crate::project::catalog::Project;
use crate::server::Builder;
use crate::server::security::{Scheme, Security};

/// When the filters that find out who asks run, and the rules are asked: before those of a program that names no such
/// early priority.
pub const PRIORITY: i32 = -1000;

/// Filters and rules, ready to be registered.
pub struct Access {
    proxy: Option<TrustedProxy>,
    keys: Option<ApiKeys>,
    bearer: Option<Bearer>,
    basic: Option<Basic>,
    gatekeeper: Option<Gatekeeper>,
    rules: Rules,
    /// What of the settings cannot be used, and why.
    pub faults: Vec<String>,
}

impl Access {
    /// Makes what the settings ask for; the rules are for these projects.
    pub fn new(settings: &settings::Access, projects: &[&Project]) -> Result<Self> {
        let (rules, mut faults) = Rules::new(&settings.rules, projects);
        let realm = settings.realm.as_deref().unwrap_or(REALM);
        let proxy = settings.proxy.as_ref().and_then(|proxy| trusted_proxy(proxy, &mut faults));
        let keys = (!settings.keys.is_empty()).then(|| api_keys(settings, realm, &mut faults));
        let bearer = settings.jwt.as_ref().map(|jwt| bearer(jwt, realm, &mut faults));
        let basic = (!settings.users.is_empty()).then(|| basic(&settings.users, realm, &mut faults)).transpose()?;
        let challenges = [
            bearer.as_ref().map(Bearer::challenge),
            basic.as_ref().map(Basic::challenge).cloned(),
            keys.as_ref().map(ApiKeys::challenge).cloned(),
        ];
        let challenges: Vec<Challenge> = challenges.into_iter().flatten().collect();
        let gatekeeper = match &settings.require {
            Require::Authenticated(false) => None,
            Require::Authenticated(true) => Some(Gatekeeper::new(Vec::new(), challenges)),
            Require::Roles(needed) => {
                if needed.is_empty() {
                    faults.push("access: 'require' names no role".to_owned());
                }
                Some(Gatekeeper::new(needed.clone(), challenges))
            }
        };
        if gatekeeper.is_some() && proxy.is_none() && keys.is_none() && bearer.is_none() && basic.is_none() {
            faults.push("access: authentication is required, and nothing can tell who asks".to_owned());
        }
        Ok(Self { proxy, keys, bearer, basic, gatekeeper, rules, faults })
    }

    /// Registers all of it. The order counts: headers of strangers go first, keys leave the request before any error is
    /// told with its links, and the gatekeeper comes last.
    pub fn register(self, builder: Builder) -> Builder {
        let schemes = [
            self.basic.as_ref().map(|_| vec![Scheme::Basic]),
            self.bearer.as_ref().map(|_| vec![Scheme::Bearer]),
            self.keys.as_ref().map(ApiKeys::schemes),
        ];
        let schemes = schemes.into_iter().flatten().flatten().collect();
        let builder = builder.security(Security { schemes, is_required: self.gatekeeper.is_some() });
        let builder = register(builder, self.proxy);
        let builder = register(builder, self.keys);
        let builder = register(builder, self.bearer);
        let builder = register(builder, self.basic);
        let builder = register(builder, self.gatekeeper);
        builder.access(self.rules, PRIORITY)
    }
}

fn register(builder: Builder, filter: Option<impl crate::exchange::Filter>) -> Builder {
    match filter {
        Some(filter) => builder.filter(filter, PRIORITY),
        None => builder,
    }
}

fn principal(name: &str, roles: &[String], claims: &std::collections::BTreeMap<String, String>) -> Principal {
    Principal { name: name.to_owned(), roles: roles.to_vec(), claims: claims.clone() }
}

fn header(name: &str, faults: &mut Vec<String>) -> Option<HeaderName> {
    let header = name.parse().ok();
    if header.is_none() {
        faults.push(format!("access: '{name}' is not the name of a header"));
    }
    header
}

fn trusted_proxy(settings: &settings::Proxy, faults: &mut Vec<String>) -> Option<TrustedProxy> {
    let user = header(&settings.user, faults)?;
    let roles = settings.roles.as_ref().and_then(|name| header(name, faults));
    let mut from = Vec::new();
    for range in &settings.from {
        match range.parse() {
            Ok(range) => from.push(range),
            Err(fault) => faults.push(format!("access: proxy: {fault}")),
        }
    }
    if from.is_empty() {
        faults.push("access: proxy: 'from' names no address, so nobody is believed".to_owned());
    }
    Some(TrustedProxy::new(user, roles, from))
}

fn api_keys(settings: &settings::Access, realm: &str, faults: &mut Vec<String>) -> ApiKeys {
    let name = settings.key_header.as_ref().and_then(|name| header(name, faults));
    let parameter = settings.key_parameter.clone().unwrap_or_else(|| PARAMETER.to_owned());
    let parameter = Some(parameter).filter(|name| !name.is_empty());
    let mut keys = ApiKeys::new(realm, name.unwrap_or(HeaderName::from_static(HEADER)), parameter);
    for key in &settings.keys {
        if let Err(fault) = keys.add(principal(&key.name, &key.roles, &key.claims), &key.sha256.0) {
            faults.push(format!("access: key '{}': {fault}", key.name));
        }
    }
    keys
}

fn bearer(settings: &settings::Jwt, realm: &str, faults: &mut Vec<String>) -> Bearer {
    let mut told = |fault: &str| faults.push(format!("access: jwt: {fault}"));
    let secret = settings.secret.as_ref().and_then(|secret| Key::secret(&secret.0).map_err(|fault| told(&fault)).ok());
    let at = settings.jwks.as_ref().map(|path| path.to_string_lossy());
    let (mut file, mut url) = (None, None);
    match (&at, &settings.jwks) {
        (Some(address), _) if address.contains("://") => {
            url = KeyUrl::new(address).map_err(|fault| told(&format!("jwks: {fault}"))).ok();
        }
        (_, Some(path)) => file = KeyFile::open(path).map_err(|fault| told(&fault)).ok(),
        _ => {}
    }
    let public = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
    let possible: Vec<Algorithm> = [(settings.jwks.is_some(), &public[..]), (secret.is_some(), &[Algorithm::HS256])]
        .into_iter()
        .filter(|(is, _)| *is)
        .flat_map(|(_, them)| them.iter().copied())
        .collect();
    let algorithms = settings.algorithms.clone().unwrap_or_else(|| possible.clone());
    if let Some(none) = algorithms.iter().find(|it| !possible.contains(it)) {
        told(&format!("there is no key for {none:?}: public keys come from 'jwks', that of HS256 from 'secret'"));
    }
    if algorithms.is_empty() {
        told("there is neither 'jwks' nor 'secret', so all tokens are refused");
    }
    let list =
        |several: &Option<settings::Several>| several.as_ref().map(|it| it.as_slice().to_vec()).unwrap_or_default();
    let usual = Expected::default();
    let expected = Expected {
        issuers: list(&settings.issuer),
        audiences: list(&settings.audience),
        roles: settings.roles.clone().unwrap_or(usual.roles),
        name: settings.name.clone().unwrap_or(usual.name),
        leeway: settings.leeway.unwrap_or(usual.leeway),
    };
    let bearer = Bearer::new(realm, algorithms, secret.into_iter().collect(), expected);
    let bearer = file.into_iter().fold(bearer, Bearer::with_file);
    url.into_iter().fold(bearer, Bearer::with_url)
}

fn basic(users: &[settings::User], realm: &str, faults: &mut Vec<String>) -> Result<Basic> {
    let mut basic = Basic::new(realm)?;
    for user in users {
        let added = PasswordHash::parse(&user.password.0).and_then(|hash| {
            let is_new = basic.add(principal(&user.name, &user.roles, &user.claims), hash);
            is_new.then_some(()).ok_or_else(|| "the name is taken, or has a colon".to_owned())
        });
        if let Err(fault) = added {
            faults.push(format!("access: user '{}': {fault}", user.name));
        }
    }
    Ok(basic)
}
