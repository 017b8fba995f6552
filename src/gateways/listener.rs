//! Where a web server connects: a TCP port, a Unix socket, or a listening socket that a manager of processes (spawn-fcgi,
//! systemd) passes as standard input. Several processes may accept on one such socket, which is what prefork means; one
//! process answers many requests at once by itself.

use std::fmt;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, Socket as RawSocket};
use tokio::net::{TcpListener, UnixListener};

use super::connection::Socket;

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    kind: Listening,
    name: String,
    // Kept for its end.
    _file: Option<SocketFile>,
}

#[derive(Debug)]
enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The file of a Unix socket, which goes when nobody listens any more.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

impl Listener {
    /// Listens on an address such as `127.0.0.1:9000`.
    pub async fn tcp(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { name: listener.local_addr()?.to_string(), kind: Listening::Tcp(listener), _file: None })
    }

    /// Listens on a Unix socket with these permissions. A file that a dead process left is replaced, nothing else is.
    pub fn unix(path: &Path, mode: u32) -> io::Result<Self> {
        let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
        if is_socket
            && std::os::unix::net::UnixStream::connect(path).is_err_and(|it| it.kind() == ErrorKind::ConnectionRefused)
        {
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        let file = SocketFile(path.to_owned());
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        Ok(Self { kind: Listening::Unix(listener), name: path.display().to_string(), _file: Some(file) })
    }

    /// The socket that is standard input, if that listens.
    pub fn inherited() -> io::Result<Option<Self>> {
        let socket = RawSocket::from(io::stdin().as_fd().try_clone_to_owned()?);
        if !socket.is_listener().unwrap_or(false) {
            return Ok(None);
        }
        socket.set_nonblocking(true)?;
        let domain = socket.domain()?;
        let handle = OwnedFd::from(socket);
        let kind = if domain == Domain::UNIX {
            Listening::Unix(UnixListener::from_std(handle.into())?)
        } else {
            Listening::Tcp(TcpListener::from_std(handle.into())?)
        };
        Ok(Some(Self { kind, name: "the socket at standard input".to_owned(), _file: None }))
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Socket>> {
        match &self.kind {
            Listening::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Nagle's algorithm makes answers of several records some fifty times slower.
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            Listening::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_file_is_replaced_only_where_nobody_listens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        // A listener of the standard library leaves its file.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listener = Listener::unix(&path, 0o620).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o620);
        assert!(Listener::unix(&path, 0o620).is_err());
        drop(listener);
        assert!(!path.exists());
        std::fs::write(&path, "a file").unwrap();
        assert!(Listener::unix(&path, 0o620).is_err());
        assert!(path.exists());
    }
}
