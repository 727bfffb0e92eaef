//! The machine under events in any order.

#[path = "model/sequences.rs"]
mod model;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn whatever_happens_one_copy_at_most_and_stop_stops(steps in model::steps(120)) {
        prop_assert_eq!(model::holds(steps), Ok(()));
    }
}
