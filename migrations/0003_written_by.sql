-- Which program this schema takes, for an older one that refuses the file and has to say what to install; and indexes for
-- the two columns that lists and statistics ask for and that had none.

CREATE TABLE written_by (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    -- The program that brought the schema to where it is.
    version TEXT    NOT NULL CHECK (octet_length(version) BETWEEN 1 AND 64)
) STRICT;

-- Most rows have no speaker; a search for one never asks for those.
CREATE INDEX utterances_by_speaker ON utterances (speaker, started_at, id) WHERE speaker IS NOT NULL;
CREATE INDEX utterances_by_model ON utterances (model, started_at, id);
