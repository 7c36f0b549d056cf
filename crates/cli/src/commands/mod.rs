//! Every command there is.

pub(crate) mod admins;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod bots;
pub(crate) mod chats;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod gates;
pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod members;
pub(crate) mod passes;
pub(crate) mod people;
pub(crate) mod reconcile;
pub(crate) mod requests;
pub(crate) mod restore;
pub(crate) mod sandbox;
pub(crate) mod serve;
pub(crate) mod telegram;
pub(crate) mod whoami;

// For batches.
pub(crate) use crate::context::{Connection, Context};

use crate::config::Variables;
use crate::failure::Failure;
use crate::flags::Global;
use crate::log;
use crate::output::Output;
use clap::{CommandFactory, Parser, Subcommand};

/// Telegram invite links: one link, one person, once.
#[derive(Parser, Debug)]
#[command(name = "admit", version, arg_required_else_help = true)]
#[command(before_help = "\
Examples:
  admit link create --chat @garden --limit 1 --expire 7d
  admit link revoke --chat @garden https://t.me/+AbCdEf0123456789
  admit request approve --chat @garden --user 123456789
  admit chat show --chat @garden --json
  admit link list --chat @garden --all-admins
  admit serve --token-file token --data /var/lib/admit
  admit gate new night-owls --title Owls --chat -1001234567890 --ask Drink? --answer espresso
  admit pass list --gate night-owls
  admit doctor

The bot's token comes from ADMIT_BOT_TOKEN, ADMIT_BOT_TOKEN_FILE, `--token-file` or a profile; an \
account is logged in to with `admit login`.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Make, change and end invite links.
    #[command(subcommand)]
    Link(links::Link),
    /// Decide about people who ask to join.
    #[command(subcommand)]
    Request(requests::Request),
    /// Look at chats.
    #[command(subcommand)]
    Chat(chats::Chat),
    /// List who came, and remove members.
    #[command(subcommand)]
    Member(members::Member),
    /// Look at who administers a chat.
    #[command(subcommand)]
    Admin(admins::Admin),
    /// Look at bots, and forget them.
    #[command(subcommand)]
    Bot(bots::Bot),
    /// Log in to an account, which can do what no bot can.
    Login(login::Login),
    /// Log out of the account, and forget its session.
    Logout(logout::Logout),
    /// Tell as whom commands speak: an account, a bot, or both.
    Whoami(whoami::Whoami),
    /// Serve gates: their pages, the bot's ear, and the jobs that make and end links.
    Serve(serve::Serve),
    /// Draw gates, look at them, open and close them.
    #[command(subcommand)]
    Gate(gates::Gate),
    /// Give, look at and take back passes.
    #[command(subcommand)]
    Pass(passes::Pass),
    /// Forget people.
    #[command(subcommand)]
    Person(people::Person),
    /// Compare the ledger with Telegram's links, in the name of an account.
    Reconcile(reconcile::Reconcile),
    /// Name what is wrong with a service, and what to do about it.
    Doctor(doctor::Doctor),
    /// Copy the database, while a service runs.
    Backup(backup::Backup),
    /// Put a copy in the place of the database.
    Restore(restore::Restore),
    /// Look at what people did.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Look at the keys of the database, and replace them.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// See all of it on this machine: a small Telegram, a service, and a gate to pass.
    Demo(demo::Demo),
    /// Run a small Telegram on this machine.
    Sandbox(sandbox::Sandbox),
    /// See the settings in force.
    #[command(subcommand)]
    Config(config::Config),
    /// For scripts written for `oint telegram`: the same method, options and answer.
    Telegram(telegram::Telegram),
    /// Print completions for a shell.
    Completions(completions::Completions),
    /// Write the man pages.
    Man(man::Man),
}

/// The definition of the command line, with our help's order: examples before options.
pub(crate) fn definition() -> clap::Command {
    fn styled(command: clap::Command) -> clap::Command {
        const TEMPLATE: &str =
            "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";
        let names: Vec<String> = command.get_subcommands().map(|each| each.get_name().to_owned()).collect();
        names
            .iter()
            .fold(command.help_template(TEMPLATE), |command, name| command.mut_subcommand(name, styled))
    }
    styled(Cli::command())
}

/// Does what was asked.
pub(crate) fn run(cli: Cli, output: Output, variables: Variables<'_>) -> Result<(), Failure> {
    let usual = match (&cli.command, cli.global.quiet) {
        (Command::Serve(_), false) => Some(log::OF_A_SERVICE),
        (Command::Serve(_), true) => Some("warn"),
        _ => None,
    };
    log::start(&cli.global, variables, usual)?;
    let ctx = Context { global: cli.global, output, variables };
    match cli.command {
        Command::Link(command) => command.run(&ctx),
        Command::Request(command) => command.run(&ctx),
        Command::Chat(command) => command.run(&ctx),
        Command::Member(command) => command.run(&ctx),
        Command::Admin(command) => command.run(&ctx),
        Command::Bot(command) => command.run(&ctx),
        Command::Login(command) => command.run(&ctx),
        Command::Logout(command) => command.run(&ctx),
        Command::Whoami(command) => command.run(&ctx),
        Command::Serve(command) => command.run(&ctx),
        Command::Gate(command) => command.run(&ctx),
        Command::Pass(command) => command.run(&ctx),
        Command::Person(command) => command.run(&ctx),
        Command::Reconcile(command) => command.run(&ctx),
        Command::Doctor(command) => command.run(&ctx),
        Command::Backup(command) => command.run(&ctx),
        Command::Restore(command) => command.run(&ctx),
        Command::Audit(command) => command.run(&ctx),
        Command::Keys(command) => command.run(&ctx),
        Command::Demo(command) => command.run(&ctx),
        Command::Sandbox(command) => command.run(&ctx),
        Command::Config(command) => command.run(&ctx),
        Command::Telegram(command) => command.run(&ctx),
        Command::Completions(command) => command.run(definition()),
        Command::Man(command) => command.run(definition()),
    }
}
