-- Merge one listing of transfers (temp table "staged", ids and positions resolved) into "transfers". Only groups that need it
-- come here; settle.sql and settle_new.sql deal with the others.
-- A listing shows every transfer of its transactions, so equal rows multiply inside it; between listings the larger count
-- holds (maximum multiplicity). A known position (log index, trace path) tells equal rows apart wherever it was learnt.
-- Statements are separated by lines of dashes; the store runs them in order inside one transaction.

CREATE OR REPLACE TEMP TABLE incoming AS
SELECT *
FROM staged
WHERE listing = $listing
----
-- One position, one row: a page that repeats a row adds nothing.
CREATE OR REPLACE TEMP TABLE incoming AS
SELECT * EXCLUDE (seen) FROM (
    SELECT *,
        CASE WHEN position IS NULL THEN 1 ELSE row_number() OVER (
            PARTITION BY chain, tx_hash, kind, sender, receiver, asset, amount, position ORDER BY ok, input_row NULLS LAST
        ) END AS seen
    FROM incoming
)
WHERE seen = 1
----
CREATE OR REPLACE TEMP TABLE existing AS
SELECT t.*,
    CASE
        WHEN t.log_index IS NOT NULL THEN 'L' || t.log_index
        WHEN t.trace_path IS NOT NULL THEN 'T' || t.trace_path
        WHEN t.kind IN ('native', 'fee') AND t.tx_index IS NOT NULL THEN 'own'
    END AS position
FROM transfers AS t
SEMI JOIN incoming AS i
    ON t.chain = i.chain AND t.tx_hash = i.tx_hash AND t.kind = i.kind AND t.sender IS NOT DISTINCT FROM i.sender
    AND t.receiver IS NOT DISTINCT FROM i.receiver AND t.asset = i.asset AND t.amount = i.amount
----
-- Positions that are news to the store, ranked inside their group; each first names a row that had no position yet.
CREATE OR REPLACE TEMP TABLE learnt AS
SELECT i.*, row_number() OVER (
    PARTITION BY i.chain, i.tx_hash, i.kind, i.sender, i.receiver, i.asset, i.amount ORDER BY i.log_index, i.trace_path
) AS rank
FROM incoming AS i
ANTI JOIN existing AS e
    ON e.chain = i.chain AND e.tx_hash = i.tx_hash AND e.kind = i.kind AND e.sender IS NOT DISTINCT FROM i.sender
    AND e.receiver IS NOT DISTINCT FROM i.receiver AND e.asset = i.asset AND e.amount = i.amount AND e.position = i.position
WHERE i.position IS NOT NULL
----
CREATE OR REPLACE TEMP TABLE nameless AS
SELECT *, row_number() OVER (
    PARTITION BY chain, tx_hash, kind, sender, receiver, asset, amount ORDER BY ordinal
) AS rank
FROM existing
WHERE position IS NULL
----
UPDATE transfers SET log_index = n.log_index, trace_path = n.trace_path, call_type = coalesce(n.call_type, transfers.call_type),
    ok = n.ok, input_row = NULL
FROM (
    SELECT m.id, l.log_index, l.trace_path, l.call_type, l.ok
    FROM nameless AS m
    JOIN learnt AS l
        ON m.chain = l.chain AND m.tx_hash = l.tx_hash AND m.kind = l.kind AND m.sender IS NOT DISTINCT FROM l.sender
        AND m.receiver IS NOT DISTINCT FROM l.receiver AND m.asset = l.asset AND m.amount = l.amount AND m.rank = l.rank
) AS n
WHERE transfers.id = n.id
----
-- New rows: positions beyond the nameless rows, then as many nameless ones as the listing shows more than the store then has.
CREATE OR REPLACE TEMP TABLE fresh AS
WITH counts AS (
    SELECT chain, tx_hash, kind, sender, receiver, asset, amount,
        count(*) AS shown,
        count(position) AS named
    FROM incoming
    GROUP BY ALL
),
held AS (
    SELECT chain, tx_hash, kind, sender, receiver, asset, amount, count(*) AS total, count(*) FILTER (position IS NULL) AS unnamed
    FROM existing
    GROUP BY ALL
),
added AS (
    SELECT chain, tx_hash, kind, sender, receiver, asset, amount, count(*) AS learnt FROM learnt GROUP BY ALL
),
room AS (
    SELECT c.chain, c.tx_hash, c.kind, c.sender, c.receiver, c.asset, c.amount,
        coalesce(h.unnamed, 0) AS unnamed,
        c.shown - (coalesce(h.total, 0) + greatest(coalesce(a.learnt, 0) - coalesce(h.unnamed, 0), 0)) AS missing
    FROM counts AS c
    LEFT JOIN held AS h
        ON c.chain = h.chain AND c.tx_hash = h.tx_hash AND c.kind = h.kind AND c.sender IS NOT DISTINCT FROM h.sender
        AND c.receiver IS NOT DISTINCT FROM h.receiver AND c.asset = h.asset AND c.amount = h.amount
    LEFT JOIN added AS a
        ON c.chain = a.chain AND c.tx_hash = a.tx_hash AND c.kind = a.kind AND c.sender IS NOT DISTINCT FROM a.sender
        AND c.receiver IS NOT DISTINCT FROM a.receiver AND c.asset = a.asset AND c.amount = a.amount
)
SELECT l.* EXCLUDE (rank)
FROM learnt AS l
JOIN room AS r
    ON l.chain = r.chain AND l.tx_hash = r.tx_hash AND l.kind = r.kind AND l.sender IS NOT DISTINCT FROM r.sender
    AND l.receiver IS NOT DISTINCT FROM r.receiver AND l.asset = r.asset AND l.amount = r.amount
WHERE l.rank > r.unnamed
UNION ALL
SELECT n.* EXCLUDE (rank)
FROM (
    SELECT *, row_number() OVER (
        PARTITION BY chain, tx_hash, kind, sender, receiver, asset, amount ORDER BY ok DESC, input_row NULLS LAST
    ) AS rank
    FROM incoming
    WHERE position IS NULL
) AS n
JOIN room AS r
    ON n.chain = r.chain AND n.tx_hash = r.tx_hash AND n.kind = r.kind AND n.sender IS NOT DISTINCT FROM r.sender
    AND n.receiver IS NOT DISTINCT FROM r.receiver AND n.asset = r.asset AND n.amount = r.amount
WHERE n.rank <= r.missing
----
INSERT INTO transfers
SELECT
    $next_id + row_number() OVER (ORDER BY chain, block, time, tx_index, tx_hash, kind, log_index, trace_path, input_row,
        sender, receiver, asset, amount, ok DESC) - 1,
    chain, tx_hash, kind, block, time, tx_index, log_index, trace_path, call_type, sender, receiver, asset, amount, 0, ok, input_row
FROM fresh
ORDER BY chain, block, time, tx_index, tx_hash, kind, log_index, trace_path, input_row, sender, receiver, asset, amount, ok DESC
----
-- What another listing knows of the same rows fills gaps; a failure that it saw at a position holds.
UPDATE transfers SET call_type = coalesce(transfers.call_type, n.call_type), ok = transfers.ok AND n.ok
FROM (
    SELECT e.id, min(i.call_type) AS call_type, bool_and(i.ok OR i.position IS NULL OR e.position IS NULL) AS ok
    FROM existing AS e
    JOIN incoming AS i
        ON e.chain = i.chain AND e.tx_hash = i.tx_hash AND e.kind = i.kind AND e.sender IS NOT DISTINCT FROM i.sender
        AND e.receiver IS NOT DISTINCT FROM i.receiver AND e.asset = i.asset AND e.amount = i.amount
        AND (e.position IS NULL OR i.position IS NULL OR e.position = i.position)
    GROUP BY e.id
) AS n
WHERE transfers.id = n.id
    AND ((transfers.call_type IS NULL AND n.call_type IS NOT NULL) OR (transfers.ok AND NOT n.ok))
----
-- Where positions do not say which of several equal rows failed, as many fail as the listing with the most failures shows.
UPDATE transfers SET ok = FALSE
FROM (
    WITH failures AS (
        SELECT chain, tx_hash, kind, sender, receiver, asset, amount, max(failed) AS failed
        FROM (
            SELECT chain, tx_hash, kind, sender, receiver, asset, amount, count(*) FILTER (NOT ok) AS failed
            FROM existing GROUP BY ALL
            UNION ALL
            SELECT chain, tx_hash, kind, sender, receiver, asset, amount, count(*) FILTER (NOT ok) AS failed
            FROM incoming GROUP BY ALL
        )
        GROUP BY ALL
    ),
    candidates AS (
        SELECT t.*, row_number() OVER (
            PARTITION BY t.chain, t.tx_hash, t.kind, t.sender, t.receiver, t.asset, t.amount
            ORDER BY t.ok, t.log_index NULLS FIRST, t.trace_path NULLS FIRST, t.input_row DESC NULLS FIRST, t.id DESC
        ) AS rank
        FROM transfers AS t
        SEMI JOIN incoming AS i
            ON t.chain = i.chain AND t.tx_hash = i.tx_hash AND t.kind = i.kind AND t.sender IS NOT DISTINCT FROM i.sender
            AND t.receiver IS NOT DISTINCT FROM i.receiver AND t.asset = i.asset AND t.amount = i.amount
    )
    SELECT c.id
    FROM candidates AS c
    JOIN failures AS f
        ON c.chain = f.chain AND c.tx_hash = f.tx_hash AND c.kind = f.kind AND c.sender IS NOT DISTINCT FROM f.sender
        AND c.receiver IS NOT DISTINCT FROM f.receiver AND c.asset = f.asset AND c.amount = f.amount
    WHERE c.ok AND c.rank <= f.failed
) AS n
WHERE transfers.id = n.id
----
-- Ordinals are counted anew for the groups that this listing touched, so that they do not depend on who came first.
UPDATE transfers SET ordinal = n.ordinal
FROM (
    SELECT t.id, CAST(row_number() OVER (
        PARTITION BY t.chain, t.tx_hash, t.kind, t.sender, t.receiver, t.asset, t.amount
        ORDER BY t.log_index NULLS LAST, t.trace_path NULLS LAST, t.input_row NULLS LAST, t.id
    ) - 1 AS INTEGER) AS ordinal
    FROM transfers AS t
    SEMI JOIN incoming AS i
        ON t.chain = i.chain AND t.tx_hash = i.tx_hash AND t.kind = i.kind AND t.sender IS NOT DISTINCT FROM i.sender
        AND t.receiver IS NOT DISTINCT FROM i.receiver AND t.asset = i.asset AND t.amount = i.amount
) AS n
WHERE transfers.id = n.id AND transfers.ordinal <> n.ordinal
