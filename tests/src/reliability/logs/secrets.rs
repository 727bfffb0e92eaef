//! L6: 200 secrets that a worker is given, said by it in every encoding, and 200 that only look like secrets, looked for in
//! everything that is stored or shown.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context as _, Result};
use tonny_core::worker_log;
use tonny_supervisor::{LogLimits, Spec};

use super::bench::Bench;
use super::stalls::Wall;
use crate::reliability::{Outcome, Size};

const GIVEN: usize = 200;
/// Bytes by which a form is recognised first.
const BEGINNING: usize = 8;
/// Encodings in which each is said, and looked for.
const SAY: &str = r#"
import base64, json, os, sys, urllib.parse
names = sorted(name for name in os.environ if name.startswith("CANARY_TOKEN_"))
print("{}", flush=True)
for name in names:
    v = os.environ[name]
    b = v.encode()
    forms = [v, v[::-1], b.hex(), b.hex().upper(), urllib.parse.quote(v, safe=""), json.dumps(v)[1:-1],
             base64.b64encode(b).decode(), base64.urlsafe_b64encode(b).decode()]
    forms += [base64.b64encode(p + b + b"more").decode() for p in (b"u", b"us", b"user:")]
    for out in (sys.stdout, sys.stderr):
        for form in forms:
            print("ERROR it said", form, "and", "x" + form + "y", file=out)
        print(json.dumps({"level": "error", "message": "with " + v}), file=out)
        out.flush()
        out.buffer.write(("wide " + v + "\n").encode("utf-16-le"))
        out.buffer.write(b"\x1b[31m" + b + b"\x1b[0m\n")
        if name.endswith("0"):
            out.buffer.write(b"z" * 60000 + b" " + b + b"\n")
        out.flush()
for n in range(200):
    k = os.environ["UNKNOWN"] + "%03dAbCd" % n
    for line in ("Authorization: Bearer " + k, "key sk-" + k, "--api-key " + k, 'password="' + k + '"',
                 "amqp://user:" + k + "@host/", '{"api_key": "' + k + '"}', "ghp_" + k, "x-api-key: " + k):
        print("WARN", line, file=sys.stderr)
sys.stderr.flush()
sys.stdout.flush()
os.kill(os.getpid(), 9)
"#;

pub fn none_stored(_: Size) -> Outcome {
    Outcome::of_async(measure)
}

async fn measure() -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let mut bench = Bench::new(LogLimits {
        segment_bytes: 64 << 20,
        total_bytes: 1 << 30,
        ..LogLimits::new(folder.path().join("logs"))
    })?;
    let canaries: Vec<String> =
        (0..GIVEN).map(|number| format!("Can4ry/{}+\"{number:03}\"é", random(20))).collect();
    let unknown = random(24);
    let mut spec = Spec::new("talks", "python3");
    spec.args = vec!["-c".into(), SAY.into()];
    let names = (0..GIVEN).map(|number| format!("CANARY_TOKEN_{number:03}"));
    spec.env = names.zip(canaries.iter().cloned()).chain([("UNKNOWN".to_owned(), unknown.clone())]).collect();
    spec.allowed_env = vec!["CANARY_TOKEN_*".to_owned(), "UNKNOWN".to_owned()];
    let (_, nothing) = tokio::sync::mpsc::channel(1);
    let records = std::mem::replace(&mut bench.records, nothing);
    let (log, run) = worker_log::start(folder.path().join("logs.db"), std::sync::Arc::new(Wall), records);
    tokio::spawn(run);
    let handle = bench.launch(spec)?;
    let ended = handle.state().wait_for(|state| state.last_exit.is_some()).await.map(drop);
    ended.context("it did not talk")?;
    handle.close().await?;
    bench.supervisor.flush_logs().await;
    let tail = handle.log_tail().join("\n");
    drop((handle, bench));
    log.close().await;
    let mut stored = vec![tail.into_bytes()];
    read_all(folder.path(), &mut stored)?;
    let bytes: usize = stored.iter().map(Vec::len).sum();
    let unknown = [("unknown".to_owned(), unknown.into_bytes())];
    let wanted: Vec<(String, Vec<u8>)> =
        canaries.iter().flat_map(|canary| forms(canary)).chain(unknown).collect();
    let found = find(&stored, &wanted);
    let proof = ("said".to_owned(), b"ERROR it said [redacted] and".to_vec());
    let (hits, said) = (found.values().sum::<usize>(), !find(&stored, &[proof]).is_empty());
    let such = found.iter().next().map(|(kind, times)| format!(" (such as {kind}, {times} times)"));
    let text = format!(
        "{hits} hits{} of {GIVEN} given in 9 encodings and 200 unknown in 8 forms, in {:.1} MB of segments, rows, incidents \
         and tail{}",
        such.unwrap_or_default(),
        bytes as f64 / 1e6,
        if said { "" } else { " (nothing was said)" }
    );
    Ok(Outcome::measured(hits == 0 && said, text))
}

fn random(length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut bytes = vec![0; length];
    let filled = std::fs::File::open("/dev/urandom")
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut bytes));
    filled.expect("the system has random bytes");
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

/// The secret as it must not be found: in whole, and the inside of each encoding.
fn forms(canary: &str) -> Vec<(String, Vec<u8>)> {
    let bytes = canary.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // The random part is the same in JSON and in an address.
    let inside = &canary[7..27];
    let reversed: String = inside.chars().rev().collect();
    let mut forms = vec![
        ("plain".to_owned(), inside.as_bytes().to_vec()),
        ("capital hex".to_owned(), hex.to_uppercase().into_bytes()),
        ("hex".to_owned(), hex.into_bytes()),
        ("UTF-16".to_owned(), inside.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("reversed".to_owned(), reversed.into_bytes()),
    ];
    for shift in 0..3 {
        let text = base64(&[vec![0; shift], bytes.to_vec()].concat());
        // Without the letters that depend on what is around.
        forms.push((format!("base64 + {shift}"), text.as_bytes()[4..text.len() - 4].to_vec()));
    }
    forms
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).map(|group| {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift & 63) as usize]))
    });
    groups.flatten().collect()
}

/// Kinds of forms that are in the texts, and how often.
fn find(texts: &[Vec<u8>], wanted: &[(String, Vec<u8>)]) -> BTreeMap<String, usize> {
    // All at once: looking for each on its own would take minutes.
    let mut by_beginning: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (number, (_, form)) in wanted.iter().enumerate() {
        by_beginning.entry(&form[..BEGINNING]).or_default().push(number);
    }
    let mut found = BTreeMap::new();
    for text in texts {
        for at in 0..text.len().saturating_sub(BEGINNING - 1) {
            let Some(numbers) = by_beginning.get(&text[at..at + BEGINNING]) else { continue };
            for (kind, form) in numbers.iter().map(|number| &wanted[*number]) {
                if text[at..].starts_with(form) {
                    *found.entry(kind.clone()).or_default() += 1;
                }
            }
        }
    }
    found
}

fn read_all(folder: &Path, into: &mut Vec<Vec<u8>>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_all(&path, into)?;
        } else {
            into.push(std::fs::read(&path)?);
        }
    }
    Ok(())
}
