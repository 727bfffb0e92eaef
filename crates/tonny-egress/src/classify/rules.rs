//! What providers say, and what it means: the table of the classification. The first rule that fits wins.
//!
//! A rule fits if its provider and its status fit, and one of its kinds is among the types, codes and reasons, or one of
//! its pieces is in the text (small letters; `*` stands for anything between). What may be tried again is only believed
//! under a status that allows it ([`Where::Busy`]). Sources are the providers' pages on errors and answers seen in public
//! reports; the cases stand in tests/fixtures/answers.

use super::Case;
use crate::fault::FaultCode;

/// Where a rule holds; inside of a stream, without a status, all but [`Where::At`] do.
enum Where {
    /// Under every status.
    Any,
    /// Not for mistakes of the server.
    Client,
    /// Where something may be tried again.
    Busy,
    /// Under these.
    At(&'static [u16]),
}

struct Rule {
    code: FaultCode,
    place: Where,
    providers: &'static [&'static str],
    kinds: &'static [&'static str],
    says: &'static [&'static str],
}

/// The code of the first rule that fits.
pub fn code(case: &Case<'_>) -> Option<FaultCode> {
    // Only here a delay changes what is meant: money that running requests hold comes back by itself.
    if case.provider == "openrouter" && case.status == Some(402) && case.retry_after.is_some() {
        return Some(FaultCode::CREDIT_IN_FLIGHT);
    }
    RULES.iter().find(|rule| rule.fits(case)).map(|rule| rule.code)
}

impl Rule {
    const fn new(
        code: FaultCode,
        place: Where,
        kinds: &'static [&'static str],
        says: &'static [&'static str],
    ) -> Self {
        Self { code, place, providers: &[], kinds, says }
    }

    const fn of(self, providers: &'static [&'static str]) -> Self {
        Self { code: self.code, place: self.place, providers, kinds: self.kinds, says: self.says }
    }

    fn fits(&self, case: &Case<'_>) -> bool {
        (self.providers.is_empty() || self.providers.contains(&case.provider))
            && self.place.holds(case.status)
            && (case.said.is(self.kinds) || case.said.says(self.says))
    }
}

impl Where {
    fn holds(&self, status: Option<u16>) -> bool {
        match (self, status) {
            (Self::Any, _) | (Self::Client | Self::Busy, None) => true,
            (Self::Client, Some(status)) => status < 500,
            (Self::Busy, Some(status)) => {
                matches!(status, 408 | 409 | 424 | 425 | 429 | 498) || status >= 500
            }
            (Self::At(statuses), Some(status)) => statuses.contains(&status),
            (Self::At(_), None) => false,
        }
    }
}

const RULES: &[Rule] = &[
    // One request beyond the limit of a minute never fits, however long one waits.
    Rule::new(FaultCode::REQUEST_TOO_LARGE, Where::Client, &[], &["request too large for"]),
    Rule::new(
        FaultCode::CONTEXT_OVERFLOW,
        Where::Any,
        &["context_length_exceeded", "exceed_context_size_error", "model_context_window_exceeded"],
        &[
            "maximum context length",
            "max context length",
            "context window",
            "context size",
            "context limit",
            "context length exceeded",
            "exceeds the context length",
            "prompt is too long",
            "input is too long for requested model",
            "maximum prompt length",
            "exceeds the maximum number of tokens",
            "reduce the length of the messages",
        ],
    ),
    // Google says "your current quota" and "billing" of limits that pass by themselves, so it comes before the money.
    Rule::new(
        FaultCode::CREDIT_EXHAUSTED,
        Where::Any,
        &["BILLING_DISABLED"],
        &["credits are depleted", "prepayment credits", "spending cap"],
    ),
    Rule::new(FaultCode::AUTH_FORBIDDEN, Where::At(&[429]), &[], &["limit: 0, model", "limit: 0\n"])
        .of(&["gemini"]),
    Rule::new(FaultCode::RATE_REQUESTS, Where::Busy, &["RESOURCE_EXHAUSTED"], &[]),
    Rule::new(
        FaultCode::CREDIT_IN_FLIGHT,
        Where::Client,
        &["openrouter_in_flight_budget", "in_flight_budget_exhausted"],
        &[],
    ),
    Rule::new(
        FaultCode::CREDIT_EXHAUSTED,
        Where::Any,
        &[
            "insufficient_quota",
            "insufficient_balance",
            "insufficient_credits",
            "insufficient_funds",
            "credit_balance_exhausted",
            "organization_usage_limit_exceeded",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "enforced_spend_limit_reached",
            "billing_hard_limit_reached",
            "billing_not_active",
            "billing_error",
            "payment_required",
            "weight_exceeds_budget",
            "openrouter_credits",
            "openrouter_key_limit",
            "openrouter_guardrail_budget",
            "openrouter_workspace_budget",
        ],
        &[],
    ),
    Rule::new(
        FaultCode::CREDIT_EXHAUSTED,
        Where::Client,
        &[],
        &[
            "exceeded your current quota",
            "credit balance is too low",
            "insufficient balance",
            "insufficient credit",
            "insufficient funds",
            "requires more credits",
            "used all available credits",
            "doesn't have any credits",
            "does not have any credits",
            "run out of credits",
            "out of credits",
            "spending limit",
            "spend limit",
            "usage limits. you will regain access",
            "reached your specified api usage limits",
            "reached your specified workspace api usage limits",
            "billing hard limit",
            "key limit exceeded",
            "payment required",
        ],
    ),
    // OpenRouter calls a message of the wrong shape what OpenAI calls a forbidden one.
    Rule::new(FaultCode::INVALID_REQUEST, Where::Client, &["invalid_prompt"], &[]).of(&["openrouter"]),
    Rule::new(
        FaultCode::CONTENT_FILTERED,
        Where::Client,
        &[
            "content_filter",
            "content_policy_violation",
            "content_policy",
            "content_filtered",
            "invalid_prompt",
            "moderation_blocked",
            "PROHIBITED_CONTENT",
            "SAFETY",
        ],
        &[
            "content management policy",
            "content filtering policy",
            "content exists risk",
            "violating our usage policy",
            "usage policies",
            "was flagged",
            "flagged by moderation",
            "requires moderation",
            "safety system",
            "content safety",
            "failed check:",
        ],
    ),
    Rule::new(
        FaultCode::AUTH_MISSING,
        Where::At(&[400, 401, 403]),
        &[],
        &[
            "you didn't provide an api key",
            "x-api-key header is required",
            "authorization header is required",
            "missing authentication",
            "no auth credentials found",
            "no cookie auth credentials found",
            "unregistered callers",
            "no api key",
            "missing api key",
            "api key is required",
        ],
    ),
    Rule::new(
        FaultCode::AUTH_FORBIDDEN,
        Where::Client,
        &[
            "permission_error",
            "permission_denied_error",
            "AccessDeniedException",
            "unsupported_country_region_territory",
            "ip_not_authorized",
            "model_terms_required",
            "organization_restricted",
            "SERVICE_DISABLED",
            "API_KEY_SERVICE_BLOCKED",
            "API_KEY_HTTP_REFERRER_BLOCKED",
            "API_KEY_IP_ADDRESS_BLOCKED",
        ],
        &[
            "user location is not supported",
            "country, region, or territory not supported",
            "must be verified to",
            "verify organization",
            "matching your data policy",
            "matching your guardrail",
            "terms acceptance",
            "must be a member of an organization",
            "do not have access to",
            "don't have access to",
        ],
    ),
    Rule::new(
        FaultCode::AUTH_INVALID,
        Where::Client,
        &[
            "invalid_api_key",
            "API_KEY_INVALID",
            "authentication_error",
            "invalid_authentication",
            "unauthorized",
            "UNAUTHENTICATED",
            "UnrecognizedClientException",
            "InvalidSignatureException",
            "IncompleteSignature",
            "InvalidClientTokenId",
            "ExpiredTokenException",
            "ExpiredToken",
            "account_deactivated",
        ],
        &[],
    ),
    Rule::new(
        FaultCode::AUTH_INVALID,
        Where::At(&[400, 401, 403]),
        &[],
        &[
            "incorrect api key",
            "invalid api key",
            "invalid api-key",
            "api key not valid",
            "api key not found",
            "api key expired",
            "api key has expired",
            "api key has been",
            "api key is currently blocked",
            "api key is disabled",
            "reported as leaked",
            "invalid x-api-key",
            "security token included in the request",
            "token has expired",
            "token is expired",
            "authentication fail",
            "invalid authentication",
            "user not found",
        ],
    ),
    Rule::new(
        FaultCode::MODEL_RETIRED,
        Where::Client,
        &["model_decommissioned", "model_deprecated"],
        &[
            "model*has been deprecated",
            "model*decommissioned",
            "model*no longer available",
            "model*no longer supported",
            "model*end of life",
            "model*end of its life",
            "model*been retired",
            "model*is retired",
            "model*was deprecated",
        ],
    ),
    Rule::new(
        FaultCode::UNSUPPORTED_FEATURE,
        Where::Any,
        &["not_supported_error"],
        &[
            "does not support image",
            "do not support image",
            "support image input",
            "image input is not supported",
            "image input is not enabled",
            "does not support vision",
            "does not support multimodal",
            "mmproj",
            "does not support tools",
            "does not support thinking",
            "does not support system",
            "does not support chat",
            "doesn't support the image",
            "support assistant message prefill",
            "does not support developer instruction",
            "developer instruction is not enabled",
            "not a chat model",
            "only supported in v1/responses",
            "does not support streaming",
            "streaming is not supported",
            "doesn't support streaming",
            "support tool use",
        ],
    ),
    Rule::new(
        FaultCode::MODEL_NOT_FOUND,
        Where::Client,
        &["model_not_found", "model_not_available", "invalid_model", "ResourceNotFoundException"],
        &[
            "model*not exist",
            "model*not found",
            "is not a valid model",
            "no such model",
            "invalid model",
            "unknown model",
            "no endpoints found",
            "no allowed providers",
            "models/*is not found",
            "model identifier is invalid",
            "on-demand throughput isn",
        ],
    ),
    Rule::new(
        FaultCode::REQUEST_TOO_LARGE,
        Where::Client,
        &[
            "request_too_large",
            "image_too_large",
            "string_too_long",
            "string_above_max_length",
            "payload_too_large",
        ],
        &[
            "image exceeds",
            "image size exceeds",
            "payload size exceeds",
            "entity too large",
            "content too large",
            "payload too large",
            "file is too large",
            "too many images",
        ],
    ),
    Rule::new(FaultCode::TIMEOUT_FIRST_TOKEN, Where::At(&[408, 424]), &["ModelTimeoutException"], &[]),
    Rule::new(
        FaultCode::OVERLOADED,
        Where::Busy,
        &[
            "overloaded_error",
            "overloaded",
            "model_overloaded",
            "engine_overloaded",
            "provider_overloaded",
            "server_is_overloaded",
            "service_unavailable",
            "service_unavailable_error",
            "serviceUnavailableException",
            "unavailable_error",
            "UNAVAILABLE",
            "slow_down",
            "ModelNotReadyException",
            "insufficient_system_resource",
        ],
        &[
            "overloaded",
            "high demand",
            "loading model",
            "server busy",
            "server is busy",
            "over capacity",
            "at capacity",
        ],
    ),
    Rule::new(
        FaultCode::RATE_REQUESTS,
        Where::Busy,
        &[
            "rate_limit_exceeded",
            "rate_limit_error",
            "rate_limit_reached_error",
            "rate_limited",
            "too_many_requests",
            "throttlingException",
            "TooManyRequestsException",
        ],
        &["rate limit", "rate-limited", "too many requests", "too many tokens"],
    ),
    Rule::new(FaultCode::RATE_REQUESTS, Where::At(&[400]), &["ServiceQuotaExceededException"], &[]),
    Rule::new(
        FaultCode::SERVER_ERROR,
        Where::Busy,
        &[
            "server_error",
            "api_error",
            "internal_error",
            "internal_server_error",
            "internalServerException",
            "InternalFailure",
            "modelStreamErrorException",
            "ModelErrorException",
            "INTERNAL",
            "DEADLINE_EXCEEDED",
            "timeout_error",
            "provider_unavailable",
            "provider_disconnected",
            "bad_gateway",
        ],
        &[],
    ),
    Rule::new(
        FaultCode::INVALID_REQUEST,
        Where::Client,
        &["invalid_request", "INVALID_ARGUMENT", "ValidationException"],
        &[],
    ),
];
