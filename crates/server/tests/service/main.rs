//! The service in this process, before a sandbox: fans at its pages, people at Telegram, and a clock that is moved.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bots;
mod chats;
mod gaps;
mod holds;
mod house;
mod making;
mod patience;
mod pauses;
mod people;
mod publish;
mod reconcile;
mod refusals;
mod renewals;
mod rights;
mod shares;
mod states;
mod steps;
mod strangers;
mod webhooks;
