//! How long files may be. A long file is two things in one; the numbers are those of the houses we learned from.

use super::tree::File;

const RUST_MOST: usize = 600;
const RUST_MEDIAN: usize = 150;
const RUST_P95: usize = 400;
const TYPESCRIPT_MOST: usize = 300;

/// Written by `make bindings`: nobody reads it from top to bottom.
const GENERATED: &str = "ui/src/ipc/bindings.ts";

/// Rust files that are too long, each and as a whole.
pub fn rust(files: &[File]) -> Vec<String> {
    let mut offenders = too_long(files, RUST_MOST);
    let mut lengths: Vec<usize> = files.iter().map(|file| file.text.lines().count()).collect();
    lengths.sort_unstable();
    for (name, percent, most) in [("median", 50, RUST_MEDIAN), ("95th percentile", 95, RUST_P95)] {
        let is = percentile(&lengths, percent);
        if is > most {
            offenders.push(format!("the {name} of all Rust files is {is} lines, {most} at most"));
        }
    }
    offenders
}

/// TypeScript files that are too long.
pub fn typescript(files: &[File]) -> Vec<String> {
    too_long(files, TYPESCRIPT_MOST).into_iter().filter(|offender| !offender.starts_with(GENERATED)).collect()
}

fn too_long(files: &[File], most: usize) -> Vec<String> {
    let lines = files.iter().map(|file| (&file.path, file.text.lines().count()));
    lines
        .filter(|(_, lines)| *lines > most)
        .map(|(path, lines)| format!("{path} has {lines} lines"))
        .collect()
}

/// The smallest length that `percent` of all reach at most (nearest rank).
fn percentile(sorted: &[usize], percent: usize) -> usize {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, lines: usize) -> File {
        File { path: path.to_owned(), text: "x\n".repeat(lines) }
    }

    #[test]
    fn a_long_file_is_named() {
        let mut files: Vec<File> = (0..99).map(|n| file(&format!("{n}.rs"), 10)).collect();
        assert!(rust(&files).is_empty());
        files.push(file("long.rs", 601));
        assert_eq!(rust(&files), ["long.rs has 601 lines"]);
    }

    #[test]
    fn a_house_of_long_files_is_told() {
        let files = [file("a.rs", 151), file("b.rs", 401)];
        assert_eq!(
            rust(&files),
            [
                "the median of all Rust files is 151 lines, 150 at most",
                "the 95th percentile of all Rust files is 401 lines, 400 at most",
            ]
        );
    }

    #[test]
    fn generated_typescript_may_be_long() {
        assert_eq!(
            typescript(&[file("ui/src/a.tsx", 301), file(GENERATED, 900)]),
            ["ui/src/a.tsx has 301 lines"]
        );
    }
}
