//! Which calls a run made on its files, and how each kind can fail.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// One way to fail: the error, and a `+` where it stays from the k-th call on, as with a disk that is full or gone.
#[derive(Clone, Copy, Debug)]
pub struct Fault(pub &'static str);

impl Fault {
    pub fn error(self) -> &'static str {
        self.0.trim_end_matches('+')
    }

    /// How strace is told whether it stays.
    pub fn ending(self) -> &'static str {
        if self.0.ends_with('+') { "+" } else { "" }
    }
}

/// What the manual pages name for each call, as far as the store can be blamed for what it makes of it. A lock that is held
/// elsewhere is no fault of the system and has rows of its own.
pub fn faults(call: &str) -> Option<Vec<Fault>> {
    let errors: &[&'static str] = match call {
        "open" | "openat" | "creat" => &["EMFILE", "EIO", "ENOSPC", "EMFILE+", "EROFS+", "EACCES+"],
        "read" | "pread64" | "readv" | "preadv" => &["EIO", "EIO+"],
        "write" | "pwrite64" | "writev" | "pwritev" => &["EIO", "ENOSPC", "ENOSPC+", "EIO+", "EDQUOT"],
        "fsync" | "fdatasync" => &["EIO", "ENOSPC", "EIO+"],
        "ftruncate" | "truncate" | "fallocate" => &["EIO", "ENOSPC+"],
        "copy_file_range" | "sendfile" => &["EIO", "ENOSPC"],
        "fcntl" | "flock" => &["ENOLCK", "EIO", "EIO+"],
        "mmap" => &["ENOMEM", "EAGAIN", "ENOMEM+"],
        "rename" | "renameat" | "renameat2" => &["EIO", "ENOSPC", "EROFS+"],
        "unlink" | "unlinkat" | "rmdir" => &["EIO", "EROFS+"],
        "mkdir" | "mkdirat" => &["EIO", "ENOSPC", "EROFS+"],
        "chmod" | "fchmod" | "fchmodat" | "fchown" | "chown" | "utimensat" => &["EIO", "EROFS+"],
        "stat" | "fstat" | "lstat" | "newfstatat" | "statx" | "access" | "faccessat" | "faccessat2"
        | "readlink" | "getdents64" | "lseek" | "ioctl" | "fadvise64" => &["EIO", "EIO+"],
        "close" => &["EIO"],
        _ => return None,
    };
    Some(errors.iter().map(|error| Fault(error)).collect())
}

/// What one run asked of the system about its files.
pub struct Made {
    /// Kinds of calls.
    pub calls: Vec<String>,
    /// The files, seen from their folder; it is one of them itself.
    pub paths: Vec<String>,
}

impl Made {
    /// Reads strace's log (`-f -y`) for the files in `folder`.
    pub fn read(log: &str, folder: &Path) -> Result<Self> {
        let (folder, mut calls, mut paths) = (folder.display().to_string(), BTreeSet::new(), BTreeSet::new());
        for line in log.lines() {
            let call = line.split_once(' ').and_then(|(_, rest)| rest.trim_start().split_once('('));
            let Some((call, arguments)) = call else { continue };
            // The start of the program itself names the file as an argument.
            if call == "execve" || !arguments.contains(&folder) {
                continue;
            }
            calls.insert(call.trim_start_matches("<... ").to_owned());
            for (at, _) in arguments.match_indices(&folder) {
                let rest = &arguments[at + folder.len()..];
                let end = rest.find(['"', '>', '(']).context("a path ends")?;
                paths.insert(rest[..end].trim_start_matches('/').to_owned());
            }
        }
        ensure!(calls.len() > 5 && paths.len() > 2, "{calls:?} on {paths:?}: the log was not understood");
        Ok(Self { calls: calls.into_iter().collect(), paths: paths.into_iter().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_files_are_read_from_a_log() {
        let log = "7 execve(\"/b/store-deeds\", [\"/b/store-deeds\", \"/t/a.db\"], 0x7) = 0\n\
            7 openat(AT_FDCWD</h>, \"/etc/localtime\", O_RDONLY) = 3</etc/localtime>\n\
            7 openat(AT_FDCWD</h>, \"/t/a.db\", O_RDWR) = 3</t/a.db>\n\
            8 pwrite64(3</t/a.db>, \"x\"..., 4096, 0 <unfinished ...>\n\
            7 fcntl(3</t/a.db-shm>, F_SETLK, {l_type=F_RDLCK}) = 0\n\
            7 unlink(\"/t/a.db-wal\") = 0\n\
            7 mmap(NULL, 32768, PROT_READ, MAP_SHARED, 4</t/a.db-shm>, 0) = 0x7f\n\
            7 fsync(5</t/backups>) = 0\n\
            7 rename(\"/t/backups/b.part\", \"/t/backups/b.db\") = 0\n\
            7 fdatasync(3</t/a.db>) = 0";
        let made = Made::read(log, Path::new("/t")).unwrap();
        assert_eq!(
            made.calls,
            ["fcntl", "fdatasync", "fsync", "mmap", "openat", "pwrite64", "rename", "unlink"]
        );
        assert_eq!(made.paths, ["a.db", "a.db-shm", "a.db-wal", "backups", "backups/b.db", "backups/b.part"]);
        assert!(made.calls.iter().all(|call| faults(call).is_some()));
    }
}
