//! A place that takes no connection and refuses none: a listener that nobody serves, with its queue full, so that the system
//! drops every further attempt without a word.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::net::{AddressFamily, SocketType, bind, listen, socket};

/// Attempts are seen, and are gone, within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// An attempt to connect, in the system's table: `SYN_SENT`.
const ATTEMPT: &str = "02";

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

    /// Waits until somebody tries to connect.
    pub fn wait_attempt(&self) -> Result<()> {
        self.wait(|attempts| attempts > 0).map(drop)
    }

    /// Waits until nobody does; since when.
    pub fn wait_none(&self) -> Result<Instant> {
        self.wait(|attempts| attempts == 0)
    }

    fn wait(&self, met: impl Fn(usize) -> bool) -> Result<Instant> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if met(self.attempts()?) {
                return Ok(Instant::now());
            }
            std::thread::yield_now();
        }
        bail!("waited in vain for the attempts to connect to change")
    }

    /// Attempts to connect to this place that are under way, of either family.
    fn attempts(&self) -> Result<usize> {
        let port = format!(":{:04X}", self.port);
        let mut count = 0;
        for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
            let table = std::fs::read_to_string(table).context(table)?;
            let fields = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
            count += fields.filter(|it| it.len() > 3 && it[2].ends_with(&port) && it[3] == ATTEMPT).count();
        }
        Ok(count)
    }
}
