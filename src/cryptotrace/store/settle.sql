-- Look at the groups of equal transfers (temp table "arrived", ids resolved) over all listings at once. A group is what
-- merge.sql takes as one transfer: chain, hash, kind, sender, receiver, asset, amount; an asset has one chain, so that is left
-- out. Groups do not touch each other, so each may take the shortest way that gives what merge.sql would give.
-- Statements are separated by lines of dashes; the store runs them in order inside one transaction.

-- Groups of more than one row.
CREATE OR REPLACE TEMP TABLE several AS
SELECT tx_hash, kind, sender, receiver, asset, amount
FROM arrived
GROUP BY ALL
HAVING count(*) > 1
----
-- Rows whose group the store has, and whether they say nothing new if they are alone in it: no position, failure or call type.
CREATE OR REPLACE TEMP TABLE seen AS
SELECT i.rowid AS place,
    (any_value(i.position) IS NULL OR bool_or(CASE
        WHEN t.log_index IS NOT NULL THEN 'L' || t.log_index
        WHEN t.trace_path IS NOT NULL THEN 'T' || t.trace_path
        WHEN t.kind IN ('native', 'fee') AND t.tx_index IS NOT NULL THEN 'own'
    END = i.position) IS TRUE)
        AND (bool_and(i.ok) OR bool_and(NOT t.ok))
        AND (any_value(i.call_type) IS NULL OR bool_and(t.call_type IS NOT NULL)) AS is_silent
FROM arrived AS i
JOIN transfers AS t
    ON t.tx_hash = i.tx_hash AND t.kind = i.kind AND t.sender IS NOT DISTINCT FROM i.sender
    AND t.receiver IS NOT DISTINCT FROM i.receiver AND t.asset = i.asset AND t.amount = i.amount
GROUP BY i.rowid
