-- A transaction has one fee. Where lists name different ones ("arrived", and what is stored), the largest holds: a smaller one
-- leaves something out, such as what a rollup pays for its data. The others are kept in "rejects", in whatever order they came.
-- Rows that know no place in the block are left alone: a plain table may call several payments of a transaction its fees. On TRON
-- no row knows one; what was pulled there has no row number, and one fee a transaction.

CREATE OR REPLACE TEMP VIEW own_fees AS
SELECT chain, tx_hash, amount FROM arrived
WHERE kind = 'fee' AND (position = 'own' OR (chain = 'tron' AND input_row IS NULL))
----
CREATE OR REPLACE TEMP TABLE lost_fees AS
WITH fees AS (
    SELECT * FROM own_fees
    UNION ALL
    SELECT t.chain, t.tx_hash, t.amount
    FROM transfers AS t
    SEMI JOIN own_fees AS n ON t.tx_hash = n.tx_hash AND t.chain = n.chain
    WHERE t.kind = 'fee' AND (t.tx_index IS NOT NULL OR (t.chain = 'tron' AND t.input_row IS NULL))
),
disputed AS (
    SELECT chain, tx_hash, max(amount) AS largest FROM fees GROUP BY chain, tx_hash HAVING min(amount) < max(amount)
)
SELECT DISTINCT f.chain, f.tx_hash, f.amount
FROM fees AS f
JOIN disputed AS d ON d.chain = f.chain AND d.tx_hash = f.tx_hash AND f.amount < d.largest
----
INSERT INTO rejects
SELECT 'fees', NULL, 'another list names a larger fee', n.raw
FROM (SELECT chain || ' ' || tx_hash || ' fee ' || amount AS raw FROM lost_fees ORDER BY raw) AS n
ANTI JOIN rejects AS r ON r.file = 'fees' AND r.raw = n.raw
----
DELETE FROM exclusions WHERE transfer IN (
    SELECT t.id FROM transfers AS t
    JOIN lost_fees AS l ON t.chain = l.chain AND t.tx_hash = l.tx_hash AND t.amount = l.amount
    WHERE t.kind = 'fee' AND (t.tx_index IS NOT NULL OR (t.chain = 'tron' AND t.input_row IS NULL))
)
----
DELETE FROM transfers USING lost_fees AS l
WHERE transfers.chain = l.chain AND transfers.tx_hash = l.tx_hash AND transfers.amount = l.amount AND transfers.kind = 'fee'
    AND (transfers.tx_index IS NOT NULL OR (transfers.chain = 'tron' AND transfers.input_row IS NULL))
----
CREATE OR REPLACE TEMP VIEW arrived AS
SELECT a.*
FROM all_arrived AS a
ANTI JOIN (SELECT *, 'fee' AS kind FROM lost_fees) AS l
    ON a.chain = l.chain AND a.tx_hash = l.tx_hash AND a.amount = l.amount AND a.kind = l.kind
    AND (a.position = 'own' OR (a.chain = 'tron' AND a.input_row IS NULL))
