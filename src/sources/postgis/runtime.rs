//! The threads that talk to databases. They are apart from those of the server, so that rows are decoded beside the
//! answers that are encoded, and so that a database can be asked from any thread.

use std::future::Future;
use std::sync::{OnceLock, mpsc};

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

use crate::base::stack::STACK;
use crate::data::worker;
use crate::error::{Error, Result};

static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();

/// The handle of the threads; they are started by the first who asks.
pub(super) fn handle() -> Result<&'static Handle> {
    let made = RUNTIME.get_or_init(|| {
        // Each look at the number of cores reads half a dozen files.
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(threads).thread_name("postgis").thread_stack_size(STACK).enable_all().build()
    });
    match made {
        Ok(runtime) => Ok(runtime.handle()),
        Err(cause) => Err(Error::internal(cause.to_string())),
    }
}

/// Where a reader's work runs: on the threads of whoever asks where those answer for long, for a page is then read without a
/// change of threads, else on those of the databases.
pub(super) fn near() -> Result<Handle> {
    match Handle::try_current() {
        Ok(own) if worker::here().is_some() || own.runtime_flavor() == RuntimeFlavor::MultiThread => Ok(own),
        _ => handle().cloned(),
    }
}

/// Does a piece of work there and waits for it, wherever the caller is.
pub(super) fn wait<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    handle()?.spawn(async move {
        // Nobody to tell where the caller is gone.
        let _ = sender.send(work.await);
    });
    receiver.recv().unwrap_or_else(|_| Err(Error::internal("the work on a database panicked")))
}
