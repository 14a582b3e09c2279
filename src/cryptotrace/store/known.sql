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
-- Groups are compared by a short mark first and then by what it stands for: rows of two groups that share a mark are not known.
CREATE OR REPLACE TEMP TABLE known_rows AS
WITH marked AS NOT MATERIALIZED (
    SELECT *, hash(tx_hash, kind, sender, receiver, chain, coalesce(contract, ''), amount) AS mark FROM in_transfers
)
SELECT any_value(place) AS place
FROM (
    SELECT i.place, i.mark,
        i.ok
        AND (i.call_type IS NULL OR i.kind NOT IN (SELECT kind FROM uncalled))
        AND coalesce(t.position = CASE
            WHEN i.log_index IS NOT NULL THEN 'L' || i.log_index
            WHEN i.trace_path IS NOT NULL THEN 'T' || i.trace_path
            WHEN i.kind IN ('native', 'fee') AND i.tx_index IS NOT NULL THEN 'own'
        END, i.log_index IS NULL AND i.trace_path IS NULL AND (i.kind NOT IN ('native', 'fee') OR i.tx_index IS NULL))
        AND t.tx_hash = i.tx_hash AND t.kind = i.kind AND t.amount = i.amount AND t.chain = i.chain
        AND t.contract = coalesce(i.contract, '') AND t.sender IS NOT DISTINCT FROM i.sender
        AND t.receiver IS NOT DISTINCT FROM i.receiver AS is_silent
    FROM marked AS i
    JOIN (
        SELECT s.tx_hash, s.kind, f.address AS sender, r.address AS receiver, a.chain, a.contract, s.amount,
            hash(s.tx_hash, s.kind, f.address, r.address, a.chain, a.contract, s.amount) AS mark,
            CASE
                WHEN s.log_index IS NOT NULL THEN 'L' || s.log_index
                WHEN s.trace_path IS NOT NULL THEN 'T' || s.trace_path
                WHEN s.kind IN ('native', 'fee') AND s.tx_index IS NOT NULL THEN 'own'
            END AS position
        FROM transfers AS s
        JOIN assets AS a ON a.id = s.asset
        LEFT JOIN accounts AS f ON f.id = s.sender
        LEFT JOIN accounts AS r ON r.id = s.receiver
        WHERE s.block BETWEEN $first AND $last AND s.ordinal = 0
    ) AS t
        ON t.mark = i.mark
    WHERE i.mark IN (SELECT mark FROM marked GROUP BY mark HAVING count(*) = 1)
)
GROUP BY mark
HAVING count(*) = 1 AND bool_and(is_silent)
