//! L1 to L6: what becomes of a worker's output. Real workers under the real library, real files; each theme has a file.

pub mod bench;
pub mod flood;
pub mod hostile;
pub mod secrets;
pub mod stalls;
pub mod wear;
pub mod words;

use super::Row;

/// Every row of table 2.
pub const ROWS: &[Row] = &[
    Row {
        id: "L1",
        promise: "A million lines a second, 100 B each over both streams for 10 s, go into segment files without a loss",
        limit: "0 lost; write() of the worker p99 <= 1 ms, max <= 10 ms; app grows <= 32 MiB",
        run: flood::lossless,
    },
    Row {
        id: "L2",
        promise: "Overload, a full disk, a disk that stands still and a locked database never hold the worker up; what is \
                  lost is counted",
        limit: "write() max <= 50 ms; produced = stored + counted",
        run: stalls::never_blocks,
    },
    Row {
        id: "L3",
        promise: "Hostile output costs bounded memory and no panic",
        limit: "<= 1 MiB a stream; 10^7 random runs",
        run: hostile::bounded,
    },
    Row {
        id: "L4",
        promise: "Logs spare the disk",
        limit: "written <= 1.1 x logged (segments), <= 4 x (rows); idle <= 100 KB/h; store <= 64 MiB + 8 MiB",
        run: wear::spares_the_disk,
    },
    Row {
        id: "L5",
        promise: "The last 64 KiB of both streams of a killed or crashed worker are in the incident, and nobody who holds its \
                  pipes delays the restart",
        limit: "500 of 500; restart <= 100 ms",
        run: words::last_words,
    },
    Row {
        id: "L6",
        promise: "Secrets are taken out before anything is stored or shown",
        limit: "0 canaries",
        run: secrets::none_stored,
    },
];
