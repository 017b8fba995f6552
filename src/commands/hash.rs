//! `graticule hash`.

use std::io::{IsTerminal, Read};

use clap::Args;
use graticule::access::keys;
use graticule::access::password::PasswordHash;

use super::{Done, print};

/// Options of `hash`.
#[derive(Args)]
pub(crate) struct Options {
    /// Hash a key, not a password
    #[arg(long)]
    key: bool,
    /// Make a new random key, and print it with its hash
    #[arg(long, conflicts_with = "key")]
    new_key: bool,
}

/// Shortest key whose fast hash is worth keeping.
const SHORTEST_KEY: usize = 20;
/// Longest secret that a client can send without being turned away, and then some.
const LONGEST: usize = 1024;

pub(crate) fn run(options: &Options) -> Done {
    if options.new_key {
        let key = keys::generate()?;
        return print(&format!("key    = {key}\nsha256 = {}", keys::hash(&key)));
    }
    if options.key {
        let key = secret("Key: ", false)?;
        if key.chars().count() < SHORTEST_KEY {
            return Err(format!("a key needs {SHORTEST_KEY} characters at least, at random; --new-key makes one"));
        }
        return print(&keys::hash(&key));
    }
    let password = secret("Password: ", true)?;
    if password.is_empty() {
        return Err("the password is empty".to_owned());
    }
    print(&PasswordHash::of(&password)?)
}

/// A secret from a person, who does not see it (and repeats it), or the one line of standard input.
fn secret(prompt: &str, is_repeated: bool) -> Result<String, String> {
    let told = |cause: std::io::Error| cause.to_string();
    let fits = |secret: String| match secret.len() {
        0..=LONGEST => Ok(secret),
        _ => Err(format!("it is longer than {LONGEST} bytes")),
    };
    if std::io::stdin().is_terminal() {
        let secret = rpassword::prompt_password(prompt).map_err(told)?;
        if is_repeated && rpassword::prompt_password("Again: ").map_err(told)? != secret {
            return Err("these are two passwords".to_owned());
        }
        return fits(secret);
    }
    let mut text = String::new();
    std::io::stdin().lock().take(2 * LONGEST as u64).read_to_string(&mut text).map_err(told)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains('\n') {
        return Err("standard input has more than one line".to_owned());
    }
    fits(line.to_owned())
}
