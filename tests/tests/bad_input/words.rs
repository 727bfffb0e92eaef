//! Hostile words, files and questions against the terminal's own program, in a home of its own: each is taken in whole,
//! or refused with a code and a sentence, and nothing of it is left behind.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tonny_tests::process::finish;
use tonny_tests::programs::beside;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// What it printed, or its exit code and what it complained of.
    fn tonny(&self, arguments: &[&str]) -> Result<String, (i32, String)> {
        let mut command = Command::new(beside("tonny").unwrap());
        command.args(arguments).env("TONNYTRAY_HOME", self.0.path().join("home"));
        let output = finish(&mut command).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match output.status.code() {
            Some(0) => Ok(text(&output.stdout)),
            code => Err((code.expect("it ended by itself"), text(&output.stderr))),
        }
    }

    fn refused(&self, arguments: &[&str], code: &str, names: &str) {
        let (exit, why) = self.tonny(arguments).expect_err(names);
        assert!(exit == 1 || exit == 2, "{arguments:?}: {exit}");
        assert!(why.contains(code) && why.contains(names), "{arguments:?}: {why}");
    }

    fn file(&self, name: &str, text: &[u8]) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn found(&self, words: &str) -> Vec<String> {
        let rows = self.tonny(&["--json", "history", "search", "--limit", "500", "--", words]).unwrap();
        let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    fn count(&self) -> usize {
        let rows = self.tonny(&["--json", "history", "list", "--limit", "500"]).unwrap();
        serde_json::from_str::<Vec<Value>>(&rows).unwrap().len()
    }
}

fn row(id: &str, text: &str) -> Value {
    json!({"id": id, "state": "delivered", "route": "type", "started_at": "2024-01-01T00:00:00Z", "text": text})
}

#[test]
fn texts_of_every_kind_go_in_and_come_out_the_same() {
    let home = Home::new();
    let million = "é".repeat(1_000_000);
    let texts = ["", "x", "שלום عالم", &"🎉".repeat(200), "nul\u{0}inside", "\u{1b}[2Jred", &million];
    let mut rows: Vec<Value> = (0..).zip(texts).map(|(n, text)| row(&format!("t{n}"), text)).collect();
    for (id, at) in
        [("moon", "1969-07-20T20:17:40Z"), ("far", "2300-01-01T00:00:00Z"), ("first", "0001-01-01T00:00:00Z")]
    {
        let mut early = row(id, "a time of its own");
        early["started_at"] = json!(at);
        rows.push(early);
    }
    let file = home.file("rows.json", json!(rows).to_string().as_bytes());
    home.tonny(&["history", "import", &file]).unwrap();
    let out: Vec<Value> =
        serde_json::from_str(&home.tonny(&["history", "export", "--format", "json"]).unwrap()).unwrap();
    for row in &rows {
        let same = out.iter().find(|other| other["id"] == row["id"]).expect("there");
        assert!(same["text"] == row["text"] && same["started_at"] == row["started_at"], "{}", row["id"]);
    }
    assert_eq!(home.found("שלום"), ["t2"]);
    assert_eq!(home.found("ééé"), ["t6"], "a word of a million letters is found by its beginning");
}

#[test]
fn a_file_with_anything_wrong_in_it_leaves_nothing_behind() {
    let home = Home::new();
    let json = |rows: Value| rows.to_string().into_bytes();
    let mut no_time = row("d", "x");
    no_time["started_at"] = json!("yesterday");
    let files: [(&str, Vec<u8>, &str); 13] = [
        ("long.json", json(json!([row("a", "fine"), row("b", &"x".repeat(10_000_000))])), "Line 2"),
        ("half.json", br#"[{"id":"s","state":"delivered","route":"type","started_at":"2024-01-01T00:00:00Z","text":"a\ud800b"}]"#.to_vec(), "line 1"),
        ("time.json", json(json!([no_time])), "yesterday"),
        ("out.json", json(json!([row("../../out", "x")])), "../../out"),
        ("noid.json", json(json!([row("", "x")])), "Line 1"),
        ("torn.json", br#"[{"id":"a"#.to_vec(), "line 1"),
        ("bytes.csv", b"id,created_at,text\n\xff\xfe".to_vec(), "UTF-8"),
        ("torn.csv", b"id,created_at,text\n1,2024-01-01 00:00:00,hello\n2,2024-01".to_vec(), "Line 3"),
        ("columns.csv", b"foo,bar\n1,2\n".to_vec(), "Line 1"),
        ("date.csv", b"id,timestamp,profile_id,text\n1,not a date,p,hello\n".to_vec(), "Line 2"),
        ("quote.csv", b"id,created_at,text\n1,2024-01-01 00:00:00,\"open".to_vec(), "TT-STORE-606"),
        ("empty.csv", Vec::new(), "TT-STORE-606"),
        ("deep.json", "[".repeat(200_000).into_bytes(), "TT-STORE-606"),
    ];
    for (name, bytes, names) in files {
        let file = home.file(name, &bytes);
        home.refused(&["history", "import", &file], "TT-STORE-606", names);
        assert_eq!(home.count(), 0, "{name}");
    }
    home.refused(&["history", "import", "/no/such/file"], "TT-STORE-606", "/no/such/file");
}

#[test]
fn a_search_is_for_words_whatever_is_typed() {
    let home = Home::new();
    let file = home.file(
        "rows.json",
        json!([row("a", "say \"NEAR(\" col: * AND OR NOT café naïve"), row("b", "moon landing")])
            .to_string()
            .as_bytes(),
    );
    home.tonny(&["history", "import", &file]).unwrap();
    for (words, ids) in [
        ("NEAR(", vec!["a"]),
        ("col:", vec!["a"]),
        ("AND", vec!["a"]),
        ("cafe NAIVE", vec!["a"]),
        ("moon*", vec!["b"]),
        ("^moon", vec!["b"]),
        ("-moon", vec!["b"]),
        ("moon OR cafe", vec![]),
        ("text:moon", vec![]),
        ("\"", vec![]),
        ("*", vec![]),
        ("(((", vec![]),
        ("' OR 1=1 --", vec![]),
        ("🎉", vec![]),
    ] {
        assert_eq!(home.found(words), ids, "{words}");
    }
    assert_eq!(home.found("").len(), 2);
    for limit in ["0", "-1", "1000000000", "many"] {
        let (exit, _) = home.tonny(&["history", "list", &format!("--limit={limit}")]).expect_err(limit);
        assert_eq!(exit, 2, "{limit}");
    }
    home.refused(&["history", "list", "--since", "never"], "TT-APP-803", "never");
}

#[test]
fn settings_that_do_not_fit_change_nothing() {
    let home = Home::new();
    home.tonny(&["settings", "set", "dictation.tail_ms", "70"]).unwrap();
    let large = home.0.path().join("large.toml");
    std::fs::File::create(&large).unwrap().set_len(100_000_000).unwrap();
    for (name, text, code, names) in [
        ("kind.toml", "[dictation]\ntail_ms = \"soon\"\n", "TT-SETTINGS-702", "dictation.tail_ms"),
        (
            "second.toml",
            "[dictation]\ntail_ms = 5\n[overlay]\nenabled = 3\n",
            "TT-SETTINGS-702",
            "overlay.enabled",
        ),
        ("later.toml", "version = 99\n[dictation]\ntail_ms = 5\n", "TT-SETTINGS-704", "version 99"),
        ("torn.toml", "[dictation]\ntail_ms =", "TT-SETTINGS-701", "line 2"),
        ("what.toml", "[moon]\nphase = 1\n", "TT-SETTINGS-703", "moon"),
    ] {
        let file = home.file(name, text.as_bytes());
        home.refused(&["settings", "import", &file], code, names);
    }
    home.refused(&["settings", "import", large.to_str().unwrap()], "TT-SETTINGS-701", "larger than 1 MB");
    if Path::new("/dev/zero").exists() {
        home.refused(&["settings", "import", "/dev/zero"], "TT-SETTINGS-701", "larger than 1 MB");
    }
    let long = "x".repeat(100_000);
    for value in ["-1", "2001", "1e3", "soon", "", long.as_str()] {
        home.refused(
            &["settings", "set", "dictation.tail_ms", "--", value],
            "TT-SETTINGS-702",
            "dictation.tail_ms",
        );
    }
    assert_eq!(home.tonny(&["settings", "get", "dictation.tail_ms"]).unwrap().trim(), "70");
    // Out and in again is the same, with its version.
    let out = home.tonny(&["settings", "export"]).unwrap();
    assert!(out.contains("version = 1"), "{out}");
    let file = home.file("same.toml", out.as_bytes());
    home.tonny(&["settings", "reset"]).unwrap();
    home.tonny(&["settings", "import", &file]).unwrap();
    assert_eq!(home.tonny(&["settings", "export"]).unwrap(), out);
}

#[test]
fn a_recording_is_saved_only_where_nothing_is() {
    let home = Home::new();
    let taken = home.file("taken.wav", b"words");
    home.refused(&["history", "audio", "../../etc/passwd", "--out", &taken], "TT-STORE-604", "../../etc");
    let file = home.file("rows.json", json!([row("a", "x")]).to_string().as_bytes());
    home.tonny(&["history", "import", &file]).unwrap();
    home.refused(&["history", "audio", "a", "--out", &taken], "TT-STORE-604", "not kept");
    assert_eq!(std::fs::read(&taken).unwrap(), b"words");
}
