//! What a spec may not say, each refusal by the name of its field; and how well a worker is, as a table.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::{Duration, Instant};
use tonny_supervisor::{
    At, Breaker, Health, How, Phase, Probe, ReadyBy, Requests, Slow, Spec, TokenBy, Why,
    health::{Facts, judge},
};

const SECOND: Duration = Duration::from_secs(1);

fn good() -> Spec {
    Spec::new("w", std::env::current_exe().unwrap())
}

fn asks(path: &str, at: At) -> Probe {
    Probe { how: How::Http { path: path.to_owned(), token: false }, at, timeout: SECOND }
}

fn refusal(change: impl FnOnce(&mut Spec)) -> String {
    let mut spec = good();
    change(&mut spec);
    spec.check().unwrap_err().to_string()
}

#[test]
fn the_defaults_are_the_wish_list_and_pass() {
    let spec = good();
    assert_eq!(spec.check(), Ok(()));
    assert_eq!((spec.breaker.failures, spec.breaker.open, spec.breaker.successes), (3, 30 * SECOND, 2));
    assert_eq!((spec.restart.budget, spec.restart.span), (3, 300 * SECOND));
    assert_eq!((spec.restart.backoff, spec.restart.backoff_max), (SECOND, 60 * SECOND));
    assert_eq!((spec.stop_grace, spec.ready_deadline), (5 * SECOND, 60 * SECOND));
    let delays: Vec<u64> = [0, 1, 2, 5, 6, 7, 40].map(|spent| spec.restart.delay(spent).as_secs()).to_vec();
    assert_eq!(delays, [1, 2, 4, 32, 60, 60, 60]);
    let probes: Vec<u64> =
        [0, 1, 9, 10, 11].map(|failed| spec.restart.probe_delay(failed).as_secs()).to_vec();
    assert_eq!(probes, [30, 60, 60, 600, 600]);
}

#[test]
fn every_refusal_names_its_field() {
    type Change = fn(&mut Spec);
    let table: [(&str, Change); 42] = [
        ("name", |spec| spec.name = "  ".to_owned()),
        ("program", |spec| spec.program = "".into()),
        ("program", |spec| spec.program = "a\0b".into()),
        ("program", |spec| spec.program = "./no-such-program".into()),
        ("args", |spec| spec.args = vec!["a\0b".into()]),
        ("env", |spec| spec.env = vec![("FAKE".to_owned(), "1".to_owned())]),
        ("env", |spec| spec.env = vec![("1FAKE".to_owned(), "1".to_owned())]),
        ("env", |spec| spec.env = vec![(String::new(), "1".to_owned())]),
        ("env", |spec| {
            spec.allowed_env = vec!["*".to_owned(), "FAK*".to_owned()];
            spec.env = vec![("FAKE".to_owned(), "1".to_owned())];
        }),
        ("env", |spec| {
            spec.allowed_env = vec!["FAKE_*".to_owned()];
            spec.env = vec![("FAKE_ONE".to_owned(), "\0".to_owned())];
        }),
        ("env", |spec| {
            spec.allowed_env = vec!["FAKE_*".to_owned()];
            spec.env = vec![("FAKE_ONE".to_owned(), "1".to_owned())];
            spec.secret = TokenBy::Environment("FAKE_ONE".to_owned());
        }),
        ("secret", |spec| spec.secret = TokenBy::Environment("A=B".to_owned())),
        ("ready_deadline", |spec| spec.ready_deadline = Duration::ZERO),
        ("stall_limit", |spec| spec.stall_limit = Duration::ZERO),
        ("stop_grace", |spec| spec.stop_grace = Duration::ZERO),
        ("ask_again", |spec| spec.ask_again = Some(Duration::ZERO)),
        ("ask_again", |spec| spec.ask_again = Some(spec.stop_grace)),
        ("probe_every", |spec| spec.probe_every = Duration::ZERO),
        ("misses", |spec| spec.misses = 0),
        ("memory_ceiling", |spec| spec.memory_ceiling = Some((16 << 20) - 1)),
        ("ready.marker", |spec| spec.ready = ReadyBy::LogLine { marker: " ".to_owned() }),
        ("ready", |spec| spec.ready = ReadyBy::Probe),
        ("health.at", |spec| {
            spec.ready = ReadyBy::Probe;
            spec.health = vec![asks("/", At::Told)];
        }),
        ("health.at", |spec| spec.health = vec![asks("/", At::Tcp("192.0.2.1:80".parse().unwrap()))]),
        ("health.path", |spec| spec.health = vec![asks("health", At::Told)]),
        ("health.path", |spec| spec.health = vec![asks("/a b", At::Told)]),
        ("health.timeout", |spec| {
            spec.health = vec![Probe { timeout: Duration::ZERO, ..asks("/", At::Told) }]
        }),
        ("health.timeout", |spec| spec.health = vec![Probe { timeout: 2 * SECOND, ..asks("/", At::Told) }]),
        ("restart.span", |spec| spec.restart.span = Duration::ZERO),
        ("restart.budget", |spec| spec.restart.budget = 0),
        ("restart.budget", |spec| spec.restart.span = 7 * SECOND),
        ("restart.patience", |spec| spec.restart.patience = 0),
        ("restart.backoff", |spec| spec.restart.backoff = 61 * SECOND),
        ("restart.backoff_max", |spec| spec.restart.first_probe = 61 * SECOND),
        ("restart.backoff_max", |spec| spec.restart.rare_probe = 59 * SECOND),
        ("restart.jitter", |spec| spec.restart.jitter = 1.1),
        ("restart.jitter", |spec| spec.restart.jitter = f64::NAN),
        ("restart.forgiven", |spec| spec.restart.forgiven = 10 * SECOND),
        ("restart.unstable_after", |spec| spec.restart.unstable_after = 0),
        ("restart.unstable_after", |spec| spec.restart.unstable_span = 97 * SECOND),
        ("breaker.successes", |spec| spec.breaker.successes = 0),
        ("breaker.failures", |spec| spec.breaker.failures = 0),
    ];
    for (number, (field, change)) in table.into_iter().enumerate() {
        let said = refusal(change);
        assert!(said.starts_with(field), "{number}: {said} does not name {field}");
    }
    for (field, slow) in [
        ("breaker.slow", Slow { after: Duration::ZERO, calls: 1, of: 1 }),
        ("breaker.slow", Slow { after: SECOND, calls: 0, of: 1 }),
        ("breaker.slow", Slow { after: SECOND, calls: 2, of: 1 }),
    ] {
        assert!(refusal(|spec| spec.breaker.slow = Some(slow)).starts_with(field));
    }
    assert!(refusal(|spec| spec.breaker.open = Duration::ZERO).starts_with("breaker.open"));
    assert!(
        refusal(|spec| spec.breaker.probe_deadline = Duration::ZERO).starts_with("breaker.probe_deadline")
    );
    assert!(refusal(|spec| spec.breaker.probe_deadline = 31 * SECOND).starts_with("breaker.probe_deadline"));
}

#[test]
fn an_idle_hang_is_found_within_six_seconds_where_anything_is_asked() {
    let mut spec = good();
    assert_eq!(spec.finds_idle_hang_within(), None);
    let quick = Probe { timeout: SECOND / 2, ..asks("/", At::Told) };
    spec.health = vec![Probe { timeout: Probe::TIMEOUT, ..asks("/", At::Told) }, quick];
    assert_eq!(spec.finds_idle_hang_within(), Some(SECOND * 11 / 2));
}

#[test]
fn limits_at_their_edge_pass() {
    let mut spec = good();
    spec.allowed_env = vec!["FAKE_*".to_owned(), "ONE".to_owned()];
    spec.env = vec![("FAKE_ONE".to_owned(), "1".to_owned()), ("ONE".to_owned(), String::new())];
    spec.secret = TokenBy::Environment("FAKE_KEY".to_owned());
    spec.memory_ceiling = Some(16 << 20);
    spec.ask_again = Some(spec.stop_grace - Duration::from_millis(1));
    spec.health = vec![Probe { timeout: spec.probe_every, ..asks("/health?x=1", At::Told) }];
    spec.restart.jitter = 1.0;
    spec.restart.backoff = 60 * SECOND;
    spec.restart.first_probe = 60 * SECOND;
    spec.restart.rare_probe = 60 * SECOND;
    // 60 s before each of three restarts.
    spec.restart.span = 181 * SECOND;
    spec.restart.unstable_after = 5;
    spec.restart.unstable_span = 241 * SECOND;
    spec.breaker.slow = Some(Slow { after: SECOND, calls: 2, of: 2 });
    assert_eq!(spec.check(), Ok(()));
    spec.restart.span = 180 * SECOND;
    assert!(spec.check().is_err());
    spec.restart.span = 181 * SECOND;
    spec.restart.unstable_span = 240 * SECOND;
    assert!(spec.check().is_err());
}

#[test]
fn health_is_the_worst_that_can_be_said() {
    let now = Instant::now();
    let facts = Facts {
        phase: &Phase::Ready,
        breaker: Breaker::Closed,
        requests: Requests::Closed,
        missed_probes: 0,
        unstable: false,
        memory: None,
    };
    let of = |phase: &Phase| judge(&Facts { phase, ..facts.clone() });
    assert_eq!(of(&Phase::Ready), Health::Healthy);
    assert_eq!(of(&Phase::Busy), Health::Healthy);
    assert_eq!(of(&Phase::Starting), Health::Degraded(Why::Starting));
    assert_eq!(of(&Phase::Stopped), Health::Unhealthy(Why::Stopped));
    assert_eq!(of(&Phase::Draining), Health::Unhealthy(Why::Ending));
    assert_eq!(of(&Phase::Backoff { until: now }), Health::Unhealthy(Why::Crashed));
    assert_eq!(of(&Phase::CrashLoop { until: now }), Health::Unhealthy(Why::CrashLoop));
    assert_eq!(of(&Phase::Failed { reason: String::new() }), Health::Unhealthy(Why::Failed));
    let unstable = Facts { unstable: true, ..facts.clone() };
    assert_eq!(judge(&unstable), Health::Degraded(Why::Unstable));
    let memory = |used, ceiling| judge(&Facts { memory: Some((used, ceiling)), ..unstable.clone() });
    assert_eq!(memory(900, 1000), Health::Degraded(Why::MemoryHigh));
    assert_eq!(memory(899, 1000), Health::Degraded(Why::Unstable));
    assert_eq!(memory(u64::MAX, u64::MAX), Health::Degraded(Why::MemoryHigh), "no overflow");
    let probation = Facts { breaker: Breaker::HalfOpen, memory: Some((1000, 1000)), ..unstable };
    assert_eq!(judge(&probation), Health::Degraded(Why::OnProbation));
    let half = Facts { requests: Requests::HalfOpen, ..facts.clone() };
    assert_eq!(judge(&half), Health::Degraded(Why::OnProbation));
    let silent = Facts { missed_probes: 1, ..probation };
    assert_eq!(judge(&silent), Health::Degraded(Why::Silent));
    assert_eq!(judge(&Facts { requests: Requests::Held, ..silent.clone() }), Health::Unhealthy(Why::Held));
    let open = Facts { requests: Requests::Open { retry_at: now }, ..silent };
    assert_eq!(judge(&open), Health::Unhealthy(Why::RequestsFail));
    assert_eq!((Health::Healthy.why(), Health::Healthy.as_str()), (None, "healthy"));
    assert_eq!((judge(&open).why(), judge(&open).as_str()), (Some(Why::RequestsFail), "unhealthy"));
    assert_eq!((judge(&half).as_str(), Why::OnProbation.to_string().contains("back")), ("degraded", true));
}
