//! Comparing what was said with what was heard, word by word.

/// Lower-case words without punctuation.
pub fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| {
            word.chars().filter(|c| c.is_alphanumeric() || *c == '\'').collect::<String>().to_lowercase()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// Word error rate: substitutions, insertions and deletions per word said.
pub fn error_rate(said: &str, heard: &str) -> f64 {
    let (said, heard) = (words(said), words(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, wanted) in said.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, got) in heard.iter().enumerate() {
            let replaced = before + usize::from(wanted != got);
            before = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(before + 1);
        }
    }
    row[heard.len()] as f64 / said.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::error_rate;

    #[test]
    fn punctuation_is_not_a_word_and_every_kind_of_error_counts() {
        assert_eq!(error_rate("Hello, world!", "hello world"), 0.0);
        assert_eq!(error_rate("one two three four", "one too three"), 0.5);
        assert_eq!(error_rate("one two", "one two and a half"), 1.5);
    }
}
