//! The tree's own secret scan: what looks like a key, a token or a private key does not enter the repository.
//!
//! Values in tests are made up and must look it: a run of the alphabet or of digits, or the word example.

/// Beginnings of keys that providers hand out, and how many letters follow at least.
const BEGINNINGS: &[(&str, usize)] = &[
    ("sk-ant-", 40),
    ("sk-or-", 40),
    ("sk-proj-", 40),
    ("sk_", 40),
    ("sk-", 40),
    ("xai-", 40),
    ("gsk_", 40),
    ("AIza", 35),
    ("AKIA", 16),
    ("ASIA", 16),
    ("ghp_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("xoxb-", 24),
    ("hf_", 30),
    ("npm_", 36),
];

/// What is a secret whatever follows.
const BLOCKS: &[&str] = &[
    concat!("-----BEGIN ", "PRIVATE KEY"),
    concat!("-----BEGIN RSA ", "PRIVATE KEY"),
    concat!("-----BEGIN EC ", "PRIVATE KEY"),
    concat!("-----BEGIN OPENSSH ", "PRIVATE KEY"),
];

/// Runs that show a made-up value.
const MADE_UP: &[&str] = &["0123456789", "abcdefgh", "example", "canary"];

/// Lines with something that looks like a secret; the value is not repeated.
pub fn leaked(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate().filter(|(_, line)| is_suspicious(line));
    lines.map(|(at, _)| format!("{path}:{}", at + 1)).collect()
}

fn is_suspicious(line: &str) -> bool {
    BLOCKS.iter().any(|block| line.contains(block)) || words(line).any(is_key) || has_credentials(line)
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).filter(|word| word.len() > 16)
}

fn is_key(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let begins = BEGINNINGS
        .iter()
        .any(|(start, least)| word.strip_prefix(start).is_some_and(|rest| rest.len() >= *least));
    begins && !MADE_UP.iter().any(|run| lower.contains(run)) && varied(word)
}

/// Keys are random; a repeated letter or a sentence with hyphens is not.
fn varied(word: &str) -> bool {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() >= 10
        && word.chars().any(|c| c.is_ascii_digit())
        && word.chars().any(|c| c.is_ascii_alphabetic())
}

/// `scheme://user:password@host` to anything but an example or this machine.
fn has_credentials(line: &str) -> bool {
    line.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '"', '\'', ' ', '`', ')', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, host)| {
            let password = user.split_once(':').map_or("", |(_, password)| password);
            let harmless = ["example", "localhost", "127.0.0.1", "host", "{", "$"];
            password.len() >= 8 && !harmless.iter().any(|word| host.contains(word) || password.contains(word))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_named_without_its_value() {
        // Put together at run time, so that this file passes its own rule.
        let random = "Zq8vN3kXw2Lr7Tb5Yp1Hd9Cf4Mg6Js0AuEiRoKe2VxWn";
        for bad in [
            format!("let key = \"{}{random}\";", "sk-"),
            format!("KEY={}{}", "AKIA", &random.to_uppercase()[..16]),
            format!("{}{random}", "ghp_"),
            BLOCKS[1].to_owned(),
            format!("amqps://tonny:{}@mq.company.net/v", "hunter2hunter2"),
        ] {
            let named = leaked("a.rs", &format!("fine\n{bad}\n"));
            assert_eq!(named, ["a.rs:2"], "{bad}");
        }
    }

    #[test]
    fn made_up_values_and_words_pass() {
        for good in [
            "sk-proj-0123456789abcdefghij0123456789abcdefghij0123",
            "the task-list-of-the-supervisor-in-docs-and-in-code-2026",
            "https://user:pass@host/",
            "amqp://guest:guest@localhost",
            "sha512-Zq8vN3kXw2Lr7Tb5Yp1Hd9Cf4Mg6Js0AuEiRoKe2VxWn==",
        ] {
            assert!(leaked("a.rs", good).is_empty(), "{good}");
        }
    }
}
