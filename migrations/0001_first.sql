-- Settings as one document, utterances with their way through the product, and the search over their text.
-- Times are UTC milliseconds since 1970; times of stages are milliseconds since the press of the key.
-- length() stops at a NUL, octet_length() does not: texts are bounded by both.

CREATE TABLE settings (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    json       TEXT    NOT NULL CHECK (json_valid(json) AND octet_length(json) <= 4000000),
    version    INTEGER NOT NULL CHECK (version BETWEEN 1 AND 1000000),
    -- Grows by one with each save: tells a second program that its copy is old.
    revision   INTEGER NOT NULL CHECK (revision >= 1),
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE utterances (
    -- A rowid of its own, for the search: implicit rowids may change in a VACUUM.
    seq             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE CHECK (octet_length(id) BETWEEN 1 AND 64),
    -- Years 1 to 9999: what every calendar library can show.
    started_at      INTEGER NOT NULL CHECK (started_at BETWEEN -62135596800000 AND 253402300799999),
    profile         TEXT    CHECK (octet_length(profile) BETWEEN 1 AND 256),
    route           TEXT    NOT NULL CHECK (octet_length(route) BETWEEN 1 AND 256),
    state           TEXT    NOT NULL CHECK (state IN ('recording', 'recorded', 'transcribing', 'transcribed',
                                                      'delivering', 'delivered', 'kept', 'failed', 'cancelled')),
    text            TEXT    CHECK (length(text) <= 1000000 AND octet_length(text) <= 4000000),
    raw_text        TEXT    CHECK (length(raw_text) <= 1000000 AND octet_length(raw_text) <= 4000000),
    language        TEXT    CHECK (octet_length(language) BETWEEN 1 AND 64),
    engine          TEXT    CHECK (octet_length(engine) BETWEEN 1 AND 256),
    model           TEXT    CHECK (octet_length(model) BETWEEN 1 AND 256),
    target_class    TEXT    CHECK (octet_length(target_class) <= 1024),
    inserted_by     TEXT    CHECK (octet_length(inserted_by) <= 64),
    error_code      TEXT    CHECK (octet_length(error_code) BETWEEN 1 AND 64),
    error_message   TEXT    CHECK (octet_length(error_message) <= 8192),
    -- The file's name within the audio folder, so that the folder can move.
    audio_file      TEXT    CHECK (octet_length(audio_file) BETWEEN 1 AND 1024),
    audio_ms        INTEGER CHECK (audio_ms >= 0),
    recovered       INTEGER NOT NULL DEFAULT 0 CHECK (recovered IN (0, 1)),
    first_sample_ms INTEGER CHECK (first_sample_ms >= 0),
    release_ms      INTEGER CHECK (release_ms >= 0),
    last_audio_ms   INTEGER CHECK (last_audio_ms >= 0),
    final_text_ms   INTEGER CHECK (final_text_ms >= 0),
    delivered_ms    INTEGER CHECK (delivered_ms >= 0)
) STRICT;

CREATE INDEX utterances_by_start ON utterances (started_at, id);
CREATE INDEX utterances_by_state ON utterances (state, started_at, id);

-- The search takes its content from here: only rows that have a text are in it, which is what lets its
-- integrity check compare it with the source row by row, and 'rebuild' make it anew at any time.
CREATE VIEW utterance_texts (seq, text) AS
    SELECT seq, text FROM utterances WHERE text IS NOT NULL;

CREATE VIRTUAL TABLE utterances_fts USING fts5 (
    text,
    content = 'utterance_texts',
    content_rowid = 'seq',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3'
);

-- A deleted word leaves the index at once instead of at the next merge.
INSERT INTO utterances_fts (utterances_fts, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER utterances_text_added AFTER INSERT ON utterances WHEN new.text IS NOT NULL
BEGIN
    INSERT INTO utterances_fts (rowid, text) VALUES (new.seq, new.text);
END;

CREATE TRIGGER utterances_text_removed AFTER DELETE ON utterances WHEN old.text IS NOT NULL
BEGIN
    INSERT INTO utterances_fts (utterances_fts, rowid, text) VALUES ('delete', old.seq, old.text);
END;

-- One trigger for both halves: the order in which two triggers fire is not defined, and the old words must go first.
CREATE TRIGGER utterances_text_changed AFTER UPDATE OF text ON utterances WHEN old.text IS NOT new.text
BEGIN
    INSERT INTO utterances_fts (utterances_fts, rowid, text)
        SELECT 'delete', old.seq, old.text WHERE old.text IS NOT NULL;
    INSERT INTO utterances_fts (rowid, text)
        SELECT new.seq, new.text WHERE new.text IS NOT NULL;
END;

CREATE TRIGGER utterances_seq_is_fixed BEFORE UPDATE OF seq ON utterances WHEN old.seq IS NOT new.seq
BEGIN
    SELECT RAISE(ABORT, 'utterances.seq never changes: the search refers to it');
END;
