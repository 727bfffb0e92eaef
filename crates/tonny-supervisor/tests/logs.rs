//! What becomes of a real worker's output: shell scripts say something, and it is looked for in segment files, in the
//! log's tail and in records.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{path::Path, time::Duration};
use tokio::sync::mpsc;
use tonny_supervisor::{
    Base, Handle, Level, LogLimits, Record, RecordKind, Said, Spec, Stored, Stream, Supervisor,
};

/// Far above anything these workers need, so that a loaded machine does not fail them.
const PATIENCE: Duration = Duration::from_secs(20);

fn launch(script: &str, folder: &Path) -> (Supervisor, Handle, mpsc::Receiver<Record>) {
    let mut spec = Spec::new("fake", "/bin/sh");
    spec.args = vec!["-c".into(), script.into()];
    spec.env = vec![("HF_TOKEN".to_owned(), "a secret of the user".to_owned())];
    spec.allowed_env = vec!["HF_TOKEN".to_owned()];
    let (supervisor, records) =
        Supervisor::new(Base { logs: Some(LogLimits::new(folder)), ..Base::default() });
    let (handle, future) = supervisor.worker(spec).unwrap();
    tokio::spawn(future);
    (supervisor, handle, records)
}

async fn next(records: &mut mpsc::Receiver<Record>, wanted: impl Fn(&Record) -> bool) -> Record {
    let wait = async {
        loop {
            let record = records.recv().await.unwrap();
            if wanted(&record) {
                return record;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("a record")
}

fn stored(folder: &Path) -> Vec<Said> {
    Stored::open(folder, "fake").unwrap().map(|entry| entry.unwrap().said).collect()
}

fn line(stream: Stream, text: &str) -> Said {
    Said::Line { stream, text: text.to_owned() }
}

fn is_incident(record: &Record) -> bool {
    matches!(record.kind, RecordKind::Incident(_))
}

#[tokio::test]
async fn both_streams_are_kept_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"read t; echo "{\"token\":\"$t\"}"; echo "ERROR key $HF_TOKEN, token $t" >&2; printf 'a\rb\n\n' >&2; echo out; exec cat >/dev/null"#;
    let (supervisor, handle, mut records) = launch(script, folder.path());
    let record = next(&mut records, |record| record.kind == RecordKind::Line).await;
    assert_eq!((record.level, record.incarnation, record.worker.as_str()), (Level::Error, 1, "fake"));
    assert_eq!(record.text, "ERROR key [redacted], token [redacted]");
    handle.close().await.unwrap();
    supervisor.flush_logs().await;
    let said = stored(folder.path());
    assert_eq!(said[0], Said::Start { incarnation: 1 });
    let of = |wanted| {
        let lines =
            said.iter().filter(move |said| matches!(said, Said::Line { stream, .. } if *stream == wanted));
        lines.cloned().collect::<Vec<_>>()
    };
    let out = ["{\"token\":\"[redacted]\"}", "out"].map(|text| line(Stream::Output, text));
    let err = ["ERROR key [redacted], token [redacted]", "b", ""].map(|text| line(Stream::Error, text));
    assert_eq!((of(Stream::Output), of(Stream::Error)), (out.to_vec(), err.to_vec()));
    assert_eq!(handle.log_tail().len(), 5);
}

#[tokio::test]
async fn an_end_nobody_asked_for_is_an_incident_with_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let script = "echo '{}'; echo first >&2; i=0; while [ $i -lt 3000 ]; do echo \"line $i of many words\"; i=$((i+1)); done; \
                  printf 'the end, without a line end' >&2; kill -SEGV $$";
    let (_supervisor, handle, mut records) = launch(script, folder.path());
    let record = next(&mut records, is_incident).await;
    let RecordKind::Incident(said) = record.kind else { panic!() };
    assert_eq!((record.level, record.incarnation), (Level::Error, 1));
    assert!(record.text.contains("signal 11"), "{}", record.text);
    assert_eq!(said.stderr_tail, "first\nthe end, without a line end\n");
    assert!(said.stdout_tail.ends_with("line 2999 of many words\n"), "{}", said.stdout_tail.len());
    assert!(said.first_lines.contains("{}\n") && said.first_lines.len() <= 8 * 1024);
    handle.close().await.unwrap();
}

#[tokio::test]
async fn a_descendant_with_the_pipes_delays_nothing_but_the_incident() {
    let folder = tempfile::tempdir().unwrap();
    let script = "echo '{}'; echo mine >&2; setsid sh -c 'sleep 0.1; echo late; echo late >&2; exec sleep 5' & sleep 0.05; kill -KILL $$";
    let (_supervisor, handle, mut records) = launch(script, folder.path());
    let state = |wanted: &'static str| {
        move |record: &Record| record.kind == RecordKind::State && record.text.starts_with(wanted)
    };
    next(&mut records, state("backoff")).await;
    let incident = next(&mut records, is_incident).await;
    let RecordKind::Incident(said) = incident.kind else { panic!() };
    assert_eq!((said.stderr_tail.as_str(), said.stdout_tail.as_str()), ("mine\nlate\n", "{}\nlate\n"));
    handle.close().await.unwrap();
}

#[tokio::test]
async fn an_asked_for_end_is_no_incident() {
    let folder = tempfile::tempdir().unwrap();
    let (_supervisor, handle, mut records) = launch("echo '{}'; exec cat", folder.path());
    next(&mut records, |record| record.text == "ready").await;
    handle.close().await.unwrap();
    drop((handle, _supervisor));
    while let Some(record) = tokio::time::timeout(PATIENCE, records.recv()).await.unwrap() {
        assert!(!is_incident(&record), "{record:?}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_costs_lines_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let script = "echo '{}'; echo one >&2; echo two >&2; exec cat >/dev/null";
    let (supervisor, handle, mut records) = launch(script, &file);
    next(&mut records, |record| record.text == "ready").await;
    let mut lost = 0;
    while lost < 3 {
        let dropped = next(&mut records, |record| matches!(record.kind, RecordKind::Dropped { .. })).await;
        let RecordKind::Dropped { lines } = dropped.kind else { panic!() };
        lost += lines;
        supervisor.flush_logs().await;
    }
    assert_eq!(lost, 3);
    assert_eq!(handle.log_tail().len(), 3);
    handle.close().await.unwrap();
}
