//! Every answer of tests/fixtures/answers is given the code, and the delay, that its provider's documentation means.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use tonny_egress::classify::{Refusal, classify, in_stream};
use tonny_egress::fault::{Fault, FaultCode, RetrySame};
use tonny_egress::provider::Providers;

#[derive(Deserialize)]
struct Sheet {
    answer: Vec<Answered>,
}

#[derive(Deserialize)]
struct Answered {
    what: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: String,
    code: u16,
    #[serde(default)]
    delay: Option<u64>,
}

impl Answered {
    fn headers(&self) -> HeaderMap {
        let pairs = self.headers.iter();
        pairs
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
            .collect()
    }

    fn classified(&self, provider: &str) -> Fault {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let (headers, body) = (self.headers(), self.body.as_bytes());
        classify(&Refusal { provider, status: self.status, headers: &headers, body, now })
    }
}

/// All answers with their provider.
fn answers() -> Vec<(String, Answered)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/answers");
    let mut all = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let provider = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let sheet: Sheet = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        all.extend(sheet.answer.into_iter().map(|answer| (provider.clone(), answer)));
    }
    all
}

#[test]
fn every_answer_has_its_code_and_its_delay() {
    let all = answers();
    assert!(all.len() >= 250, "only {} answers", all.len());
    let mut wrong = Vec::new();
    for (provider, answer) in &all {
        let fault = answer.classified(provider);
        let delay = fault.retry_after.map(|delay| delay.as_millis() as u64);
        if fault.code != FaultCode(answer.code) || delay != answer.delay {
            wrong.push(format!(
                "{provider}, {}: {} and {delay:?} ms instead of {} and {:?} ms",
                answer.what, fault.code.0, answer.code, answer.delay
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn every_provider_has_answers_for_the_cases_that_differ_most() {
    let all = answers();
    for provider in Providers::bundled().unwrap().iter() {
        let codes: Vec<u16> =
            all.iter().filter(|(id, _)| *id == provider.id).map(|(_, answer)| answer.code).collect();
        for code in [101, 131, 170, 174, 175] {
            // A llama-server has one model, whatever it is called.
            let has_none = (provider.id.as_str(), code) == ("llama-server", 175);
            assert!(has_none || codes.contains(&code), "{} has no {code}", provider.id);
        }
    }
}

#[test]
fn what_must_not_be_sent_again_is_never_taken_for_what_may() {
    for (provider, answer) in answers() {
        let expected = FaultCode(answer.code).rules().retry_same;
        let found = answer.classified(&provider).code.rules().retry_same;
        assert_eq!(found == RetrySame::No, expected == RetrySame::No, "{provider}, {}", answer.what);
    }
}

#[test]
fn an_unknown_status_with_an_unknown_body_goes_by_its_class() {
    for provider in Providers::bundled().unwrap().iter() {
        for status in 400..600 {
            let answer = Answered {
                what: String::new(),
                status,
                headers: BTreeMap::new(),
                body: "{\"x\":1}".to_owned(),
                code: 0,
                delay: None,
            };
            let code = answer.classified(&provider.id).code;
            let may_retry = code.rules().retry_same != RetrySame::No;
            let known = matches!(status, 407 | 429 | 498);
            assert!(!may_retry || known || status >= 500, "{} {status}: {code}", provider.id);
        }
    }
}

#[test]
fn everything_that_was_said_is_kept() {
    let answer = Answered {
        what: String::new(),
        status: 429,
        headers: BTreeMap::from([("x-request-id".to_owned(), "req_7".to_owned())]),
        body: "{\"error\":{\"message\":\"No. Key sk-proj-0123456789abcdefghij\",\"type\":\"insufficient_quota\"}}".to_owned(),
        code: 110,
        delay: None,
    };
    let fault = answer.classified("openai");
    assert_eq!(fault.provider, "openai");
    assert_eq!(fault.status, Some(429));
    assert_eq!(fault.request_id.as_deref(), Some("req_7"));
    assert_eq!(fault.kind.as_deref(), Some("insufficient_quota"));
    assert!(fault.body.contains("No. Key [redacted]"), "{}", fault.body);
}

#[test]
fn a_request_number_in_the_body_and_a_type_in_a_header_are_found() {
    let found = |provider: &str, code: u16| {
        let all = answers();
        let (_, answer) = all.into_iter().find(|(id, answer)| id == provider && answer.code == code).unwrap();
        answer.classified(provider)
    };
    assert_eq!(found("anthropic", 130).request_id.as_deref(), Some("req_011CSHoEeqs5C35K2UUqR7Fy"));
    assert_eq!(found("bedrock", 120).kind.as_deref(), Some("ThrottlingException"));
}

#[test]
fn inside_of_a_stream_what_is_unknown_stays_unknown() {
    let code = |body: &str| in_stream("openai", None, body).code;
    assert_eq!(code("{\"error\":{\"message\":\"odd\"}}"), FaultCode::STREAM_ERROR_FRAME);
    assert_eq!(code("{\"error\":{\"message\":\"odd\",\"code\":503}}"), FaultCode::OVERLOADED);
    assert_eq!(
        code("{\"error\":{\"message\":\"odd\",\"code\":\"invalid_api_key\"}}"),
        FaultCode::AUTH_INVALID
    );
    assert_eq!(in_stream("bedrock", Some("throttlingException"), "{}").code, FaultCode::RATE_REQUESTS);
}

#[test]
fn a_body_of_any_size_and_shape_is_survived() {
    let deep = format!("{}1{}", "{\"error\":".repeat(100), "}".repeat(100));
    let packed =
        (0..20).fold("\"x\"".to_owned(), |inner, _| format!("{{\"message\":{}}}", serde_json::json!(inner)));
    for body in
        [deep.into_bytes(), packed.into_bytes(), vec![b'['; 1 << 20], vec![0xff; 1 << 20], b"null".to_vec()]
    {
        let refusal = Refusal {
            provider: "openai",
            status: 500,
            headers: &HeaderMap::new(),
            body: &body,
            now: SystemTime::UNIX_EPOCH,
        };
        let fault = classify(&refusal);
        assert_eq!(fault.code, FaultCode::SERVER_ERROR);
        assert!(fault.body.chars().count() <= 2000);
    }
}
