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
    fn a_link_to_nothing_is_named() {
        let page =
            "[a](../README.md#top) [b](gone.md) <img src=\"no.png\"> [c](https://example.org/x) [d](#here)";
        let broken = broken("docs/page.md", page, |path| path == "README.md");
        assert_eq!(broken, ["docs/page.md links to gone.md", "docs/page.md links to no.png"]);
    }
}
