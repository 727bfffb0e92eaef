//! The typed border to the web view: commands, events, and the TypeScript written from them.

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri_specta::{Builder, Event, collect_commands, collect_events};
use tonny_core::snapshot::Snapshot;

use crate::commands::{app, dictation, history, log, microphone, models, secrets, settings, storage, worker};

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
        ])
        .events(collect_events![SnapshotChanged, LevelChanged, PageRequested])
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
        let capability = include_str!("../capabilities/settings.json");
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
            assert!(
                capability.contains(&format!("\"allow-{}\"", command.replace('_', "-"))),
                "capability: {command}"
            );
        }
        assert_eq!(
            capability.matches("\"allow-").count(),
            commands.len(),
            "the capability grants more than there is"
        );
    }
}
