//! Contracts that load, and contracts that do not, each with what its error says.

use super::*;

const ALLOW: &str = "[[example]]\nname = \"words\"\ntext = \"Hello\"\nexpect = \"allow\"\n";

fn contract(parts: &str) -> Result<Contract, ContractError> {
    Contract::load(&format!("name = \"own\"\nversion = 3\n{parts}\n{ALLOW}"))
}

/// A rule, and an example of what it does to `text`.
fn with_example(rule: &str, text: &str, expect: &str) -> Result<Contract, ContractError> {
    contract(&format!("{rule}\n[[example]]\nname = \"mine\"\ntext = '{text}'\n{expect}\n"))
}

#[test]
fn the_bundled_contract_loads() {
    let policy = super::super::Policy::bundled().unwrap();
    let default = policy.contract_for("anybody", "anything").unwrap();
    assert_eq!((&*default.name, default.version), ("default", 1));
    assert_eq!(default.cost.day, Some("10".parse().unwrap()));
    assert_eq!(default.answer_rules.iter().map(|rule| &*rule.name).collect::<Vec<_>>(), ["api_key"]);
}

#[test]
fn what_is_wrong_is_named() {
    let rule = |rest: &str| format!("[[redact]]\non_hit = \"mask\"\n{rest}");
    for (parts, wanted) in [
        ("locl_only = true".to_owned(), "unknown field `locl_only`"),
        ("[cloud]\nmodel = [\"*\"]".to_owned(), "unknown field `model`"),
        ("[cost]\nday = 0.5".to_owned(), "invalid type: floating point"),
        ("[cost]\nday = \"0,5\"".to_owned(), "`0,5` is no amount of dollars"),
        ("[tokens]\ninput = -1".to_owned(), "invalid value"),
        (rule("kind = \"mail\""), "unknown variant `mail`"),
        (rule("kind = \"email\"\nwords = [\"a\"]"), "the rule email needs its kind and nothing else"),
        (rule("kind = \"words\"\nname = \"w\""), "the rule w needs words and nothing else"),
        (rule("kind = \"words\"\nname = \"w\"\nwords = [\" \"]"), "the rule w needs words and nothing else"),
        (rule("kind = \"words\"\nwords = [\"a\"]"), "the rule name `` is taken, missing"),
        (rule("kind = \"words\"\nname = \"text\"\nwords = [\"a\"]"), "the rule name `text` is taken"),
        (rule("kind = \"words\"\nname = \"A b\"\nwords = [\"a\"]"), "the rule name `A b` is taken"),
        (rule("kind = \"pattern\"\nname = \"p\""), "the rule p needs a pattern and nothing else"),
        (
            rule("kind = \"pattern\"\nname = \"p\"\npattern = \"(\""),
            "the pattern of the rule p cannot be used",
        ),
        (rule("kind = \"pattern\"\nname = \"p\"\npattern = \"a*\""), "it would find nothing, everywhere"),
        (
            format!("{}\n{}", rule("kind = \"email\""), rule("kind = \"email\"")),
            "the rule name `email` is taken",
        ),
        (rule("kind = \"iban\"\n").repeat(MOST_RULES + 1), "at most 63 rules"),
        (rule("kind = \"iban\"").replace("mask", "masc"), "unknown variant `masc`"),
    ] {
        let error = contract(&parts).unwrap_err().to_string();
        assert!(error.contains(wanted), "{parts}\ngave: {error}");
    }
}

#[test]
fn a_contract_has_a_name_and_examples() {
    let error = |text: &str| Contract::load(text).unwrap_err().to_string();
    assert!(error("name = \" \"\nversion = 1").contains("no name"));
    assert!(error("name = \"own\"\nversion = 1").contains("has no examples"));
    assert!(error("version = 1").contains("missing field `name`"));
    let named = |bytes: usize| error(&format!("name = \"{}\"\nversion = 1", "n".repeat(bytes)));
    assert_eq!(named(201), "the contract's name has 201 bytes; 200 are the most");
    assert!(named(200).contains("has no examples"));
    assert!(error("name = ").contains("cannot be read"));
}

#[test]
fn an_example_that_comes_out_otherwise_is_told_whole() {
    let mask = "[[redact]]\nkind = \"email\"\non_hit = \"mask\"";
    for (rule, text, expect, wanted) in [
        (
            mask,
            "to a@b.org",
            "expect = \"allow\"",
            "the example `mine` of the contract own expects that `to a@b.org` is sent, but what comes is that `to [EMAIL_1]` is sent",
        ),
        (
            mask,
            "to a@b.org",
            "expect = \"deny\"\nrule = \"email\"",
            "expects a refusal (email), but what comes is that `to [EMAIL_1]` is sent",
        ),
        (
            mask,
            "nobody",
            "expect = \"redact\"\nbecomes = \"[EMAIL_1]\"",
            "expects that `[EMAIL_1]` is sent, but what comes is that `nobody` is sent",
        ),
        (
            "[[redact]]\nkind = \"email\"\non_hit = \"block\"",
            "a@b.org",
            "expect = \"deny\"\nrule = \"phone\"",
            "expects a refusal (phone), but what comes is a refusal (email)",
        ),
        (
            "[[redact]]\nkind = \"email\"\non_hit = \"ask\"",
            "a@b.org",
            "expect = \"allow\"",
            "expects that `a@b.org` is sent, but what comes is a question (email)",
        ),
    ] {
        let error = with_example(rule, text, expect).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn rules_do_what_their_examples_say() {
    for (rule, text, expect) in [
        (
            "[[redact]]\nkind = \"words\"\nname = \"project\"\nwords = [\"Bluebird\"]\non_hit = \"mask\"",
            "about BLUEBIRD",
            "expect = \"redact\"\nbecomes = \"about [PROJECT_1]\"",
        ),
        (
            "[[redact]]\nkind = \"pattern\"\nname = \"customer\"\npattern = '\\bC-\\d+\\b'\non_hit = \"ask\"",
            "for C-12",
            "expect = \"ask\"\nrule = \"customer\"",
        ),
        (
            "[cloud]\nunknown_price = \"ask\"",
            "x",
            "price_unknown = true\nexpect = \"ask\"\nrule = \"unknown_price\"",
        ),
        ("[cloud]\nhosts = [\"*.org\"]", "x", "host = \"a.net\"\nexpect = \"deny\"\nrule = \"hosts\""),
        ("[cloud]", "x", "attachment = true\nexpect = \"deny\"\nrule = \"attachments\""),
    ] {
        with_example(rule, text, expect).unwrap();
    }
    let local_only =
        format!("name = \"own\"\nversion = 1\nlocal_only = true\n{}", ALLOW.replace("allow", "deny"));
    Contract::load(&format!("{local_only}rule = \"local_only\"")).unwrap();
}
