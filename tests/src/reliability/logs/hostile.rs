//! L3: output that breaks readers, against the splitter alone.

use tonny_supervisor::Splitter;

use crate::reliability::{Outcome, Size};

/// What a stream may cost, in bytes.
const LIMIT: usize = 1 << 20;
const ENDLESS: usize = 64 << 20;
/// Pieces as a pipe gives them.
const PIECE: usize = 64 << 10;

pub fn bounded(size: Size) -> Outcome {
    let runs: u64 = size.pick(200_000, 10_000_000);
    let mut most = endless();
    let halves = std::thread::scope(|scope| {
        let threads = [1, 2].map(|seed| scope.spawn(move || random(seed, runs / 2)));
        threads.map(std::thread::ScopedJoinHandle::join)
    });
    let mut failed = 0;
    for half in halves {
        match half {
            Ok(Ok(memory)) => most = most.max(memory),
            Ok(Err(what)) => return Outcome::measured(false, what),
            Err(_) => failed += 1,
        }
    }
    let text = format!(
        "{runs} random runs, {failed} panics; 64 MiB without a line end of 9 kinds; most memory {} KiB a stream",
        most / 1024
    );
    Outcome::measured(failed == 0 && most <= LIMIT, text)
}

/// 64 MiB without a line end, of every kind; the most memory it took.
fn endless() -> usize {
    let kinds: [&[u8]; 9] =
        [b"x", b"\0", b"\xff", b"\r", b"\x1b[31m", b"\x1b]0;", b"x\r", b"\xc3\xa9\x01", b"a secret "];
    let mut most = 0;
    for kind in kinds {
        let (piece, mut splitter) = (kind.repeat(PIECE / kind.len()), Splitter::default());
        for _ in 0..ENDLESS / piece.len() {
            splitter.feed(&piece, |_| {});
            most = most.max(splitter.memory());
        }
        splitter.rest(|_| {});
        most = most.max(splitter.memory());
    }
    most
}

/// Short random streams in random pieces: as many lines come out as went in, and all of them are clean text.
fn random(seed: u64, runs: u64) -> Result<usize, String> {
    const LIKELY: &[u8] = b"\n\n\r\x1b[]0;m\0\xff\xc3\xa9 ab\x07\\\t\x9b\xe2\x80\xa8";
    let (mut state, mut most) = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, 0);
    let mut next = move || {
        // xorshift64*: enough to be different each time, the same in each run.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let (mut bytes, mut splitter) = (Vec::new(), Splitter::default());
    for run in 0..runs {
        bytes.clear();
        for _ in 0..next() % 48 {
            let dice = next();
            bytes.push(if dice & 3 == 0 {
                (dice >> 8) as u8
            } else {
                LIKELY[(dice >> 8) as usize % LIKELY.len()]
            });
        }
        let size = 1 + next() as usize % 16;
        let (mut lines, mut clean) = (0, true);
        let mut take = |block: &[u8]| {
            lines += block.iter().filter(|byte| **byte == b'\n').count();
            let text = std::str::from_utf8(block);
            clean &=
                text.is_ok_and(|text| !text.chars().any(|char| char.is_control() && !"\n\t".contains(char)));
        };
        for piece in bytes.chunks(size) {
            splitter.feed(piece, &mut take);
        }
        splitter.rest(&mut take);
        most = most.max(splitter.memory());
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        if !clean || lines < ends || lines > ends + 1 {
            return Err(format!(
                "run {run} of seed {seed}: {ends} line ends, {lines} lines, clean: {clean}: {bytes:?}"
            ));
        }
    }
    Ok(most)
}
