//! The `admit` that is measured: the release build of these sources.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A token that opens nothing.
pub(crate) const TOKEN: &str = "7000000001:AAbench-bench-bench-bench-bench-ben";
/// The chat that links are made for.
pub(crate) const CHAT: &str = "-1001234567890";

/// The binary, built with what it needs to be.
pub(crate) struct Admit {
    path: PathBuf,
    /// A home without settings, and a place for files.
    pub(crate) directory: tempfile::TempDir,
}

impl Admit {
    /// Builds it, which takes no time if it is built.
    pub(crate) fn build() -> Self {
        let ourselves = std::env::current_exe().expect("a running program has a path");
        let beside = ourselves.parent().expect("a program is in a directory");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--release", "--locked", "--quiet", "--package", "admit"])
            .arg("--target-dir")
            .arg(beside.parent().expect("cargo puts programs into a directory of its own"))
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .status()
            .expect("the bench is run by cargo, or cargo is in the PATH");
        assert!(built.success(), "`admit` does not build");
        Self { path: beside.join(format!("admit{}", std::env::consts::EXE_SUFFIX)), directory: folder() }
    }

    /// A command that is silent and knows its way.
    pub(crate) fn command(&self, api_url: &str) -> Command {
        let mut command = bare(&self.path, self.directory.path());
        command.env("ADMIT_API_URL", api_url).env("ADMIT_BOT_TOKEN", TOKEN);
        command
    }
}

/// A folder that is gone when it is dropped. Not in the system's place for such things, which may be memory: what is
/// measured is written to a disk.
pub(crate) fn folder() -> tempfile::TempDir {
    let ourselves = std::env::current_exe().expect("a running program has a path");
    let beside = ourselves.parent().expect("a program is in a directory");
    tempfile::tempdir_in(beside).expect("cargo's directory can be written to")
}

/// A command that says nothing, and whose environment is the same wherever the bench is run.
pub(crate) fn bare(program: impl AsRef<std::ffi::OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}
