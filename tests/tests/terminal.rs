//! The history in the terminal: times as the clock on the wall says, what was done, what was counted, and files that come
//! in twice. The real program in a home of its own; no app runs.

#![allow(clippy::disallowed_methods, reason = "a test starts programs")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::process::Command;

use serde_json::Value;
use tonny_tests::process::finish;
use tonny_tests::programs::beside;

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
        let mut command = Command::new(beside("tonny").unwrap());
        // Said as a rule, so that no list of zones has to be on the machine.
        let zone = "CET-1CEST,M3.5.0,M10.5.0/3";
        command.args(arguments).env("TONNYTRAY_HOME", self.0.path().join("home")).env("TZ", zone);
        let output = finish(&mut command).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
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
fn bringing_back_needs_the_app_and_says_so() {
    let home = Home::new();
    home.import("said.csv", SAID);
    assert_eq!(home.tonny(&["history", "restore", "winter"]).0, 3);
}
