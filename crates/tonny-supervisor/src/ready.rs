//! How a worker says that it serves, and where. Reads bytes of its output until it has said so; owns no stream.

use crate::{
    child::Report,
    lines::{Line, LineCutter},
};

/// A ready line names an address and a model; more than this is not a ready line.
const READY_LINE: usize = 64 * 1024;

/// How a worker says that it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadyBy {
    /// Its first line of standard output is a JSON object; a text in `address` says where.
    JsonLine,
    /// A line on either stream holds this text; what follows it, up to the next space, says where. For programs that
    /// are not ours.
    LogLine {
        /// The text before the address.
        marker: String,
    },
    /// It says nothing; its health probes find out.
    Probe,
}

/// Looks for the word of readiness in a worker's output.
#[derive(Debug)]
pub(crate) enum ReadyWatch {
    Json(LineCutter),
    Marker { marker: String, output: LineCutter, error: LineCutter },
    Nothing,
}

impl ReadyWatch {
    pub(crate) fn new(by: &ReadyBy) -> Self {
        let cutter = || LineCutter::new(READY_LINE);
        match by {
            ReadyBy::JsonLine => Self::Json(cutter()),
            ReadyBy::LogLine { marker } => {
                Self::Marker { marker: marker.clone(), output: cutter(), error: cutter() }
            }
            ReadyBy::Probe => Self::Nothing,
        }
    }

    /// Takes a piece of standard output.
    pub(crate) fn output(&mut self, bytes: &[u8]) -> Option<Report> {
        let report = match self {
            Self::Json(cutter) => {
                let mut first = None;
                cutter.feed(bytes, |line| {
                    first.get_or_insert(line);
                });
                judge(first, cutter.is_cut())
            }
            Self::Marker { marker, output, .. } => find(output, marker, bytes),
            Self::Nothing => None,
        };
        self.once(report)
    }

    /// Takes a piece of standard error.
    pub(crate) fn error(&mut self, bytes: &[u8]) -> Option<Report> {
        let report = match self {
            Self::Marker { marker, error, .. } => find(error, marker, bytes),
            Self::Json(_) | Self::Nothing => None,
        };
        self.once(report)
    }

    /// The first word counts; a second one is output like any other.
    fn once(&mut self, report: Option<Report>) -> Option<Report> {
        if report.is_some() {
            *self = Self::Nothing;
        }
        report
    }
}

fn judge(line: Option<Line>, too_long: bool) -> Option<Report> {
    let Some(line) = line else {
        return too_long.then_some(Report::BadReadyLine("the worker's ready line is longer than 64 KiB"));
    };
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line.text);
    Some(match (line.cut, object) {
        (true, _) => Report::BadReadyLine("the worker's ready line is longer than 64 KiB"),
        (false, Err(_)) => Report::BadReadyLine("the worker's first line of output is not a JSON object"),
        (false, Ok(object)) => {
            let address = object.get("address").and_then(|address| address.as_str()).map(str::to_owned);
            Report::ReadyLine { line: line.text, address }
        }
    })
}

fn find(cutter: &mut LineCutter, marker: &str, bytes: &[u8]) -> Option<Report> {
    let mut found = None;
    cutter.feed(bytes, |line| {
        if found.is_none()
            && let Some((_, rest)) = line.text.split_once(marker)
        {
            let address = Some(address(rest)).filter(|address| !address.is_empty());
            found = Some(Report::ReadyLine { line: line.text, address });
        }
    });
    found
}

/// The address in what follows a marker: without the scheme, the path and what a sentence puts around it.
fn address(rest: &str) -> String {
    let word = rest.split_whitespace().next().unwrap_or_default();
    let word = word.split_once("://").map_or(word, |(_, after)| after);
    let word = word.split('/').next().unwrap_or_default();
    word.trim_matches(|c: char| matches!(c, ',' | '.' | ';' | '"' | '\'' | '(' | ')')).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ready(report: Option<Report>) -> Option<(String, Option<String>)> {
        match report {
            Some(Report::ReadyLine { line, address }) => Some((line, address)),
            _ => None,
        }
    }

    #[test]
    fn a_marker_is_found_on_either_stream_across_pieces_and_once() {
        let by = ReadyBy::LogLine { marker: "listening on".to_owned() };
        let mut watch = ReadyWatch::new(&by);
        assert!(watch.output(b"loading\nserver is listen").is_none());
        assert!(watch.error(b"warning: listening is hard\n").is_none());
        let (line, address) = ready(watch.output(b"ing on http://127.0.0.1:8080/v1, press\n")).unwrap();
        assert_eq!(line, "server is listening on http://127.0.0.1:8080/v1, press");
        assert_eq!(address.unwrap(), "127.0.0.1:8080");
        assert!(watch.error(b"listening on 127.0.0.1:1\n").is_none(), "the first word counts");
        let mut watch = ReadyWatch::new(&by);
        let (_, address) = ready(watch.error(b"listening on 127.0.0.1:1\nlistening on :2\n")).unwrap();
        assert_eq!(address.unwrap(), "127.0.0.1:1");
        let (line, address) = ready(ReadyWatch::new(&by).output(b"listening on\n")).unwrap();
        assert_eq!((line.as_str(), address), ("listening on", None));
    }

    #[test]
    fn addresses_come_out_of_sentences() {
        for (rest, wanted) in [
            (" http://127.0.0.1:80 (Press CTRL+C)", "127.0.0.1:80"),
            (" (127.0.0.1:80).", "127.0.0.1:80"),
            (" [::1]:80", "[::1]:80"),
            ("", ""),
        ] {
            assert_eq!(address(rest), wanted);
        }
    }

    #[test]
    fn a_json_line_gives_its_address_and_anything_else_is_refused() {
        let first = |bytes: &[u8]| ReadyWatch::new(&ReadyBy::JsonLine).output(bytes);
        let line = r#"{"address":"127.0.0.1:9"}"#;
        let said = ready(first(format!("{line}\n{{}}\n").as_bytes())).unwrap();
        assert_eq!(said, (line.to_owned(), Some("127.0.0.1:9".to_owned())));
        assert_eq!(ready(first(b"{\"address\":3}\n")).unwrap().1, None);
        assert!(first(b"{\"half\":").is_none());
        assert!(matches!(first(b"[]\n"), Some(Report::BadReadyLine(_))));
        assert!(matches!(first(&[b'x'; 65_537]), Some(Report::BadReadyLine(_))));
        assert!(first(&[b' '; 65_536]).is_none());
        let mut long = vec![b' '; 65_535];
        long.extend_from_slice(b"{}\n");
        assert!(matches!(first(&long), Some(Report::BadReadyLine(said)) if said.contains("64 KiB")));
        let mut watch = ReadyWatch::new(&ReadyBy::JsonLine);
        assert!(watch.error(b"{}\n").is_none(), "standard error is for people");
    }

    proptest! {
        #[test]
        fn no_output_upsets_it_and_how_it_comes_in_pieces_does_not_matter(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'{'), Just(b'}'), Just(b'@'), any::<u8>()], 0..400),
            size in 1usize..50,
        ) {
            for by in [ReadyBy::JsonLine, ReadyBy::LogLine { marker: "@".to_owned() }, ReadyBy::Probe] {
                let said = |pieces: &[&[u8]]| {
                    let mut watch = ReadyWatch::new(&by);
                    let reports: Vec<_> = pieces.iter().filter_map(|piece| watch.output(piece)).collect();
                    format!("{reports:?}")
                };
                let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
                prop_assert_eq!(said(&pieces), said(&[&bytes]));
            }
        }
    }
}
