//! In which order decodes of several connections run: a final before everything else (somebody waits for it), otherwise
//! the connections in turn.
//!
//! Must not know: what a job does.

use std::collections::{BTreeMap, VecDeque};

/// Identifies a connection.
pub type ConnectionId = u64;

/// Jobs that wait.
#[derive(Debug)]
pub struct FairQueue<J> {
    urgent: VecDeque<(ConnectionId, J)>,
    waiting: BTreeMap<ConnectionId, VecDeque<J>>,
    /// Whose turn it was last.
    last: ConnectionId,
}

impl<J> Default for FairQueue<J> {
    fn default() -> Self {
        Self { urgent: VecDeque::new(), waiting: BTreeMap::new(), last: 0 }
    }
}

impl<J> FairQueue<J> {
    /// Adds a job.
    pub fn push(&mut self, connection: ConnectionId, urgent: bool, job: J) {
        if urgent {
            self.urgent.push_back((connection, job));
        } else {
            self.waiting.entry(connection).or_default().push_back(job);
        }
    }

    /// The job whose turn it is.
    pub fn pop(&mut self) -> Option<J> {
        if let Some((_, job)) = self.urgent.pop_front() {
            return Some(job);
        }
        let after = self.waiting.range(self.last + 1..).next().or_else(|| self.waiting.iter().next());
        let connection = *after?.0;
        self.last = connection;
        let jobs = self.waiting.get_mut(&connection)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.waiting.remove(&connection);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn connections_take_turns_and_a_final_goes_first() {
        let mut queue = FairQueue::default();
        for (connection, urgent, job) in [
            (1, false, "a1"),
            (1, false, "a2"),
            (1, false, "a3"),
            (2, false, "b1"),
            (3, true, "final"),
            (2, false, "b2"),
        ] {
            queue.push(connection, urgent, job);
        }
        let order: Vec<&str> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, ["final", "a1", "b1", "a2", "b2", "a3"]);
    }

    proptest! {
        #[test]
        fn nobody_starves_and_nothing_is_lost(jobs in prop::collection::vec(1u64..5, 0..40)) {
            let mut queue = FairQueue::default();
            for (index, connection) in jobs.iter().enumerate() {
                queue.push(*connection, false, (*connection, index));
            }
            let order: Vec<(u64, usize)> = std::iter::from_fn(|| queue.pop()).collect();
            prop_assert_eq!(order.len(), jobs.len());
            for pair in order.windows(2) {
                let others_left = order.iter().skip_while(|job| *job != &pair[1]).any(|job| job.0 != pair[0].0);
                prop_assert!(pair[0].0 != pair[1].0 || !others_left);
            }
        }
    }
}
