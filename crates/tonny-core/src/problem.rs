//! What a user is told when something goes wrong: a stable code, a sentence, and what to do.
//!
//! The table below is the only place where codes and advice live; docs/error-codes.md is printed from it and a test
//! says when that page is stale. A code's number never changes its meaning once released.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($variant:ident = $code:literal, $what:literal, $advice:literal;)*) => {
        /// A stable error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $what] $variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The code as users see it, such as `TT-AUDIO-101`.
            pub fn id(self) -> &'static str { match self { $(Code::$variant => $code,)* } }

            /// What happened, in general.
            pub fn what(self) -> &'static str { match self { $(Code::$variant => $what,)* } }

            /// What the user can do about it.
            pub fn advice(self) -> &'static str { match self { $(Code::$variant => $advice,)* } }
        }
    };
}

codes! {
    MicrophoneMissing = "TT-AUDIO-101", "There is no microphone.", "Plug one in, or choose another under Settings, Speech.";
    MicrophoneBusy = "TT-AUDIO-102", "Another program holds the microphone.", "Close the program that uses it, or choose another microphone.";
    MicrophoneLost = "TT-AUDIO-103", "The microphone went away while recording.", "What was heard is kept. Plug the microphone in again and go on.";
    MicrophoneSilent = "TT-AUDIO-104", "The microphone gave only silence.", "Check that it is not muted, and that the right one is chosen under Settings, Speech.";
    MicrophoneFailed = "TT-AUDIO-105", "The microphone could not be started.", "Run `tonny doctor`; choose another microphone if it stays so.";
    MicrophoneInterrupted = "TT-AUDIO-106", "The microphone was away for a moment while recording.", "The recording went on by itself; words of that moment may be missing.";
    AudioUnreadable = "TT-AUDIO-111", "The file is not audio that can be read.", "Use WAV, FLAC, MP3, OGG or M4A.";
    AudioEmpty = "TT-AUDIO-112", "The audio has no samples.", "Record again; the file is empty.";
    AudioNotKept = "TT-AUDIO-113", "The recording could not be written.", "Free some space, or check the rights of the data folder.";
    DiskFullRecording = "TT-AUDIO-114", "The disk is full.", "The recording goes on in the room that was set aside for it. Free some space now.";
    AudioTooLong = "TT-AUDIO-115", "The recording is too long to be played here.", "Save it with `tonny history audio ID --out FILE` and play that file.";
    RecordingTooLong = "TT-AUDIO-116", "The recording reached its longest time and was ended.", "Its words are worked out as after any release; press again to go on. How long one may be is dictation.longest_recording_min under Settings, General.";
    AudioSealed = "TT-AUDIO-121", "The recording is encrypted.", "It can be heard and transcribed again from History while its key is in the place of the secrets.";
    AudioOtherKey = "TT-AUDIO-122", "The recording was encrypted with another key than the one that is kept now.", "Go back to the keyring it was made with; its words in History are not affected.";
    AudioNotSealed = "TT-AUDIO-123", "Recordings are to be encrypted, and there is no key yet.", "This one is kept as it is and encrypted as soon as there is a key: unlock the place of the secrets under Settings, Secrets.";
    ModelNone = "TT-MODEL-201", "No speech model is installed.", "Install one under Settings, Speech, or run `tonny models install whisper-tiny.en`.";
    ModelBroken = "TT-MODEL-202", "The model file is damaged or not a model.", "Remove it and install it again.";
    ModelUnknown = "TT-MODEL-203", "There is no such model.", "`tonny models list` shows the ids.";
    ModelHashWrong = "TT-MODEL-204", "The download is not the file that was published.", "It was thrown away. Try again; if it happens twice, the source has changed.";
    NetworkDown = "TT-MODEL-205", "The download source cannot be reached.", "Check the network; what was fetched so far is kept and the download goes on from there.";
    DiskFull = "TT-MODEL-206", "The disk is full.", "Free some space and try again; nothing half-written was put in use.";
    DownloadStalled = "TT-MODEL-207", "The download stopped moving.", "Try again; it goes on where it stopped.";
    SourceRefused = "TT-MODEL-208", "The download source refused the request.", "Try again later, or import a model file you already have with `tonny models import`.";
    ModelNotImportable = "TT-MODEL-209", "This is neither a model file nor a faster-whisper folder.", "Give a .gguf or ggml .bin file, or a folder with model.bin, config.json and tokenizer.json.";
    LanguageModelTooLarge = "TT-MODEL-210", "There is not enough free memory for this model.", "Close other programs, or choose a smaller model under Settings, Assistant.";
    SwitchedOffline = "TT-MODEL-211", "TonnyTray is switched to offline.", "Switch it on again under Settings, Privacy; what was fetched so far is kept.";
    EngineStarting = "TT-ENGINE-301", "The speech engine is still starting.", "The words are kept and are typed as soon as it is ready.";
    EngineDied = "TT-ENGINE-302", "The speech engine stopped and did not come back in time.", "The recording is kept: open History and choose Retry.";
    EngineTimedOut = "TT-ENGINE-303", "The speech engine took too long.", "The recording is kept: open History and choose Retry, or use a smaller model.";
    EngineRefused = "TT-ENGINE-304", "The speech engine refused the request.", "Run `tonny workers restart speech`; report it if it stays so.";
    NothingHeard = "TT-ENGINE-305", "No words were heard.", "Speak closer to the microphone; check its level under Settings, Speech.";
    EngineMissing = "TT-ENGINE-306", "The speech engine's program is missing.", "Install TonnyTray again; tonny-speech must lie beside tonnytray.";
    EngineSetUp = "TT-ENGINE-307", "The worker cannot run as it is set up.", "`tonny workers list` and `tonny workers logs NAME` show why; correct its program or model with `tonny settings set`.";
    TextTruncated = "TT-ENGINE-308", "The speech engine stopped before the end.", "The last words may be missing. The recording is kept: open History and choose Retry.";
    EngineProgram = "TT-ENGINE-309", "The engine's program cannot be run.", "Install it (`make engines-wlk`, `make engines-llama`), or correct its path with `tonny settings set`; the path is named above.";
    EngineUnfit = "TT-ENGINE-310", "This build of the engine does not fit this computer.", "Install the build for this processor and system; `tonny workers logs NAME` names what is missing.";
    TargetGone = "TT-INSERT-401", "The window that had the focus is gone.", "The text is on the clipboard: paste it where you want it.";
    NotProven = "TT-INSERT-402", "The window did not take the text.", "The text is on the clipboard: paste it where you want it.";
    ModifiersHeld = "TT-INSERT-403", "The hotkey's keys stayed down.", "The text is on the clipboard: let go of the keys and paste it.";
    NoFocus = "TT-INSERT-404", "No window has the focus.", "The text is on the clipboard: click into a window and paste it.";
    InsertFailed = "TT-INSERT-405", "The text could not be inserted.", "It is kept in History; copy it from there.";
    NotSafeToType = "TT-INSERT-406", "The text was not typed, because nothing could be written down about it.", "It is on the clipboard: paste it where you want it. Free some space on the disk.";
    HotkeyTaken = "TT-HOTKEY-501", "Another program uses this hotkey.", "Choose another one under Settings, General, or close that program.";
    HotkeyInvalid = "TT-HOTKEY-502", "This is not a hotkey.", "Write it like Ctrl+Shift+Space.";
    HotkeysMissing = "TT-HOTKEY-503", "Hotkeys do not work on this display.", "Log in to an X11 session, or bind a key of the desktop to `tonny ctl toggle`.";
    HomeUnwritable = "TT-STORE-601", "The data folder cannot be written.", "Check its owner and rights, or set TONNYTRAY_HOME to a folder you own.";
    DatabaseFailed = "TT-STORE-602", "The database could not be used.", "Close other copies of TonnyTray and try again; run `tonny doctor`.";
    DatabaseNewer = "TT-STORE-603", "The database was written by a newer TonnyTray.", "Install the newer version again; the file was not touched. To go back, run `tonny db restore` with the schema-N.db of the backups folder.";
    NotFound = "TT-STORE-604", "There is no such utterance.", "`tonny history list` shows the ids.";
    BackupBroken = "TT-STORE-605", "This is no sound backup.", "Nothing was changed. Choose another one of the backups folder.";
    ImportRefused = "TT-STORE-606", "The file cannot be imported; nothing of it was.", "Mend the line that is named and try again.";
    UnderWay = "TT-STORE-609", "This utterance is still being worked on.", "Wait until it is done; its entry changes by itself.";
    TextSplit = "TT-STORE-610", "The text is longer than one entry of the history may be.", "Nothing of it is lost: it goes on in the entries after it. What an engine made of silence or noise repeats itself; delete it then.";
    DatabaseRepaired = "TT-STORE-607", "The database was damaged and was set aside.", "Look through History for what may be missing. The damaged file is kept for 30 days.";
    DatabaseDamaged = "TT-STORE-608", "The database is damaged.", "Start TonnyTray again: it sets the file aside and takes the newest good backup and all that can still be read.";
    SettingsBroken = "TT-SETTINGS-701", "The settings could not be read.", "Defaults are in use until a setting is changed. `tonny settings reset` clears them, `tonny settings import FILE` brings a saved copy back.";
    SettingInvalid = "TT-SETTINGS-702", "The value does not fit the setting.", "`tonny settings list` shows each setting with its range.";
    SettingUnknown = "TT-SETTINGS-703", "There is no such setting.", "`tonny settings list` shows all of them.";
    SettingsNewer = "TT-SETTINGS-704", "The settings were written by a newer TonnyTray.", "What this version understands is in use, and nothing was changed. Install the newer version again, or start over with `tonny settings reset`.";
    SettingsPartly = "TT-SETTINGS-705", "Some settings could not be read.", "Set them again; the others are as they were set.";
    VaultTextOnly = "TT-SECRET-1000", "The keyring takes text only.", "Nothing to do: secrets are kept there in a form that it takes.";
    VaultLocked = "TT-SECRET-1001", "The keyring is locked.", "Unlock it with your login password, or run `tonny secrets unlock`.";
    VaultDismissed = "TT-SECRET-1002", "The keyring's question for its password was turned away.", "Try again and give the password, or choose another place under Settings, Secrets.";
    VaultNoBus = "TT-SECRET-1003", "There is no session bus, so no keyring can be reached.", "Start TonnyTray inside your desktop session, or choose the encrypted file: `tonny secrets store file`.";
    VaultNoKeyring = "TT-SECRET-1004", "No keyring is running in this session.", "Install gnome-keyring or KWallet and log in again, or choose the encrypted file: `tonny secrets store file`.";
    VaultNoCollection = "TT-SECRET-1005", "The keyring has no default collection.", "Make one called Login in your password program, or choose the encrypted file: `tonny secrets store file`.";
    VaultSilent = "TT-SECRET-1006", "The keyring does not answer.", "See if it waits for its password in a window; else log out and in again, or choose the encrypted file: `tonny secrets store file`. What is in the keyring stays in it.";
    VaultFailing = "TT-SECRET-1007", "The keyring answers with errors.", "Log out and in again; if it stays so, choose the encrypted file: `tonny secrets store file`. What is in the keyring stays in it.";
    VaultChanged = "TT-SECRET-1008", "This is not the keyring that the secrets were kept in.", "Go back to the desktop you used before, or enter the secrets again: they are then kept in this one.";
    VaultFileLocked = "TT-SECRET-1011", "The encrypted file of secrets is locked.", "Give its password under Settings, Secrets.";
    VaultPasswordWrong = "TT-SECRET-1012", "This is not the password of the encrypted file.", "Try again; each wrong password makes the next try wait a little longer, never more than a minute.";
    VaultFileDamaged = "TT-SECRET-1013", "The encrypted file of secrets is damaged.", "Put a backup of it back; or choose a place under Settings, Secrets: the damaged file is then set aside, never deleted, and the secrets can be entered again.";
    VaultFileNewer = "TT-SECRET-1014", "The encrypted file of secrets was written by a newer TonnyTray.", "Install the newer version again; the file was not touched.";
    VaultFileForeign = "TT-SECRET-1015", "The encrypted file of secrets belongs to another user.", "Make yourself its owner; or choose a place under Settings, Secrets: the file is then set aside, never deleted.";
    VaultFileUnusable = "TT-SECRET-1016", "The files of the vault cannot be read or written.", "Check the owner and the rights of the vault folder, and the free space.";
    VaultPasswordWeak = "TT-SECRET-1017", "This password is too short.", "Take 10 characters or more; four words are easy to keep in mind.";
    VaultWait = "TT-SECRET-1018", "Too many wrong passwords.", "Wait as long as it says, then try again; nothing is locked for good.";
    VaultNotAgreed = "TT-SECRET-1019", "Leaving the keyring has to be agreed to.", "Read what protects the secrets in the new place, and agree.";
    VaultElsewhere = "TT-SECRET-1020", "The secrets are only in the memory of the running app.", "Use the window's page Secrets, or keep them in the keyring or the encrypted file.";
    SecretInvalid = "TT-SECRET-1021", "This value cannot be right.", "Copy it again from where it was given to you; `tonny secrets list` says what each is for.";
    SecretUnknown = "TT-SECRET-1022", "There is no such kind of secret.", "`tonny secrets list` shows them.";
    SecretUnset = "TT-SECRET-1023", "A secret that is needed is not set.", "Enter it under Settings, Secrets, or with `tonny secrets set NAME`.";
    SecretRefused = "TT-SECRET-1024", "The new value was refused where it belongs.", "The old one was kept. Copy the new one again, or save it without trying it.";
    SecretNotForReader = "TT-SECRET-1025", "A part of TonnyTray asked for a secret that is not meant for it.", "Please report this with `tonny doctor`'s output.";
    SecretNotKept = "TT-SECRET-1026", "What was read back is not what was written.", "The old value was put back. Try again, or choose another place under Settings, Secrets.";
    RecordingsKeyLost = "TT-SECRET-1027", "The key of encrypted recordings cannot be kept in memory alone: they could never be heard again.", "Choose the keyring or the encrypted file; or clear the key first, if nobody needs those recordings.";
    VaultLeftBehind = "TT-SECRET-1028", "This secret stayed in the keyring, which did not answer when the others were moved.", "Once the keyring answers, choose it again under Settings, Secrets: both are then in one place. Or enter the secret again.";
    MigrationWaits = "TT-SECRET-1029", "Plain-text secrets of an older set-up could not be moved into the vault yet.", "They are still where they were. It is tried again when the vault can be used: see Settings, Secrets.";
    ModelNotNamed = "TT-CHAT-1101", "There is no such language model.", "Write it as provider/model; `tonny providers list` shows the providers.";
    ConversationUnknown = "TT-CHAT-1102", "There is no such conversation.", "It may have been deleted; open another one.";
    MessageUnknown = "TT-CHAT-1103", "There is no such message.", "Open the conversation again.";
    QuestionEmpty = "TT-CHAT-1104", "There is nothing to ask.", "Write or say a question.";
    QuestionTooLong = "TT-CHAT-1105", "The question is too long.", "Ask with 1,000,000 characters at most; longer text goes along as a file.";
    AttachmentRefused = "TT-CHAT-1106", "This file cannot go along.", "Text files and pictures (PNG, JPEG, WebP, GIF) of up to 10 MB can, 10 at most.";
    NotToContinue = "TT-CHAT-1107", "This answer cannot be gone on with.", "Ask again instead.";
    ConversationFileWrong = "TT-CHAT-1108", "This is no conversation that was exported here.", "Choose a JSON or Markdown file that TonnyTray saved.";
    PolicyFileWrong = "TT-CHAT-1109", "The contract does not load.", "Mend what is named; the contract that was in force stays in force.";
    ModelFileUnfit = "TT-CHAT-1110", "The local model cannot be loaded.", "Choose another GGUF file under Settings, Assistant.";
    ModelListRefused = "TT-CHAT-1112", "The list of models was not taken.", "The one that was known stays. Check the address under Settings, Assistant.";
    NothingAsked = "TT-CHAT-1111", "The contract asked nothing about this answer.", "Ask again instead.";
    PageFailed = "TT-UI-901", "This page could not be drawn.", "Close the window and open it again; dictation is not affected.";
    AppNotRunning = "TT-APP-801", "TonnyTray is not running.", "Start it with `tonnytray`.";
    AppRunning = "TT-APP-802", "TonnyTray is already running.", "Its window was brought up instead.";
    RequestInvalid = "TT-APP-803", "The request was not understood.", "See `tonny ctl --help`.";
    ShuttingDown = "TT-APP-804", "TonnyTray is shutting down.", "Start it again.";
    NoDisplay = "TT-APP-807", "There is no display to show the tray on.", "Start TonnyTray inside a desktop session; `make demo` shows it on a virtual one.";
    DesktopFailed = "TT-APP-808", "The desktop part could not start.", "Run `tonny doctor`; the log folder says more.";
    OverlayFailed = "TT-APP-809", "The overlay could not be shown.", "Dictation works without it; the tray icon shows the state.";
    NotificationRefused = "TT-APP-810", "The desktop did not show a notification.", "The tray icon and the window say the same.";
    CrashedBefore = "TT-APP-811", "A part of TonnyTray failed when it last ran.", "The report stays on this machine and holds no spoken words; pass it on if you want the fault mended.";
    QuitEarly = "TT-APP-812", "TonnyTray was quit before these words were done.", "What was said is kept: see History.";
    TooManyCalls = "TT-APP-813", "Too much was asked at once.", "Wait a moment and try again: what is under way goes on.";
    RouteUnknown = "TT-APP-805", "There is no such route.", "Use `type`, `clipboard` or `assistant`.";
    WorkerUnknown = "TT-APP-806", "There is no such worker.", "`tonny workers list` shows them.";
    WorkerAway = "TT-APP-814", "This worker does not run now.", "Start it, or wait a moment: a new copy starts when the last one has ended.";
}

/// One thing that went wrong, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[error("{message} {advice} ({code})")]
pub struct Problem {
    /// Stable, such as `TT-AUDIO-101`.
    pub code: String,
    /// What happened, with the thing named.
    pub message: String,
    /// What to do.
    pub advice: String,
}

/// Text of a request, short enough to be repeated in a refusal: what was sent whole does not come back whole.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

impl Problem {
    /// A problem that the code's own sentence says completely.
    pub fn of(code: Code) -> Self {
        Self { code: code.id().to_owned(), message: code.what().to_owned(), advice: code.advice().to_owned() }
    }

    /// A problem with the thing named: `detail` follows the code's sentence and ends without a full stop.
    pub fn with(code: Code, detail: impl std::fmt::Display) -> Self {
        let mut problem = Self::of(code);
        problem.message = format!("{} {detail}.", problem.message);
        problem
    }

    /// Whether this is `code`.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.id()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test drives what it tests")]
mod tests {
    use std::collections::HashSet;
    use std::fmt::Write as _;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_code_is_there_once_and_says_what_to_do() {
        let ids: HashSet<_> = Code::ALL.iter().map(|code| code.id()).collect();
        assert_eq!(ids.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.what().ends_with('.') && code.advice().ends_with('.'), "{}", code.id());
        }
    }

    #[test]
    fn the_page_of_codes_is_fresh() {
        let mut page = String::from(
            "# Error codes\n\nPrinted by `make docs` from the tables in crates/tonny-core/src/problem.rs and, for\n\
             language models, crates/tonny-egress/src/fault/table.rs.\n\n\
             | code | what happened | what to do |\n| --- | --- | --- |\n",
        );
        for code in Code::ALL {
            let _ = writeln!(page, "| {} | {} | {} |", code.id(), code.what(), code.advice());
        }
        for code in tonny_egress::fault::FaultCode::ALL {
            let _ = writeln!(page, "| {} | {} | {} |", code.id(), code.what(), code.advice());
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/error-codes.md");
        if std::env::var_os("TONNYTRAY_WRITE_DOCS").is_some() {
            std::fs::write(&file, &page).expect("written");
        }
        assert!(
            std::fs::read_to_string(&file).is_ok_and(|old| old == page),
            "docs/error-codes.md is stale: run `make docs`"
        );
    }
}
