//! Downloads and trials of keys in the list of what left this machine: noted as they begin, settled as they end.
//!
//! They have no words of the user's, cost nothing and are judged by no contract; the list has them all the same, because it is
//! the list of everything.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tonny_egress::chat::Usage;
use tonny_egress::cost::Cost;
use tonny_egress::fault::FaultCode;
use tonny_egress::ledger::{Outcome, Row};
use tonny_egress::witness::{Seen, Witness};
use tonny_store::Store;

use crate::assistant::{PROFILE, entry, settlement};
use crate::ports::Clock;

/// Notes everything that a witness sees, for as long as there is something to see.
pub(crate) async fn follow(store: Store, clock: Arc<dyn Clock>, mut seen: UnboundedReceiver<Seen>) {
    let mut notes = Notes { store, clock, open: HashMap::new() };
    while let Some(one) = seen.recv().await {
        notes.take(one).await;
    }
}

/// Carries `work` out and notes what a witness sees of it.
pub async fn noting<T>(
    store: Store,
    clock: Arc<dyn Clock>,
    witness: &Witness,
    work: impl Future<Output = T>,
) -> T {
    let Some(mut seen) = witness.listen() else { return work.await };
    let mut notes = Notes { store, clock, open: HashMap::new() };
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            Some(one) = seen.recv() => notes.take(one).await,
        }
    };
    while let Ok(one) = seen.try_recv() {
        notes.take(one).await;
    }
    done
}

struct Notes {
    store: Store,
    clock: Arc<dyn Clock>,
    /// The rows of what is under way, by the witness's numbers.
    open: HashMap<u64, i64>,
}

impl Notes {
    async fn take(&mut self, seen: Seen) {
        let noted = match seen {
            Seen::Began { number, purpose, host } => {
                let row = wordless(&*self.clock, purpose, "", &host, Some(FaultCode::STREAM_INTERRUPTED));
                let opened = self.store.ledger().open(&entry(&row, "", ""), [None, None]).await;
                opened.map(|seq| _ = seq.map(|seq| self.open.insert(number, seq)))
            }
            Seen::Ended { number, bytes_in, fault } => {
                let Some(seq) = self.open.remove(&number) else { return };
                let came = Outcome { bytes_in, cost: Some(Cost::ZERO), fault, ..Outcome::default() };
                self.store.ledger().settle(seq, &settlement(&came)).await
            }
        };
        if let Err(error) = noted {
            tracing::error!(%error, "what left this machine could not be written down");
        }
    }
}

/// The row of a request without a word of the user's.
pub(crate) fn wordless(
    clock: &dyn Clock,
    purpose: &str,
    provider: &str,
    host: &str,
    fault: Option<FaultCode>,
) -> Row {
    Row {
        at: clock.utc().into(),
        profile: PROFILE.to_owned(),
        purpose: purpose.to_owned(),
        provider: provider.to_owned(),
        host: host.to_owned(),
        model: String::new(),
        bytes_out: 0,
        bytes_in: 0,
        tokens: Usage::default(),
        cost: Some(Cost::ZERO),
        is_estimated: false,
        rules: Vec::new(),
        contract: None,
        // Nothing was judged, because nothing was said.
        receipt: Some(purpose.to_owned()),
        outcome: fault.map(|fault| fault.0),
    }
}
