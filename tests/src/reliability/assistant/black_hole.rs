//! A place that takes no connection and refuses none: a listener that nobody serves, with its queue full, so that the system
//! drops every further attempt without a word.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::net::{AddressFamily, SocketType, bind, listen, socket};

/// Attempts are seen, and are gone, within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// An attempt to connect, in the system's table: `SYN_SENT`.
const ATTEMPT: &str = "02";

/// Which field of the table is the socket's number.
const INODE: usize = 9;

pub struct BlackHole {
    pub port: u16,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    pub fn open() -> Result<Self> {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
        listen(&socket, 0)?;
        let listener = TcpListener::from(socket);
        let address = listener.local_addr()?;
        let mut queue = Vec::new();
        // One or two fit, by the kernel; the first that does not is dropped as all others will be.
        while let Ok(waiting) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            queue.push(waiting);
            if queue.len() > 64 {
                bail!("the queue of a listener that nobody serves does not fill");
            }
        }
        Ok(Self { port: address.port(), _listener: listener, _queue: queue })
    }

    /// Waits until somebody of this process tries to connect; gives its sockets.
    pub fn wait_attempt(&self) -> Result<Sockets> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let sockets = self.attempts()?;
            if !sockets.0.is_empty() {
                return Ok(sockets);
            }
        }
        bail!("waited in vain for an attempt to connect")
    }

    /// Waits until these are closed; when they were. The system's table has no attempt any more then.
    ///
    /// What is watched is this process's list of open files: to read the table of all connections takes milliseconds, by
    /// which every figure would be too large.
    pub fn wait_none(&self, sockets: &Sockets) -> Result<Instant> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if !sockets.are_open()? {
                let gone = Instant::now();
                ensure!(self.attempts()?.0.is_empty(), "a closed socket still tries to connect");
                return Ok(gone);
            }
            std::thread::yield_now();
        }
        bail!("waited in vain for the attempts to connect to end")
    }

    /// Attempts to connect to this place that are under way, of either family.
    fn attempts(&self) -> Result<Sockets> {
        let port = format!(":{:04X}", self.port);
        let mut links = HashSet::new();
        for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
            let table = std::fs::read_to_string(table).context(table)?;
            let fields = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
            let attempts = fields.filter(|it| it.len() > INODE && it[2].ends_with(&port) && it[3] == ATTEMPT);
            links.extend(attempts.map(|it| format!("socket:[{}]", it[INODE])));
        }
        Ok(Sockets(links))
    }
}

/// What an open socket is called in a process's list of files.
pub struct Sockets(HashSet<String>);

impl Sockets {
    /// Whether this process has one of them.
    fn are_open(&self) -> Result<bool> {
        for file in std::fs::read_dir("/proc/self/fd")? {
            // The list is gone through while files are closed.
            let Ok(target) = std::fs::read_link(file?.path()) else { continue };
            if target.to_str().is_some_and(|target| self.0.contains(target)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
