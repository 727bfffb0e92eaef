//! Downloads against a server that misbehaves on purpose.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tonny_egress::witness::Seen;
use tonny_egress::{Downloads, EgressError, PackageIndex, Request};

/// What the server does with one request.
enum Reply {
    /// The head and these bytes, then closes the connection.
    Send(String, Vec<u8>),
    /// The same, but stays silent and open.
    Hang(String, Vec<u8>),
}

/// Answers requests in turn; gives the address and the request heads seen.
async fn server(replies: Vec<Reply>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heads = seen.clone();
    tokio::spawn(async move {
        let mut open = Vec::new();
        for reply in replies {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            heads.lock().unwrap().push(String::from_utf8(head).unwrap().to_lowercase());
            let (Reply::Send(status, bytes) | Reply::Hang(status, bytes)) = &reply;
            // The client may have hung up already; what it makes of that is what is tested.
            let _ = stream.write_all(format!("{status}\r\nconnection: close\r\n\r\n").as_bytes()).await;
            let _ = stream.write_all(bytes).await;
            if matches!(reply, Reply::Hang(..)) {
                open.push(stream);
            }
        }
        std::future::pending::<()>().await;
    });
    (address, seen)
}

fn content() -> Vec<u8> {
    (0..700_000_u32).map(|at| (at * 7 % 251) as u8).collect()
}

fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn ok(len: usize) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {len}")
}

fn partial(start: usize, len: usize) -> String {
    let (end, rest) = (len - 1, len - start);
    format!(
        "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {start}-{end}/{len}\r\ncontent-length: {rest}"
    )
}

fn request(address: &str, folder: &Path) -> Request {
    let content = content();
    let (bytes, sha256) = (Some(content.len() as u64), hash(&content));
    Request { url: format!("{address}/file"), dest: folder.join("file"), bytes, sha256 }
}

fn downloads() -> Downloads {
    Downloads::with_stall_timeout(Duration::from_millis(500)).unwrap()
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_stopped() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let rest = content[300_000..].to_vec();
    let replies = vec![
        Reply::Send(ok(content.len()), content[..300_000].to_vec()),
        Reply::Send(partial(300_000, content.len()), rest),
    ];
    let (address, seen) = server(replies).await;
    let request = request(&address, folder.path());
    let last = Mutex::new(0);
    let downloads = downloads();
    let mut told = downloads.witness().listen().unwrap();
    downloads.fetch(&request, |progress| *last.lock().unwrap() = progress.done).await.unwrap();
    assert_eq!(std::fs::read(&request.dest).unwrap(), content);
    assert!(seen.lock().unwrap()[1].contains("range: bytes=300000-"));
    assert_eq!(*last.lock().unwrap(), content.len() as u64);
    assert!(!folder.path().join("file.part").exists());
    // There already: no request is made, the server would not answer one.
    downloads.fetch(&request, |_| {}).await.unwrap();
    let began = |number| Seen::Began { number, purpose: "download", host: "127.0.0.1".to_owned() };
    let ended = |number, bytes_in, fault| Seen::Ended { number, bytes_in, fault };
    let told: Vec<Seen> = std::iter::from_fn(|| told.try_recv().ok()).collect();
    let rest = content.len() as u64 - 300_000;
    assert_eq!(told[0], began(0));
    // How much of the cut one came depends on where the cut falls into what is read.
    assert!(matches!(told[1], Seen::Ended { number: 0, bytes_in: ..=300_000, fault: Some(_) }), "{told:?}");
    assert_eq!(told[2..], [began(1), ended(1, rest, None)]);
}

#[tokio::test]
async fn a_stall_is_an_error_and_keeps_the_part() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    let (address, _) = server(vec![Reply::Hang(ok(content.len()), content[..1_000].to_vec())]).await;
    let error = downloads().fetch(&request(&address, folder.path()), |_| {}).await.unwrap_err();
    assert!(matches!(error, EgressError::Stalled { .. }) && error.is_transient(), "{error}");
    assert_eq!(std::fs::read(folder.path().join("file.part")).unwrap(), content[..1_000]);
}

#[tokio::test]
async fn a_server_without_ranges_starts_over() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("file.part"), &content[..5_000]).unwrap();
    let (address, _) = server(vec![Reply::Send(ok(content.len()), content.clone())]).await;
    let request = request(&address, folder.path());
    downloads().fetch(&request, |_| {}).await.unwrap();
    assert_eq!(std::fs::read(&request.dest).unwrap(), content);
}

#[tokio::test]
async fn a_refused_range_starts_over() {
    let (content, folder) = (content(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("file.part"), &content[..5_000]).unwrap();
    let refused = "HTTP/1.1 416 Range Not Satisfiable\r\ncontent-length: 0".to_owned();
    let (address, _) =
        server(vec![Reply::Send(refused, vec![]), Reply::Send(ok(content.len()), content.clone())]).await;
    let request = request(&address, folder.path());
    downloads().fetch(&request, |_| {}).await.unwrap();
    assert_eq!(std::fs::read(&request.dest).unwrap(), content);
}

#[tokio::test]
async fn wrong_bytes_are_deleted() {
    let (mut content, folder) = (content(), tempfile::tempdir().unwrap());
    content[10] ^= 1;
    let (address, _) = server(vec![Reply::Send(ok(content.len()), content)]).await;
    let error = downloads().fetch(&request(&address, folder.path()), |_| {}).await.unwrap_err();
    assert!(matches!(error, EgressError::HashMismatch { .. }) && !error.is_transient(), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn refusals_carry_the_status() {
    let folder = tempfile::tempdir().unwrap();
    for (line, transient) in [("404 Not Found", false), ("503 Service Unavailable", true)] {
        let status = format!("HTTP/1.1 {line}\r\ncontent-length: 0");
        let (address, _) = server(vec![Reply::Send(status, vec![])]).await;
        let error = downloads().fetch(&request(&address, folder.path()), |_| {}).await.unwrap_err();
        assert!(matches!(error, EgressError::Refused { .. }) && error.is_transient() == transient, "{error}");
    }
}

#[tokio::test]
async fn an_insecure_address_is_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    let error =
        downloads().fetch(&request("http://example.invalid", folder.path()), |_| {}).await.unwrap_err();
    assert!(matches!(error, EgressError::Insecure(_)), "{error}");
}

#[tokio::test]
async fn more_than_the_disk_holds_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _) = server(vec![Reply::Hang(ok(1 << 50), vec![])]).await;
    let mut request = request(&address, folder.path());
    request.bytes = Some(1 << 50);
    let error = downloads().fetch(&request, |_| {}).await.unwrap_err();
    assert!(matches!(error, EgressError::DiskFull { .. }), "{error}");
}

#[tokio::test]
async fn the_package_index_is_read_in_both_forms() {
    let json = br#"{"files": [{"filename": "a-1.whl", "url": "../f/a-1.whl"}]}"#.to_vec();
    let html = b"<a href=\"../../f/a-1.whl#sha256=00\">a-1.whl</a>".to_vec();
    let head = |kind: &str, len: usize| format!("{}\r\ncontent-type: {kind}", ok(len));
    let replies = vec![
        Reply::Send(head("application/vnd.pypi.simple.v1+json", json.len()), json),
        Reply::Send(head("text/html", html.len()), html),
    ];
    let (address, seen) = server(replies).await;
    let index = PackageIndex(Some(format!("{address}/simple/")));
    let first = downloads().resolve_wheel(&index, "A_b", "1", "a-1.whl").await.unwrap();
    let second = downloads().resolve_wheel(&index, "A_b", "1", "a-1.whl").await.unwrap();
    assert_eq!((first, second), (format!("{address}/simple/f/a-1.whl"), format!("{address}/f/a-1.whl")));
    assert!(seen.lock().unwrap()[0].starts_with("get /simple/a-b/ "));
    let error = downloads().resolve_wheel(&PackageIndex(None), "a", "1", "a-1.whl").await.unwrap_err();
    assert!(matches!(error, EgressError::NoPackageIndex), "{error}");
}
