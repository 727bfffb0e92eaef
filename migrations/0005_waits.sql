-- Who asked not to be asked before when: a time that a provider gave, or that its host has failed too often until. It holds
-- for the next start of the program, too. No word of what was asked.

CREATE TABLE waits (
    -- 'host': nobody there answers. 'limit': a provider's limit for one of its models is used up.
    kind     TEXT    NOT NULL CHECK (kind IN ('host', 'limit')),
    -- The host with its port, or the provider.
    name     TEXT    NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 1024),
    -- Empty for a host.
    model    TEXT    NOT NULL CHECK (octet_length(model) <= 1024),
    -- By the clock that the end is by: one that was set back says so by standing before this.
    noted_at INTEGER NOT NULL CHECK (noted_at BETWEEN -62135596800000 AND 253402300799999),
    until    INTEGER NOT NULL CHECK (until BETWEEN -62135596800000 AND 253402300799999),
    PRIMARY KEY (kind, name, model)
) STRICT, WITHOUT ROWID;

CREATE INDEX waits_by_end ON waits (until);
