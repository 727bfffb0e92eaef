-- An attempt stands in the ledger before anything of it leaves, and an answer that is coming has the name of who writes it:
-- what a program left behind that died is told from what another one is at just now.

-- Who is at it; none for what is settled. Until then the row is what it would be if nothing more came of it: interrupted, and
-- as dear as it can be, so that whoever adds up what was spent counts what may be spent yet.
ALTER TABLE egress_ledger ADD COLUMN writer TEXT CHECK (octet_length(writer) BETWEEN 1 AND 64);

-- Empty but for what is under way, or was when its program died.
CREATE INDEX egress_ledger_open ON egress_ledger (writer) WHERE writer IS NOT NULL;
-- Added up before each attempt, for the budgets.
CREATE INDEX egress_ledger_paid ON egress_ledger (at, cost_pico) WHERE cost_pico > 0;

-- When each was asked last.
CREATE INDEX egress_ledger_by_provider ON egress_ledger (provider, at) WHERE receipt IS NOT NULL;

CREATE TABLE message_writers (
    message TEXT NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE ON UPDATE CASCADE,
    writer  TEXT NOT NULL CHECK (octet_length(writer) BETWEEN 1 AND 64)
) STRICT, WITHOUT ROWID;

-- The newest list of language models that was fetched and taken.
CREATE TABLE model_list (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    address TEXT    NOT NULL CHECK (octet_length(address) BETWEEN 1 AND 4096),
    etag    TEXT    CHECK (octet_length(etag) <= 4096),
    json    TEXT    NOT NULL CHECK (octet_length(json) <= 8388608)
) STRICT;
