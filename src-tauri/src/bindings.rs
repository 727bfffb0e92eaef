//! The typed border to the web view: commands, events, and the TypeScript written from them.

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri_specta::{Builder, Event, collect_commands, collect_events};
use tonny_core::assistant::{Grown, MessageView};
use tonny_core::snapshot::Snapshot;

use crate::commands::{
    app, assistant, conversation, dictation, history, language, log, microphone, models, privacy, secrets,
    settings, storage, worker,
};

/// The whole state, on every change.
#[derive(Clone, Debug, Serialize, Deserialize, Type, Event)]
pub struct SnapshotChanged(pub Snapshot);

/// The input level while something listens.
#[derive(Clone, Debug, Serialize, Deserialize, Type, Event)]
pub struct LevelChanged {
    /// 0.0 to 1.0.
    pub level: f32,
}

/// The tray or the terminal asks for a page.
#[derive(Clone, Debug, Serialize, Deserialize, Type, Event)]
pub struct PageRequested {
    /// A page's id, such as "general" or "history".
    pub page: String,
}

/// An answer grew.
#[derive(Clone, Debug, Serialize, Deserialize, Type, Event)]
pub struct AnswerGrew(pub Grown);

/// A message is new, or stands otherwise now.
#[derive(Clone, Debug, Serialize, Deserialize, Type, Event)]
pub struct MessageChanged {
    /// The conversation.
    pub conversation: String,
    /// The message.
    pub message: MessageView,
}

/// A conversation's title, model or branch changed, or it is gone.
#[derive(Clone, Debug, Serialize, Deserialize, Type, Event)]
pub struct ConversationChanged {
    /// Its id.
    pub id: String,
}

/// The open window is to show this conversation.
#[derive(Clone, Debug, Serialize, Deserialize, Type, Event)]
pub struct OpenConversation {
    /// Its id; none is a new one.
    pub id: Option<String>,
}

/// All commands and events.
pub fn builder<R: tauri::Runtime>() -> Builder<R> {
    Builder::new()
        // One shape in both directions: what Rust sends is always complete.
        .disable_serde_phases()
        .commands(collect_commands![
            app::app_snapshot,
            app::app_facts,
            app::app_dismiss,
            dictation::dictation_press,
            dictation::dictation_release,
            dictation::dictation_toggle,
            dictation::dictation_cancel,
            settings::settings_get,
            settings::settings_patch,
            settings::settings_reset,
            models::models_list,
            models::models_install,
            models::models_cancel_install,
            models::models_remove,
            models::models_import,
            language::language_list,
            language::language_remove,
            language::language_import,
            language::language_found,
            microphone::microphone_list,
            microphone::microphone_test,
            history::history_list,
            history::history_get,
            history::history_delete,
            history::history_restore,
            history::history_retry,
            history::history_audio,
            history::history_bring_back,
            history::history_copy,
            history::history_export,
            history::history_show_exports,
            history::history_activity,
            history::history_statistics,
            storage::storage_view,
            storage::storage_check,
            storage::storage_back_up,
            storage::storage_restore,
            storage::storage_clean_up,
            storage::storage_vacuum,
            worker::worker_start,
            worker::worker_stop,
            worker::worker_restart,
            worker::worker_reset_breaker,
            secrets::secrets_list,
            secrets::secrets_set,
            secrets::secrets_clear,
            secrets::secrets_forget,
            secrets::vault_choose,
            secrets::vault_unlock,
            secrets::vault_lock,
            secrets::vault_password,
            worker::worker_usage,
            worker::worker_log,
            worker::worker_output,
            log::log_list,
            assistant::assistant_models,
            assistant::assistant_ask,
            assistant::assistant_stop,
            assistant::assistant_continue,
            assistant::assistant_regenerate,
            assistant::assistant_agree,
            assistant::assistant_listen,
            conversation::conversation_list,
            conversation::conversation_get,
            conversation::conversation_rename,
            conversation::conversation_show,
            conversation::conversation_delete,
            conversation::conversation_restore,
            conversation::conversation_export,
            conversation::conversation_import,
            conversation::conversation_opened,
            privacy::provider_list,
            privacy::provider_test,
            privacy::contract_get,
            privacy::contract_check,
            privacy::contract_try,
            privacy::ledger_list,
            privacy::ledger_days,
        ])
        .events(collect_events![
            SnapshotChanged,
            LevelChanged,
            PageRequested,
            AnswerGrew,
            MessageChanged,
            ConversationChanged,
            OpenConversation,
        ])
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test drives what it tests")]
mod tests {
    use std::path::Path;

    use specta_typescript::Typescript;

    /// Writes the file anew when TONNYTRAY_WRITE_BINDINGS is set; otherwise compares.
    #[test]
    fn the_committed_bindings_are_fresh() {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/ipc/bindings.ts");
        let fresh = std::env::temp_dir().join(format!("tonnytray-bindings-{}.ts", std::process::id()));
        super::builder::<tauri::Wry>().export(Typescript::default(), &fresh).expect("exported");
        let text = std::fs::read_to_string(&fresh).expect("written");
        std::fs::remove_file(&fresh).expect("removed");
        if std::env::var_os("TONNYTRAY_WRITE_BINDINGS").is_some() {
            std::fs::write(&committed, &text).expect("bindings written");
        }
        let old = std::fs::read_to_string(&committed).expect("ui/src/ipc/bindings.ts");
        assert!(old == text, "ui/src/ipc/bindings.ts is stale: run `make bindings`");
    }

    #[test]
    fn the_manifest_and_the_capability_name_every_command() {
        let build = include_str!("../build.rs");
        let capabilities =
            [include_str!("../capabilities/settings.json"), include_str!("../capabilities/assistant.json")];
        let handler = include_str!("bindings.rs");
        let (_, list) = handler.split_once("collect_commands![").expect("list");
        let commands: Vec<&str> = list
            .split(']')
            .next()
            .expect("list")
            .split(',')
            .filter_map(|c| c.trim().split("::").nth(1))
            .collect();
        assert!(commands.len() > 20, "{commands:?}");
        for command in &commands {
            assert!(build.contains(&format!("\"{command}\"")), "build.rs lacks {command}");
            let permission = format!("\"allow-{}\"", command.replace('_', "-"));
            assert!(
                capabilities.iter().any(|capability| capability.contains(&permission)),
                "no window may call {command}"
            );
        }
        for permission in capabilities.iter().flat_map(|capability| capability.split('"')) {
            let Some(command) = permission.strip_prefix("allow-") else { continue };
            assert!(
                commands.contains(&&*command.replace('-', "_")),
                "a capability grants {command}, which there is not"
            );
        }
    }
}
