//! Lists that are taken and lists that are not; and ten thousand that were damaged on their way.

use proptest::prelude::*;

use super::*;
use crate::cost::Tier;

fn rates(dollars: &str) -> Rates {
    let rate = dollars.parse().unwrap();
    Rates {
        input: rate,
        output: rate,
        cache_read: None,
        cache_write_5m: None,
        cache_write_1h: None,
        reasoning: None,
    }
}

fn record(id: usize) -> Record {
    Record {
        provider: "openai".to_owned(),
        id: format!("model-{id}"),
        window: Some(1000),
        price: Some(Price { rates: rates("1"), tiers: Vec::new() }),
        ..Record::default()
    }
}

fn list(count: usize) -> Snapshot {
    let as_of = Day { year: 2026, month: 6, day: 15 };
    Snapshot { version: VERSION, as_of, models: (0..count).map(record).collect() }
}

fn judged(change: impl FnOnce(&mut Snapshot)) -> Result<Snapshot, Refusal> {
    let mut new = list(100);
    change(&mut new);
    judge(&list(100), &serde_json::to_vec(&new).unwrap(), &Confirmed::new())
}

type Change = fn(&mut Snapshot);

fn set_price(new: &mut Snapshot, dollars: &str) {
    new.models[5].price = Some(Price { rates: rates(dollars), tiers: Vec::new() });
}

fn set_tier(new: &mut Snapshot, dollars: &str) {
    let tiers = vec![Tier { above: 100, rates: rates(dollars) }];
    new.models[5].price = Some(Price { rates: rates("1"), tiers });
}

#[test]
fn honest_changes_are_taken() {
    let changes: &[Change] = &[
        |_| {},
        |new| new.models.truncate(80),
        |new| new.models.push(record(100)),
        |new| set_price(new, "10"),
        |new| set_price(new, "0.1"),
        |new| set_tier(new, "2"),
        |new| new.models[5].price = None,
        |new| new.as_of.year += 1,
        |new| new.models[5].aliases = vec!["other".to_owned()],
    ];
    for change in changes {
        let mut wanted = list(100);
        change(&mut wanted);
        assert_eq!(judged(change).unwrap(), wanted);
    }
}

#[test]
fn what_cannot_be_true_is_refused_by_name() {
    let changes: &[(&str, Change)] = &[
        ("has 79 models", |new| new.models.truncate(79)),
        ("changed from 1 to 10.000001 dollars", |new| set_price(new, "10.000001")),
        ("changed from 1 to 0.09 dollars", |new| set_price(new, "0.09")),
        ("changed from 1 to 0 dollars", |new| set_price(new, "0")),
        ("changed from 1 to 11 dollars", |new| set_tier(new, "11")),
        ("older than the one in use", |new| new.as_of.day = 14),
        ("has the form 2", |new| new.version = 2),
        ("name model-4 of openai is given twice", |new| new.models[5].id = "model-4".to_owned()),
        ("name model-7 of openai is given twice", |new| new.models[5].aliases = vec!["model-7".to_owned()]),
        ("the model  of openai", |new| new.models[5].id = String::new()),
        ("cannot be true", |new| new.models[5].id = "a\nb".to_owned()),
        ("cannot be true", |new| new.models[5].id = "x".repeat(LONGEST_NAME + 1)),
        ("cannot be true", |new| new.models[5].provider = "öpenai".to_owned()),
        ("cannot be true", |new| new.models[5].aliases = vec![String::new()]),
        ("cannot be true", |new| new.models[5].window = Some(0)),
        ("cannot be true", |new| new.models[5].longest_answer = Some(LARGEST_WINDOW + 1)),
        ("cannot be true", |new| set_price(new, "100000.01")),
        ("cannot be true", |new| set_tier(new, "100000.01")),
        ("20001 models", |new| new.models = (0..=MOST_MODELS).map(record).collect()),
    ];
    for (wanted, change) in changes {
        let error = judged(change).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error} is not {wanted}");
    }
    let bytes = vec![b' '; MOST_BYTES + 1];
    let refusal = judge(&list(1), &bytes, &Confirmed::new()).unwrap_err();
    assert!(matches!(refusal, Refusal::TooLarge { .. }));
}

#[test]
fn a_confirmed_price_is_taken_and_no_other() {
    let mut new = list(100);
    set_price(&mut new, "50");
    let bytes = serde_json::to_vec(&new).unwrap();
    let confirmed = |id: &str| Confirmed::from([("openai".to_owned(), id.to_owned())]);
    assert!(judge(&list(100), &bytes, &confirmed("model-4")).is_err());
    assert_eq!(judge(&list(100), &bytes, &confirmed("model-5")).unwrap(), new);
}

#[test]
fn a_price_that_was_not_known_may_be_anything() {
    let mut good = list(100);
    good.models[5].price = None;
    let mut new = list(100);
    set_price(&mut new, "99");
    assert!(judge(&good, &serde_json::to_vec(&new).unwrap(), &Confirmed::new()).is_ok());
}

/// One kind of damage.
#[derive(Clone, Debug)]
enum Damage {
    Cut(usize),
    Flip(usize, u8),
    Double(usize, usize),
    Remove(usize, usize),
    Drop(usize),
    Scale(usize, u32),
    Noise(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (any::<usize>(), 0_usize..200).prop_map(|(at, length)| Damage::Double(at, length)),
        (any::<usize>(), 0_usize..200).prop_map(|(at, length)| Damage::Remove(at, length)),
        (0_usize..40).prop_map(Damage::Drop),
        (any::<usize>(), 0_u32..40).prop_map(|(which, factor)| Damage::Scale(which, factor)),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Damage::Noise),
    ]
}

fn damaged(good: &Snapshot, damage: Damage) -> Vec<u8> {
    let mut list = good.clone();
    if let Damage::Drop(count) = damage {
        list.models.truncate(list.models.len().saturating_sub(count));
    } else if let Damage::Scale(which, factor) = damage {
        let which = which % list.models.len();
        let rate = Cost::pico(1_000_000_000_000 / 4 * u128::from(factor));
        list.models[which].price =
            Some(Price { rates: Rates { input: rate, ..rates("1") }, tiers: Vec::new() });
    }
    let mut bytes = serde_json::to_vec(&list).unwrap();
    let place = |at: usize| at % bytes.len();
    match damage {
        Damage::Cut(at) => bytes.truncate(place(at)),
        Damage::Flip(at, byte) => {
            let at = place(at);
            bytes[at] = byte;
        }
        Damage::Double(at, length) => {
            let at = place(at);
            let copy = bytes[at..(at + length).min(bytes.len())].to_vec();
            bytes.splice(at..at, copy);
        }
        Damage::Remove(at, length) => {
            let at = place(at);
            bytes.drain(at..(at + length).min(bytes.len()));
        }
        Damage::Noise(noise) => bytes = noise,
        Damage::Drop(_) | Damage::Scale(..) => {}
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever arrives: no panic, and what is taken keeps the promises that budgets stand on.
    #[test]
    fn damage_never_gets_through(damage in damage()) {
        let good = list(25);
        let bytes = damaged(&good, damage);
        if let Ok(taken) = judge(&good, &bytes, &Confirmed::new()) {
            prop_assert!(taken.models.len() * 100 >= good.models.len() * LEFT);
            for before in &good.models {
                let now = taken.models.iter().find(|now| (&now.provider, &now.id) == (&before.provider, &before.id));
                let prices = now.and_then(|now| now.price.as_ref()).zip(before.price.as_ref());
                if let Some((now, before)) = prices {
                    let (now, before) = (now.rates.input.as_pico(), before.rates.input.as_pico());
                    prop_assert!(now <= before * 10 && before <= now * 10, "{} became {}", before, now);
                }
            }
            prop_assert!(taken.models.iter().all(can_be_true));
        }
    }
}
