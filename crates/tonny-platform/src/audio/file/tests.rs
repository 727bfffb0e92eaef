//! Odd, broken, long and empty audio files.

use std::path::PathBuf;

use hound::{SampleFormat, WavSpec, WavWriter};
use proptest::prelude::*;
use tempfile::TempDir;

use super::super::wav::header;
use super::*;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.wav");
    (folder, path)
}

fn read(path: &Path) -> Vec<i16> {
    let blocks: Vec<Vec<i16>> = open_audio(path).unwrap().map(Result::unwrap).collect();
    assert!(blocks.iter().all(|block| !block.is_empty()));
    blocks.concat()
}

/// One second of 440 Hz at half scale in every channel.
fn write_sine(path: &Path, spec: WavSpec) {
    let mut wav = WavWriter::create(path, spec).unwrap();
    for n in 0..spec.sample_rate {
        let value = 0.5 * (f64::from(n) / f64::from(spec.sample_rate) * 440.0 * std::f64::consts::TAU).sin();
        for _ in 0..spec.channels {
            match spec.sample_format {
                SampleFormat::Float => wav.write_sample(value as f32).unwrap(),
                SampleFormat::Int => {
                    let scale = f64::from(1u32 << (spec.bits_per_sample - 1));
                    wav.write_sample((value * scale) as i32).unwrap();
                }
            }
        }
    }
    wav.finalize().unwrap();
}

fn is_the_sine(samples: &[i16], tolerance: f64) {
    assert_eq!(samples.len(), 16_000);
    for (n, sample) in samples.iter().enumerate().take(15_500).skip(500) {
        let ideal = 16_384.0 * (n as f64 / 16_000.0 * 440.0 * std::f64::consts::TAU).sin();
        assert!((f64::from(*sample) - ideal).abs() < tolerance, "sample {n}: {sample}, not {ideal}");
    }
}

#[test]
fn every_plain_wav_sounds_the_same() {
    for (bits, float) in [(8, false), (16, false), (24, false), (32, false), (32, true)] {
        for (channels, rate) in [(1, 16_000), (2, 44_100), (6, 48_000), (6, 96_000), (1, 8_000)] {
            let (_folder, path) = folder();
            let sample_format = if float { SampleFormat::Float } else { SampleFormat::Int };
            write_sine(&path, WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format });
            is_the_sine(&read(&path), if bits == 8 { 600.0 } else { 300.0 });
            assert_eq!(open_audio(&path).unwrap().duration(), Some(Duration::from_secs(1)));
        }
    }
}

#[test]
fn a_cut_off_wav_keeps_what_is_there() {
    let (_folder, path) = folder();
    let mut bytes = header(16_000).to_vec();
    bytes.extend((0..5000i16).flat_map(i16::to_le_bytes));
    bytes.push(7);
    std::fs::write(&path, &bytes).unwrap();
    let kept: Vec<i16> = (0..5000).collect();
    assert_eq!(read(&path), kept);
    assert_eq!(open_audio(&path).unwrap().duration(), Some(Duration::from_micros(312_500)));
    assert_eq!(open_recording(&path, None).unwrap(), kept);
}

#[test]
fn sizes_that_were_never_filled_in_do_not_hide_the_samples() {
    for size in [0, u32::MAX] {
        let (_folder, path) = folder();
        let mut bytes = header(0).to_vec();
        bytes[40..44].copy_from_slice(&size.to_le_bytes());
        bytes.extend([1, 0, 2, 0, 3, 0]);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path), [1, 2, 3]);
        assert_eq!(open_recording(&path, None).unwrap(), [1, 2, 3]);
    }
}

#[test]
fn a_recording_counts_by_its_length_and_other_audio_is_read_too() {
    let (_folder, path) = folder();
    let mut bytes = header(2).to_vec();
    bytes.extend([1, 0, 2, 0, 3, 0, 4, 0]);
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(open_recording(&path, None).unwrap(), [1, 2, 3, 4], "the header was two samples behind");

    let (_folder, path) = folder();
    write_sine(
        &path,
        WavSpec { channels: 2, sample_rate: 48_000, bits_per_sample: 16, sample_format: SampleFormat::Int },
    );
    is_the_sine(&open_recording(&path, None).unwrap(), 300.0);
}

#[test]
fn chunks_before_the_samples_are_skipped() {
    let (_folder, path) = folder();
    let mut bytes = header(2)[..36].to_vec();
    bytes.extend(b"LIST\x03\0\0\0abc\0data\x04\0\0\0\x01\0\x02\0LIST\x04\0\0\0abcd");
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(read(&path), [1, 2]);
}

#[test]
fn files_without_samples_are_empty() {
    let only_riff = b"RIFF\x04\0\0\0WAVE".to_vec();
    for bytes in [header(0).to_vec(), header(5).to_vec(), header(0)[..30].to_vec(), only_riff] {
        let (_folder, path) = folder();
        std::fs::write(&path, &bytes).unwrap();
        let problem = open_audio(&path).unwrap_err();
        assert!(problem.is(Code::AudioEmpty) && problem.message.contains("odd.wav"), "{problem}");
        assert!(open_recording(&path, None).unwrap_err().is(Code::AudioEmpty));
    }
}

#[test]
fn what_is_not_audio_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let noise: Vec<u8> = (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let junk: [(&str, &[u8]); 5] = [
        ("text.wav", b"hello, I am not audio"),
        ("nothing.wav", b""),
        ("zero.mp3", &[0; 9000]),
        ("noise.flac", &noise),
        ("head.wav", b"RIFF....WAVEdata\x04\0\0\0abcd"),
    ];
    for (name, bytes) in junk {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let problem = open_audio(&path).err().unwrap_or_else(|| panic!("{name} was taken for audio"));
        assert!(problem.is(Code::AudioUnreadable) && problem.message.contains(name), "{name}: {problem}");
    }
    let missing = open_audio(&folder.path().join("gone.wav")).unwrap_err();
    assert!(
        missing.message.starts_with("There is no file") && missing.message.contains("gone.wav"),
        "{missing}"
    );
    assert!(open_audio(folder.path()).unwrap_err().message.contains("folder"));
}

#[test]
fn two_hours_are_read_a_block_at_a_time() {
    let (_folder, path) = folder();
    let frames = 2 * 3600 * 8000u64;
    let mut start = header(frames);
    start[24..28].copy_from_slice(&8000u32.to_le_bytes());
    std::fs::write(&path, start).unwrap();
    // Sparse: 115 MB that take no room on the disk.
    File::options().write(true).open(&path).unwrap().set_len(44 + frames * 2).unwrap();
    let file = open_audio(&path).unwrap();
    assert_eq!(file.duration(), Some(Duration::from_secs(7200)));
    let mut total = 0;
    for block in file {
        let block = block.unwrap();
        assert!(block.len() <= 4096, "a block of {}", block.len());
        total += block.len() as u64;
    }
    assert_eq!(total, frames * 2);
}

/// FLAC with verbatim samples, written by hand: 16 kHz, mono, 16 bit, blocks of 256.
fn flac(samples: &[i16]) -> Vec<u8> {
    let crc8 = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0u8, |crc, b| (0..8).fold(crc ^ b, |c, _| if c & 0x80 != 0 { c << 1 ^ 7 } else { c << 1 }))
    };
    let crc16 = |bytes: &[u8]| {
        bytes.iter().fold(0u16, |crc, b| {
            (0..8)
                .fold(crc ^ u16::from(*b) << 8, |c, _| if c & 0x8000 != 0 { c << 1 ^ 0x8005 } else { c << 1 })
        })
    };
    let mut out = b"fLaC\x80\0\0\x22\x01\0\x01\0\0\0\0\0\0\0".to_vec();
    out.extend(((16_000u64 << 44) | (15 << 36) | samples.len() as u64).to_be_bytes());
    out.extend([0; 16]);
    for (number, block) in samples.chunks(256).enumerate() {
        // Fixed blocks, size given in 8 bits, 16 kHz, mono, 16 bit.
        let mut frame = vec![0xFF, 0xF8, 0x65, 0x08, number as u8, (block.len() - 1) as u8];
        frame.push(crc8(&frame));
        frame.push(0x02);
        frame.extend(block.iter().flat_map(|sample| sample.to_be_bytes()));
        let sum = crc16(&frame);
        out.extend(frame);
        out.extend(sum.to_be_bytes());
    }
    out
}

#[test]
fn flac_is_decoded_to_the_last_sample() {
    let (_folder, path) = folder();
    let samples: Vec<i16> = (0..2000i32).map(|n| (n * 37 % 20_000 - 10_000) as i16).collect();
    let path = path.with_extension("flac");
    let bytes = flac(&samples);
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(read(&path), samples);
    assert_eq!(open_audio(&path).unwrap().duration(), Some(Duration::from_millis(125)));
    std::fs::write(&path, &bytes[..bytes.len() - 300]).unwrap();
    let cut = read(&path);
    assert!(cut.len() >= 1024 && samples.starts_with(&cut), "{} of a cut-off file", cut.len());
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), as_wav in any::<bool>()) {
        if as_wav {
            let start = header(100);
            let n = bytes.len().min(20);
            bytes.splice(..n, start[..20].iter().copied());
        }
        let (_folder, path) = folder();
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(file) = open_audio(&path) {
            prop_assert!(file.flatten().map(|block| block.len()).sum::<usize>() < 1_000_000);
        }
    }
}

/// One second of 440 Hz at half scale, as three encoders wrote it: the codec may add silence at either end.
#[test]
fn compressed_files_keep_pitch_level_and_length() {
    for name in ["sine.mp3", "sine.ogg", "sine.m4a"] {
        let samples = read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name));
        assert!((15_000..18_500).contains(&samples.len()), "{name}: {} samples", samples.len());
        let middle = &samples[4_000..12_000];
        let crossings = middle.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
        assert!((438..=442).contains(&crossings), "{name}: {crossings} half waves in half a second");
        let power = middle.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / 8_000.0;
        assert!((power.sqrt() - 11_585.0).abs() < 800.0, "{name}: level {}", power.sqrt());
    }
}
