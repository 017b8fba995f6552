//! A line on the terminal where a start takes longer than a moment: what is going on, and how far it is.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use graticule::project::open::opened;

/// How long nothing is said.
const MOMENT: Duration = Duration::from_secs(1);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Says how far it is until it is dropped; nothing where standard error is no terminal.
pub(crate) struct Progress {
    // Dropped, it ends the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    pub(crate) fn start() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { end: None, thread: None };
        }
        let (end, ended) = channel();
        let (started, before) = (Instant::now(), opened());
        let say = move || {
            let mut wait = MOMENT;
            let mut is_said = false;
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(wait) {
                wait = LOOK;
                is_said = true;
                let (now, found) = opened();
                let line = line(now - before.0, found - before.1, started.elapsed().as_secs());
                // A terminal that is gone is nobody's fault.
                let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
                let _ = std::io::stderr().flush();
            }
            if is_said {
                let _ = write!(std::io::stderr(), "\r\x1b[K");
            }
        };
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(say).ok();
        Self { end: Some(end), thread }
    }
}

/// How far it is. What a database has is found as it is opened.
fn line(opened: usize, found: usize, seconds: u64) -> String {
    match found {
        0 => format!("Reading the data: {seconds} s"),
        _ => format!("Reading the data: {opened} of {found} opened, {seconds} s"),
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // It only writes.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_what_is_opened_of_what_was_found() {
        assert_eq!(line(3, 1000, 2), "Reading the data: 3 of 1000 opened, 2 s");
        assert_eq!(line(0, 0, 2), "Reading the data: 2 s");
    }
}
