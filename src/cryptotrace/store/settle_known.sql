-- Where the store has some of the groups that arrived: sort out what is known, what is new ("rows_of_new_groups") and what merge.sql has
-- to look at ("staged").

CREATE OR REPLACE TEMP TABLE open_rows AS
SELECT i.*
FROM arrived AS i
ANTI JOIN (SELECT place FROM seen WHERE is_silent) AS s ON i.place = s.place
UNION ALL
SELECT i.*
FROM arrived AS i
SEMI JOIN several AS s
    ON i.tx_hash = s.tx_hash AND i.kind = s.kind AND i.sender IS NOT DISTINCT FROM s.sender
    AND i.receiver IS NOT DISTINCT FROM s.receiver AND i.asset = s.asset AND i.amount = s.amount
WHERE i.place IN (SELECT place FROM seen WHERE is_silent)
----
-- What the store already has of the groups that arrived.
CREATE OR REPLACE TEMP TABLE held AS
SELECT tx_hash, kind, sender, receiver, asset, amount, count(*) AS total, count(*) FILTER (NOT ok) AS failed,
    bool_and(call_type IS NOT NULL) AS called, min(position) AS low, max(position) AS high
FROM alike
GROUP BY tx_hash, kind, sender, receiver, asset, amount
----
-- Groups of which no listing says anything new: no more rows, no new position, failure or call type.
CREATE OR REPLACE TEMP TABLE known AS
SELECT tx_hash, kind, sender, receiver, asset, amount
FROM (
    SELECT i.tx_hash, i.kind, i.sender, i.receiver, i.asset, i.amount, count(*) <= min(h.total) AS fits,
        bool_and((i.position IS NULL OR i.position = h.low OR i.position = h.high) IS TRUE
            AND (i.ok OR h.failed = h.total) AND (i.call_type IS NULL OR h.called)) AS silent
    FROM open_rows AS i
    JOIN held AS h
        ON i.tx_hash = h.tx_hash AND i.kind = h.kind AND i.sender IS NOT DISTINCT FROM h.sender
        AND i.receiver IS NOT DISTINCT FROM h.receiver AND i.asset = h.asset AND i.amount = h.amount
    GROUP BY i.tx_hash, i.kind, i.sender, i.receiver, i.asset, i.amount, i.listing
)
GROUP BY ALL
HAVING bool_and(fits AND silent)
----
-- Rows of the groups that are not known.
CREATE OR REPLACE TEMP TABLE rest AS
SELECT i.*
FROM open_rows AS i
ANTI JOIN known AS k
    ON i.tx_hash = k.tx_hash AND i.kind = k.kind AND i.sender IS NOT DISTINCT FROM k.sender
    AND i.receiver IS NOT DISTINCT FROM k.receiver AND i.asset = k.asset AND i.amount = k.amount
----
-- Those of which the store has nothing.
CREATE OR REPLACE TEMP TABLE rows_of_new_groups AS
SELECT i.*
FROM rest AS i
ANTI JOIN held AS h
    ON i.tx_hash = h.tx_hash AND i.kind = h.kind AND i.sender IS NOT DISTINCT FROM h.sender
    AND i.receiver IS NOT DISTINCT FROM h.receiver AND i.asset = h.asset AND i.amount = h.amount
----
-- Known groups of which a listing says something new.
CREATE OR REPLACE TEMP TABLE staged AS
SELECT i.*
FROM rest AS i
SEMI JOIN held AS h
    ON i.tx_hash = h.tx_hash AND i.kind = h.kind AND i.sender IS NOT DISTINCT FROM h.sender
    AND i.receiver IS NOT DISTINCT FROM h.receiver AND i.asset = h.asset AND i.amount = h.amount
