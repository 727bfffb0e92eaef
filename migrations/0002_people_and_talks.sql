-- People, what was done, talks with the assistant; utterances learn who spoke, how sure the engine was, and what a
-- webhook answered. The table is made anew because a column cannot be given a foreign key later.

CREATE TABLE profiles (
    id          TEXT    NOT NULL PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 256),
    name        TEXT    NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 256),
    -- Permissions, routes, commands, providers, hosts: one document that the core reads.
    json        TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(json) AND octet_length(json) <= 1000000),
    -- The voice a speaker is known by, as the engine gave it.
    voice       BLOB    CHECK (octet_length(voice) BETWEEN 1 AND 1000000),
    active      INTEGER NOT NULL DEFAULT 0 CHECK (active IN (0, 1)),
    created_at  INTEGER NOT NULL CHECK (created_at BETWEEN -62135596800000 AND 253402300799999),
    updated_at  INTEGER NOT NULL CHECK (updated_at BETWEEN -62135596800000 AND 253402300799999)
) STRICT;

CREATE UNIQUE INDEX profiles_by_name ON profiles (name);

-- At most one person at a time.
CREATE UNIQUE INDEX profiles_active ON profiles (active) WHERE active = 1;

INSERT INTO profiles (id, name, created_at, updated_at)
    SELECT profile, profile, min(started_at), min(started_at) FROM utterances WHERE profile IS NOT NULL GROUP BY profile;

CREATE TABLE utterances_new (
    seq             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE CHECK (octet_length(id) BETWEEN 1 AND 64),
    started_at      INTEGER NOT NULL CHECK (started_at BETWEEN -62135596800000 AND 253402300799999),
    -- Words outlive the person they were spoken under.
    profile         TEXT    REFERENCES profiles (id) ON DELETE SET NULL ON UPDATE CASCADE,
    route           TEXT    NOT NULL CHECK (octet_length(route) BETWEEN 1 AND 256),
    state           TEXT    NOT NULL CHECK (state IN ('recording', 'recorded', 'transcribing', 'transcribed',
                                                      'delivering', 'delivered', 'kept', 'failed', 'cancelled')),
    text            TEXT    CHECK (length(text) <= 1000000 AND octet_length(text) <= 4000000),
    raw_text        TEXT    CHECK (length(raw_text) <= 1000000 AND octet_length(raw_text) <= 4000000),
    confidence      REAL    CHECK (confidence BETWEEN 0.0 AND 1.0),
    speaker         TEXT    CHECK (octet_length(speaker) BETWEEN 1 AND 256),
    language        TEXT    CHECK (octet_length(language) BETWEEN 1 AND 64),
    engine          TEXT    CHECK (octet_length(engine) BETWEEN 1 AND 256),
    model           TEXT    CHECK (octet_length(model) BETWEEN 1 AND 256),
    target_class    TEXT    CHECK (octet_length(target_class) <= 1024),
    inserted_by     TEXT    CHECK (octet_length(inserted_by) <= 64),
    sent_to_webhook INTEGER NOT NULL DEFAULT 0 CHECK (sent_to_webhook IN (0, 1)),
    -- Whether the webhook took it; unknown until it answered.
    success         INTEGER CHECK (success IN (0, 1)),
    response        TEXT    CHECK (octet_length(response) <= 1000000),
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
    delivered_ms    INTEGER CHECK (delivered_ms >= 0),
    -- Counted by the store when the text is written.
    words           INTEGER NOT NULL DEFAULT 0 CHECK (words >= 0),
    -- Never written by hand: what retention and statistics add up without reading the texts.
    text_bytes      INTEGER NOT NULL GENERATED ALWAYS AS
                        (coalesce(octet_length(text), 0) + coalesce(octet_length(raw_text), 0)) VIRTUAL,
    CHECK (success IS NULL OR sent_to_webhook = 1)
) STRICT;

-- Spaces plus one is close enough for texts that were counted by nobody; new ones are counted exactly.
INSERT INTO utterances_new (seq, id, started_at, profile, route, state, text, raw_text, language, engine, model,
        target_class, inserted_by, error_code, error_message, audio_file, audio_ms, recovered, first_sample_ms,
        release_ms, last_audio_ms, final_text_ms, delivered_ms, words)
    SELECT seq, id, started_at, profile, route, state, text, raw_text, language, engine, model,
        target_class, inserted_by, error_code, error_message, audio_file, audio_ms, recovered, first_sample_ms,
        release_ms, last_audio_ms, final_text_ms, delivered_ms,
        CASE WHEN trim(coalesce(text, '')) = '' THEN 0
             ELSE 1 + length(trim(text)) - length(replace(trim(text), ' ', '')) END
    FROM utterances;

-- The search stays as it is: it refers to the view's name and to seq, and both come back the same.
DROP VIEW utterance_texts;
DROP TABLE utterances;
ALTER TABLE utterances_new RENAME TO utterances;

CREATE VIEW utterance_texts (seq, text) AS
    SELECT seq, text FROM utterances WHERE text IS NOT NULL;

-- Statistics and retention add up the last four without reading a text.
CREATE INDEX utterances_by_start ON utterances (started_at, id, state, words, audio_ms, text_bytes);
CREATE INDEX utterances_with_audio ON utterances (started_at, id, state, audio_ms) WHERE audio_file IS NOT NULL;
CREATE INDEX utterances_by_state ON utterances (state, started_at, id);
CREATE INDEX utterances_by_profile ON utterances (profile, started_at, id);
CREATE INDEX utterances_by_route ON utterances (route, started_at, id);
CREATE INDEX utterances_by_engine ON utterances (engine, started_at, id);

CREATE TRIGGER utterances_text_added AFTER INSERT ON utterances WHEN new.text IS NOT NULL
BEGIN
    INSERT INTO utterances_fts (rowid, text) VALUES (new.seq, new.text);
END;

CREATE TRIGGER utterances_text_removed AFTER DELETE ON utterances WHEN old.text IS NOT NULL
BEGIN
    INSERT INTO utterances_fts (utterances_fts, rowid, text) VALUES ('delete', old.seq, old.text);
END;

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

-- Who did what, and whether it worked.
CREATE TABLE activity (
    seq        INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL CHECK (at BETWEEN -62135596800000 AND 253402300799999),
    profile    TEXT    REFERENCES profiles (id) ON DELETE SET NULL ON UPDATE CASCADE,
    action     TEXT    NOT NULL CHECK (octet_length(action) BETWEEN 1 AND 64),
    -- What it was done to: an utterance's id, a setting's key, a file's name.
    subject    TEXT    CHECK (octet_length(subject) BETWEEN 1 AND 1024),
    success    INTEGER NOT NULL CHECK (success IN (0, 1)),
    error_code TEXT    CHECK (octet_length(error_code) BETWEEN 1 AND 64),
    detail     TEXT    CHECK (octet_length(detail) <= 8192)
) STRICT;

CREATE INDEX activity_by_time ON activity (at, seq);
CREATE INDEX activity_by_profile ON activity (profile, at, seq);
CREATE INDEX activity_by_action ON activity (action, at, seq);

CREATE TABLE conversations (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 64),
    profile    TEXT    REFERENCES profiles (id) ON DELETE SET NULL ON UPDATE CASCADE,
    title      TEXT    NOT NULL CHECK (length(title) <= 1000 AND octet_length(title) <= 4000),
    model      TEXT    CHECK (octet_length(model) BETWEEN 1 AND 256),
    system     TEXT    CHECK (length(system) <= 1000000 AND octet_length(system) <= 4000000),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -62135596800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -62135596800000 AND 253402300799999)
) STRICT;

CREATE INDEX conversations_by_update ON conversations (updated_at, id);
CREATE INDEX conversations_by_profile ON conversations (profile, updated_at, id);

CREATE TABLE messages (
    seq          INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE CHECK (octet_length(id) BETWEEN 1 AND 64),
    conversation TEXT    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE ON UPDATE CASCADE,
    -- The message it answers or replaces a sibling of: an edited question starts a branch.
    parent       TEXT    REFERENCES messages (id) ON DELETE CASCADE ON UPDATE CASCADE,
    role         TEXT    NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    -- An answer that was cut off is never shown as complete.
    state        TEXT    NOT NULL CHECK (state IN ('streaming', 'complete', 'cut', 'failed')),
    text         TEXT    NOT NULL CHECK (length(text) <= 1000000 AND octet_length(text) <= 4000000),
    provider     TEXT    CHECK (octet_length(provider) BETWEEN 1 AND 256),
    model        TEXT    CHECK (octet_length(model) BETWEEN 1 AND 256),
    error_code   TEXT    CHECK (octet_length(error_code) BETWEEN 1 AND 64),
    -- Spoken, not typed.
    utterance    TEXT    REFERENCES utterances (id) ON DELETE SET NULL ON UPDATE CASCADE,
    tokens_in    INTEGER CHECK (tokens_in >= 0),
    tokens_out   INTEGER CHECK (tokens_out >= 0),
    -- Millionths of a US dollar.
    cost_micros  INTEGER CHECK (cost_micros >= 0),
    created_at   INTEGER NOT NULL CHECK (created_at BETWEEN -62135596800000 AND 253402300799999)
) STRICT;

CREATE INDEX messages_by_conversation ON messages (conversation, seq);
CREATE INDEX messages_by_parent ON messages (parent) WHERE parent IS NOT NULL;
CREATE INDEX messages_by_utterance ON messages (utterance) WHERE utterance IS NOT NULL;

CREATE VIRTUAL TABLE messages_fts USING fts5 (
    text,
    content = 'messages',
    content_rowid = 'seq',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3'
);

INSERT INTO messages_fts (messages_fts, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER messages_text_added AFTER INSERT ON messages
BEGIN
    INSERT INTO messages_fts (rowid, text) VALUES (new.seq, new.text);
END;

CREATE TRIGGER messages_text_removed AFTER DELETE ON messages
BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.seq, old.text);
END;

CREATE TRIGGER messages_text_changed AFTER UPDATE OF text ON messages WHEN old.text IS NOT new.text
BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.seq, old.text);
    INSERT INTO messages_fts (rowid, text) VALUES (new.seq, new.text);
END;

CREATE TRIGGER messages_seq_is_fixed BEFORE UPDATE OF seq ON messages WHEN old.seq IS NOT new.seq
BEGIN
    SELECT RAISE(ABORT, 'messages.seq never changes: the search refers to it');
END;
