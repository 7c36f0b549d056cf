//! `admit completions`: what shells need to complete our commands, from the one definition of them.

use crate::failure::Failure;
use clap::{Args, ValueEnum};
use clap_complete::{Shell as Known, generate};
use clap_complete_nushell::Nushell;
use std::io::{self, Write};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit completions bash > ~/.local/share/bash-completion/completions/admit
  admit completions zsh > ~/.zfunc/_admit
  admit completions fish > ~/.config/fish/completions/admit.fish")]
pub(crate) struct Completions {
    /// For which shell.
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    Power,
    Elvish,
    Nushell,
}

impl Completions {
    /// Prints what completes this definition.
    pub(crate) fn run(self, mut definition: clap::Command) -> Result<(), Failure> {
        // Written at once at the end, because the generators panic when they cannot write.
        let mut script = Vec::new();
        let known = match self.shell {
            Shell::Bash => Known::Bash,
            Shell::Zsh => Known::Zsh,
            Shell::Fish => Known::Fish,
            Shell::Power => Known::PowerShell,
            Shell::Elvish => Known::Elvish,
            Shell::Nushell => {
                generate(Nushell, &mut definition, "admit", &mut script);
                return write(&script);
            }
        };
        generate(known, &mut definition, "admit", &mut script);
        write(&script)
    }
}

fn write(script: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    Ok(stdout.write_all(script).and_then(|()| stdout.flush())?)
}
