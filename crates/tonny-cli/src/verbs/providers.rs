//! `tonny providers`: who can be asked now, a test of one, and a newer list of models.

use tonny_core::assistant::ProviderView;
use tonny_core::problem::Problem;

use super::ask::Alone;
use crate::arguments::Providers as Verb;
use crate::face::Face;

pub fn run(face: &Face, verb: Verb) -> Result<(), Problem> {
    face.block_on(async {
        let alone = Alone::start(face).await?;
        let outcome = match verb {
            Verb::List => {
                let views = alone.assistant.providers().await;
                face.show(&views, || views.iter().map(line).collect::<Vec<_>>().join("\n"))
            }
            Verb::Refresh => match alone.assistant.refresh_snapshot().await {
                Ok(models) => face.show(&serde_json::json!({ "models": models }), || match models {
                    Some(count) => format!("The list has {count} models now."),
                    None => "There is no newer list.".to_owned(),
                }),
                Err(problem) => Err(problem),
            },
            Verb::Test { name } => match alone.assistant.test_provider(&name).await {
                Ok(tested) => face.show(&tested, || match &tested.models {
                    Some(models) => format!("{name} answers; it lists {} models.", models.len()),
                    None => format!("{name} has no list of models; its key can be tried only by asking it."),
                }),
                Err(problem) => Err(problem),
            },
        };
        alone.stop().await;
        outcome
    })
}

fn line(view: &ProviderView) -> String {
    let state = match (&view.unavailable, view.is_local) {
        (Some(why), _) => why.clone(),
        (None, true) => "On this machine; it can be asked.".to_owned(),
        (None, false) => "It can be asked.".to_owned(),
    };
    let asked = match view.asked.as_ref().map(|last| (&last.at, &last.code)) {
        Some((at, None)) => format!(" Asked at {at}."),
        Some((at, Some(code))) => format!(" Asked at {at}: {code}."),
        None => String::new(),
    };
    format!("{:<18} {:<22} {state}{asked}", view.id, view.label)
}
