//! Names with stars, as contracts list providers, models and hosts: `gpt-*`, `*.example.org`. Case does not count.

/// Whether any of `patterns` fits the whole of `name`.
pub(super) fn any(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, name))
}

fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut name) = name.strip_suffix(tail) else { return false };
    // Taking each piece where it stands first leaves the most for those that come after.
    for piece in middle.split('*') {
        let Some(at) = name.find(piece) else { return false };
        name = &name[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name, wanted) in [
            ("*", "", true),
            ("*", "anything", true),
            ("gpt-4o", "GPT-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-*", "gpt-4o-mini", true),
            ("*-mini", "gpt-4o-mini", true),
            ("g*o*mini", "gpt-4o-mini", true),
            ("g*x*mini", "gpt-4o-mini", false),
            ("*.example.org", "api.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "example.org.evil.net", false),
            ("ab*ba", "aba", false),
            ("**", "x", true),
            ("a*b*b", "ab", false),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, name), wanted, "{pattern} {name}");
        }
    }
}
