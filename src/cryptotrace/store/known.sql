-- Find rows of this load (view "in_transfers") that say nothing new, without an id for a single name: temp table "known_rows".
-- A group (see settle.sql) has exactly one stored row of ordinal 0, so it is known as soon as that row is found; only stored rows
-- of the blocks of this load are looked at, and what is not found there is settled like everything else. A row is left out of
-- the load if it is alone in its group, its position is that of the stored row or unknown, it did not fail, its place in the
-- block is news to no stored row of its transaction, and its call type is news to no stored row, wherever that stands. merge.sql
-- and learn_places.sql would change nothing for such a row.

-- Rows of a transaction that are many alike up to their addresses are left to settle.sql: each would be held against each.
CREATE OR REPLACE TEMP TABLE crowded AS
SELECT hash(tx_hash, kind, amount, asset_id) AS mark FROM in_transfers GROUP BY ALL HAVING count(*) > $crowd
----
-- Kinds of which a stored row could still learn its call type.
CREATE OR REPLACE TEMP TABLE uncalled AS
SELECT DISTINCT kind
FROM transfers
WHERE call_type IS NULL AND kind IN (SELECT kind FROM in_transfers WHERE call_type IS NOT NULL)
----
-- Rows that share a group find the same stored row: then it is found more than once, and none of them is known. Addresses are
-- compared last, where a stored row is found: they are long, and they would have to be fetched for every stored row.
CREATE OR REPLACE TEMP TABLE known_rows AS
SELECT any_value(m.place) AS place
FROM (
    SELECT i.place, t.id, i.sender, i.receiver, t.sender AS stored_sender, t.receiver AS stored_receiver,
        i.ok
        AND (i.tx_index IS NULL OR t.tx_index IS NOT NULL)
        AND (i.call_type IS NULL OR i.kind NOT IN (SELECT kind FROM uncalled))
        AND CASE
            WHEN i.log_index IS NOT NULL THEN t.log_index IS NOT DISTINCT FROM i.log_index
            WHEN i.trace_path IS NOT NULL THEN t.log_index IS NULL AND t.trace_path IS NOT DISTINCT FROM i.trace_path
            WHEN i.kind IN ('native', 'fee') AND i.tx_index IS NOT NULL
                THEN t.log_index IS NULL AND t.trace_path IS NULL AND t.tx_index IS NOT NULL
            ELSE TRUE
        END AS is_silent
    FROM (
        SELECT a.* FROM in_transfers AS a ANTI JOIN crowded AS c ON c.mark = hash(a.tx_hash, a.kind, a.amount, a.asset_id)
    ) AS i
    JOIN (SELECT * FROM transfers WHERE block BETWEEN $first AND $last AND ordinal = 0) AS t
        ON t.tx_hash = i.tx_hash AND t.kind = i.kind AND t.amount = i.amount AND t.asset = i.asset_id
) AS m
LEFT JOIN accounts AS f ON f.id = m.stored_sender
LEFT JOIN accounts AS r ON r.id = m.stored_receiver
WHERE f.address IS NOT DISTINCT FROM m.sender AND r.address IS NOT DISTINCT FROM m.receiver
GROUP BY m.id
HAVING count(*) = 1 AND bool_and(m.is_silent)
