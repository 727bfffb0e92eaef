//! R1 to R12, P1 to P4 and U2: what the assistant promises about the way to a language model and back: quick, never falsely
//! complete, nothing twice, nothing too early, nothing too dear, and nothing that nobody judged. Real sockets of this
//! machine, real policy, real ledger; each theme has a file.
//!
//! What tonny-egress tests in small is read from its own folder (crates/tonny-egress/tests/), so that both mean the same.

pub mod black_hole;
pub mod bypass;
pub mod cancel;
pub mod failover;
pub mod first_token;
pub mod kills;
pub mod leaks;
pub mod limits;
pub mod models;
pub mod money;
pub mod peer;
pub mod policy_cost;
pub mod recovery;
pub mod room;
pub mod streams;

#[path = "../../../crates/tonny-egress/tests/streams/checks.rs"]
mod checks;
#[path = "../../../crates/tonny-egress/tests/streams/fixtures.rs"]
mod fixtures;
#[path = "../../../crates/tonny-egress/tests/leaks/places.rs"]
mod places;
#[allow(dead_code, reason = "each of the two that read it needs another part")]
#[path = "../../../crates/tonny-egress/tests/turns/running.rs"]
mod running;
#[path = "../../../crates/tonny-egress/tests/policy_cost/texts.rs"]
mod texts;

use super::{Outcome, Row};

/// Every row of the assistant.
pub const ROWS: &[Row] = &[
    Row {
        id: "R1",
        promise: "The whole way to a model adds little to the time until its first word: plan, policy, budget, router, format, \
                  hold-back and ledger row, against a bare reqwest loop on the same server, by turns",
        limit: "p50 <= 0.30 ms, p99 <= 2 ms more",
        run: |size| Outcome::of_async(|| first_token::overhead(size)),
    },
    Row {
        id: "R3",
        promise: "Stopped means stopped: the connection is gone, as the server sees it, while connecting, before the answer, in \
                  the middle of it and between two tries",
        limit: "p99 <= 15 ms in each; 0 tasks left behind by 10,000",
        run: |size| Outcome::of_async(|| cancel::cancelled(size)),
    },
    Row {
        id: "R5",
        promise: "An answer that was cut is never called complete, and a whole one never cut: every byte of every recorded stream",
        limit: "0 of all cuts of 40 streams and more",
        run: |size| Outcome::of_async(|| streams::truncation(size)),
    },
    Row {
        id: "R6",
        promise: "How the bytes of an answer are cut, and with which line ends, marks and comments they come, changes nothing",
        limit: "0 differences",
        run: |size| Outcome::of(|| streams::framing(size)),
    },
    Row {
        id: "R7",
        promise: "An answer that breaks off in the middle is gone on with where the model can (mode B), else offered (mode C), \
                  without a letter lost or doubled. Mode A, the replay of what the local engine said, is not there: llama-server \
                  keeps no ring of its output",
        limit: "0 of 10,000; next word <= 30 ms after the break at another target; B or C as the registry says, 100 %",
        run: |size| Outcome::of_async(|| recovery::recovered(size)),
    },
    Row {
        id: "R8",
        promise: "A target that is away costs next to nothing once that is known, and nobody is asked before the time that its \
                  server gave",
        limit: "refused port +<= 5 ms; black hole the connect timer once a turn, then +<= 5 ms; 0 early in 100,000 simulated turns",
        run: |size| Outcome::of_async(|| failover::failed_over(size)),
    },
    Row {
        id: "R9",
        promise: "Breaker, limits and the budget of retries equal references that remember everything; one probe at a time",
        limit: "0 differences in 10^6 steps of each",
        run: |size| Outcome::of(|| limits::against_references(size)),
    },
    Row {
        id: "R11",
        promise: "A cost is exact to the last pico-dollar, and a hard budget is one, however many answers run at once",
        limit: "0 differences from fractions; <= 1e-9 dollars from litellm in 99.5 %; 0 over the budget with 64 at once",
        run: |size| Outcome::of_async(|| money::reckoned(size)),
    },
    Row {
        id: "R12",
        promise: "The list of models is read at once, takes little, and survives every damaged refresh",
        limit: "<= 5 ms, <= 2 MB; 10,000 damaged lists lose nothing",
        run: |size| Outcome::of(|| models::refreshed(size)),
    },
    Row {
        id: "P1",
        promise: "No byte leaves beside the policy: each request that arrives has the receipt of just its bytes in the ledger, with \
                  all providers and through all their failures",
        limit: "0 without",
        run: |size| Outcome::of_async(|| bypass::receipts(size)),
    },
    Row {
        id: "P2",
        promise: "Keys (plain, base64, escaped, percent-encoded, cut by a message's end, in pictures) and people (plain) do not \
                  arrive; an answer's keys are taken out, however it is split",
        limit: "0 of 5,000 placements; 0 differences",
        run: |size| Outcome::of_async(|| leaks::canaries(size)),
    },
    Row {
        id: "P4",
        promise: "To judge a request takes next to nothing, in proportion to its length, whatever it says",
        limit: "<= 0.2 ms for 8 KB, <= 25 ms for 1 MB of what people write; 16 times the length <= 48 times as long for any",
        run: |size| Outcome::of(|| policy_cost::measured(size)),
    },
    Row {
        id: "U2",
        promise: "What has come of an answer is there when the program is killed: `tonny ask` at random moments of an answer that \
                  comes word by word",
        limit: "<= 250 ms of text lost, no other words, check clean, 1,000 kills",
        run: |size| Outcome::of_async(|| kills::killed(size)),
    },
];
