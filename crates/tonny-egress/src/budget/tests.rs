//! Budgets at their edges, over midnight, under many attempts at once.

use std::sync::{Barrier, Mutex};

use proptest::prelude::*;

use super::*;

const TODAY: Day = Day { year: 2026, month: 1, day: 31 };
const TOMORROW: Day = Day { year: 2026, month: 2, day: 1 };
const ME: Purse<'_> = Purse { provider: "openai", session: "s1" };

fn pico(amount: u128) -> Cost {
    Cost::pico(amount)
}

fn hard(scope: Scope, period: Period, amount: u128) -> Budget {
    Budget { scope, period, amount: pico(amount), hard: true }
}

#[test]
fn a_budget_allows_what_it_names_and_nothing_more() {
    let mut budgets = Budgets::new(vec![hard(Scope::All, Period::Day, 100)]);
    let first = budgets.reserve(TODAY, ME, Some(pico(60))).unwrap();
    let refused = budgets.reserve(TODAY, ME, Some(pico(41))).unwrap_err();
    let budget = hard(Scope::All, Period::Day, 100);
    assert_eq!(refused, Refusal::Exceeded { budget, worst: pico(41), left: pico(40) });
    let second = budgets.reserve(TODAY, ME, Some(pico(40))).unwrap();
    budgets.settle(first, pico(10));
    drop(second);
    assert_eq!(budgets.used(&hard(Scope::All, Period::Day, 100), TODAY), pico(10));
    let third = budgets.reserve(TODAY, ME, Some(pico(90))).unwrap();
    assert_eq!(third.worst(), Some(pico(90)));
    assert!(budgets.reserve(TODAY, ME, Some(pico(1))).is_err());
}

#[test]
fn each_budget_counts_its_own() {
    let other = Purse { provider: "xai", session: "s2" };
    for (scope, period, spender, day, counts) in [
        (Scope::All, Period::Day, other, TODAY, true),
        (Scope::All, Period::Day, ME, TOMORROW, false),
        (Scope::All, Period::Month, ME, Day { day: 1, ..TODAY }, true),
        (Scope::All, Period::Month, ME, TOMORROW, false),
        (Scope::All, Period::Month, ME, Day { year: 2025, ..TODAY }, false),
        (Scope::Provider("openai".to_owned()), Period::Month, ME, TODAY, true),
        (Scope::Provider("openai".to_owned()), Period::Month, other, TODAY, false),
        (Scope::Session("s1".to_owned()), Period::Always, ME, TOMORROW, true),
        (Scope::Session("s1".to_owned()), Period::Always, other, TODAY, false),
    ] {
        let mut budgets = Budgets::new(vec![hard(scope.clone(), period, 100)]);
        budgets.book(day, spender, pico(100));
        assert_eq!(
            budgets.reserve(TODAY, ME, Some(pico(1))).is_err(),
            counts,
            "{scope:?} {period:?} {day:?}"
        );
    }
}

#[test]
fn what_is_settled_after_midnight_is_of_the_day_before() {
    let daily = hard(Scope::All, Period::Day, 100);
    let mut budgets = Budgets::new(vec![daily.clone()]);
    let late = budgets.reserve(TODAY, ME, Some(pico(80))).unwrap();
    let early = budgets.reserve(TOMORROW, ME, Some(pico(100))).unwrap();
    budgets.settle(late, pico(70));
    assert_eq!(budgets.used(&daily, TODAY), pico(70));
    assert_eq!(budgets.used(&daily, TOMORROW), pico(100));
    drop(early);
    assert_eq!(budgets.used(&daily, TOMORROW), Cost::ZERO);
    // A clock that goes back finds what was spent.
    assert!(budgets.reserve(TODAY, ME, Some(pico(31))).is_err());
}

#[test]
fn a_price_that_is_not_known_fits_into_no_hard_budget() {
    let soft = Budget { hard: false, ..hard(Scope::All, Period::Day, 100) };
    let mut budgets =
        Budgets::new(vec![soft.clone(), hard(Scope::Provider("xai".to_owned()), Period::Day, 100)]);
    let free = budgets.reserve(TODAY, ME, None).unwrap();
    assert_eq!((free.worst(), free.warnings()), (None, &[soft][..]));
    let refused = budgets.reserve(TODAY, Purse { provider: "xai", ..ME }, None).unwrap_err();
    assert!(matches!(refused, Refusal::UnknownPrice { .. }));
    assert!(refused.to_string().contains("set the price"), "{refused}");
    // Known to be free is another thing, even where nothing is left.
    budgets.book(TODAY, Purse { provider: "xai", ..ME }, pico(100));
    budgets.reserve(TODAY, Purse { provider: "xai", ..ME }, Some(Cost::ZERO)).unwrap();
}

#[test]
fn a_soft_budget_warns() {
    let soft = Budget { hard: false, ..hard(Scope::All, Period::Day, 100) };
    let mut budgets = Budgets::new(vec![soft.clone()]);
    assert_eq!(budgets.reserve(TODAY, ME, Some(pico(100))).unwrap().warnings(), []);
    assert_eq!(budgets.reserve(TODAY, ME, Some(pico(101))).unwrap().warnings(), [soft]);
}

#[test]
fn an_amount_beyond_all_numbers_is_refused() {
    let mut budgets = Budgets::new(vec![hard(Scope::All, Period::Day, u128::MAX - 1)]);
    budgets.book(TODAY, ME, pico(u128::MAX - 1));
    assert!(budgets.reserve(TODAY, ME, Some(pico(u128::MAX))).is_err());
}

/// 64 streams at once, each 200 attempts: the money that is spent never exceeds the budget, and all of it can be.
#[test]
fn streams_at_once_do_not_overshoot() {
    const STREAMS: u64 = 64;
    let daily = hard(Scope::All, Period::Day, 100_000);
    let budgets = Mutex::new(Budgets::new(vec![daily.clone(), hard(Scope::All, Period::Month, 90_000)]));
    let start = Barrier::new(usize::try_from(STREAMS).unwrap());
    let spent = Mutex::new(0_u128);
    std::thread::scope(|scope| {
        for stream in 0..STREAMS {
            let (budgets, start, spent) = (&budgets, &start, &spent);
            scope.spawn(move || {
                start.wait();
                for attempt in 0..200_u64 {
                    let worst = u128::from((stream * 31 + attempt * 17) % 97 + 1);
                    let reserved = budgets.lock().unwrap().reserve(TODAY, ME, Some(pico(worst)));
                    let Ok(reserved) = reserved else { continue };
                    std::thread::yield_now();
                    if attempt % 5 == 0 {
                        drop(reserved);
                        continue;
                    }
                    let actual = worst - worst / 3;
                    budgets.lock().unwrap().settle(reserved, pico(actual));
                    let mut spent = spent.lock().unwrap();
                    *spent += actual;
                    assert!(*spent <= 90_000, "overshot");
                }
            });
        }
    });
    let spent = *spent.lock().unwrap();
    assert_eq!(budgets.lock().unwrap().used(&daily, TODAY), pico(spent));
    assert!(spent > 89_000, "only {spent} of 90,000 could be spent");
}

#[derive(Clone, Debug)]
enum Step {
    Reserve { day: u8, provider: u8, worst: u128 },
    Settle { which: usize, part: u128 },
    Drop { which: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (28_u8..=34, 0_u8..2, 0_u128..60).prop_map(|(day, provider, worst)| Step::Reserve { day, provider, worst }),
        2 => (any::<usize>(), 0_u128..=100).prop_map(|(which, part)| Step::Settle { which, part }),
        1 => any::<usize>().prop_map(|which| Step::Drop { which }),
    ];
    prop::collection::vec(step, 0..120)
}

/// The last days of January, then February.
fn day(number: u8) -> Day {
    if number <= 31 { Day { day: number, ..TODAY } } else { Day { day: number - 31, ..TOMORROW } }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any order of steps, on days that go forth and back: what a plain list of everything spent adds up to never exceeds
    /// a hard budget, and a refusal is never without need.
    #[test]
    fn no_order_of_steps_overshoots(steps in steps()) {
        let names = ["openai", "xai"];
        let limits = [
            hard(Scope::All, Period::Day, 100),
            hard(Scope::All, Period::Month, 250),
            hard(Scope::Provider("xai".to_owned()), Period::Day, 50),
        ];
        let mut budgets = Budgets::new(limits.to_vec());
        let mut open: Vec<(Reservation, u8, usize, u128)> = Vec::new();
        let mut spent: Vec<(u8, usize, u128)> = Vec::new();
        for step in steps {
            match step {
                Step::Reserve { day: number, provider, worst } => {
                    let provider = usize::from(provider);
                    let purse = Purse { provider: names[provider], session: "s" };
                    let taken = |limit: &Budget| -> u128 {
                        let all = spent.iter().copied().chain(open.iter().map(|(_, d, p, w)| (*d, *p, *w)));
                        let counts = |(other, p, _): &(u8, usize, u128)| match limit.scope {
                            Scope::Provider(_) => *p == 1 && *other == number,
                            _ if limit.period == Period::Day => *other == number,
                            _ => (*other <= 31) == (number <= 31),
                        };
                        all.filter(counts).map(|(_, _, cost)| cost).sum()
                    };
                    let fits = limits.iter().filter(|limit| limit.scope == Scope::All || provider == 1)
                        .all(|limit| pico(taken(limit) + worst) <= limit.amount);
                    let reserved = budgets.reserve(day(number), purse, Some(pico(worst)));
                    prop_assert_eq!(reserved.is_ok(), fits);
                    open.extend(reserved.ok().map(|reserved| (reserved, number, provider, worst)));
                }
                Step::Settle { which, part } if !open.is_empty() => {
                    let (reserved, number, provider, worst) = open.swap_remove(which % open.len());
                    budgets.settle(reserved, pico(worst * part / 100));
                    spent.push((number, provider, worst * part / 100));
                }
                Step::Drop { which } if !open.is_empty() => drop(open.swap_remove(which % open.len())),
                _ => {}
            }
        }
    }
}
