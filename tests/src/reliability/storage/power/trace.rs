//! What a program asked of the system, read back from strace's log (`-f -y -xx`: every string in hex).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

/// Everything that can change a file or a folder, or say that it is changed for good; and what moves a descriptor.
pub const CALLS: &str = "open,openat,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,\
                         fdatasync,sync_file_range,msync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,lseek,\
                         copy_file_range,sendfile";

/// One call that worked.
pub struct Event {
    /// How many calls had ended when this one began: a sync is certain to cover those only.
    pub began: usize,
    pub call: Call,
}

pub enum Call {
    Open {
        fd: u32,
        path: PathBuf,
        creates: bool,
        truncates: bool,
    },
    /// Without a place: where the descriptor stands.
    Write {
        fd: u32,
        path: PathBuf,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    Seek {
        fd: u32,
        to: u64,
    },
    Resize {
        path: PathBuf,
        bytes: u64,
    },
    Sync {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    /// On standard output.
    Say(String),
}

/// Adds the calls of a log that are about files in `folder`, in the order in which they ended.
pub fn read(log: &str, folder: &Path, events: &mut Vec<Event>) -> Result<()> {
    let mut unfinished: HashMap<&str, (&str, usize)> = HashMap::new();
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(head) = rest.strip_suffix("<unfinished ...>") {
            unfinished.insert(thread, (head.trim_end(), events.len()));
            continue;
        }
        let resumed = rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"));
        let (whole, began) = match resumed {
            Some((_, tail)) => {
                let Some((head, began)) = unfinished.remove(thread) else { continue };
                (format!("{head}{tail}"), began)
            }
            None => (rest.to_owned(), events.len()),
        };
        let call = call(&whole, folder).with_context(|| whole.chars().take(300).collect::<String>())?;
        events.extend(call.map(|call| Event { began, call }));
    }
    Ok(())
}

fn call(line: &str, folder: &Path) -> Result<Option<Call>> {
    // Signals and ends of threads.
    let Some((name, rest)) = line.split_once('(') else { return Ok(None) };
    let Some((arguments, result)) = rest.rsplit_once(" = ") else { return Ok(None) };
    if result.starts_with('-') || result.starts_with('?') {
        return Ok(None);
    }
    let arguments = arguments.trim_end().strip_suffix(')').context("no end of the arguments")?;
    let found = match name {
        "open" | "openat" | "creat" => Some(Call::Open {
            fd: number(result)?,
            path: decorated(result)?,
            creates: arguments.contains("O_CREAT"),
            truncates: arguments.contains("O_TRUNC"),
        }),
        "write" if number::<u32>(arguments)? == 1 => {
            let (bytes, _) = string(arguments)?;
            Some(Call::Say(String::from_utf8_lossy(&bytes).into_owned()))
        }
        "write" | "pwrite64" => write(name, arguments, result)?,
        "lseek" => Some(Call::Seek { fd: number(arguments)?, to: number(result)? }),
        "ftruncate" => {
            let (_, bytes) = arguments.rsplit_once(", ").context("a length")?;
            Some(Call::Resize { path: decorated(arguments)?, bytes: number(bytes)? })
        }
        "fsync" | "fdatasync" => Some(Call::Sync { path: decorated(arguments)? }),
        "rename" | "renameat" | "renameat2" => {
            let (from, rest) = string(arguments)?;
            let (to, _) = string(rest)?;
            Some(Call::Rename { from: path(from)?, to: path(to)? })
        }
        "unlink" | "unlinkat" => Some(Call::Remove { path: path(string(arguments)?.0)? }),
        // Not a part of the simulated disk: only no concern of ours as long as it is elsewhere.
        _ => {
            let ours = hex(folder);
            ensure!(
                !arguments.contains(&ours) || arguments.contains(&hex("-shm")),
                "{name} is not simulated"
            );
            None
        }
    };
    Ok(found.filter(|call| concerns(call, folder)))
}

fn write(name: &str, arguments: &str, result: &str) -> Result<Option<Call>> {
    let Ok(path) = decorated(arguments) else { return Ok(None) };
    let (bytes, rest) = string(arguments)?;
    ensure!(bytes.len() == number::<usize>(result)?, "a write was cut short");
    let at = match name {
        "pwrite64" => Some(number(rest.rsplit_once(", ").context("a place")?.1)?),
        _ => None,
    };
    Ok(Some(Call::Write { fd: number(arguments)?, path, at, bytes }))
}

/// Whether it is about `folder`. The index of the log is left out: after a power cut it is made anew.
fn concerns(call: &Call, folder: &Path) -> bool {
    let inside =
        |path: &Path| path.starts_with(folder) && !path.as_os_str().as_encoded_bytes().ends_with(b"-shm");
    match call {
        Call::Open { path, .. } | Call::Write { path, .. } | Call::Resize { path, .. } => inside(path),
        Call::Sync { path } | Call::Remove { path } | Call::Rename { to: path, .. } => inside(path),
        Call::Seek { .. } | Call::Say(_) => true,
    }
}

/// The number a text begins with.
fn number<T: std::str::FromStr>(text: &str) -> Result<T> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text[..digits].parse().ok().with_context(|| format!("{:?} is no number", &text[..digits.min(20)]))
}

/// The path behind the first descriptor, as in `3<\x2f\x74>`.
fn decorated(text: &str) -> Result<PathBuf> {
    let (_, rest) = text.split_once('<').context("no path")?;
    let (inside, _) = rest.split_once('>').context("no end of a path")?;
    path(bytes(inside)?)
}

/// The first string, and what follows it.
fn string(text: &str) -> Result<(Vec<u8>, &str)> {
    let (_, rest) = text.split_once('"').context("no string")?;
    let (inside, rest) = rest.split_once('"').context("no end of a string")?;
    ensure!(!rest.starts_with("..."), "strace left out a part");
    Ok((bytes(inside)?, rest))
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let byte = |four: &[u8]| match four {
        [b'\\', b'x', high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(4).map(byte).collect::<Option<_>>().context("not in hex")
}

fn path(bytes: Vec<u8>) -> Result<PathBuf> {
    let path = PathBuf::from(String::from_utf8(bytes)?);
    if path.is_absolute() { Ok(path) } else { bail!("{} is no whole path", path.display()) }
}

fn hex(text: impl AsRef<Path>) -> String {
    text.as_ref().as_os_str().as_encoded_bytes().iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_back_in_the_order_in_which_calls_ended() {
        let (name, folder) = (hex("/d/a"), hex("/d"));
        let log = format!(
            "7 openat(AT_FDCWD<{folder}>, \"{name}\", O_RDWR|O_CREAT, 0600) = 3<{name}>\n\
             8 fdatasync(3<{name}> <unfinished ...>\n\
             7 pwrite64(3<{name}>, \"\\x00\\xff\", 2, 4096) = 2\n\
             8 <... fdatasync resumed>) = 0\n\
             7 write(1<{folder}>, \"\\x6f\\x6b\", 2) = 2\n\
             7 pwrite64(3<{name}>, \"\\x00\", 1, 0) = -1 ENOSPC (No space left on device)\n\
             7 +++ exited with 0 +++\n"
        );
        let mut events = Vec::new();
        read(&log, Path::new("/d"), &mut events).unwrap();
        assert_eq!(events.len(), 4);
        assert!(matches!(&events[0].call, Call::Open { fd: 3, creates: true, truncates: false, .. }));
        assert!(matches!(&events[1].call, Call::Write { at: Some(4096), bytes, .. } if *bytes == [0, 255]));
        // It began before the write: whether it covers it is not certain.
        assert!(matches!(&events[2], Event { began: 1, call: Call::Sync { .. } }));
        assert!(matches!(&events[3].call, Call::Say(text) if text == "ok"));
        let unknown = format!("7 writev(3<{name}>, [], 1) = 1");
        assert!(read(&unknown, Path::new("/d"), &mut events).is_err(), "nothing is left out in silence");
    }
}
