//! Language models taken in from files: whole ones with what they need, and everything else refused with its reason.

#![allow(clippy::disallowed_methods, reason = "a test writes files")]

use std::path::{Path, PathBuf};

use tonny_core::ports::{LanguageFiles as _, ModelFiles as _};
use tonny_core::problem::Code;
use tonny_platform::models::ModelFolder;
use tonny_tests::gguf::gguf;

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_model_is_copied_listed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let files = ModelFolder::of_language(folder.path().join("language-models"));
    let source = file(folder.path(), "My model.gguf", &gguf("llama", &[2]));
    let model = files.import(&source, &|_| {}).unwrap();
    assert_eq!((model.id.as_str(), model.family.as_str()), ("My-model", "llama"));
    assert_eq!(files.installed().unwrap(), std::slice::from_ref(&model));
    assert!(source.exists(), "the original stays");
    files.remove(&model.id).unwrap();
    assert_eq!(files.installed().unwrap(), []);
}

#[test]
fn what_it_needs_is_read_from_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let files = ModelFolder::of_language(folder.path());
    let bytes = gguf("qwen2", &[2]);
    let needs = files.needs(&file(folder.path(), "same.gguf", &bytes)).unwrap();
    // 2 layers, 2 heads for keys and values, 64 / 4 numbers in each, twice, in 16 bits.
    assert_eq!(needs.cache_per_token, 2 * 2 * 16 * 2 * 2);
    assert_eq!((needs.weights, needs.name.as_deref()), (bytes.len() as u64, Some("Tiny")));
    let each = files.needs(&file(folder.path(), "each.gguf", &gguf("gemma3n", &[1, 2]))).unwrap();
    assert_eq!(each.cache_per_token, (1 + 2) * 16 * 2 * 2);
}

#[test]
fn one_cut_short_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let files = ModelFolder::of_language(folder.path().join("models"));
    let whole = gguf("llama", &[2]);
    for cut in 0..whole.len() {
        let path = file(folder.path(), "cut.gguf", &whole[..cut]);
        let refused = files.import(&path, &|_| {}).expect_err("it is not whole");
        assert!(refused.is(Code::ModelBroken) || refused.is(Code::ModelFileUnfit), "{cut}: {refused}");
    }
    assert_eq!(files.installed().unwrap(), []);
}

#[test]
fn what_answers_no_question_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let files = ModelFolder::of_language(folder.path().join("models"));
    let refused = |path: &Path, why: &str| {
        let refused = files.import(path, &|_| {}).expect_err(why);
        assert!(refused.is(Code::ModelFileUnfit) && refused.message.contains(why), "{refused}");
    };
    refused(&file(folder.path(), "embedding.gguf", &gguf("bert", &[2])), "its kind is bert");
    refused(&file(folder.path(), "picture.gguf", &gguf("clip", &[2])), "its kind is clip");
    refused(&file(folder.path(), "nameless.gguf", &gguf("", &[2])), "it names no architecture");
    refused(&file(folder.path(), "letter.txt", b"Dear all, this is no model."), "it is not a GGUF file");
    refused(folder.path(), "it is not a file");
    let missing = files.import(&folder.path().join("nowhere.gguf"), &|_| {}).expect_err("it is not there");
    assert!(missing.is(Code::ModelNotImportable), "{missing}");
}
