//! Amounts as they are written, and costs against sums done by hand.

use proptest::prelude::*;

use super::*;

fn dollars(text: &str) -> Cost {
    text.parse().unwrap()
}

fn rates(input: &str, output: &str) -> Rates {
    Rates {
        input: dollars(input),
        output: dollars(output),
        cache_read: None,
        cache_write_5m: None,
        cache_write_1h: None,
        reasoning: None,
    }
}

/// A price with everything in it.
fn full() -> Price {
    let low = Rates {
        cache_read: Some(dollars("0.30")),
        cache_write_5m: Some(dollars("3.75")),
        cache_write_1h: Some(dollars("6")),
        reasoning: Some(dollars("20")),
        ..rates("3", "15")
    };
    Price { rates: low, tiers: vec![Tier { above: 200_000, rates: rates("6", "22.50") }] }
}

#[test]
fn amounts_are_read_and_written_exactly() {
    for (text, pico, again) in [
        ("0", 0, "0"),
        ("1", PER_DOLLAR, "1"),
        ("0.25", PER_DOLLAR / 4, "0.25"),
        ("10.50", 10 * PER_DOLLAR + PER_DOLLAR / 2, "10.5"),
        ("0.000000000001", 1, "0.000000000001"),
        ("007.0", 7 * PER_DOLLAR, "7"),
    ] {
        assert_eq!(dollars(text).as_pico(), pico, "{text}");
        assert_eq!(dollars(text).to_string(), again);
    }
}

#[test]
fn what_is_no_amount_is_refused() {
    let long = "9".repeat(60);
    for text in
        ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "$1", "0.0000000000001", "NaN", "١", &long]
    {
        assert!(text.parse::<Cost>().is_err(), "{text}");
    }
}

#[test]
fn each_class_has_its_rate() {
    let price = full();
    let usage = |input, cache_read, cache_write, output, reasoning| Usage {
        input,
        cache_read,
        cache_write,
        output,
        reasoning,
    };
    for (usage, life, wanted) in [
        (usage(1_000_000, 0, 0, 0, 0), CacheLife::FiveMinutes, "6"),
        (usage(100_000, 0, 0, 0, 0), CacheLife::FiveMinutes, "0.3"),
        (usage(0, 100_000, 0, 0, 0), CacheLife::FiveMinutes, "0.03"),
        (usage(0, 0, 100_000, 0, 0), CacheLife::FiveMinutes, "0.375"),
        (usage(0, 0, 100_000, 0, 0), CacheLife::Hour, "0.6"),
        (usage(0, 0, 0, 1_000, 0), CacheLife::FiveMinutes, "0.015"),
        (usage(0, 0, 0, 1_000, 400), CacheLife::FiveMinutes, "0.017"),
        (usage(0, 0, 0, 1_000, 5_000), CacheLife::FiveMinutes, "0.02"),
        // 200,000 is not above 200,000; with cached tokens one more is, and all of them cost more.
        (usage(200_000, 0, 0, 0, 0), CacheLife::FiveMinutes, "0.6"),
        (usage(200_000, 1, 0, 0, 0), CacheLife::FiveMinutes, "1.200006"),
        (usage(100_000, 100_000, 1, 1_000, 0), CacheLife::Hour, "1.222506"),
    ] {
        assert_eq!(price.cost(&usage, life), dollars(wanted), "{usage:?}");
    }
}

#[test]
fn a_part_of_a_pico_dollar_counts_as_one() {
    let price = Price { rates: rates("0.000000000001", "0.000000000001"), tiers: vec![] };
    let usage = |input, output| Usage { input, output, ..Usage::default() };
    for (input, output, wanted) in [(0, 0, 0), (1, 0, 1), (1, 1, 1), (999_999, 1, 1), (999_999, 2, 2)] {
        assert_eq!(price.cost(&usage(input, output), CacheLife::FiveMinutes), Cost::pico(wanted));
    }
}

#[test]
fn a_price_is_text_in_a_file() {
    let text = serde_json::to_string(&full()).unwrap();
    assert!(text.contains("\"22.5\""), "{text}");
    assert_eq!(serde_json::from_str::<Price>(&text).unwrap(), full());
    assert!(serde_json::from_str::<Cost>("0.25").is_err(), "a float is no amount");
}

fn any_rates() -> impl Strategy<Value = Rates> {
    let rate = || (0_u128..100 * PER_DOLLAR).prop_map(Cost::pico);
    let some = || proptest::option::of(rate());
    (rate(), rate(), some(), some(), some(), some()).prop_map(
        |(input, output, read, five, hour, reasoning)| Rates {
            input,
            output,
            cache_read: read,
            cache_write_5m: five,
            cache_write_1h: hour,
            reasoning,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_costs_more_than_the_worst(
        low in any_rates(), high in any_rates(), above in 0_u64..1_000_000,
        counts in (0_u64..1_000_000, 0_u64..1_000_000, 0_u64..1_000_000, 0_u64..1_000_000, 0_u64..1_000_000),
    ) {
        let price = Price { rates: low, tiers: vec![Tier { above, rates: high }] };
        let (input, cache_read, cache_write, output, reasoning) = counts;
        let usage = Usage { input, cache_read, cache_write, output, reasoning };
        let worst = price.worst(input + cache_read + cache_write, output);
        for life in [CacheLife::FiveMinutes, CacheLife::Hour] {
            prop_assert!(price.cost(&usage, life) <= worst);
        }
    }

    #[test]
    fn an_amount_survives_its_text(pico in any::<u128>()) {
        prop_assert_eq!(Cost::pico(pico).to_string().parse(), Ok(Cost::pico(pico)));
    }
}
