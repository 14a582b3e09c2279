-- Find rows of this load (view "in_transfers") that say nothing new, without an id for a single name: temp table "known_rows".
-- A group (see settle.sql) has exactly one stored row of ordinal 0, so it is known as soon as that row is found; only stored rows
-- of the blocks of this load are looked at, and what is not found there is settled like everything else. A row is left out of
-- the load if it is alone in its group, its position is that of the stored row or unknown, it did not fail, and its call type is
-- news to no stored row, wherever that stands. merge.sql would change nothing for such a row.

-- Kinds of which a stored row could still learn its call type.
CREATE OR REPLACE TEMP TABLE uncalled AS
SELECT DISTINCT kind
FROM transfers
WHERE call_type IS NULL AND kind IN (SELECT kind FROM in_transfers WHERE call_type IS NOT NULL)
----
-- Rows that share a group find the same stored row: then it is found more than once, and none of them is known.
CREATE OR REPLACE TEMP TABLE known_rows AS
SELECT any_value(place) AS place
FROM (
    SELECT i.place, t.id,
        i.ok
        AND (i.call_type IS NULL OR i.kind NOT IN (SELECT kind FROM uncalled))
        AND CASE
            WHEN i.log_index IS NOT NULL THEN t.log_index IS NOT DISTINCT FROM i.log_index
            WHEN i.trace_path IS NOT NULL THEN t.log_index IS NULL AND t.trace_path IS NOT DISTINCT FROM i.trace_path
            WHEN i.kind IN ('native', 'fee') AND i.tx_index IS NOT NULL
                THEN t.log_index IS NULL AND t.trace_path IS NULL AND t.tx_index IS NOT NULL
            ELSE TRUE
        END AS is_silent
    FROM in_transfers AS i
    JOIN (
        SELECT s.id, s.tx_hash, s.kind, f.address AS sender, r.address AS receiver, a.chain, a.contract, s.amount,
            s.log_index, s.trace_path, s.tx_index
        FROM transfers AS s
        JOIN assets AS a ON a.id = s.asset
        LEFT JOIN accounts AS f ON f.id = s.sender
        LEFT JOIN accounts AS r ON r.id = s.receiver
        WHERE s.block BETWEEN $first AND $last AND s.ordinal = 0
    ) AS t
        ON t.tx_hash = i.tx_hash AND t.kind = i.kind AND t.amount = i.amount AND t.chain = i.chain
        AND t.contract = coalesce(i.contract, '') AND t.sender IS NOT DISTINCT FROM i.sender
        AND t.receiver IS NOT DISTINCT FROM i.receiver
)
GROUP BY id
HAVING count(*) = 1 AND bool_and(is_silent)
