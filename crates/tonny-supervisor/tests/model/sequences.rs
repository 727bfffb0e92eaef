//! What must hold for every order of events: one copy at most, signals only to a living one, and a stop that stops. Used
//! by this crate's tests and by row S7 of the reliability page; the events here come in orders no real loop would give.

use proptest::prelude::*;
use std::time::{Duration, Instant};
use tonny_supervisor::{
    Exit, Spec,
    machine::{Effect, End, Event, Machine},
};

/// One thing that happens to a machine.
#[derive(Debug, Clone)]
pub enum Step {
    Event(Event),
    Die(i32),
    Wait(u64),
    Wake,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Event(Event::Start)),
        Just(Step::Event(Event::Stop)),
        Just(Step::Event(Event::Restart)),
        Just(Step::Event(Event::Respec)),
        Just(Step::Event(Event::RetryNow)),
        Just(Step::Event(Event::ResetBreaker)),
        Just(Step::Event(Event::Ready)),
        Just(Step::Event(Event::Progress)),
        Just(Step::Event(Event::Served)),
        Just(Step::Event(Event::CpuAdvanced)),
        Just(Step::Event(Event::ProbeOk)),
        Just(Step::Event(Event::ProbeMissed)),
        Just(Step::Event(Event::OverMemory)),
        (0u32..3).prop_map(|count| Step::Event(Event::InFlight(count))),
        Just(Step::Event(Event::BadReady("bad".to_owned()))),
        any::<bool>()
            .prop_map(|transient| Step::Event(Event::NotStarted { reason: "no".to_owned(), transient })),
        (0..5).prop_map(Step::Die),
        (0u64..700_000).prop_map(Step::Wait),
        Just(Step::Wake),
    ]
}

/// Sequences of up to so many steps.
pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..=most)
}

struct Bench {
    machine: Machine,
    now: Instant,
    alive: bool,
}

impl Bench {
    fn on(&mut self, event: Event) -> Result<Option<Effect>, String> {
        let effect = self.machine.on(event, self.now);
        match effect {
            Some(Effect::Start { .. }) if self.alive => Err("started while a copy lives".to_owned()),
            Some(Effect::Start { .. }) => {
                self.alive = true;
                Ok(effect)
            }
            Some(_) if !self.alive => Err(format!("{effect:?} without a copy")),
            _ => Ok(effect),
        }
    }

    fn die(&mut self, code: i32) -> Result<Option<Effect>, String> {
        self.alive = false;
        let exit = Exit { code: Some(code), signal: None };
        self.on(Event::Exited(End { exit, last_words: None, out_of_memory: false }))
    }

    fn phase(&self) -> &'static str {
        self.machine.phase().0.as_str()
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            // The loop reports a failed start only right after having been told to start.
            Step::Event(Event::NotStarted { .. }) if !self.alive || self.phase() != "starting" => {}
            Step::Event(event) => {
                self.alive &= !matches!(event, Event::NotStarted { .. });
                self.on(event)?;
            }
            Step::Die(code) => drop(self.die(code)?),
            Step::Wait(ms) => {
                self.now += Duration::from_millis(ms);
                self.on(Event::Tick)?;
            }
            Step::Wake => {
                if let Some(at) = self.machine.wake() {
                    self.now = self.now.max(at);
                    self.on(Event::Tick)?;
                }
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let live_phase = matches!(self.phase(), "starting" | "ready" | "busy" | "draining");
        if self.machine.is_live() != self.alive || live_phase != self.alive {
            return Err(format!("{} with alive {}", self.phase(), self.alive));
        }
        // Nothing hangs: every phase that is not an end has a timer, or is Ready, or is killed for good.
        if matches!(self.phase(), "starting" | "busy" | "backoff" | "crash_loop")
            && self.machine.wake().is_none()
        {
            return Err(format!("{} for ever", self.phase()));
        }
        Ok(())
    }
}

/// Whether all of it holds through these steps and a stop after them.
pub fn holds(steps: Vec<Step>) -> Result<(), String> {
    let now = Instant::now();
    let machine = Machine::new(Spec::new("w", "w").policy(), now, 7);
    let mut bench = Bench { machine, now, alive: false };
    for step in steps {
        bench.step(step)?;
        bench.check()?;
    }
    let (asked, limit) = (bench.now, Duration::from_millis(5_100));
    bench.on(Event::Stop)?;
    // Gone at the first request, at the first kill, or only at the second one.
    let mut kills = 0;
    while let Some(at) = bench.machine.wake().filter(|at| bench.alive && *at <= asked + limit) {
        bench.now = at;
        kills += usize::from(bench.on(Event::Tick)?.is_some());
    }
    if kills > 2 || (bench.alive && bench.machine.wake().is_some_and(|at| at <= asked + limit)) {
        return Err(format!("{kills} kills after a stop"));
    }
    bench.die(1)?;
    bench.now += Duration::from_secs(10_000);
    if bench.on(Event::Tick)?.is_some() || bench.phase() != "stopped" {
        return Err(format!("{} after a stop", bench.phase()));
    }
    Ok(())
}
