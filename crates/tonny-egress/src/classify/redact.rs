//! What looks like a key is taken out of a provider's words before anybody sees or stores them.
//!
//! Some providers repeat the key in the error. A key is known by its beginning, by standing behind `Bearer`, or by being
//! a long run of letters and digits; a request's number may go with it, for it is kept in a field of its own.

/// How much of a provider's words is kept.
const KEPT: usize = 2000;

/// What stands in the place of a key.
const GONE: &str = "[redacted]";

/// Beginnings of keys that providers hand out.
const BEGINNINGS: &[&str] = &[
    "sk-",
    "sk_",
    "pk-",
    "rk-",
    "gsk_",
    "xai-",
    "aiza",
    "akia",
    "asia",
    "absk",
    "bedrock-api-key-",
    "hf_",
    "ghp_",
    "github_pat_",
    "eyj",
    "ya29",
    "aq.",
    "nano-",
    "key-",
    "api-",
    "org-",
    "proj_",
];

/// A run of letters and digits this long is no word and no number of a version.
const RANDOM: usize = 20;

/// The shortest thing behind a known beginning that is a key.
const AFTER_BEGINNING: usize = 8;

/// `text` without keys, 2,000 characters at most.
pub fn redacted(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(KEPT));
    let mut rest = text;
    let mut after_bearer = false;
    while !rest.is_empty() {
        let run = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        // The full stop of a sentence is no part of a key.
        let word = rest[..run].trim_end_matches('.');
        let mut after = &rest[word.len()..];
        if looks_like_key(word) || (after_bearer && word.len() >= AFTER_BEGINNING) {
            kept.push_str(GONE);
            after = after.trim_start_matches(is_of_base64);
        } else {
            kept.push_str(word);
        }
        if !word.is_empty() {
            after_bearer = word.eq_ignore_ascii_case("bearer");
        }
        let stops = after.len() - after.trim_start_matches('.').len();
        let gap = stops + after[stops..].find(is_of_word).unwrap_or(after.len() - stops);
        kept.push_str(&after[..gap]);
        rest = &after[gap..];
    }
    kept.chars().take(KEPT).collect()
}

/// What a key that began as one may go on with.
fn is_of_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '+' | '=' | '-' | '_')
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '*')
}

fn looks_like_key(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let begins = BEGINNINGS.iter().any(|start| {
        lower.strip_prefix(start).is_some_and(|rest| rest.len() >= AFTER_BEGINNING && has_digit(rest))
    });
    begins || word.split(['-', '_', '.', '+', '*']).any(is_random)
}

/// Words have no digits in them, and numbers no letters.
fn is_random(run: &str) -> bool {
    run.len() >= RANDOM && has_digit(run) && run.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_out() {
        for key in [
            "sk-proj-0123456789abcdefghij",
            "sk-ant-api03-0123456789-abcdefgh_AA",
            "sk-0123456789abcdef",
            "gsk_0123456789abcdefghijklmnop",
            "xai-0123456789abcdefghij",
            concat!("AI", "za0123456789abcdefghijklmnopqrstuvwxy"),
            "ABSKQmVkcm9ja0FQSUtleS0123456789",
            "ABSKQmVkcm9ja0FQ01/SUtleS0123456789+a==",
            "0123456789abcdefghijABCDEFGHIJ01",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefgh0123456789",
        ] {
            for around in ["Incorrect API key provided: {}. Find it", "{\"key\":\"{}\"}", "key={}&x=1", "{}"]
            {
                let text = around.replace("{}", key);
                assert_eq!(redacted(&text), around.replace("{}", GONE), "{text}");
            }
        }
        assert_eq!(redacted("Authorization: Bearer abcdefghij"), "Authorization: Bearer [redacted]");
    }

    #[test]
    fn words_stay() {
        for text in [
            "The model `meta-llama/Llama-3.3-70B-Instruct` does not exist.",
            "claude-3-5-sonnet-20241022-v2:0, gemini-2.5-flash, gpt-4o-mini-2024-07-18",
            "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
            "type.googleapis.com/google.rpc.QuotaFailure",
            "This model's maximum context length is 128000 tokens. However, you requested 140000 tokens.",
            "Grüße \u{1f980}",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn it_is_cut_after_the_keys_are_out() {
        let text = format!("{} sk-0123456789abcdefghij", "\u{e4}".repeat(KEPT - 5));
        let cut = redacted(&text);
        assert_eq!(cut.chars().count(), KEPT);
        assert!(cut.ends_with(" [red"), "{cut}");
    }
}
