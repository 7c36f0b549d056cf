//! Whether a file lies on another machine's disk, where SQLite's locks and shared memory do not hold.

use std::path::{Path, PathBuf};

/// File systems that are shared over a network, as Linux names them.
const NETWORK: [&str; 18] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ncpfs",
    "afs",
    "ceph",
    "lustre",
    "glusterfs",
    "ocfs2",
    "gfs2",
    "beegfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.ceph",
    "fuse.rclone",
    "fuse.s3fs",
];

/// The network file system this path is on. Systems that do not list their mounts as Linux does are not asked.
pub(crate) fn network_file_system(path: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    // The file may not be there yet, but its folder is.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = path.canonicalize().or_else(|_| folder.canonicalize()).ok()?;
    kind_of(&mounts, &whole).filter(|kind| NETWORK.contains(&kind.as_str()))
}

/// The kind of file system below a path: of the mounts above it the nearest, and of equal ones the last.
fn kind_of(mounts: &str, path: &Path) -> Option<String> {
    let mut nearest: Option<(PathBuf, &str)> = None;
    for line in mounts.lines() {
        // 36 35 98:0 /root /mounted/at options - kind source options
        let (before, after) = line.split_once(" - ")?;
        let at = PathBuf::from(unescape(before.split(' ').nth(4)?));
        let nearer = nearest.as_ref().is_none_or(|(best, _)| at.as_os_str().len() >= best.as_os_str().len());
        if path.starts_with(&at) && nearer {
            nearest = Some((at, after.split(' ').next()?));
        }
    }
    nearest.map(|(_, kind)| kind.to_owned())
}

/// Spaces and the like are written as three octal digits.
fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_tells() {
        let mounts = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
            30 22 0:40 / /srv/our\\040data rw - nfs4 server:/export rw\n\
            31 30 254:1 / /srv/our\\040data/local rw - xfs /dev/vdb rw\n\
            32 22 0:41 / /mnt rw - ext4 /dev/vdc rw\n\
            33 22 0:42 / /mnt rw master:3 - fuse.sshfs me@there: rw\n";
        let check = |path: &str, kind: &str| {
            assert_eq!(kind_of(mounts, Path::new(path)).as_deref(), Some(kind), "{path}");
        };
        check("/var/lib/admit.db", "ext4");
        check("/srv/our data/admit.db", "nfs4");
        check("/srv/our data/local/admit.db", "xfs");
        check("/srv/our database/admit.db", "ext4");
        check("/mnt/admit.db", "fuse.sshfs");
        assert_eq!(kind_of("", Path::new("/")), None);
    }

    #[test]
    fn this_machine_has_a_disk_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(network_file_system(&folder.path().join("admit.db")), None);
    }
}
