//! A worker's machine in virtual time: a day takes milliseconds. The world plays the loop and the process; a [`Profile`]
//! says how the process behaves. Used by this crate's tests and by rows of the reliability page.

use std::time::{Duration, Instant};
use tonny_supervisor::{
    Cause, Exit, Phase, Spec,
    machine::{Effect, End, Event, Machine},
};

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);

/// As the loop does it.
const LOOK: Duration = Duration::from_secs(2);
/// The system's own time to end a process.
const DYING: Duration = Duration::from_millis(1);

/// How a worker behaves; times count from its start, for what follows readiness from there.
#[derive(Debug, Clone)]
pub struct Profile {
    pub spec: Spec,
    /// When it is ready; never, where it is silent for ever.
    pub loads: Option<Duration>,
    /// A line while it loads.
    pub says_each: Option<Duration>,
    /// When it ends by itself.
    pub lives: Option<Duration>,
    pub exit: Exit,
    pub words: Option<&'static str>,
    /// How long it takes to end when asked; never, where it does not listen.
    pub stops: Option<Duration>,
    /// From when on it stands still: no answer, no CPU.
    pub hangs: Option<Duration>,
    /// Requests come so long after the last one was answered...
    pub asked_after: Option<Duration>,
    /// ...and take so long, in which its probes wait...
    pub answers_in: Duration,
    /// ...while it computes, or while it waits for a device of its own.
    pub computes: bool,
}

impl Profile {
    /// A good worker that nobody asks anything.
    pub fn good() -> Self {
        let mut spec = Spec::new("w", "w");
        spec.restart.jitter = 0.2;
        Self {
            spec,
            loads: Some(SECOND),
            says_each: None,
            lives: None,
            exit: Exit { code: Some(1), signal: None },
            words: None,
            stops: Some(Duration::from_millis(50)),
            hangs: None,
            asked_after: None,
            answers_in: SECOND,
            computes: true,
        }
    }

    /// Ends as soon as it starts, before it is ready.
    pub fn ends_at_once(code: i32) -> Self {
        let exit = Exit { code: Some(code), signal: None };
        Self { loads: None, lives: Some(Duration::from_millis(5)), exit, ..Self::good() }
    }

    /// Is ready at once and ends so long after.
    pub fn serves_for(time: Duration) -> Self {
        Self { loads: Some(Duration::ZERO), lives: Some(time), ..Self::good() }
    }
}

/// A live copy.
#[derive(Debug)]
struct Copy {
    started: Instant,
    ready: Option<Instant>,
    said: Instant,
    probe_due: Option<Instant>,
    look_due: Instant,
    request: Option<Instant>,
    dies: Option<Instant>,
    killed: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Story {
    pub starts: Vec<Instant>,
    pub ends: Vec<(Instant, Cause)>,
    /// Each wait: from when, how long, and whether as a crash loop's probe.
    pub waits: Vec<(Instant, Duration, bool)>,
    pub forced: Vec<Instant>,
    pub answered: u64,
    pub unstable: bool,
    pub became_stable: bool,
    /// Two copies at once, or a signal to none.
    pub broken: Vec<String>,
}

/// One worker in virtual time.
pub struct World {
    pub machine: Machine,
    pub now: Instant,
    pub story: Story,
    profile: Profile,
    copy: Option<Copy>,
}

impl World {
    pub fn new(profile: Profile, seed: u64) -> Self {
        let now = Instant::now();
        let machine = Machine::new(profile.spec.policy(), now, seed);
        Self { machine, now, story: Story::default(), profile, copy: None }
    }

    /// Started, and then so long.
    pub fn run(profile: Profile, seed: u64, time: Duration) -> Self {
        let mut world = Self::new(profile, seed);
        world.tell(Event::Start);
        world.pass(time);
        world
    }

    pub fn behaves(&mut self, change: impl FnOnce(&mut Profile)) {
        change(&mut self.profile);
    }

    pub fn phase(&self) -> &Phase {
        self.machine.phase().0
    }

    /// An event for the machine, and what it makes of it.
    pub fn tell(&mut self, event: Event) {
        let before = self.phase().clone();
        let effect = self.machine.on(event, self.now);
        self.act(effect);
        let unstable = self.machine.is_unstable(self.now);
        self.story.became_stable |= self.story.unstable && !unstable;
        self.story.unstable |= unstable;
        let after = self.phase().clone();
        if before == after {
            return;
        }
        match after {
            Phase::Backoff { until } => self.story.waits.push((self.now, until - self.now, false)),
            Phase::CrashLoop { until } => self.story.waits.push((self.now, until - self.now, true)),
            _ => {}
        }
    }

    /// The computer sleeps, and every process with it; the clock goes on, and the loop's timers are overdue.
    pub fn sleep(&mut self, time: Duration) {
        self.now += time;
        let Some(copy) = &mut self.copy else { return };
        copy.started += time;
        copy.said += time;
        for at in [&mut copy.ready, &mut copy.dies, &mut copy.request].into_iter().flatten() {
            *at += time;
        }
    }

    /// Lets so much time pass.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some((at, what)) = self.next().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.happen(what);
        }
        self.now = end;
    }

    fn act(&mut self, effect: Option<Effect>) {
        let now = self.now;
        match (effect, &mut self.copy) {
            (None, _) => {}
            (Some(Effect::Start { .. }), Some(_)) => self.story.broken.push("two copies at once".to_owned()),
            (Some(Effect::Start { .. }), None) => {
                self.story.starts.push(now);
                let dies = self.profile.loads.map_or(self.profile.lives, |_| None).map(|lives| now + lives);
                self.copy = Some(Copy {
                    started: now,
                    ready: None,
                    said: now,
                    probe_due: None,
                    look_due: now + LOOK,
                    request: None,
                    dies,
                    killed: false,
                });
            }
            (Some(effect), None) => self.story.broken.push(format!("{effect:?} without a copy")),
            (Some(Effect::Terminate), Some(copy)) => {
                let dies = self.profile.stops.map(|time| now + time);
                copy.dies = copy.dies.into_iter().chain(dies).min();
            }
            (Some(Effect::Force | Effect::Kill), Some(copy)) => {
                self.story.forced.push(now);
                copy.killed = true;
                copy.dies = Some(now + DYING);
            }
        }
    }

    fn next(&self) -> Option<(Instant, What)> {
        let timer = self.machine.wake().map(|at| (at, What::Timer));
        let Some(copy) = &self.copy else { return timer };
        let profile = &self.profile;
        let moves = !self.hangs(self.now);
        let loading = copy.ready.is_none() && moves;
        let ready = profile.loads.filter(|_| loading).map(|time| (copy.started + time, What::Ready));
        let says = profile.says_each.filter(|_| loading).map(|each| (copy.said + each, What::Says));
        let asks = profile.asked_after.zip(copy.ready).filter(|_| copy.request.is_none());
        let asks = asks.map(|(after, ready)| (copy.said.max(ready) + after, What::Asked));
        let answers = copy.request.filter(|_| moves).map(|at| (at + profile.answers_in, What::Answers));
        let dies = copy.dies.map(|at| (at, What::Dies));
        let probe = copy.probe_due.map(|at| (at, What::Probe));
        let look = Some((copy.look_due, What::Look));
        [dies, ready, says, asks, answers, probe, look, timer].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn hangs(&self, at: Instant) -> bool {
        let copy = self.copy.as_ref();
        let since = copy.and_then(|copy| copy.ready.or(Some(copy.started)).zip(self.profile.hangs));
        since.is_some_and(|(from, time)| at >= from + time)
    }

    fn happen(&mut self, what: What) {
        let (now, hangs) = (self.now, self.hangs(self.now));
        let Some(copy) = &mut self.copy else { return self.tell(Event::Tick) };
        match what {
            What::Timer => self.tell(Event::Tick),
            What::Ready => {
                copy.ready = Some(now);
                copy.said = now;
                copy.probe_due = Some(now + self.profile.spec.probe_every);
                copy.dies = self.profile.lives.map(|lives| now + lives);
                self.tell(Event::Ready);
            }
            What::Says => {
                copy.said = now;
                self.tell(Event::Progress);
            }
            What::Asked => {
                copy.request = Some(now);
                self.tell(Event::InFlight(1));
            }
            What::Answers => {
                copy.request = None;
                copy.said = now;
                self.story.answered += 1;
                self.tell(Event::Served);
                self.tell(Event::InFlight(0));
            }
            What::Probe => {
                copy.probe_due = Some(now + self.profile.spec.probe_every);
                let silent = hangs || copy.request.is_some();
                self.tell(if silent { Event::ProbeMissed } else { Event::ProbeOk });
            }
            What::Look => {
                copy.look_due = now + LOOK;
                if copy.request.is_some() && self.profile.computes && !hangs {
                    self.tell(Event::CpuAdvanced);
                }
            }
            What::Dies => {
                let exit = if copy.killed { Exit { code: None, signal: Some(9) } } else { self.profile.exit };
                self.copy = None;
                let last_words = self.profile.words.map(str::to_owned);
                self.tell(Event::Exited(End { exit, last_words, out_of_memory: false }));
                if let Some(last) = self.machine.last_exit() {
                    self.story.ends.push((now, last.cause));
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum What {
    Timer,
    Ready,
    Says,
    Asked,
    Answers,
    Probe,
    Look,
    Dies,
}

impl Story {
    /// Most starts within any span.
    pub fn most_starts_within(&self, span: Duration) -> usize {
        let within =
            |from: &Instant| self.starts.iter().filter(|at| **at >= *from && **at < *from + span).count();
        self.starts.iter().map(within).max().unwrap_or_default()
    }
}

/// A worker that is asked things which take it 100 s of silence, on a computer that sleeps again and again, for a second
/// or for a night: whether it was left in peace, and answered.
pub fn sleeps(seed: u64, times: u32) -> Result<(), String> {
    let idle = seed.is_multiple_of(3);
    let asked_after = (!idle).then_some(5 * SECOND);
    let profile = Profile {
        loads: Some(50 * SECOND),
        asked_after,
        answers_in: 100 * SECOND,
        computes: seed.is_multiple_of(2),
        ..Profile::good()
    };
    let mut world = World::new(profile, seed);
    world.tell(Event::Start);
    let mut dice = seed;
    let mut roll = |most: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((dice >> 33) % most)
    };
    for night in 0..times {
        world.pass(roll(200_000));
        // A wake-up for a moment is as likely as one for the day.
        world.sleep(if night.is_multiple_of(2) { 8 * HOUR + roll(1_000) } else { roll(600_000) });
    }
    world.pass(HOUR);
    let story = &world.story;
    if story.starts.len() != 1
        || !story.ends.is_empty()
        || !story.broken.is_empty()
        || !story.forced.is_empty()
    {
        return Err(format!(
            "seed {seed}: {} starts, ends {:?}, {:?}",
            story.starts.len(),
            story.ends,
            story.broken
        ));
    }
    if !idle && story.answered == 0 {
        return Err(format!("seed {seed}: nothing answered"));
    }
    Ok(())
}
