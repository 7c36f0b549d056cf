//! Where the books are: a file, or a PostgreSQL that lives as long as the trials. Both are read from outside, with one
//! text for both.

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Clone, Debug)]
pub(crate) enum Database {
    File(PathBuf),
    /// By its name on the one server that all trials of this process share.
    Postgres(String),
}

impl Database {
    pub(crate) fn postgres() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("admit{}", COUNT.fetch_add(1, Ordering::Relaxed));
        Server::get().run("createdb", &[&name]);
        Self::Postgres(name)
    }

    /// What a service is told, where it is no file.
    pub(crate) fn url(&self) -> Option<String> {
        match self {
            Self::File(_) => None,
            Self::Postgres(name) => Some(Server::get().url(name)),
        }
    }

    /// The rows of a question, each as a list of these columns.
    pub(crate) fn rows(&self, columns: &str, rest: &str) -> Vec<Value> {
        let lines = match self {
            Self::File(path) => {
                let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
                let mut prepared = db.prepare(&format!("select json_array({columns}) {rest}")).unwrap();
                let lines = prepared.query_map([], |row| row.get(0)).unwrap();
                lines.collect::<Result<Vec<String>, _>>().unwrap()
            }
            Self::Postgres(name) => {
                let question = format!("select json_build_array({columns}) {rest}");
                let said = Server::get().run("psql", &["-X", "-A", "-t", "-d", name, "-c", &question]);
                said.lines().map(str::to_owned).collect()
            }
        };
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A column of bytes, in hexadecimal digits that are capital.
    pub(crate) fn hex(&self, column: &str) -> String {
        match self {
            Self::File(_) => format!("hex({column})"),
            Self::Postgres(_) => format!("upper(encode({column}, 'hex'))"),
        }
    }
}

/// PostgreSQL with its data in a temporary folder, reached by a socket in the same folder.
struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// Ends the server when this process ends.
    watcher: Option<Child>,
}

impl Server {
    fn get() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }

    fn start() -> Self {
        let programs = programs().expect("install PostgreSQL, on Debian with `apt-get install postgresql`");
        let folder = tempfile::Builder::new().prefix("admit-postgres-").tempdir().unwrap().keep();
        let mut server = Self { programs, folder, watcher: None };
        if is_root() {
            done(Command::new("chown").arg("postgres").arg(&server.folder));
        }
        let (data, log) = (server.folder.join("data"), server.folder.join("log"));
        let (data, log) = (data.to_str().unwrap(), log.to_str().unwrap());
        server.run("initdb", &["--username=postgres", "--auth=trust", "--no-sync", "--pgdata", data]);
        let socket = server.folder.display();
        let settings =
            format!("-c listen_addresses='' -c unix_socket_directories='{socket}' -c max_connections=400");
        server.run("pg_ctl", &["--wait", "--pgdata", data, "--log", log, "-o", &settings, "start"]);
        server.watcher = Some(server.stop_with_us(data));
        server
    }

    /// Statics are not dropped, and a test process may be killed: a shell reads from us until we end, however we do,
    /// then stops the server and removes its folder.
    fn stop_with_us(&self, data: &str) -> Child {
        let script = format!(
            "cat; {stop} --pgdata {data} --mode immediate stop; rm -rf {folder}",
            stop = self.programs.join("pg_ctl").display(),
            folder = self.folder.display(),
        );
        let mut command = self.as_postgres(Path::new("sh"), &["-c", &script]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// What one of its programs says.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let path = self.programs.join(program);
        // Only the server itself minds who runs it.
        let mut command = if program == "psql" { Command::new(path) } else { self.as_postgres(&path, &[]) };
        done(command.args(arguments).env("PGHOST", &self.folder).env("PGUSER", "postgres"))
    }

    /// PostgreSQL does not run as root.
    fn as_postgres(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(if is_root() { Path::new("runuser") } else { program });
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(program);
        }
        command.args(arguments).current_dir(&self.folder);
        command
    }
}

/// Where the server's programs are: on the path, or where Debian puts them.
fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(std::env::split_paths(&on_path));
    let has_all = |folder: &PathBuf| {
        ["initdb", "pg_ctl", "createdb", "psql"].iter().all(|name| folder.join(name).exists())
    };
    folders.into_iter().rev().find(has_all)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|done| done.stdout == b"0\n")
}

fn done(command: &mut Command) -> String {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}
