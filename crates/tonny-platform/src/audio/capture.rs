//! From the device's callback to the consumer: a ring of raw bytes, a ring of what is known about them, a wake-up.
//!
//! Theory: the callback may neither allocate, lock nor wait, so it copies and unparks. Bytes are pushed before the
//! block that describes them, hence a block the consumer sees always has its bytes. Whole blocks are dropped when the
//! consumer is too far behind; they are counted, and the consumer says so in the log.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};

use super::ending::{Ending, captured_until};

/// What the consumer may be behind: a write to a busy spinning disk was seen to take about 2 s.
const RING_SECONDS: usize = 5;

/// Blocks in the second ring, for devices that hand over as little as 2 ms at a time.
const RING_BLOCKS: usize = RING_SECONDS * 500;

/// One buffer of the device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) bytes: usize,
    /// When the device handed it over.
    pub(super) arrived: Instant,
    /// When its last sample was captured.
    pub(super) captured_until: Instant,
}

/// What both sides and the recording's handle share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    consumer: OnceLock<Thread>,
    ending: Mutex<Option<Ending>>,
    fault: Mutex<Option<cpal::Error>>,
    faulty: AtomicBool,
    dropped_bytes: AtomicU64,
    syncs: AtomicU32,
}

impl Shared {
    /// Names the thread to wake. Blocks that came before wait in the ring.
    pub(super) fn wakes(&self, consumer: Thread) {
        let _ = self.consumer.set(consumer);
        self.wake();
    }

    fn wake(&self) {
        if let Some(consumer) = self.consumer.get() {
            consumer.unpark();
        }
    }

    /// The recording has just been forced to the disk.
    pub(super) fn synced(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it was while it grew.
    pub(super) fn syncs(&self) -> u32 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Tells the consumer to end; the first word counts.
    pub(super) fn end(&self, ending: Ending) {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(ending);
        self.wake();
    }

    /// How it was told to end, if it was.
    pub(super) fn ending(&self) -> Option<Ending> {
        *self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream broke; the first reason counts.
    pub(super) fn fail(&self, error: cpal::Error) {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.faulty.store(true, Ordering::Release);
        self.wake();
    }

    /// Why the stream broke, if it did.
    pub(super) fn fault(&self) -> Option<cpal::Error> {
        if !self.faulty.load(Ordering::Acquire) {
            return None;
        }
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets why the stream broke: another one takes its place.
    pub(super) fn mend(&self) {
        self.faulty.store(false, Ordering::Release);
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Bytes thrown away so far because the ring was full.
    pub(super) fn dropped_bytes(&self) -> u64 {
        self.dropped_bytes.load(Ordering::Relaxed)
    }
}

/// The callback's end.
pub(super) struct Inlet {
    bytes: Producer<u8>,
    blocks: Producer<Block>,
    bytes_per_second: usize,
    shared: Arc<Shared>,
}

/// The consumer's end.
pub(super) struct Outlet {
    bytes: Consumer<u8>,
    blocks: Consumer<Block>,
}

/// Both ends, for a device that makes `bytes_per_second`.
pub(super) fn ring(bytes_per_second: usize, shared: Arc<Shared>) -> (Inlet, Outlet) {
    let (byte_in, byte_out) = RingBuffer::new(bytes_per_second * RING_SECONDS);
    let (block_in, block_out) = RingBuffer::new(RING_BLOCKS);
    let inlet = Inlet { bytes: byte_in, blocks: block_in, bytes_per_second, shared };
    (inlet, Outlet { bytes: byte_out, blocks: block_out })
}

impl Inlet {
    /// Takes one buffer. `age` is how old the backend says its first sample is.
    pub(super) fn take(&mut self, bytes: &[u8], arrived: Instant, age: Duration) {
        let length = Duration::from_secs_f64(bytes.len() as f64 / self.bytes_per_second as f64);
        let block =
            Block { bytes: bytes.len(), arrived, captured_until: captured_until(arrived, age, length) };
        let fits = !self.blocks.is_full()
            && self.bytes.push_entire_slice(bytes).is_ok()
            && self.blocks.push(block).is_ok();
        if !fits {
            self.shared.dropped_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        self.shared.wake();
    }
}

impl Outlet {
    /// The next buffer; its bytes replace what is in `bytes`.
    pub(super) fn next(&mut self, bytes: &mut Vec<u8>) -> Option<Block> {
        let block = self.blocks.pop().ok()?;
        bytes.resize(block.bytes, 0);
        self.bytes.pop_entire_slice(bytes).ok()?;
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_out_whole_and_in_order_and_a_full_ring_is_counted() {
        let shared = Arc::new(Shared::default());
        let (mut inlet, mut outlet) = ring(100, Arc::clone(&shared));
        let now = Instant::now();
        for n in 0..7u8 {
            inlet.take(&[n; 90], now, Duration::from_millis(900));
        }
        assert_eq!(shared.dropped_bytes(), 2 * 90, "500 bytes hold five blocks of 90");
        let mut bytes = Vec::new();
        for n in 0..5u8 {
            let block = outlet.next(&mut bytes).unwrap();
            assert_eq!(bytes, [n; 90]);
            assert_eq!((block.arrived, block.captured_until), (now, now));
        }
        assert!(outlet.next(&mut bytes).is_none());
    }

    #[test]
    fn the_first_end_and_the_first_fault_count() {
        let shared = Shared::default();
        assert!(shared.ending().is_none() && shared.fault().is_none());
        let now = Instant::now();
        shared.end(Ending::after(now, Duration::from_secs(3), now));
        shared.end(Ending::at_once(now));
        assert!(!shared.ending().unwrap().is_reached(None, now));
        shared.fail(cpal::Error::new(cpal::ErrorKind::DeviceNotAvailable));
        shared.fail(cpal::Error::new(cpal::ErrorKind::Other));
        assert_eq!(shared.fault().unwrap().kind(), cpal::ErrorKind::DeviceNotAvailable);
    }
}
