//! Texts to judge: ordinary ones, and ones that are made to be slow. Used by this crate's own measurement and by the row P4
//! of the reliability page.

/// Those of `TEXTS` that people write.
pub const ORDINARY: &[&str] = &["prose", "finds", "code", "umlauts"];

/// By name: a piece that is repeated.
pub const TEXTS: &[(&str, &str)] = &[
    (
        "prose",
        "The quick brown fox jumps over 13 lazy dogs, and then (on 01.02.2024) it sleeps.\nWho would not? ",
    ),
    ("finds", "Write to ada@example.org or +49 30 901820, from DE89 3704 0044 0532 0130 00. "),
    ("code", "    let value = self.entries.get(&key).map_or(0, |entry| entry.len()); // 42\n"),
    ("one word", "a"),
    ("digits", "0123456789"),
    ("grouped", "012 345 "),
    ("at signs", "a@a."),
    ("starts", "sk-sk_xai-eyJ"),
    ("blocks", "-----BEGIN A PRIVATE KEY"),
    ("dots", "eyJhbGciOiJIUzI1NiJ9.eyJhbGciOi"),
    ("escapes", "\\u0041%41\\"),
    ("brackets", "[EMAIL_"),
    ("base64", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW5v"),
    ("paths", "src/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bbbbb bbbb "),
    ("umlauts", "Größenwahn über Öfen, ach ja: „süß“ "),
];

/// The piece, over and over, in so many characters.
pub fn long(piece: &str, length: usize) -> String {
    piece.chars().cycle().take(length).collect()
}
