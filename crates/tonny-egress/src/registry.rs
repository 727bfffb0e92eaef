//! What is known of models: windows, abilities, prices, when they retire; put together from four layers.
//!
//! The lowest layer comes with the program, then what was downloaded, then what a provider's own list says, then what the
//! user wrote; a field of a higher layer counts before that of a lower one, and what no layer says is not known. A refresh
//! replaces the downloaded layer only, after [`judge`] has looked at it; the user's own layer is never written from here.

mod overlay;
mod record;
mod refresh;

pub use overlay::{Layer, Registry};
pub use record::{Abilities, Confidence, CostTier, Medium, Record};
pub use refresh::{Confirmed, Refusal, Snapshot, judge};
