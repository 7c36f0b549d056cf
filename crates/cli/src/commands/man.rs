//! `admit man`: the manual, from the one definition of the commands.

use crate::failure::{Failure, Usage};
use clap::Args;
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, roman};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit man --dir ~/.local/share/man/man1
  admit man link create | man -l -")]
pub(crate) struct Man {
    /// Write every page into this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<PathBuf>,
    /// Print the page of this command; of `admit` itself without it.
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

impl Man {
    /// Writes pages of this definition.
    pub(crate) fn run(self, definition: clap::Command) -> Result<(), Failure> {
        let mut root = definition.disable_help_subcommand(true);
        root.build();
        if let Some(directory) = &self.dir {
            std::fs::create_dir_all(directory).map_err(Failure::file("make the directory", directory))?;
            return write_all(&root, directory);
        }
        let mut command = &root;
        for name in &self.command {
            command = command.find_subcommand(name).ok_or_else(|| {
                Usage::new(
                    format!("`admit man {}`", self.command.join(" ")),
                    "there is no such command",
                    "`admit man link create`",
                )
            })?;
        }
        let mut stdout = io::stdout().lock();
        Ok(stdout.write_all(&page(command)?).and_then(|()| stdout.flush())?)
    }
}

fn write_all(command: &clap::Command, directory: &Path) -> Result<(), Failure> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = directory.join(format!("{name}.1"));
    std::fs::write(&path, page(command)?).map_err(Failure::file("write", path))?;
    command.get_subcommands().try_for_each(|each| write_all(each, directory))
}

/// A page whose examples come before its options, as in our help.
fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let examples = command.get_before_help().map(ToString::to_string).unwrap_or_default();
    // The generator would put the examples into the description, unformatted.
    let page = Page::new(command.clone().before_help(None::<&str>).before_long_help(None::<&str>));
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    example_section(&examples).to_writer(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    Ok(text)
}

fn example_section(examples: &str) -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["EXAMPLES"]);
    section.control("nf", []);
    for line in examples.lines().skip(1) {
        section.text([roman(line)]);
    }
    section.control("fi", []);
    section
}
