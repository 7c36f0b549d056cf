//! A sandbox to click through: start it with `cargo run -p admit-sandbox --example sandbox`, and open the address
//! it prints as `people` in a browser. An address as argument, such as `127.0.0.1:8080`, opens it there.

#![allow(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

use admit_sandbox::{LinkBase, Sandbox, Seed, Settings};
use std::net::SocketAddr;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = match std::env::args().nth(1) {
        Some(address) => address.parse()?,
        None => SocketAddr::from(([127, 0, 0, 1], 0)),
    };
    // Links begin with the sandbox's own address, so that a click on one stays on this machine. The seed is a chat
    // with a bot in it.
    let settings =
        Settings { listen, link_base: LinkBase::Own, seed: Some(Seed::Demo), ..Settings::default() };
    let sandbox = Sandbox::start(settings).await?;

    // One line with all a program needs: the three doors, the bot's token, the chat, the key of Mini Apps.
    println!("{}", serde_json::to_string(sandbox.announcement())?);
    sandbox.run().await;
    Ok(())
}
