//! What each window may call, asked of the very table that the built app decides by.
//!
//! The commands come from `build.rs`, the grants from `capabilities/`; nothing is listed here a second time.

use std::collections::BTreeSet;

use serde_json::Value;
use tauri::ipc::{Origin, RuntimeAuthority};

/// Labels that exist or will (overlay, assistant), and some that an attacker would try.
const WINDOWS: &[&str] =
    &["settings", "overlay", "assistant", "main", "", "*", "settings2", "SETTINGS", "set tings"];

/// Commands of Tauri itself that a page would love to have.
const CORE: &[&str] = &[
    "plugin:event|listen",
    "plugin:event|unlisten",
    "plugin:event|emit",
    "plugin:event|emit_to",
    "plugin:window|create",
    "plugin:window|close",
    "plugin:window|get_all_windows",
    "plugin:webview|create_webview_window",
    "plugin:webview|internal_toggle_devtools",
    "plugin:app|version",
    "plugin:path|resolve_directory",
    "plugin:resources|close",
    "plugin:menu|new",
    "plugin:tray|new",
    "plugin:image|from_path",
    "plugin:global-shortcut|register",
    "plugin:autostart|enable",
    "plugin:shell|execute",
    "plugin:fs|read_file",
    "plugin:http|fetch",
];

pub fn commands() -> Vec<&'static str> {
    let (_, list) = include_str!("../build.rs").split_once("COMMANDS: &[&str] = &[").expect("the list");
    let list = list.split("];").next().expect("its end");
    list.split(',').map(|name| name.trim().trim_matches('"')).filter(|name| !name.is_empty()).collect()
}

/// Window and command, as the capability files grant them.
fn granted() -> BTreeSet<(String, String)> {
    let files = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("capabilities");
    let mut granted = BTreeSet::new();
    for file in std::fs::read_dir(files).expect("the folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        let capability: Value = serde_json::from_str(&text).expect("JSON");
        assert!(capability.get("remote").is_none(), "a page of another host may call something");
        for window in capability["windows"].as_array().expect("windows") {
            let window = window.as_str().expect("a label");
            assert!(!window.contains('*'), "a pattern of labels grants more than one thinks");
            for permission in capability["permissions"].as_array().expect("permissions") {
                let name = permission.as_str().expect("a plain permission, without a scope");
                let command = match name.strip_prefix("core:event:allow-") {
                    Some(event) => format!("plugin:event|{event}"),
                    None => name.strip_prefix("allow-").expect("a command of ours").replace('-', "_"),
                };
                granted.insert((window.to_owned(), command));
            }
        }
    }
    granted
}

fn may(authority: &RuntimeAuthority, command: &str, window: &str, origin: &Origin) -> bool {
    authority.resolve_access(command, window, window, origin).is_some()
}

#[test]
fn every_window_may_call_what_it_was_granted_and_nothing_else() {
    let mut context: tauri::Context<tauri::Wry> = tauri::generate_context!();
    let authority = context.runtime_authority_mut();
    let granted = granted();
    let remote = ["https://example.org/", "http://tauri.localhost.example.org/", "http://localhost:5173/"];
    let remote = remote.map(|url| Origin::Remote { url: url.parse().expect(url) });
    let (mut allowed, mut denied) = (0, 0);
    for command in commands().into_iter().chain(CORE.iter().copied()) {
        for window in WINDOWS {
            let is_granted = granted.contains(&((*window).to_owned(), command.to_owned()));
            assert_eq!(may(authority, command, window, &Origin::Local), is_granted, "{window}: {command}");
            for origin in &remote {
                assert!(!may(authority, command, window, origin), "{window} at {origin}: {command}");
            }
            allowed += usize::from(is_granted);
            denied += usize::from(!is_granted) + remote.len();
        }
    }
    assert_eq!(allowed, granted.len(), "a grant is for nothing that exists");
    assert!(allowed > 30 && denied > 1_000, "{allowed} allowed, {denied} denied");
}

#[test]
fn the_window_runs_under_a_policy_that_names_no_host_and_no_inline_code() {
    let config: Value = serde_json::from_str(include_str!("../tauri.conf.json")).expect("JSON");
    let security = &config["app"]["security"];
    let policy = security["csp"].as_str().expect("one policy");
    for bad in ["unsafe-inline", "unsafe-eval", "wasm-unsafe-eval", "https:", "*", "blob:", "filesystem:"] {
        assert!(!policy.contains(bad), "{bad} in {policy}");
    }
    assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    // The only host is Tauri's own name for the way back into this process.
    assert_eq!(policy.matches("http:").count(), policy.matches("http://ipc.localhost").count());
    assert_eq!(security["freezePrototype"], true);
    assert_eq!(config["app"]["withGlobalTauri"], false);
    assert_eq!(security["pattern"]["use"], "isolation");
    // Tauri gives the frame's scheme to `default-src`: nothing that could hold more than a frame may fall back on it.
    for closed in ["object-src 'none'", "worker-src 'none'", "media-src 'none'", "manifest-src 'none'"] {
        assert!(policy.contains(closed), "{closed} is missing in {policy}");
    }
    assert!(
        security.get("assetProtocol").is_none()
            && security.get("dangerousDisableAssetCspModification").is_none()
    );
    let features =
        include_str!("../../Cargo.toml").lines().find(|line| line.starts_with("tauri = ")).expect("tauri");
    assert!(!features.contains("protocol-asset") && !features.contains("devtools"), "{features}");
}

/// Nothing that a command gives back can hold a secret: neither type can be written out (doctests of tonny-core), and
/// no command's answer is a type that is only text but for these.
#[test]
fn no_command_of_secrets_returns_text() {
    let source = include_str!("commands/secrets.rs");
    let answers: Vec<&str> =
        source.split("-> Result<").skip(1).filter_map(|rest| rest.split(", Problem>").next()).collect();
    let commands = source.matches("#[tauri::command]").count();
    let harmless = ["VaultReport", "SecretKept", "SecretsMoved", "bool", "u32", "()", "Typed"];
    assert!(answers.iter().all(|answer| harmless.contains(answer)), "{answers:?}");
    // One answer is that of the length check, which is no command.
    assert_eq!(answers.len(), commands + 1);
}
