-- What was spent is kept as sums, so that a budget is looked up as quickly after ten thousand paid answers as after the first.

-- One row for each quarter of an hour since 1970 in which something was paid or set aside: every day and month on Earth begins
-- with one.
CREATE TABLE egress_spent (
    quarter INTEGER PRIMARY KEY,
    pico    INTEGER NOT NULL CHECK (pico >= 0)
) STRICT;

INSERT INTO egress_spent (quarter, pico)
    SELECT at / 900000, sum(cost_pico) FROM egress_ledger WHERE cost_pico > 0 GROUP BY 1;

CREATE TRIGGER egress_ledger_spent_insert AFTER INSERT ON egress_ledger WHEN new.cost_pico > 0 BEGIN
    INSERT INTO egress_spent (quarter, pico) VALUES (new.at / 900000, new.cost_pico)
        ON CONFLICT (quarter) DO UPDATE SET pico = pico + excluded.pico;
END;

CREATE TRIGGER egress_ledger_spent_delete AFTER DELETE ON egress_ledger WHEN old.cost_pico > 0 BEGIN
    UPDATE egress_spent SET pico = pico - old.cost_pico WHERE quarter = old.at / 900000;
    DELETE FROM egress_spent WHERE quarter = old.at / 900000 AND pico = 0;
END;

-- When a row was written never changes.
CREATE TRIGGER egress_ledger_spent_update AFTER UPDATE OF at, cost_pico ON egress_ledger
WHEN old.cost_pico IS NOT new.cost_pico OR old.at IS NOT new.at BEGIN
    SELECT RAISE(ABORT, 'egress_ledger.at never changes: the sums refer to it') WHERE old.at IS NOT new.at;
    INSERT INTO egress_spent (quarter, pico) VALUES (new.at / 900000, coalesce(new.cost_pico, 0))
        ON CONFLICT (quarter) DO UPDATE SET pico = pico + excluded.pico - coalesce(old.cost_pico, 0);
    DELETE FROM egress_spent WHERE quarter = new.at / 900000 AND pico = 0;
END;

DROP INDEX egress_ledger_paid;

-- Only what is settled is asked for, and a row that is opened has one page less to write.
DROP INDEX egress_ledger_by_provider;
CREATE INDEX egress_ledger_by_provider ON egress_ledger (provider, at) WHERE receipt IS NOT NULL AND writer IS NULL;
