//! The issuer's keys in a file, which is read again when it changes, as issuers change their keys.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Key;
use super::jwks::{self, LARGEST};

/// How often the file is looked at, while tokens come.
const LOOKS: Duration = Duration::from_secs(1);

/// The keys of a file.
pub struct KeyFile {
    path: Arc<Path>,
    state: Mutex<State>,
}

struct State {
    keys: Arc<[Key]>,
    stamp: Option<Stamp>,
    looked: Instant,
}

/// What changes when a file does: inode, time and size.
type Stamp = (u64, i64, i64, u64);

impl KeyFile {
    /// Reads the file; the error says what is wrong with it. One without keys is a mistake at first, later it is the issuer's word.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, String> {
        let path: Arc<Path> = path.into().into();
        let (stamp, keys) = (stamp(&path), read(&path)?);
        if keys.is_empty() {
            let what = "there is no public key for RS256, ES256 or EdDSA in this set";
            return Err(format!("{}: {what}", path.display()));
        }
        let keys = keys.into();
        Ok(Self { path, state: Mutex::new(State { keys, stamp, looked: Instant::now() }) })
    }

    /// The keys as the file has them now, or had when it was last in order.
    pub(super) async fn keys(&self) -> Arc<[Key]> {
        let before = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.looked.elapsed() < LOOKS {
                return state.keys.clone();
            }
            state.looked = Instant::now();
            state.stamp
        };
        let path = self.path.clone();
        let look = move || {
            let now = stamp(&path);
            (now != before).then(|| (now, read(&path)))
        };
        let looked = tokio::task::spawn_blocking(look).await;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(Some((stamp, read))) = looked {
            state.stamp = stamp;
            match read {
                Ok(keys) => {
                    tracing::info!(path = %self.path.display(), keys = keys.len(), "the keys of tokens were read again");
                    state.keys = keys.into();
                }
                Err(fault) => tracing::error!("the keys of tokens stay as they were: {fault}"),
            }
        }
        state.keys.clone()
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok()?;
    Some((about.ino(), about.mtime(), about.mtime_nsec(), about.len()))
}

fn read(path: &Path) -> Result<Vec<Key>, String> {
    let told = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let size = fs::metadata(path).map_err(|cause| told(&cause))?.len();
    if size > LARGEST {
        return Err(told(&"the file is too large for a set of keys"));
    }
    let text = fs::read(path).map_err(|cause| told(&cause))?;
    jwks::keys(&text).map_err(|fault| told(&fault))
}
