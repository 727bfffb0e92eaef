//! What a worker says about itself: the ready line on its standard output and the answer of `GET /health`.
//!
//! Owns: the protocol version. Must not know: how the line is read or the request is made.

use serde::{Deserialize, Serialize};

/// Version of the contract between app and worker. It rises when an older app could no longer read a newer worker.
pub const PROTOCOL_VERSION: u32 = 1;

/// The one JSON line a worker prints on standard output once it can transcribe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyLine {
    /// Where it listens, as `127.0.0.1:PORT`.
    pub address: String,
    /// The worker's [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// Catalogue id of the loaded model.
    pub model: String,
    /// Process id of the worker itself (not of a process standing in front of it).
    pub pid: u32,
}

/// Answer of `GET /health`. It proves that the server lives, not that the engine transcribes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `"ok"`.
    pub status: String,
    /// Name of the engine, for example `"transcribe-cpp"`.
    #[serde(default)]
    pub backend: String,
    /// Whether audio is accepted.
    #[serde(default)]
    pub ready: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_is_one_line_and_survives_the_trip() {
        let line = ReadyLine {
            address: "127.0.0.1:4711".into(),
            protocol: PROTOCOL_VERSION,
            model: "whisper-tiny.en".into(),
            pid: 7,
        };
        let json = serde_json::to_string(&line).expect("serialises");
        assert_eq!(json, r#"{"address":"127.0.0.1:4711","protocol":1,"model":"whisper-tiny.en","pid":7}"#);
        assert_eq!(serde_json::from_str::<ReadyLine>(&json).expect("parses"), line);
    }

    #[test]
    fn health_tolerates_missing_and_extra_keys() {
        let health: Health = serde_json::from_str(r#"{"status":"ok","new":1}"#).expect("parses");
        assert_eq!(health, Health { status: "ok".into(), backend: String::new(), ready: false });
    }
}
