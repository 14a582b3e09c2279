-- Groups of several rows that are new to the store (view "new_rows"): those where counting is enough stand in "sized", the rest
-- joins "staged".

-- How many rows a group is: what its only listing shows where positions are unknown; one where all rows name one position; the
-- larger count where several listings show rows that differ in nothing. 0 leaves the group to merge.sql.
CREATE OR REPLACE TEMP TABLE verdicts AS
SELECT tx_hash, kind, sender, receiver, asset, amount,
    CASE
        WHEN count(*) = 1 AND sum(named) = 0 THEN sum(shown)
        WHEN min(least_facts) IS DISTINCT FROM max(most_facts) THEN 0
        WHEN sum(named) = sum(shown) AND min(low) = max(high) THEN 1
        WHEN sum(named) = 0 AND bool_and(sound) THEN max(shown)
        ELSE 0
    END AS size
FROM (
    SELECT tx_hash, kind, sender, receiver, asset, amount, count(*) AS shown, count(position) AS named,
        min(position) AS low, max(position) AS high, bool_and(ok) AS sound, min(facts) AS least_facts, max(facts) AS most_facts
    FROM (
        SELECT n.*, struct_pack(a := block, b := time, c := tx_index, d := log_index, e := trace_path, f := call_type, g := ok,
            h := input_row) AS facts
        FROM new_rows AS n
        SEMI JOIN several AS s
            ON n.tx_hash = s.tx_hash AND n.kind = s.kind AND n.sender IS NOT DISTINCT FROM s.sender
            AND n.receiver IS NOT DISTINCT FROM s.receiver AND n.asset = s.asset AND n.amount = s.amount
    )
    GROUP BY tx_hash, kind, sender, receiver, asset, amount, listing
)
GROUP BY tx_hash, kind, sender, receiver, asset, amount
----
INSERT INTO staged
SELECT n.*
FROM new_rows AS n
SEMI JOIN (SELECT * FROM verdicts WHERE size = 0) AS v
    ON n.tx_hash = v.tx_hash AND n.kind = v.kind AND n.sender IS NOT DISTINCT FROM v.sender
    AND n.receiver IS NOT DISTINCT FROM v.receiver AND n.asset = v.asset AND n.amount = v.amount
----
CREATE OR REPLACE TEMP TABLE sized AS
SELECT *, CAST(row_number() OVER (
    PARTITION BY tx_hash, kind, sender, receiver, asset, amount
    ORDER BY input_row NULLS LAST, block, time, tx_index, ok DESC
) - 1 AS INTEGER) AS ordinal
FROM (
    SELECT n.*, v.size
    FROM new_rows AS n
    JOIN verdicts AS v
        ON n.tx_hash = v.tx_hash AND n.kind = v.kind AND n.sender IS NOT DISTINCT FROM v.sender
        AND n.receiver IS NOT DISTINCT FROM v.receiver AND n.asset = v.asset AND n.amount = v.amount
)
