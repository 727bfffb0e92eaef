//! Chance with a seed that is printed, so that what failed once can be tried again.

/// Steele and Vigna's splitmix64.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed in `TONNYTRAY_SEED`, to try again what failed; else one that nobody chose.
    pub fn seed() -> u64 {
        let asked = std::env::var("TONNYTRAY_SEED").ok().and_then(|seed| seed.parse().ok());
        asked.unwrap_or_else(|| crate::fake_worker::now_ns() ^ u64::from(std::process::id()) << 32)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Less than `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}
