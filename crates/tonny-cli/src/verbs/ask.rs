//! `tonny ask`, `tonny providers`, `tonny ledger`: the assistant without the app. A local model is started for as long as the
//! verb runs.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio_util::task::TaskTracker;
use tonny_core::assistant::{
    self, Assistant, AssistantEvent, Local, MessageView, NewQuestion, NoticeView, Parts, Standing,
};
use tonny_core::engine::kinds::{Site, wanted};
use tonny_core::engine::{self, Engine};
use tonny_core::ports::ModelFiles as _;
use tonny_core::problem::{Code, Problem};
use tonny_core::settings::Settings;
use tonny_platform::clock::SystemClock;
use tonny_platform::installation::programs;
use tonny_platform::models::ModelFolder;

use crate::arguments::Question;
use crate::face::Face;

/// After an interruption, until the end of the answer is told.
const TELLING: std::time::Duration = std::time::Duration::from_secs(2);

/// The assistant for the length of one verb.
pub struct Alone {
    pub assistant: Assistant,
    local: watch::Receiver<Local>,
    /// The settings live as long as the verb.
    _settings: watch::Sender<Settings>,
}

impl Alone {
    /// Starts it; a local model only when somebody wants it.
    #[allow(clippy::disallowed_methods, reason = "the tasks live as long as the verb, which is the process")]
    pub async fn start(face: &Face) -> Result<Self, Problem> {
        let store = face.store().await?;
        let models = face.folders()?.language_models.clone();
        let settings = super::settings::load(face, &store).await;
        let (tell_local, local) = watch::channel(Local::default());
        let (tell_settings, in_force) = watch::channel(settings.clone());
        let (want_local, tasks) = (Arc::new(Notify::new()), TaskTracker::new());
        let parts = Parts {
            store,
            secrets: face.secrets()?,
            clock: Arc::new(SystemClock),
            settings: in_force,
            local: local.clone(),
            want_local: want_local.clone(),
            tasks,
            stays: false,
        };
        let (assistant, run) = assistant::start(parts).await?;
        tokio::spawn(run);
        tokio::spawn(async move {
            want_local.notified().await;
            if let Err(problem) = serve(&settings, &models, &tell_local).await {
                tell_local.send_replace(Local { engine: Engine::Absent(problem), worker: None });
                // Kept open, so that whoever looks finds the reason.
                std::future::pending::<()>().await;
            }
        });
        Ok(Self { assistant, local, _settings: tell_settings })
    }

    /// Ends the local model, if one was started.
    pub async fn stop(self) {
        let worker = self.local.borrow().worker.clone();
        if let Some(worker) = worker {
            let _ = worker.close().await;
        }
    }
}

/// Runs the local model and tells how it is, for good.
async fn serve(settings: &Settings, models: &Path, tell: &watch::Sender<Local>) -> Result<(), Problem> {
    let programs = programs()?;
    let files = ModelFolder::of_language(models);
    let installed = files.installed()?;
    let unfit = engine::unfit_language(settings, &programs, &installed, &files);
    let site = Site {
        settings,
        programs: &programs,
        installed: &[],
        memory: None,
        language: true,
        languages: &installed,
        unfit: unfit.as_ref(),
    };
    let spec =
        wanted(&site).into_iter().find(|wanted| wanted.about.name == engine::LLAMA).map(|wanted| wanted.spec);
    let spec = spec.unwrap_or_else(|| Err(Problem::of(Code::EngineSetUp)))?;
    let (handle, run) = engine::start(&programs, spec)?;
    tell.send_replace(Local { engine: Engine::Away, worker: Some(handle.clone()) });
    let publish = |engine| {
        tell.send_replace(Local { engine, worker: Some(handle.clone()) });
    };
    tokio::join!(run, engine::follow(handle.state(), publish, async |_| {}));
    Ok(())
}

pub fn run(face: &Face, question: Question) -> Result<(), Problem> {
    face.block_on(async {
        let alone = Alone::start(face).await?;
        let outcome = {
            let asking = ask(face, &alone.assistant, question);
            tokio::pin!(asking);
            tokio::select! {
                outcome = &mut asking => outcome,
                () = interrupted() => {
                    // What came is kept as an answer that was stopped: nobody else could end it.
                    alone.assistant.quit().await;
                    let told = tokio::time::timeout(TELLING, asking).await;
                    told.unwrap_or_else(|_| Err(Problem::of(Code::ShuttingDown)))
                }
            }
        };
        alone.stop().await;
        outcome
    })
}

/// Ctrl+C, or the end of the session or its terminal. Where signals cannot be listened to, they end the program as ever.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        if let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

async fn ask(face: &Face, assistant: &Assistant, question: Question) -> Result<(), Problem> {
    let mut events = assistant.events();
    let Question { text, model, system, resume } = question;
    let (conversation, parent) = match resume {
        Some(id) => {
            let view = assistant.conversation(&id).await?;
            (Some(view.id), view.leaf)
        }
        None => (None, None),
    };
    let new = NewQuestion { conversation, parent, text, model, system, ..NewQuestion::default() };
    let asked = assistant.ask(new).await?;
    let mut told = 0;
    loop {
        match events.recv().await {
            Ok(AssistantEvent::Grew(grown)) if grown.message == asked.answer && !face.is_json() => {
                let mut out = std::io::stdout();
                // Whoever reads may have gone; the answer is kept all the same.
                let _ = out.write_all(grown.text.as_bytes()).and_then(|()| out.flush());
            }
            Ok(AssistantEvent::Message { message, .. }) if message.id == asked.answer => {
                remark_on(face, &message.notices, &mut told);
                if message.state != Standing::Streaming {
                    return end(face, &asked.conversation, *message);
                }
            }
            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(_) => return Err(Problem::of(Code::ShuttingDown)),
        }
    }
}

/// Whoever was not asked, or in vain, and why: on standard error, so that the answer alone is on standard output.
fn remark_on(face: &Face, notices: &[NoticeView], told: &mut usize) {
    for notice in &notices[(*told).min(notices.len())..] {
        face.remark(format!("{} ({})", notice.sentence, notice.code));
    }
    *told = notices.len();
}

fn end(face: &Face, conversation: &str, message: MessageView) -> Result<(), Problem> {
    if face.is_json() {
        let data = json!({ "conversation": conversation, "answer": message });
        face.show(&data, String::new)?;
    } else if !message.text.ends_with('\n') && !message.text.is_empty() {
        face.line("")?;
    }
    match (message.state, message.problem) {
        (Standing::Complete, _) => Ok(()),
        (_, Some(problem)) => Err(problem),
        (_, None) => Err(Problem::of(Code::NotToContinue)),
    }
}
