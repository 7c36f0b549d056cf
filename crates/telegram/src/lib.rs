//! How links happen: Telegram's Bot API behind the trait `Links`.

pub mod bot_api;
