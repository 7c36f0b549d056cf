//! The client against a server on the loopback that says what it is told to say.

#![allow(clippy::unwrap_used, reason = "a test fails where it does not go on")]

mod broken;
mod calls;
mod canary;
mod log;
mod operations;
mod proxies;
mod server;
mod storm;
mod tls;
mod updates;
mod wire;
