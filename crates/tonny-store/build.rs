//! Tells cargo that a changed migration means a new build: the macro that embeds them cannot say so itself.
#![expect(clippy::print_stdout, reason = "standard output is how a build script talks to cargo")]

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
