//! The web view's packages, as their lock file has them: pinned by hash, permissively licensed, and few that run code
//! when they are installed. It is what can be said of them without a network; `npm audit` says the rest with one.

use serde_json::Value;

/// Licences that the window may carry.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "ISC",
    "0BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Apache-2.0",
    "MPL-2.0",
    // Fonts.
    "OFL-1.1",
    "MIT OR Apache-2.0",
    "Apache-2.0 OR MIT",
    "(MIT OR CC0-1.0)",
    "MIT AND ISC AND BSD-3-Clause",
];

/// Packages that may run code at their installation: none needs to.
const SCRIPTS: &[&str] = &[];

/// Packages of a lock file that break a rule.
pub fn offenders(path: &str, text: &str) -> Vec<String> {
    let Ok(lock) = serde_json::from_str::<Value>(text) else { return vec![format!("{path} is no JSON")] };
    let Some(packages) = lock["packages"].as_object() else { return vec![format!("{path} has no packages")] };
    let all = packages.iter().filter(|(name, _)| !name.is_empty());
    all.filter_map(|(name, package)| Some(format!("{path}: {name}: {}", fault(name, package)?))).collect()
}

fn fault(name: &str, package: &Value) -> Option<&'static str> {
    let text = |field: &str| package[field].as_str().unwrap_or_default();
    if !text("integrity").starts_with("sha512-") {
        return Some("not pinned by a SHA-512");
    }
    if ["git", "http:", "file:"].iter().any(|start| text("resolved").starts_with(start)) {
        return Some("not from the registry");
    }
    if package["hasInstallScript"] == true && !SCRIPTS.contains(&name) {
        return Some("runs code when it is installed");
    }
    (!LICENCES.contains(&text("license"))).then_some("a licence that is not on the list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_breaks_a_rule_is_named() {
        let lock = |package: &str| format!(r#"{{"packages":{{"":{{}},"node_modules/a":{package}}}}}"#);
        let good = r#"{"integrity":"sha512-x","license":"MIT"}"#;
        assert!(offenders("l", &lock(good)).is_empty());
        for bad in [
            r#"{"license":"MIT"}"#,
            r#"{"integrity":"sha1-x","license":"MIT"}"#,
            r#"{"integrity":"sha512-x","license":"MIT","resolved":"git+ssh://host/a"}"#,
            r#"{"integrity":"sha512-x","license":"MIT","hasInstallScript":true}"#,
            r#"{"integrity":"sha512-x","license":"GPL-3.0"}"#,
        ] {
            assert_eq!(offenders("l", &lock(bad)).len(), 1, "{bad}");
        }
    }
}
