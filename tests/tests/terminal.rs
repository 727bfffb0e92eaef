//! The history in the terminal: times as the clock on the wall says, what was done, what was counted, and files that come
//! in twice. The real program in a home of its own; no app runs.

#![allow(clippy::disallowed_methods, reason = "a test starts programs")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::Read as _;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};
use tonny_store::{MessageState, Store};
use tonny_tests::chat_server::{ChatServer, Reply};
use tonny_tests::process::{finish, signal_pid};
use tonny_tests::programs::beside;
use tonny_tests::providers::Providers;

/// Two utterances around midnight in Berlin, one of them in summer.
const SAID: &str = "id,timestamp,text,speaker,engine,audio_ms,state\n\
    summer,2026-07-01T21:59:00Z,late in june,ada,embedded,1500,delivered\n\
    winter,2026-11-20T23:30:00Z,early on saturday,bob,embedded,2500,kept\n";

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn tonny(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = finish(&mut self.command(arguments)).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(beside("tonny").unwrap());
        // Said as a rule, so that no list of zones has to be on the machine.
        let zone = "CET-1CEST,M3.5.0,M10.5.0/3";
        command.args(arguments).env("TONNYTRAY_HOME", self.0.path().join("home")).env("TZ", zone);
        command
    }

    fn said(&self, arguments: &[&str]) -> String {
        let (code, out, complaint) = self.tonny(arguments);
        assert_eq!(code, 0, "{arguments:?}: {complaint}");
        out
    }

    fn data(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.said(&[&["--json"], arguments].concat())).unwrap()
    }

    fn import(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        let (code, _, remark) = self.tonny(&["history", "import", path.to_str().unwrap()]);
        assert_eq!(code, 0, "{remark}");
        remark
    }
}

#[test]
fn people_read_their_own_time_and_programs_utc() {
    let home = Home::new();
    home.import("said.csv", SAID);
    let list = home.said(&["history", "list"]);
    assert!(
        list.contains("2026-07-01 23:59:00 +02:00") && list.contains("2026-11-21 00:30:00 +01:00"),
        "{list}"
    );
    assert!(home.said(&["history", "show", "winter"]).contains("spoken    2026-11-21 00:30:00 +01:00"));
    let text = home.said(&["history", "export", "--format", "txt"]);
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        ["2026-07-01 23:59:00 +02:00  late in june", "2026-11-21 00:30:00 +01:00  early on saturday"]
    );
    assert_eq!(home.data(&["history", "show", "winter"])["started_at"], "2026-11-20T23:30:00Z");
    // The day is the user's: on the UTC day of this date nothing was said.
    let since = |since: &str| home.data(&["history", "list", "--since", since]).as_array().unwrap().len();
    assert_eq!((since("2026-11-21"), since("2026-11-21T00:00:00Z"), since("2026-11-22")), (1, 0, 0));
    let until = home.data(&["history", "list", "--until", "2026-07-02"]);
    assert_eq!(until[0]["id"], "summer");
}

#[test]
fn an_export_is_narrowed_and_a_speaker_is_found() {
    let home = Home::new();
    home.import("said.csv", SAID);
    let bob = home.data(&["history", "list", "--speaker", "bob"]);
    assert_eq!((bob.as_array().unwrap().len(), &bob[0]["id"]), (1, &Value::from("winter")));
    assert_eq!(home.data(&["history", "search", "in", "--speaker", "bob"]).as_array().unwrap().len(), 0);
    let srt = home.said(&["history", "export", "--format", "srt", "--speaker", "ada"]);
    assert_eq!(srt.trim_end(), "1\n00:00:00,000 --> 00:00:01,500\nlate in june");
}

#[test]
fn what_was_done_is_told_without_words_and_values() {
    let home = Home::new();
    home.import("said.csv", SAID);
    home.said(&["settings", "set", "models.package_index", "https://user:canary@example.org/simple"]);
    home.said(&["history", "delete", "summer"]);
    home.said(&["history", "export", "--format", "csv"]);
    home.said(&["db", "backup"]);
    home.said(&["db", "vacuum"]);
    let over = |limit: &str| home.said(&["settings", "set", "storage.text_count", limit]);
    over("1");
    home.import("more.csv", "id,timestamp,text,state\nlater,2026-11-22T10:00:00Z,words,kept\n");
    let gone = home.data(&["db", "clean"]);
    assert_eq!((&gone["utterances"], &gone["recordings"]), (&Value::from(1), &Value::from(0)));
    assert_eq!(home.data(&["db", "clean"])["utterances"], 0, "and nothing is written down for nothing");
    let rows = home.data(&["history", "activity"]);
    let actions: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "history.clean_up",
            "history.import",
            "settings.change",
            "storage.vacuum",
            "backup.make",
            "history.export",
            "history.delete",
            "settings.change",
            "history.import"
        ]
    );
    assert_eq!((&rows[0]["detail"], &rows[0]["success"]), (&Value::from("1"), &Value::from(true)));
    assert_eq!((&rows[5]["subject"], &rows[5]["detail"]), (&Value::from("csv"), &Value::from("1")));
    assert!(!rows.to_string().contains("canary") && !rows.to_string().contains("june"), "{rows}");
    let one = home.said(&["history", "activity", "--action", "settings.change"]);
    assert!(one.trim_end().ends_with("settings.change      models.package_index"), "{one}");
    assert_eq!(
        home.data(&["history", "activity", "--since", "2999-01-01"]),
        Value::from(Vec::<Value>::new())
    );
    assert_eq!(home.tonny(&["history", "activity", "--since", "never"]).0, 2);
}

#[test]
fn where_nothing_is_kept_a_clean_up_takes_the_backups_too() {
    let home = Home::new();
    home.import("said.csv", "id,timestamp,text,state\none,2026-07-01T21:59:00Z,xylocanary,delivered\n");
    home.said(&["db", "backup"]);
    let backups = home.0.path().join("home/backups");
    assert_eq!(std::fs::read_dir(&backups).unwrap().count(), 1);
    home.said(&["settings", "set", "storage.keep_text", "false"]);
    let gone = home.data(&["db", "clean"]);
    assert_eq!((&gone["utterances"], &gone["backups"]), (&Value::from(1), &Value::from(1)));
    assert_eq!(std::fs::read_dir(&backups).unwrap().count(), 0);
}

#[test]
fn an_old_log_that_comes_in_again_adds_nothing() {
    let home = Home::new();
    let log = "timestamp,level,component,message\n2024-05-01T12:00:00Z,ERROR,whisper,it broke\n\
        2024-05-01T12:00:00Z,ERROR,whisper,it broke\n2024-05-01T12:00:01Z,INFO,app,ok\n";
    assert!(home.import("logs.csv", log).starts_with("3 lines of the log came in"));
    assert!(
        home.import("logs.csv", log).starts_with("0 lines of the log came in, as activity; 3 were there")
    );
    let rows = home.data(&["history", "activity", "--action", "log.error"]);
    assert_eq!(rows.as_array().unwrap().len(), 2, "the file's own repetition stays");
    assert_eq!(home.data(&["db", "clean"])["activity"], 0, "it came in just now, whatever its dates say");
}

#[test]
fn days_words_and_what_arrived_are_counted() {
    let home = Home::new();
    home.import("said.csv", SAID);
    let stats = home.data(&["history", "stats", "--days", "3660"]);
    assert_eq!((&stats["utterances"], &stats["words"]), (&Value::from(2), &Value::from(6.0)));
    assert_eq!((&stats["words_per_minute"], &stats["success"]), (&Value::from(90.0), &Value::from(0.5)));
    let days = stats["days"].as_array().unwrap();
    let busy: Vec<_> =
        days.iter().filter(|day| day["words"] != 0).map(|day| day["words"].as_u64().unwrap()).collect();
    assert_eq!((days.len(), busy), (3_660, vec![3, 3]));
    assert!(home.said(&["history", "stats", "--days", "3660"]).contains("90 words a minute"));
    assert_eq!(home.tonny(&["history", "stats", "--days", "0"]).0, 2);
}

#[test]
fn settings_of_an_older_set_up_are_there_before_the_first_change() {
    let home = Home::new();
    let old = home.0.path().join("home/config/tonnytray");
    std::fs::create_dir_all(&old).unwrap();
    std::fs::write(old.join("settings.toml"), "[dictation]\ntail_ms = 120\n").unwrap();
    home.said(&["settings", "set", "overlay.enabled", "false"]);
    assert_eq!(home.said(&["settings", "get", "dictation.tail_ms"]).trim(), "120");
    assert_eq!(home.said(&["settings", "get", "overlay.enabled"]).trim(), "false");
}

#[test]
fn an_answer_that_is_interrupted_is_kept_as_one_that_was_stopped() {
    let home = Home::new();
    let words = ["One ", "two ", "three "].map(str::to_owned).to_vec();
    let server = ChatServer::start(vec![Reply::OpenEnd(words)]).unwrap();
    let address = json!([{"provider": "openai-compatible", "base": server.here()}]);
    home.said(&["settings", "set", "assistant.addresses", &address.to_string()]);
    home.said(&["settings", "set", "assistant.models", r#"["openai-compatible/m"]"#]);
    let mut command = home.command(&["ask", "Count."]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = [0; 14];
    child.stdout.take().unwrap().read_exact(&mut said).unwrap();
    assert_eq!(&said, b"One two three ");
    signal_pid(child.id(), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "it says that the answer is not whole");
    let states = runtime().block_on(async {
        let store = Store::open(home.0.path().join("home/tonnytray.db")).await.unwrap();
        let conversations = store.conversations().list(None, None, 1).await.unwrap();
        let messages = store.messages().of(&conversations[0].id, None, 10).await.unwrap();
        messages.into_iter().map(|message| (message.state, message.text)).collect::<Vec<_>>()
    });
    assert_eq!(states[1], (MessageState::Cancelled, "One two three ".to_owned()));
}

/// The money of an attempt is set aside before it begins, in a book that all programs share; one that is killed takes nothing
/// back, and leaves no answer that seems to be coming.
#[test]
fn two_terminals_share_a_budget_and_a_killed_one_leaves_what_it_had_under_way() {
    let home = Home::new();
    let words = ["One ", "two ", "three "].map(str::to_owned).to_vec();
    let server = ChatServer::start(vec![Reply::OpenEnd(words)]).unwrap();
    let address = json!([{"provider": "openai-compatible", "base": server.away()}]);
    // An answer of 2,000 tokens is 40 cents, and a second one does not fit into 60.
    let price = json!([{"model": "openai-compatible/m", "input": 200, "output": 200}]);
    for (key, value) in [
        ("assistant.addresses", address.to_string()),
        ("assistant.models", r#"["openai-compatible/m"]"#.to_owned()),
        ("assistant.providers", r#"["openai-compatible"]"#.to_owned()),
        ("assistant.model_edits", price.to_string()),
        ("assistant.longest_answer", "2000".to_owned()),
        ("assistant.day_cents", "60".to_owned()),
    ] {
        home.said(&["settings", "set", key, &value]);
    }
    let mut command = home.command(&["ask", "Count."]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = [0; 14];
    child.stdout.take().unwrap().read_exact(&mut said).unwrap();
    let newest = || home.data(&["ledger"])["rows"][0].clone();
    let open = newest();
    assert_eq!((&open["is_open"], &open["code"]), (&json!(true), &Value::Null), "{open}");
    let refused = || {
        let (code, _, complaint) = home.tonny(&["ask", "And you?"]);
        assert!(code == 1 && complaint.contains("TT-LLM-193"), "{complaint}");
    };
    refused();
    let state = || {
        runtime().block_on(async {
            let store = Store::open(home.0.path().join("home/tonnytray.db")).await.unwrap();
            let conversations = store.conversations().list(None, None, 9).await.unwrap();
            let first = conversations.iter().find(|talk| talk.title.contains("Count")).unwrap();
            let messages = store.messages().of(&first.id, None, 10).await.unwrap();
            (messages[1].state, messages[1].text.clone())
        })
    };
    assert_eq!(state().0, MessageState::Streaming, "the other one did not cut it");
    child.kill().unwrap();
    child.wait().unwrap();
    refused();
    assert_eq!(state(), (MessageState::Cut, "One two three ".to_owned()));
    let rows = home.data(&["ledger"])["rows"].as_array().unwrap().clone();
    let sent: Vec<_> = rows.iter().filter(|row| row["is_sent"] == json!(true)).collect();
    assert_eq!((sent.len(), server.bodies().len()), (1, 1), "{rows:?}");
    assert_eq!((&sent[0]["is_open"], &sent[0]["code"]), (&json!(false), &json!("TT-LLM-160")), "{sent:?}");
    assert!(sent[0]["cost"].as_f64().unwrap() >= 0.4, "it counts as the dearest it can have been: {sent:?}");
}

/// The reasons are told apart by the words of the client's errors, so they are read here as a person meets them.
#[test]
fn a_name_that_nobody_has_and_a_certificate_that_nobody_knows_are_called_so() {
    let home = Home::new();
    let authority = tempfile::tempdir().unwrap();
    let stranger = Providers::start(authority.path()).unwrap();
    for (host, proxy, code) in
        [("nothing.invalid", None, "TT-LLM-141"), ("api.example.org", Some(&stranger), "TT-LLM-142")]
    {
        let address = json!([{"provider": "openai-compatible", "base": format!("https://{host}/v1")}]);
        home.said(&["settings", "set", "assistant.addresses", &address.to_string()]);
        home.said(&["settings", "set", "assistant.models", r#"["openai-compatible/m"]"#]);
        home.said(&["settings", "set", "assistant.providers", r#"["openai-compatible"]"#]);
        let mut command = home.command(&["ask", "Hello?"]);
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
            command.env_remove(name);
        }
        if let Some(stranger) = proxy {
            command.env("HTTPS_PROXY", format!("http://{}", stranger.address()));
        }
        let output = finish(&mut command).unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains(code) && output.status.code() == Some(1), "{host}: {complaint}");
    }
    assert!(stranger.asked().is_empty(), "something was said to a stranger");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn bringing_back_needs_the_app_and_says_so() {
    let home = Home::new();
    home.import("said.csv", SAID);
    assert_eq!(home.tonny(&["history", "restore", "winter"]).0, 3);
}
