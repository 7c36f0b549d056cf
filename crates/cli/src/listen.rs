//! Where a service listens: an address, or a socket in the file system.

use crate::failure::Usage;
use server::Listener;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// As it was said: `127.0.0.1:8080`, or `unix:/run/admit.sock`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Listen {
    At(SocketAddr),
    #[cfg(unix)]
    Socket(std::path::PathBuf),
}

/// Something to listen at, and its name in answers. A socket is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) listener: Listener,
    pub(crate) url: String,
    pub(crate) file: Option<SocketFile>,
}

/// The file of a socket.
#[derive(Debug)]
pub(crate) struct SocketFile(std::path::PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listen {
    /// Begins to listen. `flag` is what said where.
    pub(crate) async fn bind(&self, flag: &str) -> Result<Bound, Usage> {
        let failed = |why: std::io::Error| {
            let example = format!("`{flag} 127.0.0.1:0`, which takes a port that is free");
            Usage::flag(flag, self, why, &example)
        };
        match self {
            Self::At(address) => {
                let listener = tokio::net::TcpListener::bind(address).await.map_err(failed)?;
                let url = format!("http://{}", listener.local_addr().map_err(failed)?);
                Ok(Bound { listener: listener.into(), url, file: None })
            }
            #[cfg(unix)]
            Self::Socket(path) => {
                let listener = socket(path).await.map_err(failed)?;
                let file = Some(SocketFile(path.clone()));
                Ok(Bound { listener: listener.into(), url: self.to_string(), file })
            }
        }
    }
}

/// A socket that its owner and its group may use. What a service that was killed left there is replaced.
#[cfg(unix)]
async fn socket(path: &std::path::Path) -> std::io::Result<tokio::net::UnixListener> {
    use std::io::ErrorKind;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket());
    if is_socket {
        match tokio::net::UnixStream::connect(path).await {
            Err(why) if why.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            _ => return Err(std::io::Error::new(ErrorKind::AddrInUse, "another program listens there")),
        }
    }
    let listener = tokio::net::UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}

impl FromStr for Listen {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        #[cfg(unix)]
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(NotAPlace) } else { Ok(Self::Socket(path.into())) };
        }
        text.parse().map(Self::At).map_err(|_| NotAPlace)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => write!(f, "{address}"),
            #[cfg(unix)]
            Self::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Nobody can listen there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this is an IP address with a port, or `unix:` and a path")]
pub(crate) struct NotAPlace;
