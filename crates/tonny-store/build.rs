//! Tells cargo that a changed migration means a new build: the macro that embeds them cannot say so itself.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
