-- A transaction has one fee. Where lists name different ones ("arrived", and what is stored), the largest holds: a smaller one
-- leaves something out, such as what a rollup pays for its data. The others are kept in "rejects", in whatever order they came.
-- Rows that know no place in the block are left alone: a plain table may call several payments of a transaction its fees.

CREATE OR REPLACE TEMP TABLE lost_fees AS
WITH named AS (
    SELECT chain, tx_hash, amount FROM arrived WHERE kind = 'fee' AND position = 'own'
),
fees AS (
    SELECT * FROM named
    UNION
    SELECT t.chain, t.tx_hash, t.amount
    FROM transfers AS t
    SEMI JOIN named AS n ON t.chain = n.chain AND t.tx_hash = n.tx_hash
    WHERE t.kind = 'fee' AND t.tx_index IS NOT NULL
)
SELECT chain, tx_hash, amount
FROM (SELECT *, max(amount) OVER (PARTITION BY chain, tx_hash) AS largest FROM fees)
WHERE amount < largest
----
INSERT INTO rejects
SELECT 'fees', NULL, 'another list names a larger fee', n.raw
FROM (SELECT chain || ' ' || tx_hash || ' fee ' || amount AS raw FROM lost_fees ORDER BY raw) AS n
ANTI JOIN rejects AS r ON r.file = 'fees' AND r.raw = n.raw
----
DELETE FROM exclusions WHERE transfer IN (
    SELECT t.id FROM transfers AS t
    JOIN lost_fees AS l ON t.chain = l.chain AND t.tx_hash = l.tx_hash AND t.amount = l.amount
    WHERE t.kind = 'fee' AND t.tx_index IS NOT NULL
)
----
DELETE FROM transfers USING lost_fees AS l
WHERE transfers.chain = l.chain AND transfers.tx_hash = l.tx_hash AND transfers.amount = l.amount AND transfers.kind = 'fee'
    AND transfers.tx_index IS NOT NULL
----
DELETE FROM arrived USING lost_fees AS l
WHERE arrived.chain = l.chain AND arrived.tx_hash = l.tx_hash AND arrived.amount = l.amount AND arrived.kind = 'fee'
    AND arrived.position = 'own'
