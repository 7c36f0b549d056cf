//! The real binary against the real sandbox, start to finish.

#![allow(clippy::unwrap_used, reason = "a test fails where it does not go on")]

mod account;
mod bad_input;
mod batches;
mod demo;
mod drop_in;
mod exits;
mod fan;
mod house;
mod life;
mod lists;
mod manual;
mod operator;
mod operator_audit;
mod operator_backup;
mod operator_doctor;
mod operator_keys;
mod operator_people;
mod playground;
mod reconcile;
mod secrets;
mod session;
#[cfg(target_os = "linux")]
mod terminal;
