//! What can go wrong on the wire. Callers ask [`SpeechError::is_transient`] rather than match.
//!
//! Must not carry: audio, text or the token.

/// A failure of one session.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// A text frame was not what the protocol says.
    #[error("the speech engine sent a message that could not be read")]
    Message(#[source] serde_json::Error),
    /// Nobody listens there (the engine is loading, or dead).
    #[error("the speech engine at {address} could not be reached")]
    Connect {
        /// Where it was looked for.
        address: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Connection, handshake or config took too long.
    #[error("the speech engine at {address} did not answer within {seconds} s")]
    Timeout {
        /// Where it was asked.
        address: String,
        /// How long was waited, s.
        seconds: u64,
    },
    /// The handshake was answered with an HTTP error; 401 and 403 mean the token.
    #[error("the speech engine refused the connection with HTTP status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The server does not accept this session's wishes (an error object, then close 4400).
    #[error("the speech engine refused the session: {reason}")]
    Rejected {
        /// The server's words.
        reason: String,
    },
    /// The server expects a container format instead of raw PCM.
    #[error("the speech engine at {address} does not take raw audio; start it with --pcm-input")]
    AudioFormat {
        /// The server.
        address: String,
    },
    /// Address, token or language cannot be put into a request.
    #[error("the {part} for the speech engine is not valid")]
    Request {
        /// Which of them.
        part: &'static str,
    },
    /// The first message was not the config.
    #[error("the speech engine did not begin with its configuration")]
    NoConfig,
    /// The server left before it was done.
    #[error("the speech engine closed the connection before it was done")]
    Closed,
    /// The engine itself reported a failure.
    #[error("the speech engine failed: {reason}")]
    Engine {
        /// The server's words.
        reason: String,
    },
    /// The server neither took audio nor said a word.
    #[error("the speech engine took no audio for {seconds} s")]
    Stalled {
        /// How long was waited, s.
        seconds: u64,
    },
    /// There was clear speech and the engine heard no word in it: it looks healthy and is not.
    #[error("the speech engine heard no word in {seconds} s of speech")]
    Silent {
        /// Speech by our own measure, s.
        seconds: u64,
    },
    /// The answer to a plain request is not what this client understands.
    #[error("the speech engine's answer could not be read")]
    Answer,
    /// Audio was offered after the end of audio.
    #[error("the utterance has already ended")]
    Ended,
    /// The transport failed.
    #[cfg(feature = "client")]
    #[error("the connection to the speech engine broke")]
    Wire(#[source] Box<tokio_tungstenite::tungstenite::Error>),
}

impl SpeechError {
    /// Whether the same audio may succeed on another try (after a restart, say) without anything being changed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Closed
            | Self::Engine { .. }
            | Self::Stalled { .. }
            | Self::Silent { .. } => true,
            Self::Refused { status } => *status == 408 || *status == 429 || *status >= 500,
            #[cfg(feature = "client")]
            Self::Wire(_) => true,
            Self::Message(_)
            | Self::Rejected { .. }
            | Self::AudioFormat { .. }
            | Self::Request { .. }
            | Self::NoConfig
            | Self::Answer
            | Self::Ended => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_by_itself_is_transient() {
        let table = [
            (SpeechError::Refused { status: 403 }, false),
            (SpeechError::Refused { status: 503 }, true),
            (SpeechError::Closed, true),
            (SpeechError::Rejected { reason: String::new() }, false),
            (SpeechError::AudioFormat { address: String::new() }, false),
        ];
        for (error, expected) in table {
            assert_eq!(error.is_transient(), expected, "{error}");
        }
    }
}
