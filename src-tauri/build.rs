//! Lists every command in the manifest, so that a window may call only what its capability names.

/// The commands of `src/commands/`; a test compares them with the handler's.
const COMMANDS: &[&str] = &[
    "app_snapshot",
    "app_facts",
    "app_dismiss",
    "dictation_press",
    "dictation_release",
    "dictation_toggle",
    "dictation_cancel",
    "settings_get",
    "settings_patch",
    "settings_reset",
    "models_list",
    "models_install",
    "models_cancel_install",
    "models_remove",
    "models_import",
    "microphone_list",
    "microphone_test",
    "history_list",
    "history_get",
    "history_delete",
    "history_restore",
    "history_retry",
    "history_audio",
    "history_bring_back",
    "history_copy",
    "history_export",
    "history_show_exports",
    "history_activity",
    "history_statistics",
    "storage_view",
    "storage_check",
    "storage_back_up",
    "storage_restore",
    "storage_clean_up",
    "storage_vacuum",
    "worker_start",
    "worker_stop",
    "worker_restart",
    "worker_reset_breaker",
    "secrets_list",
    "secrets_set",
    "secrets_clear",
    "secrets_forget",
    "vault_choose",
    "vault_unlock",
    "vault_lock",
    "vault_password",
    "worker_usage",
    "worker_log",
    "worker_output",
    "log_list",
];

fn main() {
    println!("cargo:rerun-if-env-changed=TONNYTRAY_COMMIT");
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("the desktop face's manifest does not build: {error:#}");
    }
}
