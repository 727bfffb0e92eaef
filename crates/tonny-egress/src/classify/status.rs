//! What a status means when nothing that was said with it is known.

use super::Case;
use crate::fault::FaultCode;

/// The code of a status. Unknown ones go by their class: 131 for the server's mistakes, 174 for ours.
pub fn code(case: &Case<'_>) -> FaultCode {
    let Some(status) = case.status else {
        return if case.said.html { FaultCode::STREAM_PROTOCOL } else { FaultCode::STREAM_ERROR_FRAME };
    };
    match status {
        401 => FaultCode::AUTH_INVALID,
        402 => FaultCode::CREDIT_EXHAUSTED,
        403 | 451 => FaultCode::AUTH_FORBIDDEN,
        // A wrong address gives a 404 too: only one that speaks of a model is about the model.
        404 | 410 if case.said.json && case.said.message.contains("model") => FaultCode::MODEL_NOT_FOUND,
        407 | 511 => FaultCode::PROXY,
        408 => FaultCode::TIMEOUT_FIRST_TOKEN,
        413 => FaultCode::REQUEST_TOO_LARGE,
        // Refined by what is said of the limit.
        429 => FaultCode::RATE_REQUESTS,
        498 if case.provider == "groq" => FaultCode::RATE_CONCURRENT,
        501 => FaultCode::UNSUPPORTED_FEATURE,
        503 | 529 => FaultCode::OVERLOADED,
        500.. => FaultCode::SERVER_ERROR,
        _ => FaultCode::INVALID_REQUEST,
    }
}
