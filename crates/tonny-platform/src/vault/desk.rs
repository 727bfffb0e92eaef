//! The vault thread's loop: one ask after the other, and the encrypted file's own locking in between.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tonny_core::ports::{VaultAnswer, VaultAsk};
use tonny_core::problem::Problem;

use super::keeping::Keeping;
use super::{Asked, DEADLINE, Until, VaultSet};
use crate::clock::since_boot;

/// A thread's timer stands still while the machine sleeps: while the file is open, the clock is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Runs until nobody can ask any more.
pub(super) fn run(set: VaultSet, mailbox: &Receiver<Asked>) {
    let mut keeping = Keeping::new(set);
    let mut watchers = Vec::new();
    loop {
        let asked = match keeping.locks_itself_in(since_boot()) {
            None => mailbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(left) => mailbox.recv_timeout(left.min(LOOK_EVERY)),
        };
        // Before the ask: the machine may have slept past the time.
        if keeping.lock_if_due(since_boot()) {
            for watcher in watchers.drain(..) {
                reply(watcher, Ok(()));
            }
        }
        match asked {
            Ok(Asked { ask: VaultAsk::LocksItself(watcher), .. }) => watchers.push(watcher),
            Ok(Asked { at, ask }) => carry_out(&mut keeping, Until::Then(at + DEADLINE), ask),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn carry_out(keeping: &mut Keeping, until: Until, ask: VaultAsk) {
    match ask {
        VaultAsk::Report(answer) => reply(answer, keeping.report(until)),
        VaultAsk::Take(kind, answer) => reply(answer, keeping.take(kind, until)),
        VaultAsk::Put(kind, value, answer) => {
            reply(answer, keeping.put(kind, value.open_for_the_vault(), until));
        }
        VaultAsk::Clear(kind, answer) => reply(answer, keeping.clear(kind, until)),
        VaultAsk::Forget(answer) => reply(answer, keeping.forget()),
        VaultAsk::Choose(choice, answer) => reply(answer, keeping.choose(&choice)),
        VaultAsk::Unlock(password, answer) => reply(answer, keeping.unlock(password.as_ref(), until)),
        VaultAsk::Lock(answer) => {
            keeping.lock();
            reply(answer, Ok(()));
        }
        VaultAsk::ChangePassword(old, new, answer) => {
            reply(answer, keeping.change_password(&old, &new, until));
        }
        VaultAsk::RecordingsKey(answer) => reply(answer, keeping.recordings_key(until)),
        VaultAsk::Migrate(answer) => reply(answer, keeping.migrate()),
        // Taken by the loop.
        VaultAsk::LocksItself(_) => {}
    }
}

/// Whoever asked may have gone.
fn reply<T>(answer: VaultAnswer<T>, outcome: Result<T, Problem>) {
    let _ = answer.send(outcome);
}
