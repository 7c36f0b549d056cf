//! A proxy small enough to read: it takes `CONNECT` from whoever knows the password, and carries bytes.

use crate::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// `ann:secret`, as an HTTP login is written.
const LOGIN: &str = "Basic YW5uOnNlY3JldA==";

/// Opens it, and answers with its address as a setting has it.
pub(crate) async fn open(tunnels: &mut JoinSet<()>) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://ann:secret@{}", listener.local_addr()?);
    tunnels.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            open.spawn(carry(client));
        }
    });
    Ok(address)
}

async fn carry(mut client: TcpStream) -> Result {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8(head)?;
    let target = head.split(' ').nth(1).ok_or("no target")?;
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    if !fields.any(|(name, value)| name.eq_ignore_ascii_case("proxy-authorization") && value == LOGIN) {
        client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await?;
        return Ok(());
    }
    let mut server = TcpStream::connect(target).await?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
