//! The directory, the file of the database, the keys, and the disk they are on.

use super::report::Report;
use crate::house::{Database, Place, database_file};
use crate::key_file;
use std::path::Path;

#[cfg(unix)]
const LOW_BYTES: u64 = 500_000_000;
#[cfg(unix)]
const TOO_LOW_BYTES: u64 = 50_000_000;

pub(super) fn look(report: &mut Report, place: &Place) {
    modes(report, place);
    if let Err(failure) = key_file::read(&place.keys) {
        report.failure(&failure);
    }
    if let Database::Url(_) = place.database {
        let unused = database_file(&place.data);
        if unused.exists() {
            report.warn(
                "two_databases",
                format!("DATABASE_URL is set, so `{}` is not used", unused.display()),
                "unset DATABASE_URL to use the file, or move the file away",
            );
        }
    } else {
        room(report, &place.data);
    }
}

#[cfg(unix)]
fn modes(report: &mut Report, place: &Place) {
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).ok().map(|of| of.permissions().mode())
    };
    if let Some(keys) = mode(&place.keys).filter(|mode| mode & 0o077 != 0) {
        let path = place.keys.display();
        let cure = format!("`chmod 600 {path}`; if others could look, `admit keys rotate` too");
        match keys & 0o007 {
            0 => report.warn("keys_open", format!("the group may read the keys in `{path}`"), cure),
            _ => report.error("keys_open", format!("anyone may read the keys in `{path}`"), cure),
        }
    }
    let Some((file, of_file, of_dir)) =
        place.database.file().and_then(|file| Some((file, mode(file)?, mode(key_file::dir_of(file))?)))
    else {
        return;
    };
    // Nobody gets at a file whose directory is closed to them.
    let (file, dir) = (file.display(), key_file::dir_of(file).display());
    let cure = format!("`chmod 700 {dir}`");
    let may = |x: u32, rw: u32| of_dir & x != 0 && of_file & rw != 0;
    if of_dir & 0o002 != 0 {
        report.error("data_open", format!("anyone may write to the directory `{dir}`"), cure);
    } else if may(0o001, 0o006) {
        report.error("data_open", format!("anyone may open the database `{file}`"), cure);
    } else if may(0o010, 0o060) {
        report.warn("data_open", format!("the group may open the database `{file}`"), cure);
    }
}

#[cfg(not(unix))]
fn modes(report: &mut Report, _: &Place) {
    report.leave_out("who may read the files", "this system has no modes of Unix");
}

#[cfg(unix)]
fn room(report: &mut Report, data: &Path) {
    let Ok(disk) = rustix::fs::statvfs(data) else { return };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < LOW_BYTES {
        let detail = format!("the disk under `{}` has {} MB left", data.display(), free / 1_000_000);
        let cure = "make room: a pass that cannot be written is not given";
        match free < TOO_LOW_BYTES {
            true => report.error("disk_full", detail, cure),
            false => report.warn("disk_low", detail, cure),
        }
    }
}

#[cfg(not(unix))]
fn room(report: &mut Report, _: &Path) {
    report.leave_out("the room on the disk", "this system is not asked for it");
}
