//! The table of codes: the only place where a code's number, name, words and rules stand. Append, never renumber.
//!
//! A line reads: name, number, the name that logs show, may the same target be asked again, may the next one, what the
//! breaker makes of it; then what happened; then what to do.

use super::{Breaker, FaultCode, NextTarget, RetrySame, Rules};

/// A code with all that is fixed about it.
pub(super) struct Row {
    pub(super) code: FaultCode,
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) advice: &'static str,
    pub(super) rules: Rules,
}

macro_rules! faults {
    ($($constant:ident $number:literal $name:literal
        $retry:ident $next:ident $breaker:ident $what:literal $advice:literal;)*) => {
        impl FaultCode {
            $(#[doc = $what] pub const $constant: FaultCode = FaultCode($number);)*

            /// Every code, in the order of the table.
            pub const ALL: &[FaultCode] = &[$(FaultCode($number),)*];
        }

        pub(super) const ROWS: &[Row] = &[$(Row {
            code: FaultCode($number),
            name: $name,
            what: $what,
            advice: $advice,
            rules: Rules {
                retry_same: RetrySame::$retry,
                next_target: NextTarget::$next,
                breaker: Breaker::$breaker,
            },
        },)*];
    };
}

/// Where a number that is no code leads: only our own mistake can make one.
pub(super) const INTERNAL_ROW: &Row = {
    let mut at = 0;
    while ROWS[at].code.0 != FaultCode::INTERNAL.0 {
        at += 1;
    }
    &ROWS[at]
};

faults! {
    AUTH_INVALID 101 "auth_invalid" No Yes UntilKey
        "The provider refused the key."
        "Enter its key again under Settings, Secrets; a key of another provider does not work here.";
    AUTH_FORBIDDEN 102 "auth_forbidden" No Yes PerModel
        "The key is good, but this is not allowed with it."
        "Ask the provider for access to the model, or choose another model. Some are not offered in every country.";
    AUTH_MISSING 103 "auth_missing" No Yes None
        "There is no key for this provider."
        "Enter one under Settings, Secrets.";
    CREDIT_EXHAUSTED 110 "credit_exhausted" No Yes UntilUser
        "There is no money left at the provider, or a spending limit is reached."
        "Top up or raise the limit at the provider, or choose another provider.";
    CREDIT_IN_FLIGHT 111 "credit_in_flight" AfterDelay Yes None
        "Requests that are still running hold all of the money at the provider."
        "Nothing to do: it is tried again when they are done.";
    RATE_REQUESTS 120 "rate_requests" AfterDelay Yes Limiter
        "Too many requests for the provider's limit."
        "Nothing to do: it goes on when the limit is free again.";
    RATE_TOKENS 121 "rate_tokens" AfterDelay Yes Limiter
        "Too many tokens for the provider's limit."
        "Wait until the limit is free again; a shorter conversation helps.";
    RATE_DAILY 122 "rate_daily" AfterDelay Yes Limiter
        "The provider's limit of a day or a month is used up."
        "Choose another model until the limit is free again, or raise it at the provider.";
    RATE_CONCURRENT 123 "rate_concurrent" AfterDelay Yes Limiter
        "The provider takes no further request at the same time."
        "Nothing to do: it goes on when there is room.";
    OVERLOADED 130 "overloaded" Yes Yes Counts
        "The provider is overloaded, or the model is still being loaded."
        "Nothing to do: it is tried again by itself.";
    SERVER_ERROR 131 "server_error" Yes Yes Counts
        "The provider failed."
        "Nothing to do: it is tried again by itself. Its status page may say more.";
    CONNECT_FAILED 140 "connect_failed" Once Yes Counts
        "The provider could not be reached."
        "Check the network; for a server of your own, check that it runs and that its address is right.";
    DNS 141 "dns" Once Yes Counts
        "The provider's name could not be looked up."
        "Check the network and the address of the provider.";
    TLS 142 "tls" Once Yes Counts
        "No secure connection to the provider could be made."
        "Check the clock of this machine, and whether something on the network opens secure connections.";
    PROXY 143 "proxy" Once Yes Counts
        "Something on the way to the provider wants a login first."
        "Log in to the network in a browser, or check the proxy.";
    TIMEOUT_CONNECT 150 "timeout_connect" ConnectOnly Yes Counts
        "The provider did not take the connection in time."
        "Check the network, or choose another provider.";
    TIMEOUT_FIRST_TOKEN 151 "timeout_first_token" No Yes Counts
        "The model did not begin to answer in time."
        "Choose a faster model, or allow more time.";
    TIMEOUT_IDLE 152 "timeout_idle" No Yes Counts
        "The answer stopped coming."
        "What came is kept. Continue, or choose another model.";
    TIMEOUT_TOTAL 153 "timeout_total" No Yes Counts
        "The answer took longer than is allowed."
        "What came is kept. Continue, or allow more time.";
    STREAM_INTERRUPTED 160 "stream_interrupted" Continue Yes Counts
        "The answer broke off."
        "What came is kept. Continue goes on from there.";
    STREAM_PROTOCOL 161 "stream_protocol" Continue Yes Counts
        "The provider sent something that cannot be read."
        "What came is kept. Try again; if it stays so, report it with what was received.";
    STREAM_ERROR_FRAME 162 "stream_error_frame" No Yes Counts
        "The provider broke the answer off with an error of its own."
        "What came is kept. Continue, or choose another model.";
    CONTEXT_OVERFLOW 170 "context_overflow" No LargerWindow None
        "The conversation is longer than the model can read."
        "Shorten or summarise it, or choose a model with a larger window.";
    OUTPUT_LIMIT 171 "output_limit" No No None
        "The answer reached its longest length."
        "Continue goes on from there.";
    REQUEST_TOO_LARGE 172 "request_too_large" No Capable None
        "The request is larger than the provider takes."
        "Make the attachment smaller.";
    UNSUPPORTED_FEATURE 173 "unsupported_feature" No Capable None
        "The model cannot do what was asked of it."
        "Choose a model that takes pictures, or leave out what it cannot take.";
    INVALID_REQUEST 174 "invalid_request" No No None
        "The provider did not understand the request."
        "Check the parameters and the address of the provider; if they are right, report it.";
    MODEL_NOT_FOUND 175 "model_not_found" No Yes PerModel
        "The provider has no such model."
        "Choose another one; the list of models may have changed.";
    MODEL_RETIRED 176 "model_retired" No Yes PerModel
        "The provider no longer offers this model."
        "Choose its successor.";
    CONTENT_FILTERED 180 "content_filtered" No Policy None
        "The provider's filter refused it."
        "Your text is kept: say it in other words.";
    POLICY_DENIED 190 "policy_denied" No Yes None
        "A rule of yours forbids it."
        "The rule is named beside it; change it under Settings, Privacy, if it is too strict.";
    POLICY_NEEDS_CONSENT 191 "policy_needs_consent" No Yes None
        "A rule of yours wants to be asked first."
        "Agree, or choose a target that needs no consent.";
    POLICY_ERROR 192 "policy_error" No Yes None
        "A rule could not be evaluated, so nothing was sent."
        "Mend the rule under Settings, Privacy.";
    BUDGET_EXCEEDED 193 "budget_exceeded" No Yes None
        "Your own budget is used up."
        "Raise it under Settings, Assistant, or use a model on this machine.";
    LEDGER_UNWRITABLE 194 "ledger_unwritable" No Yes None
        "It could not be written down that something leaves this machine, so nothing left."
        "Make room on the disk and check the database under Settings, Storage; a model on this machine answers meanwhile.";
    WORKER_MISSING 200 "worker_missing" Restart Yes Counts
        "The program of the local model is missing."
        "Install it under Settings, Assistant.";
    WORKER_STARTING 201 "worker_starting" Restart Yes Counts
        "The local model is still starting."
        "Nothing to do: it answers as soon as it is ready.";
    WORKER_CRASHED 202 "worker_crashed" Restart Yes Counts
        "The local model stopped."
        "Nothing to do: it comes back by itself.";
    WORKER_OUT_OF_MEMORY 203 "worker_out_of_memory" Restart Yes Counts
        "The local model needs more memory than there is."
        "Choose a smaller model, or close other programs.";
    WORKER_BAD_MODEL 204 "worker_bad_model" Restart Yes Counts
        "The file of the local model cannot be loaded."
        "Install the model again, or choose another one.";
    WORKER_WEDGED 205 "worker_wedged" Restart Yes Counts
        "The local model does not react."
        "Nothing to do: it is started again.";
    WORKER_VERSION_MISMATCH 206 "worker_version_mismatch" Restart Yes Counts
        "The program of the local model is of another version than needed."
        "Install it again under Settings, Assistant.";
    CANCELLED_BY_USER 210 "cancelled_by_user" No No None
        "You stopped it."
        "What came is kept.";
    SUPERSEDED 211 "superseded" No No None
        "A newer request took its place."
        "Nothing to do.";
    SHUTDOWN 212 "shutdown" No No None
        "TonnyTray is shutting down."
        "Ask again after the next start.";
    INTERNAL 250 "internal" No No None
        "Something went wrong inside TonnyTray."
        "Run `tonny doctor` and report what it prints.";
}
