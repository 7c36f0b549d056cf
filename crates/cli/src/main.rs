//! `admit`: Telegram invite links from the command line.

mod account;
mod arguments;
mod ask;
mod bot;
mod bulk;
mod commands;
mod config;
mod context;
mod credentials;
mod exit;
mod failure;
mod flags;
mod house;
mod key_file;
mod listen;
mod listing;
mod log;
mod output;
mod person;
mod qr;
mod rows;
mod runtime;
mod session_file;
mod several;
mod shown;
mod trials;
mod when;

use std::process::ExitCode;

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let variables = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let cli = match arguments::read(std::env::args_os(), &variables) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let output = cli.global.speaker(variables);
    match commands::run(cli, output.clone(), &variables) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.class().1.code)
        }
    }
}
