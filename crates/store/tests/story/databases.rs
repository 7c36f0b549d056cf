//! Databases to try things on: a file in a folder of its own, and a PostgreSQL that lives as long as the tests.

use admit_store::{Keyring, Store};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// The keys of every database here.
pub(crate) fn keys() -> Keyring {
    Keyring::generate([7; 32])
}

/// A database that is gone when this is dropped.
pub(crate) struct Database {
    pub(crate) place: String,
    _folder: Option<TempDir>,
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("admit.db").to_str().unwrap().to_owned();
        Self { place, _folder: Some(folder) }
    }

    /// A new database on the one server that all tests of this process share.
    pub(crate) fn postgres() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = Server::get();
        let name = format!("admit{}", COUNT.fetch_add(1, Ordering::Relaxed));
        server.run("createdb", &[&name]);
        Self { place: server.url(&name), _folder: None }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.place, keys()).await.unwrap()
    }
}

/// What only the stories do, behind the store's back.
#[allow(dead_code, reason = "the tests inside the crate share this file")]
impl Database {
    /// Runs a statement.
    pub(crate) async fn run(&self, statement: &'static str) {
        if self.place.starts_with("postgres") {
            let mut db = <sqlx::PgConnection as sqlx::Connection>::connect(&self.place).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut db).await.unwrap();
        } else {
            rusqlite::Connection::open(&self.place).unwrap().execute_batch(statement).unwrap();
        }
    }

    /// The database as it was before there were the books of other links.
    pub(crate) async fn go_back_to_the_first_schema(&self) {
        self.run(
            "drop table foreign_links;
            drop index sightings_by_foreign_link;
            alter table sightings drop column foreign_link;
            alter table links drop column compared_at;
            delete from meta where name in ('requests', 'reconciled');
            delete from migrations where number > 1;",
        )
        .await;
    }

    /// What another transition that wrote anything about a gate would have changed.
    pub(crate) async fn last_written(&self) -> Vec<u8> {
        if self.place.starts_with("postgres") {
            let mut db = <sqlx::PgConnection as sqlx::Connection>::connect(&self.place).await.unwrap();
            let versions = "select string_agg(xmin::text || ctid::text, ' ' order by id) from gates";
            sqlx::query_scalar::<_, String>(versions).fetch_one(&mut db).await.unwrap().into_bytes()
        } else {
            std::fs::read(format!("{}-wal", self.place)).unwrap()
        }
    }

    /// All that stands in it, as whoever copied it would see it.
    pub(crate) async fn dump(&self) -> Vec<u8> {
        if !self.place.starts_with("postgres") {
            return std::fs::read(&self.place).unwrap();
        }
        let server = Server::get();
        let mut command = server.as_postgres(&server.programs.join("pg_dump"), &[&self.place]);
        let text = command.output().unwrap().stdout;
        // Bytes are dumped as hexadecimal digits, in which nothing would be found.
        let text = String::from_utf8(text).unwrap();
        let hex = text.split("\\\\x").skip(1).flat_map(|rest| {
            let digits: Vec<u8> = rest.bytes().take_while(u8::is_ascii_hexdigit).collect();
            digits
                .chunks_exact(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect::<Vec<_>>()
        });
        let mut whole = hex.collect::<Vec<_>>();
        whole.extend(text.as_bytes());
        whole
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
        let programs = programs().expect(
            "PostgreSQL is missing, and half of what these tests say is about it: install it, on Debian with \
             `apt-get install postgresql`",
        );
        let folder = tempfile::Builder::new().prefix("admit-postgres-").tempdir().unwrap().keep();
        let mut server = Self { programs, folder, watcher: None };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&server.folder));
        }
        let data = server.folder.join("data");
        let data = data.to_str().unwrap();
        server.run("initdb", &["--username=postgres", "--auth=trust", "--no-sync", "--pgdata", data]);
        let socket = server.folder.display();
        let settings =
            format!("-c listen_addresses='' -c unix_socket_directories='{socket}' -c max_connections=200");
        let log = server.folder.join("log");
        server.run(
            "pg_ctl",
            &["--wait", "--pgdata", data, "--log", log.to_str().unwrap(), "-o", &settings, "start"],
        );
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

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = self.as_postgres(&self.programs.join(program), arguments);
        run(command.env("PGHOST", &self.folder).env("PGUSER", "postgres"));
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
    let has_all =
        |folder: &PathBuf| ["initdb", "pg_ctl", "createdb"].iter().all(|name| folder.join(name).exists());
    folders.into_iter().rev().find(has_all)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|done| done.stdout == b"0\n")
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
