//! How links happen: Telegram's Bot API and its apps' own protocol, behind the trait `Links`.

pub mod bot_api;
#[cfg(any(feature = "bot-api", feature = "mtproto"))]
mod common;
#[cfg(feature = "mtproto")]
pub mod mtproto;
#[cfg(any(feature = "bot-api", feature = "mtproto"))]
pub mod pace;
#[cfg(any(feature = "bot-api", feature = "mtproto"))]
mod words;
