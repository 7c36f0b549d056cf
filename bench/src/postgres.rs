//! A PostgreSQL of our own, durable as it comes: its data in a folder on cargo's disk, both gone when it is dropped.

use crate::admit;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub(crate) struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    /// Ends the server when this is dropped, or this process is killed.
    watcher: Option<Child>,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let programs = programs()
            .expect("PostgreSQL and its `pgbench` are needed: on Debian, `apt-get install postgresql`");
        let mut server = Self { programs, folder: admit::folder(), watcher: None };
        let folder = server.folder.path().to_owned();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&folder), "");
        }
        let (data, log) = (text(&folder.join("data")), text(&folder.join("log")));
        server.run("initdb", &["--username=postgres", "--auth=trust", "--pgdata", &data], "");
        let settings = format!("-c listen_addresses='' -c unix_socket_directories='{}'", folder.display());
        server.run("pg_ctl", &["--wait", "--pgdata", &data, "--log", &log, "-o", &settings, "start"], "");
        let stop = format!(
            "trap '' INT; cat; {} --pgdata {data} --mode immediate stop",
            server.programs.join("pg_ctl").display()
        );
        let mut watcher = server.as_postgres(Path::new("sh"), &["-c", &stop]);
        watcher.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        server.watcher = Some(watcher.spawn().expect("there is a shell"));
        server
    }

    /// A new database.
    pub(crate) fn database(&self, name: &str) -> Database<'_> {
        self.run("createdb", &[name], "");
        Database { server: self, name: name.to_owned() }
    }

    /// What the program printed.
    fn run(&self, program: &str, arguments: &[&str], input: &str) -> String {
        let mut command = self.as_postgres(&self.programs.join(program), arguments);
        run(command.env("PGHOST", self.folder.path()).env("PGUSER", "postgres"), input)
    }

    /// PostgreSQL does not run as root.
    fn as_postgres(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(if is_root() { Path::new("runuser") } else { program });
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(program);
        }
        command.args(arguments).current_dir(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            drop(watcher.stdin.take());
            // Whatever came of it, the folder is removed next.
            let _ = watcher.wait();
        }
    }
}

pub(crate) struct Database<'a> {
    server: &'a Postgres,
    name: String,
}

impl Database<'_> {
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@localhost/{}?host={}", self.name, self.server.folder.path().display())
    }

    /// Runs a script.
    pub(crate) fn run(&self, script: &str) {
        self.server.run("psql", &["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", &self.name], script);
    }

    /// So many clients run the script so many times each. Answers how often that is a second.
    pub(crate) fn bench(&self, script: &str, clients: usize, times: usize, defines: &[String]) -> f64 {
        let threads = clients.min(std::thread::available_parallelism().map_or(1, Into::into)).to_string();
        let (clients, times) = (clients.to_string(), times.to_string());
        let mut arguments = vec!["--no-vacuum", "--protocol=prepared", "--file=-"];
        arguments.extend(["--client", &clients, "--jobs", &threads, "--transactions", &times]);
        arguments.extend(defines.iter().map(String::as_str));
        arguments.push(&self.name);
        let said = self.server.run("pgbench", &arguments, script);
        let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        tps.unwrap_or_else(|| panic!("`pgbench` tells no rate: {said}"))
    }
}

/// Where the server's programs are: where Debian puts them, or on the path.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let needed = ["initdb", "pg_ctl", "createdb", "psql", "pgbench"];
    folders.into_iter().find(|folder| needed.iter().all(|name| folder.join(name).exists()))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|done| done.stdout == b"0\n")
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn run(command: &mut Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("PostgreSQL's programs can be run");
    let mut stdin = process.stdin.take().expect("it was asked for");
    let output = std::thread::scope(|scope| {
        // From a thread of its own: it may answer before it has read all.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        process.wait_with_output().expect("a child can be waited for")
    });
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
