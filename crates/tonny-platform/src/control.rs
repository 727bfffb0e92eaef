//! The control socket: owner only, one JSON object per line in and out. Server for the app, client for the terminal.
//!
//! It knows no verb: requests are core's [`Request`], answered by whoever the server was started for. A peer of another
//! user is refused by the kernel's credentials, whatever the file's mode says.

use std::future::Future;
use std::io::{self, BufRead as _, BufReader as StdReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tonny_core::control::{MAX_LINE, Reply, Request};
use tonny_core::problem::{Code, Problem};

/// A verb answers at once; only a stuck app takes longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

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
        let file = path.with_extension("lock");
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&file)
            .map_err(|e| broken(&file, &e))?;
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
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) if is_own(&stream) => _ = peers.spawn(talk(stream, answer.clone())),
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

fn is_own(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == rustix::process::geteuid().as_raw())
}

async fn talk<A, F>(stream: UnixStream, answer: A)
where
    A: Fn(Request) -> F,
    F: Future<Output = Reply>,
{
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = String::new();
        let most = MAX_LINE as u64 + 1;
        match (&mut read).take(most).read_line(&mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let too_long = line.len() > MAX_LINE;
        let reply = if too_long {
            Problem::with(Code::RequestInvalid, format!("A line is at most {MAX_LINE} bytes")).into()
        } else {
            match serde_json::from_str(&line) {
                Ok(request) => answer(request).await,
                Err(error) => Problem::with(Code::RequestInvalid, error).into(),
            }
        };
        let Ok(mut text) = serde_json::to_vec(&reply) else { return };
        text.push(b'\n');
        if write.write_all(&text).await.is_err() || too_long {
            return;
        }
    }
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
}
