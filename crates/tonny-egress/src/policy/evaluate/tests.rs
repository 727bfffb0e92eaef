//! Verdicts: every term, every way of a find, and that a failure is a refusal.

use std::sync::Arc;

use super::super::contract::UnknownPrice;
use super::super::find::pattern::Pattern;
use super::*;
use crate::chat::{Message, Part, Role};
use crate::fault::FaultCode;

fn cloud() -> Target {
    Target {
        provider: "openai".to_owned(),
        host: "api.openai.com".to_owned(),
        model: "gpt-4o".to_owned(),
        switched_on: true,
    }
}

fn here() -> Target {
    Target { provider: "llama-server".to_owned(), host: "127.0.0.1".to_owned(), ..cloud() }
}

fn says(text: &str) -> ChatRequest {
    ChatRequest { messages: vec![Message::text(Role::User, text)], ..ChatRequest::default() }
}

fn json(request: &ChatRequest) -> Vec<u8> {
    let texts = request.messages.iter().flat_map(|message| &message.parts).map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Image { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
    });
    serde_json::to_vec(&texts.collect::<Vec<_>>()).unwrap()
}

fn proposal<'a>(request: &'a ChatRequest, target: &'a Target) -> Proposal<'a> {
    Proposal {
        request,
        target,
        profile: "me",
        purpose: "assistant",
        input_tokens: 10,
        output_tokens: Some(10),
        worst_cost: Some(Cost::pico(1)),
        spent: Spent::default(),
    }
}

/// The default contract, changed.
fn policy(change: impl FnOnce(&mut Contract)) -> Policy {
    let mut policy = Policy::bundled().unwrap();
    change(&mut policy.contracts[0]);
    policy
}

fn evaluate(policy: &Policy, proposal: &Proposal<'_>) -> Decision {
    policy.evaluate(proposal, &json, &mut Placeholders::new(), None)
}

fn approved(decision: Decision) -> Approved<ChatRequest> {
    match decision {
        Decision::Approved(approved) => *approved,
        other => panic!("not approved: {other:?}"),
    }
}

fn denied(decision: Decision) -> (String, FaultCode) {
    match decision {
        Decision::Denied(denial) => (denial.rule().to_owned(), denial.code()),
        other => panic!("not denied: {other:?}"),
    }
}

fn question(decision: Decision) -> Question {
    match decision {
        Decision::Asked(question) => question,
        other => panic!("not asked: {other:?}"),
    }
}

fn set_action(contract: &mut Contract, name: &str, on_hit: OnHit) {
    let changed =
        |rule: &Rule| if rule.name == name { Rule { on_hit, ..rule.clone() } } else { rule.clone() };
    contract.scanner = Scanner::new(contract.scanner.rules().iter().map(changed).collect());
}

#[test]
fn what_is_approved_is_what_was_judged() {
    let (request, target) = (says("to ada@example.org"), cloud());
    let approved = approved(evaluate(&policy(|_| {}), &proposal(&request, &target)));
    assert_eq!(approved.body(), br#"["to [EMAIL_1]"]"#);
    assert_eq!(approved.request(), &says("to [EMAIL_1]"));
    assert!(approved.body_matches(br#"["to [EMAIL_1]"]"#));
    for other in [&b"[\"to [EMAIL_2]\"]"[..], b"", b"[\"to [EMAIL_1]\"] "] {
        assert!(!approved.body_matches(other));
    }
    assert!(approved.is_for("API.openai.com") && !approved.is_for("api.openai.com.example.org"));
    let receipt = approved.receipt();
    assert_eq!((receipt.bytes, receipt.finds, &receipt.rules[..]), (16, 1, &["email".to_owned()][..]));
    assert_eq!((receipt.contract.as_deref(), receipt.contract_version), (Some("default"), Some(1)));
    assert_eq!(receipt.worst_cost, Some(Cost::pico(1)));
    assert_eq!(receipt.body_sha256, sha256(approved.body()));
    assert_eq!(receipt.hash().len(), 64);
    let other = Receipt { bytes: 17, ..receipt.clone() };
    assert_ne!(receipt.hash(), other.hash());
    assert!(!format!("{approved:?}").contains("to [EMAIL"));
    assert_eq!(approved.take_body().0, br#"["to [EMAIL_1]"]"#);
}

#[test]
fn every_term_refuses_by_its_name() {
    type Change = fn(&mut Contract, &mut Target, &mut Proposal<'_>);
    let cases: &[(&str, u16, Change)] = &[
        ("local_only", 190, |contract, _, _| contract.local_only = true),
        ("switched_on", 190, |_, target, _| target.switched_on = false),
        ("providers", 190, |contract, _, _| contract.cloud.providers = vec!["anthropic".to_owned()]),
        ("models", 190, |contract, _, _| contract.cloud.models = vec!["gpt-5*".to_owned()]),
        ("hosts", 190, |contract, _, _| contract.cloud.hosts = vec!["*.example.org".to_owned()]),
        ("tokens.input", 190, |_, _, proposal| proposal.input_tokens = 200_001),
        ("tokens.output", 190, |_, _, proposal| proposal.output_tokens = Some(32_001)),
        ("tokens.output", 190, |_, _, proposal| proposal.output_tokens = None),
        ("cost.request", 193, |contract, _, _| contract.cost.request = Some(Cost::ZERO)),
        ("cost.day", 193, |contract, _, proposal| proposal.spent.day = contract.cost.day.unwrap()),
        ("cost.month", 193, |contract, _, proposal| proposal.spent.month = contract.cost.month.unwrap()),
        ("unknown_price", 193, |contract, _, proposal| {
            contract.cloud.unknown_price = UnknownPrice::Deny;
            proposal.worst_cost = None;
        }),
    ];
    let request = says("hello");
    for (rule, code, change) in cases {
        let (mut target, base) = (cloud(), cloud());
        let mut contract = policy(|_| {}).contracts.remove(0);
        let mut changed = proposal(&request, &base);
        change(&mut contract, &mut target, &mut changed);
        changed.target = &target;
        let policy = Policy::new(vec![contract]);
        assert_eq!(denied(evaluate(&policy, &changed)), ((*rule).to_owned(), FaultCode(*code)));
        // None of them is about this machine.
        approved(evaluate(&policy, &Proposal { target: &here(), ..changed }));
    }
}

#[test]
fn caps_allow_what_they_name() {
    let (request, target) = (says("hello"), cloud());
    let full = policy(|_| {}).contracts.remove(0);
    let at_cap = Proposal {
        input_tokens: full.tokens.input.unwrap(),
        output_tokens: full.tokens.output,
        worst_cost: full.cost.request,
        spent: Spent { day: "9".parse().unwrap(), month: "99".parse().unwrap() },
        ..proposal(&request, &target)
    };
    approved(evaluate(&policy(|_| {}), &at_cap));
}

#[test]
fn pictures_need_the_term_of_their_side() {
    let mut request = says("look");
    request.messages[0].parts.push(Part::Image { media_type: "image/png".to_owned(), bytes: Arc::new([1]) });
    let both = policy(|contract| {
        contract.cloud.attachments = false;
        contract.local.attachments = false;
    });
    for target in [cloud(), here()] {
        approved(evaluate(&policy(|_| {}), &proposal(&request, &target)));
        assert_eq!(denied(evaluate(&both, &proposal(&request, &target))).0, "attachments");
    }
}

#[test]
fn only_this_machine_needs_no_contract() {
    let request = says("ada@example.org");
    let none = Policy::new(Vec::new());
    for (host, is_here) in [
        ("127.0.0.1", true),
        ("127.9.9.9", true),
        ("::1", true),
        ("[::1]", true),
        ("LocalHost", true),
        ("localhost.example.org", false),
        ("127.0.0.1.example.org", false),
        ("192.168.1.2", false),
        ("0.0.0.0", false),
        ("", false),
    ] {
        let target = Target { host: host.to_owned(), ..here() };
        match evaluate(&none, &proposal(&request, &target)) {
            Decision::Approved(approved) => {
                assert!(is_here, "{host}");
                assert_eq!(approved.request(), &request);
                assert_eq!(approved.receipt().contract, None);
            }
            other => assert_eq!((denied(other).0.as_str(), is_here), ("contract", false), "{host}"),
        }
    }
}

#[test]
fn the_first_contract_that_applies_decides_alone() {
    let mut own = policy(|contract| contract.local_only = true).contracts.remove(0);
    own.profiles = vec!["child*".to_owned()];
    own.purposes = vec!["assistant".to_owned()];
    let both = Policy::new(vec![own, policy(|_| {}).contracts.remove(0)]);
    let (request, target) = (says("hello"), cloud());
    let of = |profile, purpose| Proposal { profile, purpose, ..proposal(&request, &target) };
    assert_eq!(denied(evaluate(&both, &of("child-1", "assistant"))).0, "local_only");
    approved(evaluate(&both, &of("child-1", "cleanup")));
    approved(evaluate(&both, &of("me", "assistant")));
}

#[test]
fn what_is_forwarded_is_not_here() {
    let target = Target { model: "big:cloud".to_owned(), switched_on: false, ..here() };
    let request = says("ada@example.org");
    assert_eq!(denied(evaluate(&policy(|_| {}), &proposal(&request, &target))).0, "switched_on");
    let on = Target { switched_on: true, ..target };
    assert_eq!(approved(evaluate(&policy(|_| {}), &proposal(&request, &on))).body(), b"[\"[EMAIL_1]\"]");
    let plain = approved(evaluate(&policy(|_| {}), &proposal(&request, &here())));
    assert_eq!(plain.body(), b"[\"ada@example.org\"]");
    let masked = policy(|contract| contract.local.redact = true);
    assert_eq!(approved(evaluate(&masked, &proposal(&request, &here()))).body(), b"[\"[EMAIL_1]\"]");
}

#[test]
fn a_blocked_find_stays_here() {
    let (request, target) = (says("+49 30 901820 ada@example.org"), cloud());
    let strict = policy(|contract| set_action(contract, "email", OnHit::Block));
    assert_eq!(denied(evaluate(&strict, &proposal(&request, &target))), ("email".to_owned(), FaultCode(190)));
}

#[test]
fn a_consent_is_for_one_question() {
    let asking = |version| {
        policy(|contract| {
            set_action(contract, "email", OnHit::Ask);
            contract.version = version;
        })
    };
    let (request, target) = (says("ada@example.org"), cloud());
    let first = proposal(&request, &target);
    let asked = question(evaluate(&asking(1), &first));
    assert_eq!((&asked.rules[..], asked.finds, asked.code()), (&["email".to_owned()][..], 1, FaultCode(191)));
    let consent = asked.agree();
    let with = |policy: &Policy, proposal: &Proposal<'_>| {
        policy.evaluate(proposal, &json, &mut Placeholders::new(), Some(&consent))
    };
    let sent = approved(with(&asking(1), &first));
    assert_eq!(sent.body(), b"[\"ada@example.org\"]");
    assert!(sent.receipt().consented);
    let other_words = says("ada@example.org, too");
    for other in [
        Proposal { request: &other_words, ..first },
        Proposal { target: &Target { provider: "xai".to_owned(), ..cloud() }, ..first },
        Proposal { target: &Target { host: "api.example.org".to_owned(), ..cloud() }, ..first },
        Proposal { target: &Target { model: "gpt-4".to_owned(), ..cloud() }, ..first },
        Proposal { profile: "you", ..first },
        Proposal { purpose: "cleanup", ..first },
    ] {
        question(with(&asking(1), &other));
    }
    question(with(&asking(2), &first));
}

#[test]
fn a_price_may_be_asked_about() {
    let asking = policy(|contract| contract.cloud.unknown_price = UnknownPrice::Ask);
    let (request, target) = (says("hello"), cloud());
    let unknown = Proposal { worst_cost: None, ..proposal(&request, &target) };
    let asked = question(evaluate(&asking, &unknown));
    assert_eq!(asked.rules, ["unknown_price"]);
    let sent = approved(asking.evaluate(&unknown, &json, &mut Placeholders::new(), Some(&asked.agree())));
    assert_eq!(sent.receipt().worst_cost, None);
    approved(evaluate(&policy(|_| {}), &unknown));
}

#[test]
fn a_key_that_cannot_be_masked_stays_here() {
    let key = "sk-ant-api03-abcdefgh0123456789abcdefgh";
    let wrapped = says(&key.replace('-', "%2d"));
    let mut picture = says("look");
    let bytes = key.as_bytes().into();
    picture.messages[0].parts.push(Part::Image { media_type: "image/png".to_owned(), bytes });
    let two = |first: Role, second: Role| ChatRequest {
        messages: vec![
            Message::text(first, format!("it begins {}", &key[..10])),
            Message::text(Role::Assistant, if second == Role::User { "go on" } else { "" }),
            Message::text(Role::User, &key[10..]),
        ],
        ..ChatRequest::default()
    };
    for request in [wrapped, picture, two(Role::User, Role::User), two(Role::Assistant, Role::Assistant)] {
        let target = cloud();
        let verdict = evaluate(&policy(|_| {}), &proposal(&request, &target));
        assert_eq!(denied(verdict), ("api_key".to_owned(), FaultCode(190)), "{request:?}");
        let asking = policy(|contract| set_action(contract, "api_key", OnHit::Ask));
        assert_eq!(question(evaluate(&asking, &proposal(&request, &target))).rules, ["api_key"]);
    }
}

#[test]
fn a_body_that_says_more_than_the_request_is_seen() {
    let (request, target) = (says("hello"), cloud());
    let leaky = |_: &ChatRequest| br#"{"key":"sk-ant-api03-abcdefgh0123456789abcdefgh"}"#.to_vec();
    let verdict =
        policy(|_| {}).evaluate(&proposal(&request, &target), &leaky, &mut Placeholders::new(), None);
    assert_eq!(denied(verdict).0, "api_key");
}

#[test]
fn a_failure_is_a_refusal() {
    let (request, target) = (says("hello"), cloud());
    let broken = |_: &ChatRequest| -> Vec<u8> { panic!("the body's writer is broken") };
    let verdict =
        policy(|_| {}).evaluate(&proposal(&request, &target), &broken, &mut Placeholders::new(), None);
    assert_eq!(denied(verdict), ("evaluation".to_owned(), FaultCode(192)));
}

#[test]
fn own_patterns_take_part() {
    let rule = |name: &str, pattern: &str| Rule {
        name: name.to_owned(),
        label: name.to_uppercase(),
        finder: Finder::Pattern(Box::new(Pattern::new(pattern).unwrap())),
        on_hit: OnHit::Mask,
    };
    let own = policy(|contract| {
        contract.scanner = Scanner::new(Arc::new([rule("customer", r"\bC-\d{6}\b"), rule("all", r"(?s).+")]))
    });
    let (request, target) = (says("for C-123456 é"), cloud());
    let sent = approved(evaluate(&own, &proposal(&request, &target)));
    assert_eq!(sent.body(), b"[\"[ALL_1]\"]");
}
