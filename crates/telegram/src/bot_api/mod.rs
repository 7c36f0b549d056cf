//! The Bot API: Telegram by HTTP, with a token.

pub mod types;

#[cfg(feature = "bot-api")]
mod client;
#[cfg(feature = "bot-api")]
mod error;
#[cfg(feature = "bot-api")]
pub mod links;
#[cfg(feature = "bot-api")]
pub mod methods;
#[cfg(feature = "bot-api")]
mod road;
#[cfg(feature = "bot-api")]
mod settings;
#[cfg(feature = "bot-api")]
mod transport;
#[cfg(feature = "bot-api")]
pub mod updates;

#[cfg(feature = "bot-api")]
pub use {
    crate::pace::OnWait,
    client::{Client, RawAnswer},
    error::{Broken, Said},
    settings::{BadProxy, BadSettings, BadToken, Proxy, Settings, Token},
};
