//! Whether the program that listens at an address is the worker we started: a stranger may have taken the port, and
//! answer 200 to everything.

/// Whether one of these processes listens at this port of this computer; `None` where the system does not say.
#[cfg(not(target_os = "linux"))]
pub(crate) fn listens(_processes: &[u32], _port: u16) -> Option<bool> {
    None
}

/// Whether one of these processes listens at this port of this computer; `None` where the system does not say.
#[cfg(target_os = "linux")]
pub(crate) fn listens(processes: &[u32], port: u16) -> Option<bool> {
    let tables = [std::fs::read_to_string("/proc/net/tcp"), std::fs::read_to_string("/proc/net/tcp6")];
    let listeners: Vec<String> = tables.iter().flatten().flat_map(|table| listeners(table, port)).collect();
    if tables.iter().all(Result::is_err) {
        return None;
    }
    let is_ours = |pid: &u32| sockets(*pid).any(|socket| listeners.contains(&socket));
    Some(processes.iter().any(is_ours))
}

/// The sockets listening at a port, as their names below `/proc/PID/fd`. The table's columns are in proc(5): the local
/// address ends in the port as four hexadecimal digits, state 0A is LISTEN, the tenth column is the inode.
#[cfg(target_os = "linux")]
fn listeners(table: &str, port: u16) -> Vec<String> {
    let wanted = format!(":{port:04X}");
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|columns| columns.len() > 9 && columns[1].ends_with(&wanted) && columns[3] == "0A")
        .map(|columns| format!("socket:[{}]", columns[9]))
        .collect()
}

#[cfg(target_os = "linux")]
fn sockets(pid: u32) -> impl Iterator<Item = String> {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.path().read_link().ok()?.to_str()?.to_owned()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn our_own_listener_is_ours_and_nobody_elses() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(listens(&[std::process::id()], port), Some(true));
        assert_eq!(listens(&[1], port), Some(false));
        drop(listener);
        assert_eq!(listens(&[std::process::id()], port), Some(false));
    }
}
