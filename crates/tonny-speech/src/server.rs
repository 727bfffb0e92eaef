//! The doors: `GET /health` and the upgrade on `GET /asr`.
//!
//! Owns: who is let in. A request with an Origin comes from a web page and is refused whatever it carries; `/asr` wants
//! the token of this launch. Must not know: audio.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, Request, State};
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use tonny_speech_protocol::Health;

use crate::connection;
use crate::engine::Engine;
use crate::model::Facts;
use crate::session::Surroundings;

/// The reference server's library takes no larger frame.
const LARGEST_FRAME: usize = 16 * 1024 * 1024;

/// What every request needs.
pub struct House {
    /// The token of this launch.
    pub token: String,
    /// Where a session names no language.
    pub language: String,
    /// The decoder.
    pub engine: Engine,
    /// The model.
    pub facts: Facts,
    /// Counts connections.
    pub connections: AtomicU64,
}

#[derive(Debug, Deserialize)]
struct Wishes {
    language: Option<String>,
    mode: Option<String>,
}

/// The routes.
pub fn router(house: Arc<House>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/asr", get(asr))
        .layer(middleware::from_fn(refuse_web_pages))
        .with_state(house)
}

async fn refuse_web_pages(request: Request, next: Next) -> Response {
    if request.headers().contains_key(ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

async fn health() -> Json<Health> {
    Json(Health { status: "ok".into(), backend: "transcribe-cpp".into(), ready: true })
}

async fn asr(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    Query(wishes): Query<Wishes>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    if !is_authorised(&headers, &house.token) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade.max_message_size(LARGEST_FRAME).max_frame_size(LARGEST_FRAME),
        Err(rejection) => return rejection.into_response(),
    };
    match session(&house, &wishes) {
        Ok(around) => upgrade.on_upgrade(|socket| connection::serve(socket, around)),
        Err(reason) => upgrade.on_upgrade(|socket| connection::refuse(socket, reason)),
    }
}

fn session(house: &House, wishes: &Wishes) -> Result<Surroundings, String> {
    if wishes.mode.as_deref().is_some_and(|mode| mode != "full") {
        return Err("only mode=full is supported".into());
    }
    let language =
        wishes.language.as_deref().filter(|language| !language.is_empty()).unwrap_or(&house.language);
    if !house.facts.accepts(language) {
        return Err("the model does not know this language".into());
    }
    Ok(Surroundings {
        id: house.connections.fetch_add(1, Ordering::Relaxed),
        engine: house.engine.clone(),
        language: house.facts.hint(language),
        limits: house.facts.windows.limits(),
    })
}

fn is_authorised(headers: &HeaderMap, token: &str) -> bool {
    let Some(value) = headers.get(AUTHORIZATION) else { return false };
    let Some((scheme, given)) = value.as_bytes().split_at_checked("Bearer ".len()) else { return false };
    scheme.eq_ignore_ascii_case(b"Bearer ") && is_same(given, token.as_bytes())
}

/// Compares without telling by its duration where the first difference is.
fn is_same(given: &[u8], expected: &[u8]) -> bool {
    let mut difference = usize::from(given.len() != expected.len());
    for (index, byte) in expected.iter().enumerate() {
        difference |= usize::from(given.get(index).copied().unwrap_or(0) ^ byte);
    }
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens() {
        let headers = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().expect("a header"));
            headers
        };
        assert!(is_authorised(&headers("Bearer abc"), "abc"));
        assert!(is_authorised(&headers("bearer abc"), "abc"));
        for wrong in ["Bearer abd", "Bearer ab", "Bearer abcd", "abc", "Basic abc", "Bearer ", "Bearer"] {
            assert!(!is_authorised(&headers(wrong), "abc"), "{wrong}");
        }
        assert!(!is_authorised(&HeaderMap::new(), "abc"));
    }
}
