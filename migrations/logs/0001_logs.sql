-- What matters about workers: state changes, warnings and errors, incidents with their last output, losses. A file of its
-- own, so that a flood here can neither slow down nor fill the one with the user's words. It may be lost: nothing else
-- refers to it. Times are UTC milliseconds since 1970.

CREATE TABLE logs (
    seq         INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    worker      TEXT    NOT NULL CHECK (octet_length(worker) <= 256),
    -- Number of the worker's start; 0 where it belongs to none.
    incarnation INTEGER NOT NULL CHECK (incarnation >= 0),
    -- 1 info, 2 warn, 3 error: compared by size.
    level       INTEGER NOT NULL CHECK (level BETWEEN 1 AND 3),
    kind        TEXT    NOT NULL CHECK (octet_length(kind) BETWEEN 1 AND 32),
    -- How many lines or records a row about a loss stands for.
    lines       INTEGER CHECK (lines >= 0),
    text        TEXT    NOT NULL CHECK (octet_length(text) <= 16384),
    -- Incidents only.
    first_lines TEXT    CHECK (octet_length(first_lines) <= 65536),
    stdout_tail TEXT    CHECK (octet_length(stdout_tail) <= 262144),
    stderr_tail TEXT    CHECK (octet_length(stderr_tail) <= 262144)
) STRICT;

-- Three and no more: each is written with every row.
CREATE INDEX logs_by_time ON logs (at, seq);
CREATE INDEX logs_by_worker ON logs (worker, at, seq);
CREATE INDEX logs_that_warn ON logs (at, seq) WHERE level >= 2;
