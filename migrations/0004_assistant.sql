-- What the assistant needs: answers that grow without being written anew, branches, titles that can be searched,
-- attachments, and the list of what left the machine. Conversations and messages are made anew: the search over titles
-- needs a number that stays, and a CHECK cannot be widened. The new tables refer to each other by their new names, which
-- the renaming turns into the old ones; a reference to an old table would take the new rows along when that one goes.

CREATE TABLE conversations_new (
    -- A rowid of its own, for the search: implicit rowids may change in a VACUUM.
    seq        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE CHECK (octet_length(id) BETWEEN 1 AND 64),
    profile    TEXT    REFERENCES profiles (id) ON DELETE SET NULL ON UPDATE CASCADE,
    title      TEXT    NOT NULL CHECK (length(title) <= 1000 AND octet_length(title) <= 4000),
    model      TEXT    CHECK (octet_length(model) BETWEEN 1 AND 256),
    -- The last message of the branch that is shown.
    leaf       TEXT    REFERENCES messages_new (id) ON DELETE SET NULL ON UPDATE CASCADE,
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -62135596800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -62135596800000 AND 253402300799999),
    -- Long ones last: what stands behind a long value is found only by reading it.
    system     TEXT    CHECK (length(system) <= 1000000 AND octet_length(system) <= 4000000)
) STRICT;

CREATE TABLE messages_new (
    seq          INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE CHECK (octet_length(id) BETWEEN 1 AND 64),
    conversation TEXT    NOT NULL REFERENCES conversations_new (id) ON DELETE CASCADE ON UPDATE CASCADE,
    -- The message it answers or replaces a sibling of. Without a cascade: SQLite follows one no deeper than a thousand
    -- rows, and a talk is longer; who deletes a message names its whole branch.
    parent       TEXT    REFERENCES messages_new (id) ON UPDATE CASCADE,
    role         TEXT    NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    -- An answer that was cut off is never shown as complete.
    state        TEXT    NOT NULL CHECK (state IN ('streaming', 'complete', 'cut', 'cancelled', 'failed')),
    -- Why the model stopped, where it said so.
    finish       TEXT    CHECK (finish IN ('stop', 'length', 'filtered', 'refused', 'other')),
    provider     TEXT    CHECK (octet_length(provider) BETWEEN 1 AND 256),
    model        TEXT    CHECK (octet_length(model) BETWEEN 1 AND 256),
    error_code   TEXT    CHECK (octet_length(error_code) BETWEEN 1 AND 64),
    -- Spoken, not typed.
    utterance    TEXT    REFERENCES utterances (id) ON DELETE SET NULL ON UPDATE CASCADE,
    tokens_in    INTEGER CHECK (tokens_in >= 0),
    tokens_out   INTEGER CHECK (tokens_out >= 0),
    -- 10^-12 US dollars; unknown is not free.
    cost_pico    INTEGER CHECK (cost_pico >= 0),
    -- The tokens were counted here, because the provider did not say.
    is_estimated INTEGER NOT NULL DEFAULT 0 CHECK (is_estimated IN (0, 1)),
    -- The last delta that is in the text; later ones are in message_deltas.
    deltas       INTEGER NOT NULL DEFAULT 0 CHECK (deltas >= 0),
    created_at   INTEGER NOT NULL CHECK (created_at BETWEEN -62135596800000 AND 253402300799999),
    -- Skips, failures and switches on the way to the answer: a list that the core reads.
    notices      TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(notices) AND octet_length(notices) <= 1000000),
    reasoning    TEXT    NOT NULL DEFAULT '' CHECK (octet_length(reasoning) <= 4000000),
    -- Bounded by bytes alone: they are known without reading the text, which a growing answer has no time for.
    text         TEXT    NOT NULL CHECK (octet_length(text) <= 4000000)
) STRICT;

INSERT INTO conversations_new (id, profile, title, model, system, created_at, updated_at)
    SELECT id, profile, title, model, system, created_at, updated_at FROM conversations ORDER BY created_at, id;

-- The most millionths whose pico-dollars SQLite can count.
INSERT INTO messages_new (seq, id, conversation, parent, role, state, text, provider, model, error_code, utterance,
        tokens_in, tokens_out, cost_pico, created_at)
    SELECT seq, id, conversation, parent, role, state, text, provider, model, error_code, utterance,
        tokens_in, tokens_out, min(cost_micros, 9223372036854) * 1000000, created_at
    FROM messages ORDER BY seq;

-- Dropping a table deletes its rows, and here one by one down the whole talk, deeper than SQLite follows.
UPDATE messages SET parent = NULL WHERE parent IS NOT NULL;

-- The search over messages stays as it is: it refers to the name and to seq, and both come back the same.
DROP TABLE messages;
DROP TABLE conversations;
ALTER TABLE conversations_new RENAME TO conversations;
ALTER TABLE messages_new RENAME TO messages;

CREATE INDEX conversations_by_update ON conversations (updated_at, id);
CREATE INDEX conversations_by_profile ON conversations (profile, updated_at, id);
CREATE INDEX conversations_by_leaf ON conversations (leaf) WHERE leaf IS NOT NULL;

CREATE INDEX messages_by_conversation ON messages (conversation, seq);
CREATE INDEX messages_by_parent ON messages (parent) WHERE parent IS NOT NULL;
CREATE INDEX messages_by_utterance ON messages (utterance) WHERE utterance IS NOT NULL;
-- Empty but for the answers that are coming just now, or were when the program died.
CREATE INDEX messages_streaming ON messages (state) WHERE state = 'streaming';

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

CREATE VIRTUAL TABLE conversations_fts USING fts5 (
    title,
    content = 'conversations',
    content_rowid = 'seq',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3'
);

INSERT INTO conversations_fts (conversations_fts, rank) VALUES ('secure-delete', 1);
INSERT INTO conversations_fts (conversations_fts) VALUES ('rebuild');

CREATE TRIGGER conversations_title_added AFTER INSERT ON conversations
BEGIN
    INSERT INTO conversations_fts (rowid, title) VALUES (new.seq, new.title);
END;

CREATE TRIGGER conversations_title_removed AFTER DELETE ON conversations
BEGIN
    INSERT INTO conversations_fts (conversations_fts, rowid, title) VALUES ('delete', old.seq, old.title);
END;

CREATE TRIGGER conversations_title_changed AFTER UPDATE OF title ON conversations WHEN old.title IS NOT new.title
BEGIN
    INSERT INTO conversations_fts (conversations_fts, rowid, title) VALUES ('delete', old.seq, old.title);
    INSERT INTO conversations_fts (rowid, title) VALUES (new.seq, new.title);
END;

CREATE TRIGGER conversations_seq_is_fixed BEFORE UPDATE OF seq ON conversations WHEN old.seq IS NOT new.seq
BEGIN
    SELECT RAISE(ABORT, 'conversations.seq never changes: the search refers to it');
END;

-- The tail of an answer that is still coming: a piece costs what the piece is long, however long the answer is already.
CREATE TABLE message_deltas (
    message         TEXT    NOT NULL REFERENCES messages (id) ON DELETE CASCADE ON UPDATE CASCADE,
    -- Counts from 1 over the whole life of the message; a piece may stand for several deltas and has the last one's number.
    n               INTEGER NOT NULL CHECK (n >= 1),
    text            TEXT    NOT NULL,
    reasoning       TEXT    NOT NULL,
    -- Of all of the message up to here: what keeps it within what the message may hold, without adding up.
    text_bytes      INTEGER NOT NULL CHECK (text_bytes <= 4000000),
    reasoning_bytes INTEGER NOT NULL CHECK (reasoning_bytes <= 4000000),
    PRIMARY KEY (message, n)
) STRICT;

CREATE TABLE message_attachments (
    message    TEXT    NOT NULL REFERENCES messages (id) ON DELETE CASCADE ON UPDATE CASCADE,
    place      INTEGER NOT NULL CHECK (place BETWEEN 0 AND 99),
    name       TEXT    NOT NULL CHECK (octet_length(name) <= 1024),
    media_type TEXT    NOT NULL CHECK (octet_length(media_type) BETWEEN 1 AND 256),
    bytes      BLOB    NOT NULL CHECK (octet_length(bytes) <= 10485760),
    PRIMARY KEY (message, place)
) STRICT;

-- What left this machine, one row for every attempt and every refusal; never a word of what was said. It outlives the talks
-- and people it names, so it refers to none of them. The upper bounds are beyond anything real and keep the sums countable.
CREATE TABLE egress_ledger (
    seq                INTEGER PRIMARY KEY,
    at                 INTEGER NOT NULL CHECK (at BETWEEN -62135596800000 AND 253402300799999),
    profile            TEXT    NOT NULL CHECK (octet_length(profile) <= 1024),
    purpose            TEXT    NOT NULL CHECK (octet_length(purpose) <= 1024),
    provider           TEXT    NOT NULL CHECK (octet_length(provider) <= 1024),
    host               TEXT    NOT NULL CHECK (octet_length(host) <= 1024),
    model              TEXT    NOT NULL CHECK (octet_length(model) <= 1024),
    bytes_out          INTEGER NOT NULL CHECK (bytes_out BETWEEN 0 AND 1000000000000000),
    bytes_in           INTEGER NOT NULL CHECK (bytes_in BETWEEN 0 AND 1000000000000000),
    tokens_input       INTEGER NOT NULL CHECK (tokens_input BETWEEN 0 AND 1000000000000),
    tokens_cache_read  INTEGER NOT NULL CHECK (tokens_cache_read BETWEEN 0 AND 1000000000000),
    tokens_cache_write INTEGER NOT NULL CHECK (tokens_cache_write BETWEEN 0 AND 1000000000000),
    tokens_output      INTEGER NOT NULL CHECK (tokens_output BETWEEN 0 AND 1000000000000),
    tokens_reasoning   INTEGER NOT NULL CHECK (tokens_reasoning BETWEEN 0 AND 1000000000000),
    -- 10^-12 US dollars; unknown is not free.
    cost_pico          INTEGER CHECK (cost_pico BETWEEN 0 AND 10000000000000000),
    is_estimated       INTEGER NOT NULL CHECK (is_estimated IN (0, 1)),
    -- The rules that found something, or the one that refused: a list of names.
    rules              TEXT    NOT NULL CHECK (json_valid(rules) AND octet_length(rules) <= 65536),
    contract           TEXT    CHECK (octet_length(contract) <= 1024),
    contract_version   INTEGER CHECK (contract_version BETWEEN 0 AND 4294967295),
    -- The hash of what was judged and sent.
    receipt            TEXT    CHECK (octet_length(receipt) BETWEEN 1 AND 128),
    -- None for a complete answer, else the number of its fault.
    outcome            INTEGER CHECK (outcome BETWEEN 0 AND 65535),
    conversation       TEXT    CHECK (octet_length(conversation) BETWEEN 1 AND 64),
    message            TEXT    CHECK (octet_length(message) BETWEEN 1 AND 64),
    CHECK ((contract IS NULL) = (contract_version IS NULL)),
    -- What has no receipt was refused: nothing of it left, and the row says why.
    CHECK (receipt IS NOT NULL OR (bytes_out = 0 AND outcome IS NOT NULL))
) STRICT;

CREATE INDEX egress_ledger_by_time ON egress_ledger (at, seq);
