//! The control socket: owner only, one JSON object per line in and out. Server for the app, client for the terminal.
//!
//! It knows no verb: requests are core's [`Request`], answered by whoever the server was started for. A peer of another
//! user is refused by the kernel's credentials, whatever the file's mode says. What one peer can cost is bounded: the
//! length of a line, its rate, its silence, and how many peers there are.

use std::future::Future;
use std::io::{self, BufRead as _, BufReader as StdReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tonny_core::control::{MAX_LINE, Reply, Request};
use tonny_core::problem::{Code, Problem};

/// A verb answers at once; only a stuck app takes longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// More than a second instance, a terminal and a few scripts ever are at once.
const MOST_PEERS: usize = 32;

/// A peer that says nothing for this long is let go; every verb of ours is one line, sent at once.
const SILENCE: Duration = Duration::from_secs(30);

/// Requests that all peers together may send in one go, and how many a second after that: a limit for each would be one
/// that a new connection gets around. Holding a key down makes about 30.
const BURST: u32 = 100;
const PER_SECOND: u32 = 50;

/// The right to be the one running copy: a file lock beside the socket, held until the process ends. Two copies started
/// at the same moment cannot both have it, and a killed one leaves none behind.
#[derive(Debug)]
pub struct ControlLock {
    _file: std::fs::File,
    path: PathBuf,
}

/// The bound socket; removed when the app ends in an orderly way.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    _lock: ControlLock,
}

impl ControlLock {
    /// Binds the socket; needs a runtime. What a killed copy left in its place is replaced.
    pub fn bind(self) -> Result<ControlSocket, Problem> {
        let path = self.path.as_path();
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(broken(path, &error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(|e| broken(path, &e))?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .map_err(|e| broken(path, &e))?;
        Ok(ControlSocket { listener, path: path.to_owned(), _lock: self })
    }
}

impl ControlSocket {
    /// Claims the socket at `path`. Fails with [`Code::AppRunning`] while another copy has it.
    pub fn lock(path: &Path) -> Result<ControlLock, Problem> {
        own_folder(path)?;
        let lock = path.with_extension("lock");
        let open = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&lock);
        let file = open.map_err(|e| broken(&lock, &e))?;
        // An older version made it for everybody to read.
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(|e| broken(&lock, &e))?;
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(ControlLock { _file: file, path: path.to_owned() }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(Problem::of(Code::AppRunning)),
            Err(error) => Err(broken(path, &error.into())),
        }
    }

    /// Answers requests until dropped.
    pub async fn serve<A, F>(self, answer: A)
    where
        A: Fn(Request) -> F + Clone + Send + 'static,
        F: Future<Output = Reply> + Send + 'static,
    {
        let mut peers = tokio::task::JoinSet::new();
        let rate = Arc::new(Rate::new(Instant::now()));
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok(_) if peers.len() >= MOST_PEERS => tracing::warn!("too many peers at the control socket"),
                    Ok((stream, _)) if is_own(&stream) => {
                        peers.spawn(talk(stream, answer.clone(), rate.clone()));
                    }
                    Ok(_) => tracing::warn!("a peer of another user was refused at the control socket"),
                    Err(error) => {
                        tracing::warn!(%error, "the control socket could not take a peer");
                        // Out of descriptors, most likely: without a pause this would spin.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
                Some(_) = peers.join_next() => {}
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A folder of somebody else could show a peer another socket.
fn own_folder(path: &Path) -> Result<(), Problem> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let meta = std::fs::metadata(folder).map_err(|e| broken(folder, &e))?;
    let is_ours = meta.uid() == rustix::process::geteuid().as_raw();
    if is_ours && meta.mode() & 0o022 == 0 {
        return Ok(());
    }
    let why = io::Error::new(io::ErrorKind::PermissionDenied, "other users can write into the folder");
    Err(broken(folder, &why))
}

fn is_own(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == rustix::process::geteuid().as_raw())
}

/// How many requests may still be sent: a bucket that fills again with time, and when it was looked at.
struct Rate(Mutex<(f64, Instant)>);

impl Rate {
    fn new(now: Instant) -> Self {
        Self(Mutex::new((f64::from(BURST), now)))
    }

    /// Takes one, if there is one.
    fn take(&self, now: Instant) -> bool {
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, at) = *bucket;
        let filled = now.saturating_duration_since(at).as_secs_f64() * f64::from(PER_SECOND);
        let left = (left + filled).min(f64::from(BURST));
        let is_left = left >= 1.0;
        *bucket = (left - f64::from(u8::from(is_left)), at.max(now));
        is_left
    }
}

/// Answers a peer's lines until it goes, says nothing, or breaks a limit.
async fn talk<A, F>(stream: UnixStream, answer: A, rate: Arc<Rate>)
where
    A: Fn(Request) -> F,
    F: Future<Output = Reply>,
{
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = String::new();
        let mut limited = (&mut read).take(MAX_LINE as u64 + 1);
        match tokio::time::timeout(SILENCE, limited.read_line(&mut line)).await {
            Ok(Ok(0) | Err(_)) | Err(_) => return,
            Ok(Ok(_)) => {}
        }
        let broken = broken_limit(&line, &rate);
        let is_last = broken.is_some();
        let reply = match broken {
            Some(problem) => problem.into(),
            None => match Request::of_line(&line) {
                Ok(request) => answer(request).await,
                Err(error) => Problem::with(Code::RequestInvalid, error).into(),
            },
        };
        let Ok(mut text) = serde_json::to_vec(&reply) else { return };
        text.push(b'\n');
        if write.write_all(&text).await.is_err() || is_last {
            return;
        }
    }
}

fn broken_limit(line: &str, rate: &Rate) -> Option<Problem> {
    if line.len() > MAX_LINE {
        return Some(Problem::with(Code::RequestInvalid, format!("A line is at most {MAX_LINE} bytes")));
    }
    let in_time = rate.take(Instant::now());
    (!in_time).then(|| Problem::with(Code::TooManyCalls, format!("At most {PER_SECOND} requests a second")))
}

/// Sends one request to the running app and waits for its answer.
pub fn ask(socket: &Path, request: &Request) -> Result<Reply, Problem> {
    let mut stream = StdStream::connect(socket).map_err(|_| Problem::of(Code::AppNotRunning))?;
    let exchange = || -> io::Result<String> {
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = String::new();
        StdReader::new(&stream).read_line(&mut answer)?;
        Ok(answer)
    };
    let answer =
        { exchange }().map_err(|e| Problem::with(Code::AppNotRunning, format!("It did not answer: {e}")))?;
    let reply: Reply = serde_json::from_str(&answer)
        .map_err(|e| Problem::with(Code::AppNotRunning, format!("Its answer was not understood: {e}")))?;
    match reply.problem {
        Some(problem) => Err(problem),
        None => Ok(reply),
    }
}

fn broken(path: &Path, error: &io::Error) -> Problem {
    Problem::with(Code::HomeUnwritable, format!("{}: {error}", path.display()))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test drives what it tests")]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_line_in_one_line_out_and_a_second_copy_is_told() {
        let folder = tempfile::tempdir().expect("temp");
        let path = folder.path().join("c.sock");
        let socket = ControlSocket::lock(&path).and_then(ControlLock::bind).expect("bound");
        let server = tokio::spawn(socket.serve(|request| async move {
            if request == Request::Quit { Reply::done() } else { Problem::of(Code::ShuttingDown).into() }
        }));
        assert!(ControlSocket::lock(&path).expect_err("taken").is(Code::AppRunning));
        let (quit, status) = tokio::task::spawn_blocking({
            let path = path.clone();
            move || (ask(&path, &Request::Quit), ask(&path, &Request::Status))
        })
        .await
        .expect("asked");
        assert!(quit.expect("done").ok);
        assert!(status.expect_err("refused").is(Code::ShuttingDown));
        let answer = tokio::task::spawn_blocking({
            let path = path.clone();
            move || {
                let mut stream = StdStream::connect(path).expect("connected");
                stream.write_all(&[b'x'; 5_000]).expect("sent");
                let mut line = String::new();
                StdReader::new(stream).read_line(&mut line).expect("answered");
                line
            }
        })
        .await
        .expect("asked");
        assert!(answer.contains("TT-APP-803"), "{answer}");
        server.abort();
        let _ = server.await;
        assert!(ask(&path, &Request::Status).expect_err("gone").is(Code::AppNotRunning));
    }

    fn served() -> (tempfile::TempDir, PathBuf, tokio::task::JoinHandle<()>) {
        let folder = tempfile::tempdir().expect("temp");
        let path = folder.path().join("c.sock");
        let socket = ControlSocket::lock(&path).and_then(ControlLock::bind).expect("bound");
        let server = tokio::spawn(socket.serve(|_| async { Reply::done() }));
        (folder, path, server)
    }

    #[tokio::test]
    async fn only_the_owner_may_come_and_unknown_words_are_refused() {
        let (_folder, path, _server) = served();
        for file in [&path, &path.with_extension("lock")] {
            assert_eq!(std::fs::metadata(file).expect("there").mode() & 0o777, 0o600, "{}", file.display());
        }
        let stream = UnixStream::connect(&path).await.expect("connected");
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read).lines();
        for bad in [
            r#"{"verb":"run","path":"/bin/true"}"#,
            r#"{"verb":"press","command":"true"}"#,
            r#"{"verb":"secrets_set","value":"x"}"#,
            r#"["quit"]"#,
            "quit",
            "",
        ] {
            write.write_all(format!("{bad}\n").as_bytes()).await.expect("sent");
            let answer = read.next_line().await.expect("read").expect("answered");
            assert!(answer.contains("TT-APP-803"), "{bad}: {answer}");
        }
        write.write_all(b"{\"verb\":\"status\"}\n").await.expect("sent");
        assert!(read.next_line().await.expect("read").expect("answered").contains("true"));
    }

    /// Linux keeps a user for each thread; glibc alone makes it one for all.
    fn as_nobody(path: &Path) -> io::Result<String> {
        let nobody = rustix::process::Uid::from_raw(65_534);
        rustix::thread::set_thread_res_uid(nobody, nobody, nobody)?;
        let mut stream = StdStream::connect(path)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        // Refused before or after it is written.
        let _ = stream.write_all(b"{\"verb\":\"status\"}\n");
        let mut answer = String::new();
        match StdReader::new(&stream).read_line(&mut answer) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
            _ => Ok(answer),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn another_user_is_refused_though_the_file_lets_everybody_in() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: only root can be another user");
            return;
        }
        let (folder, path, _server) = served();
        let open = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
        open(folder.path(), 0o755).and_then(|()| open(&path, 0o666)).expect("opened for all");
        let stranger = std::thread::spawn({
            let path = path.clone();
            move || as_nobody(&path)
        });
        let answer =
            tokio::task::spawn_blocking(move || stranger.join().expect("no panic")).await.expect("asked");
        assert_eq!(answer.expect("the kernel lets it connect"), "", "and the app says nothing to it");
        let owner = tokio::task::spawn_blocking(move || ask(&path, &Request::Status)).await.expect("asked");
        assert!(owner.expect("answered").ok);
    }

    #[tokio::test]
    async fn a_flood_is_cut_off_and_others_are_served() {
        let (_folder, path, _server) = served();
        let stream = UnixStream::connect(&path).await.expect("connected");
        let (read, mut write) = stream.into_split();
        let lines = "{\"verb\":\"status\"}\n".repeat(BURST as usize * 3);
        let flood = tokio::spawn(async move { write.write_all(lines.as_bytes()).await });
        let mut read = BufReader::new(read).lines();
        let (mut done, mut last) = (0, String::new());
        while let Ok(Some(line)) = read.next_line().await {
            (done, last) = (done + 1, line);
        }
        assert!(last.contains(Code::TooManyCalls.id()), "{last}");
        assert!((BURST..BURST * 2).contains(&done), "{done}");
        let _ = flood.await.expect("ended");
        // A new connection does not begin anew: what is served is what has filled up since.
        let ask = || {
            let path = path.clone();
            async move { tokio::task::spawn_blocking(move || ask(&path, &Request::Status)).await.expect("asked") }
        };
        let began = Instant::now();
        let mut served = 0;
        for _ in 0..BURST {
            served += u32::from(ask().await.is_ok());
        }
        let filled = began.elapsed().as_secs_f64() * f64::from(PER_SECOND) + f64::from(PER_SECOND);
        assert!(f64::from(served) <= filled, "{served} of {BURST} served in {:?}", began.elapsed());
        while ask().await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "nobody is served any more");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[test]
    fn the_rate_fills_again_and_never_over() {
        let start = Instant::now();
        let rate = Rate::new(start);
        assert_eq!((0..BURST * 2).filter(|_| rate.take(start)).count(), BURST as usize);
        let second = start + Duration::from_secs(1);
        assert_eq!((0..BURST).filter(|_| rate.take(second)).count(), PER_SECOND as usize);
        let hour = start + Duration::from_secs(3_600);
        assert_eq!((0..BURST * 2).filter(|_| rate.take(hour)).count(), BURST as usize);
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        let folder = tempfile::tempdir().expect("temp");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).expect("opened");
        let refused = ControlSocket::lock(&folder.path().join("c.sock")).expect_err("refused");
        assert!(refused.is(Code::HomeUnwritable), "{refused}");
    }
}
