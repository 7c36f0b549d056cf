//! The trials of passes: many people at once, deaths at the worst moments, leavers, strangers and robots. The service
//! and the sandbox are processes; what came of a run is judged by an auditor that shares no code with either.

#![allow(clippy::unwrap_used, reason = "a test fails where it does not go on")]

mod auditor;
mod canary;
mod crowds;
mod databases;
mod doctored;
mod ends;
mod evidence;
mod fans;
mod house;
mod leavers;
mod nights;
mod nodes;
mod robots;
mod seed;
mod wire;
