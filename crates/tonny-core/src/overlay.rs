//! What the overlay shows, as a value computed from the snapshot; a face only draws it.

/// The overlay at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum OverlayView {
    /// Nothing on the screen.
    #[default]
    Hidden,
    /// Recording.
    Listening {
        /// Words that will not change any more.
        committed: String,
        /// Words that still may.
        tentative: String,
        /// Input level, 0.0 to 1.0.
        level: f32,
        /// Since the press.
        elapsed_ms: u64,
        /// Whether a stop button is shown, because no key is held.
        hands_free: bool,
        /// The level stayed flat for 2 s.
        silent: bool,
    },
    /// Between release and delivery.
    Working {
        /// "Inserting...", "Transcribing...", "The speech engine is restarting..."
        label: String,
    },
    /// Done; the face hides it when the view becomes Hidden.
    Done {
        /// "Inserted", "Copied", "Cancelled".
        label: String,
    },
    /// Something went wrong and the user should know; stays until the view changes.
    Trouble {
        /// What, in a sentence.
        message: String,
        /// What to do, in a sentence.
        advice: String,
    },
}

/// What a click on the overlay asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlayClick {
    /// The stop button while hands-free.
    Stop,
    /// Anywhere on a trouble message.
    Dismiss,
}
