//! The streams of tests/fixtures/streams with what each is expected to say; written from the formats' documentation. Read by
//! this crate's tests and by the rows of the reliability page.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tonny_egress::chat::{Event, Finish, Usage};
use tonny_egress::provider::Providers;
use tonny_egress::wire::{Answer, Format};

#[derive(Deserialize)]
struct Sheet {
    stream: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    file: String,
    provider: String,
    end: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    reasoning: String,
    usage: Option<[u64; 5]>,
    #[serde(default)]
    heartbeats: usize,
}

/// A recorded stream.
#[derive(Clone)]
pub struct Stream {
    pub file: String,
    pub format: Format,
    pub end: String,
    pub bytes: Vec<u8>,
    pub provider: String,
    text: String,
    reasoning: String,
    usage: Option<Usage>,
    heartbeats: usize,
}

/// Seen from whichever package reads this.
fn folder() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut places = above.map(|above| above.join("crates/tonny-egress/tests/fixtures/streams"));
    places.find(|place| place.is_dir()).unwrap()
}

/// All of them.
pub fn streams() -> Vec<Stream> {
    let folder = folder();
    let providers = Providers::bundled().unwrap();
    let sheet: Sheet =
        toml::from_str(&std::fs::read_to_string(folder.join("expected.toml")).unwrap()).unwrap();
    let stream = |expected: Expected| Stream {
        bytes: std::fs::read(folder.join(&expected.file)).unwrap(),
        format: providers.get(&expected.provider).unwrap().format,
        usage: expected.usage.map(|[input, cache_read, cache_write, output, reasoning]| Usage {
            input,
            cache_read,
            cache_write,
            output,
            reasoning,
        }),
        file: expected.file,
        provider: expected.provider,
        end: expected.end,
        text: expected.text,
        reasoning: expected.reasoning,
        heartbeats: expected.heartbeats,
    };
    sheet.stream.into_iter().map(stream).collect()
}

impl Stream {
    pub fn answer(&self) -> Answer {
        Answer::new(&*self.provider, self.format)
    }

    /// The events of these pieces and the end of the connection.
    pub fn read(&self, pieces: &[&[u8]]) -> Vec<Event> {
        let mut answer = self.answer();
        let mut events = Vec::new();
        for piece in pieces {
            answer.push(piece, &mut events);
        }
        answer.end(&mut events);
        events
    }

    pub fn whole(&self) -> Vec<Event> {
        self.read(&[&self.bytes])
    }

    pub fn with(&self, bytes: String) -> Self {
        Self { bytes: bytes.into_bytes(), ..self.clone() }
    }

    /// What is not as expected.
    pub fn difference(&self) -> Option<String> {
        let events = self.whole();
        let (mut text, mut reasoning, mut usage, mut heartbeats) = (String::new(), String::new(), None, 0);
        let mut end = String::new();
        for event in &events {
            match event {
                Event::Text(more) => text.push_str(more),
                Event::Reasoning(more) => reasoning.push_str(more),
                Event::Usage(counted) => usage = Some(*counted),
                Event::Heartbeat => heartbeats += 1,
                Event::Done(finish) => end = name(*finish).to_owned(),
                Event::Interrupted(fault) => end = fault.code.id(),
            }
        }
        let found = (text, reasoning, usage, heartbeats, end);
        let expected =
            (self.text.clone(), self.reasoning.clone(), self.usage, self.heartbeats, self.end.clone());
        (found != expected).then(|| format!("{}:\n  {found:?}\n  {expected:?}", self.file))
    }
}

fn name(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Filtered => "filtered",
        Finish::Refused => "refused",
        Finish::Other => "other",
    }
}
