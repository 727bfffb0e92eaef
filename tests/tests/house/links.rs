//! Links from one page of the project to another file of it.

/// Links in the page at `path` whose target `exists` denies. Addresses on the web are not asked.
pub fn broken(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let targets = targets(text).filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    let files = targets.filter_map(|target| target.split('#').next().filter(|file| !file.is_empty()));
    files
        .filter(|file| !exists(&resolved(folder, file)))
        .map(|file| format!("{path} links to {file}"))
        .collect()
}

/// Pages of the settings window that the page at `path` sends people to, and that are none of `titles`.
pub fn lost(path: &str, text: &str, titles: &[&str]) -> Vec<String> {
    let pages =
        text.split("Settings, ").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_alphabetic()).next());
    let lost = pages.filter(|page| !titles.contains(page));
    lost.map(|page| format!("{path} sends to Settings, {page}, which is no page")).collect()
}

/// Titles of the window's pages, as its sidebar has them in its English words.
pub fn titles(text: &str) -> Vec<&str> {
    let block = text.split_once("  nav: {").and_then(|(_, rest)| rest.split_once('}'));
    block.map_or(Vec::new(), |(block, _)| block.split('"').skip(1).step_by(2).collect())
}

/// `[words](target)`, `![words](target)` and `src="target"`.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let marked = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '\n']).next());
    let sources = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    marked.chain(sources)
}

fn resolved(folder: &str, file: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_that_leads_nowhere_is_named() {
        let words = "  nav: {\n    speech: \"Speech\",\n    logs: \"Logs\",\n  },\n  model: \"Model\",\n";
        assert_eq!(titles(words), ["Speech", "Logs"]);
        let advice = "Do it under Settings, Speech. Or under Settings, Model, now.";
        let lost = lost("page.md", advice, &titles(words));
        assert_eq!(lost, ["page.md sends to Settings, Model, which is no page"]);
    }

    #[test]
    fn a_link_to_nothing_is_named() {
        let page =
            "[a](../README.md#top) [b](gone.md) <img src=\"no.png\"> [c](https://example.org/x) [d](#here)";
        let broken = broken("docs/page.md", page, |path| path == "README.md");
        assert_eq!(broken, ["docs/page.md links to gone.md", "docs/page.md links to no.png"]);
    }
}
