//! The history to be read by people and players: lines of text, and subtitles.

use time::UtcOffset;
use tonny_store::Utterance;

use super::moment::local;

/// How far ahead of UTC the user's clocks are at a moment, UTC milliseconds since 1970. Summer and winter differ.
pub type Offset = fn(i64) -> UtcOffset;

/// Time and text, a line each.
pub(super) fn to_txt(rows: &[Utterance], offset: Offset) -> String {
    let lines = rows.iter().map(|row| {
        let text = row.text.as_deref().unwrap_or_default();
        format!("{}  {text}", local(row.started_at_ms, offset))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Utterances one after the other, each as long as its recording.
pub(super) fn to_srt(rows: &[Utterance]) -> String {
    let (mut at, mut parts) = (0, Vec::new());
    let spoken =
        rows.iter().filter_map(|row| Some((row, row.text.as_deref().filter(|text| !text.is_empty())?)));
    for (number, (row, text)) in spoken.enumerate() {
        // An utterance without a recording is on the screen for a second.
        let length = row.audio_ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(1_000).max(1);
        let end = at + length;
        parts.push(format!("{}\n{} --> {}\n{text}\n", number + 1, stamp(at), stamp(end)));
        at = end;
    }
    parts.join("\n")
}

fn stamp(ms: u64) -> String {
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    format!("{:02}:{:02}:{:02},{ms:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history_files::{Imported, read};

    fn rows() -> Vec<Utterance> {
        let csv = "timestamp,text,audio_ms\n2026-11-21T15:05:12Z,one,1500\n2026-11-21T15:06:00Z,,900\n\
            2026-07-01T10:00:00Z,two,\n";
        let Ok(Imported::Utterances(rows)) = read(csv) else { panic!("rows") };
        rows.into_iter().map(|(_, row)| row).collect()
    }

    #[test]
    fn subtitle_times_roll_over() {
        assert_eq!(stamp(3_661_042), "01:01:01,042");
    }

    #[test]
    fn subtitles_follow_each_other_and_leave_silence_out() {
        assert_eq!(
            to_srt(&rows()),
            "1\n00:00:00,000 --> 00:00:01,500\none\n\n2\n00:00:01,500 --> 00:00:02,500\ntwo\n"
        );
    }

    #[test]
    fn lines_have_the_time_on_the_users_wall() {
        // November is winter, July is summer.
        let berlin =
            |ms| UtcOffset::from_hms(if ms > 1_790_000_000_000 { 1 } else { 2 }, 0, 0).expect("small");
        let text = to_txt(&rows(), berlin);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "2026-11-21 16:05:12 +01:00  one");
        assert_eq!(lines[2], "2026-07-01 12:00:00 +02:00  two");
    }
}
