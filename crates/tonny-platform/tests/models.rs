//! The models folder from outside: conversion of a small CTranslate2 model, imports, broken files, removal.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::path::{Path, PathBuf};

use tonny_core::ports::ModelFiles;
use tonny_core::problem::Code;
use tonny_platform::models::ModelFolder;

/// Wide enough for one attention head.
const STATE: usize = 64;
/// The timestamps and a few words.
const VOCABULARY: usize = 1_600;

/// A `model.bin` under construction.
#[derive(Default)]
struct Ct2 {
    weights: Vec<u8>,
    count: u32,
}

impl Ct2 {
    fn put(&mut self, name: &str, dims: &[usize], kind: u8, bytes: &[u8]) {
        self.name(name);
        self.weights.push(dims.len() as u8);
        dims.iter().for_each(|dim| self.weights.extend((*dim as u32).to_le_bytes()));
        self.weights.push(kind);
        self.weights.extend((bytes.len() as u32).to_le_bytes());
        self.weights.extend(bytes);
        self.count += 1;
    }

    fn floats(&mut self, name: &str, dims: &[usize], value: impl Fn(usize) -> f32) {
        let count = dims.iter().product();
        let bytes: Vec<u8> = (0..count).flat_map(|at| value(at).to_le_bytes()).collect();
        self.put(name, dims, 0, &bytes);
    }

    /// Rows of 8 bit numbers with a scale of their own.
    fn quantised(&mut self, name: &str, rows: usize, columns: usize) {
        let bytes: Vec<u8> = (0..rows * columns).map(|at| (at % 200) as u8).collect();
        self.put(name, &[rows, columns], 1, &bytes);
        self.floats(&format!("{name}_scale"), &[rows], |row| 10.0 + row as f32);
    }

    fn linear(&mut self, name: &str, rows: usize, columns: usize) {
        self.quantised(&format!("{name}/weight"), rows, columns);
        self.floats(&format!("{name}/bias"), &[rows], |at| at as f32 / 8.0);
    }

    fn norm(&mut self, name: &str) {
        self.floats(&format!("{name}/gamma"), &[STATE], |_| 1.0);
        self.floats(&format!("{name}/beta"), &[STATE], |at| at as f32);
    }

    fn name(&mut self, name: &str) {
        self.weights.extend((name.len() as u16 + 1).to_le_bytes());
        self.weights.extend(name.as_bytes());
        self.weights.push(0);
    }

    fn finish(self) -> Vec<u8> {
        let mut file = 6_u32.to_le_bytes().to_vec();
        file.extend(12_u16.to_le_bytes());
        file.extend(b"WhisperSpec\0");
        file.extend(3_u32.to_le_bytes());
        file.extend(self.count.to_le_bytes());
        file.extend(self.weights);
        file.extend(0_u32.to_le_bytes());
        file
    }
}

/// One layer on each side, every number type but the exotic ones.
fn model_bin() -> Vec<u8> {
    let mut ct2 = Ct2::default();
    ct2.floats("encoder/position_encodings/encodings", &[1_500, STATE], |at| at as f32);
    ct2.floats("encoder/conv1/weight", &[STATE, 80, 3], |at| (at % 7) as f32);
    ct2.floats("encoder/conv1/bias", &[STATE], |_| 0.5);
    ct2.floats("encoder/conv2/weight", &[STATE, STATE, 3], |at| (at % 5) as f32);
    ct2.floats("encoder/conv2/bias", &[STATE], |_| 0.25);
    for side in ["encoder", "decoder"] {
        let layer = format!("{side}/layer_0");
        ct2.norm(&format!("{layer}/self_attention/layer_norm"));
        ct2.linear(&format!("{layer}/self_attention/linear_0"), 3 * STATE, STATE);
        ct2.linear(&format!("{layer}/self_attention/linear_1"), STATE, STATE);
        if side == "decoder" {
            ct2.norm(&format!("{layer}/attention/layer_norm"));
            ct2.linear(&format!("{layer}/attention/linear_0"), STATE, STATE);
            ct2.linear(&format!("{layer}/attention/linear_1"), 2 * STATE, STATE);
            ct2.linear(&format!("{layer}/attention/linear_2"), STATE, STATE);
        }
        ct2.norm(&format!("{layer}/ffn/layer_norm"));
        ct2.linear(&format!("{layer}/ffn/linear_0"), 4 * STATE, STATE);
        ct2.linear(&format!("{layer}/ffn/linear_1"), STATE, 4 * STATE);
        ct2.norm(&format!("{side}/layer_norm"));
    }
    ct2.floats("decoder/position_encodings/encodings", &[448, STATE], |at| at as f32);
    let halves: Vec<u8> = (0..VOCABULARY * STATE).flat_map(|at| (at as u16 % 30_000).to_le_bytes()).collect();
    ct2.put("decoder/embeddings/weight", &[VOCABULARY, STATE], 4, &halves);
    ct2.finish()
}

fn faster_whisper_folder(at: &Path) -> PathBuf {
    let folder = at.join("my model!");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("model.bin"), model_bin()).unwrap();
    std::fs::write(folder.join("config.json"), r#"{"suppress_ids": [1, 2], "suppress_ids_begin": [0]}"#)
        .unwrap();
    let special =
        ["endoftext", "startoftranscript", "translate", "transcribe", "startofprev", "notimestamps"];
    let added: Vec<String> = special
        .iter()
        .enumerate()
        .map(|(at, name)| format!(r#"{{"id": {}, "content": "<|{name}|>"}}"#, 2 + at))
        .collect();
    let vocab = r#""a": 0, "b": 1"#;
    let merges = r#""a b", ["b", "a"]"#;
    let added = added.join(",");
    let text =
        format!(r#"{{"model": {{"vocab": {{{vocab}}}, "merges": [{merges}]}}, "added_tokens": [{added}]}}"#);
    std::fs::write(folder.join("tokenizer.json"), text).unwrap();
    folder
}

/// The bytes of one tensor: looks the name up in the index, and counts the data's start from the file's end.
fn tensor(file: &[u8], name: &str, bytes: usize, following: usize) -> (Vec<u64>, u32, Vec<u8>) {
    let mut key = (name.len() as u64).to_le_bytes().to_vec();
    key.extend(name.as_bytes());
    let at = file.windows(key.len()).position(|window| window == key).expect("in the index") + key.len();
    let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let u64_at = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap());
    let rank = u32_at(at) as usize;
    let dims = (0..rank).map(|dim| u64_at(at + 4 + 8 * dim)).collect();
    let kind = u32_at(at + 4 + 8 * rank);
    let offset = u64_at(at + 8 + 8 * rank) as usize;
    let data = file.len() - following;
    (dims, kind, file[data + offset..data + offset + bytes].to_vec())
}

/// Where the data begins: behind the last tensor of the index, rounded up.
fn data_bytes(file: &[u8]) -> usize {
    let name = b"frontend.window";
    let at = file.windows(name.len()).rposition(|window| window == name).unwrap() + name.len();
    file.len() - (at + 4 + 8 + 4 + 8).next_multiple_of(32)
}

fn half(bytes: &[u8], at: usize) -> f32 {
    half::f16::from_le_bytes([bytes[2 * at], bytes[2 * at + 1]]).to_f32()
}

#[test]
fn a_faster_whisper_folder_is_imported_as_two_windows() {
    let place = tempfile::tempdir().unwrap();
    let source = faster_whisper_folder(place.path());
    let models = ModelFolder::new(place.path().join("models"));
    let model = models.import(&source, &|_| {}).unwrap();
    assert_eq!((model.id.as_str(), model.family.as_str()), ("my-model", "whisper"));
    assert_eq!(model.files.iter().map(|file| file.window_s).collect::<Vec<_>>(), [15, 30]);
    assert_eq!(models.installed().unwrap(), std::slice::from_ref(&model));

    let file = std::fs::read(&model.files[0].path).unwrap();
    let data = data_bytes(&file);
    let (dims, kind, positions) = tensor(&file, "enc.pos_emb.weight", 750 * STATE * 4, data);
    assert_eq!((dims, kind), (vec![STATE as u64, 750], 0));
    assert_eq!(&positions[positions.len() - 4..], (750.0 * STATE as f32 - 1.0).to_le_bytes());
    // The value part of the stacked matrix: rows 2*64.. of the source, each divided by its own scale.
    let (dims, kind, values) = tensor(&file, "enc.blocks.0.attn.v.weight", STATE * STATE * 2, data);
    assert_eq!((dims, kind), (vec![STATE as u64; 2], 1));
    let raw = f32::from(((2 * STATE * STATE + 3) % 200) as u8 as i8);
    assert_eq!(half(&values, 3), half::f16::from_f32(raw / (10.0 + 2.0 * STATE as f32)).to_f32());
    // 16 bit weights pass through untouched.
    let (_, _, words) = tensor(&file, "dec.token_embd.weight", VOCABULARY * STATE * 2, data);
    assert_eq!(&words[2000..2002], 1_000_u16.to_le_bytes());
}

#[test]
fn what_was_converted_is_imported_again_as_a_file_and_removed() {
    let place = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(place.path().join("models"));
    let converted = models.import(&faster_whisper_folder(place.path()), &|_| {}).unwrap();
    let copy = models.import(&converted.files[0].path, &|_| {}).unwrap();
    assert_eq!((copy.id.as_str(), copy.family.as_str(), copy.files[0].window_s), ("15s", "whisper", 15));
    assert_eq!(copy.files[0].sha256, converted.files[0].sha256);
    let again = models.import(&converted.files[0].path, &|_| {}).unwrap();
    assert_eq!(again.id, "15s-2");
    models.remove("15s").unwrap();
    assert_eq!(models.installed().unwrap().len(), 2);
    assert!(models.remove("15s").unwrap_err().is(Code::ModelUnknown));
    assert!(models.remove("../models").unwrap_err().is(Code::ModelUnknown));
}

#[test]
fn a_file_cut_short_is_refused_with_the_reason() {
    let place = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(place.path().join("models"));
    let source = faster_whisper_folder(place.path());
    let whole = models.import(&source, &|_| {}).unwrap();
    let gguf = std::fs::read(&whole.files[0].path).unwrap();
    for keep in [gguf.len() - 33, gguf.len() / 2, 1_000, 40] {
        let cut = place.path().join("cut.gguf");
        std::fs::write(&cut, &gguf[..keep]).unwrap();
        let problem = models.import(&cut, &|_| {}).unwrap_err();
        assert!(problem.is(Code::ModelBroken), "{keep}: {problem}");
    }
    let bin = model_bin();
    for keep in [bin.len() - 5, bin.len() / 2, 60, 3] {
        std::fs::write(source.join("model.bin"), &bin[..keep]).unwrap();
        let problem = models.import(&source, &|_| {}).unwrap_err();
        assert!(problem.is(Code::ModelBroken), "{keep}: {problem}");
    }
    assert_eq!(models.installed().unwrap(), [whole]);
    let hidden = std::fs::read_dir(place.path().join("models")).unwrap().flatten();
    assert_eq!(hidden.count(), 1, "a refused import left something behind");
}

#[test]
fn other_files_are_not_taken_for_models() {
    let place = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(place.path().join("models"));
    let text = place.path().join("notes.gguf");
    std::fs::write(&text, "not a model").unwrap();
    for path in [text.as_path(), place.path(), &place.path().join("nowhere")] {
        let problem = models.import(path, &|_| {}).unwrap_err();
        assert!(problem.is(Code::ModelNotImportable), "{problem}");
    }
    // A language model is a GGUF too.
    let mut other = b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
    other.extend(20_u64.to_le_bytes());
    other.extend(b"general.architecture");
    other.extend(8_u32.to_le_bytes());
    other.extend(5_u64.to_le_bytes());
    other.extend(b"llama");
    std::fs::write(&text, other).unwrap();
    assert!(models.import(&text, &|_| {}).unwrap_err().is(Code::ModelNotImportable));
}

#[test]
fn a_model_that_lost_bytes_is_not_listed() {
    let place = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(place.path().join("models"));
    assert!(models.installed().unwrap().is_empty());
    let model = models.import(&faster_whisper_folder(place.path()), &|_| {}).unwrap();
    std::fs::write(&model.files[1].path, "short").unwrap();
    assert!(models.installed().unwrap().is_empty());
}

#[cfg(unix)]
#[test]
fn everything_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(place.path().join("models"));
    let model = models.import(&faster_whisper_folder(place.path()), &|_| {}).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = model.files[0].path.parent().unwrap();
    assert_eq!((mode(folder), mode(&place.path().join("models"))), (0o700, 0o700));
    assert_eq!((mode(&model.files[0].path), mode(&folder.join("manifest.json"))), (0o600, 0o600));
}

/// With TONNYTRAY_TEST_CT2_DIR (a faster-whisper folder) and TONNYTRAY_TEST_GGUF_DIR (15.gguf and 30.gguf, made by another
/// converter) the real model's conversion is compared byte for byte.
#[test]
fn a_real_model_is_converted_as_the_reference_is() {
    let dir = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (Some(source), Some(reference)) = (dir("TONNYTRAY_TEST_CT2_DIR"), dir("TONNYTRAY_TEST_GGUF_DIR"))
    else {
        println!("skipped: TONNYTRAY_TEST_CT2_DIR and TONNYTRAY_TEST_GGUF_DIR are not set");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let started = std::time::Instant::now();
    let model = ModelFolder::new(place.path()).import(&source, &|_| {}).unwrap();
    println!("converted in {:?}", started.elapsed());
    for file in &model.files {
        let ours = std::fs::read(&file.path).unwrap();
        let theirs = std::fs::read(reference.join(format!("{}.gguf", file.window_s))).unwrap();
        let differs = ours.iter().zip(&theirs).position(|(one, other)| one != other);
        assert_eq!((ours.len(), differs), (theirs.len(), None), "window {} s", file.window_s);
    }
}
