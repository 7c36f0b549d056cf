//! The Bot API: Telegram by HTTP, with a token.

pub mod types;
