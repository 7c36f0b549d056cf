//! How links happen: Telegram's Bot API behind the trait `Links`.

pub mod bot_api;
#[cfg(feature = "bot-api")]
pub mod pace;
