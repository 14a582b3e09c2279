-- Look at the groups of equal transfers (view "arrived", ids resolved) over all listings at once. A group is what
-- merge.sql takes as one transfer: chain, hash, kind, sender, receiver, asset, amount; an asset has one chain, so that is left
-- out. Groups do not touch each other, so each may take the shortest way that gives what merge.sql would give.
-- Statements are separated by lines of dashes; the store runs them in order inside one transaction.

-- Groups of more than one row: looked for among hashes, which are short.
CREATE OR REPLACE TEMP TABLE several AS
SELECT a.tx_hash, a.kind, a.sender, a.receiver, a.asset, a.amount
FROM arrived AS a
SEMI JOIN (
    SELECT hash(tx_hash, kind, sender, receiver, asset, amount) AS mark FROM arrived GROUP BY ALL HAVING count(*) > 1
) AS m ON hash(a.tx_hash, a.kind, a.sender, a.receiver, a.asset, a.amount) = m.mark
GROUP BY ALL
HAVING count(*) > 1
----
-- Stored rows of the same ends, asset and amount: those of every group that arrived, and some more. An account that came with
-- this load (from $first_new on) has no stored rows. Numbers alone are compared, so that a large store is read quickly.
CREATE OR REPLACE TEMP TABLE alike AS
SELECT t.*,
    CASE
        WHEN t.log_index IS NOT NULL THEN 'L' || t.log_index
        WHEN t.trace_path IS NOT NULL THEN 'T' || t.trace_path
        WHEN t.kind IN ('native', 'fee') AND t.tx_index IS NOT NULL THEN 'own'
    END AS position
FROM transfers AS t
SEMI JOIN (
    SELECT DISTINCT sender, receiver, asset, amount
    FROM arrived
    WHERE coalesce(sender < $first_new, TRUE) AND coalesce(receiver < $first_new, TRUE)
) AS i
    ON t.sender IS NOT DISTINCT FROM i.sender AND t.receiver IS NOT DISTINCT FROM i.receiver AND t.asset = i.asset
    AND t.amount = i.amount
----
-- Rows whose group the store has, and whether they say nothing new if they are alone in it: no position, failure or call type.
CREATE OR REPLACE TEMP TABLE seen AS
SELECT i.place,
    (any_value(i.position) IS NULL OR bool_or(t.position = i.position) IS TRUE)
        AND (bool_and(i.ok) OR bool_and(NOT t.ok))
        AND (any_value(i.call_type) IS NULL OR bool_and(t.call_type IS NOT NULL)) AS is_silent
FROM arrived AS i
JOIN alike AS t
    ON t.tx_hash = i.tx_hash AND t.kind = i.kind AND t.sender IS NOT DISTINCT FROM i.sender
    AND t.receiver IS NOT DISTINCT FROM i.receiver AND t.asset = i.asset AND t.amount = i.amount
GROUP BY i.place
