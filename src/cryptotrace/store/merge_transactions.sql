-- Merge transactions (view "staged_transactions", ids resolved): one row a hash; gaps are filled, a failure holds, and so does the
-- larger fee (fees.sql).

-- Several rows of one transaction become one; that is looked for among hashes, which are short.
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT DISTINCT t.chain, t.tx_hash
FROM staged_transactions AS t
SEMI JOIN (SELECT hash(tx_hash) AS mark FROM staged_transactions GROUP BY ALL HAVING count(*) > 1) AS m
    ON hash(t.tx_hash) = m.mark
----
CREATE OR REPLACE TEMP VIEW arriving AS
SELECT t.* EXCLUDE (place)
FROM staged_transactions AS t
ANTI JOIN repeated AS r ON r.chain = t.chain AND r.tx_hash = t.tx_hash
UNION ALL
SELECT t.chain, t.tx_hash, max(t.block), max(t.time), max(t.tx_index), max(t.signer), max(t.receiver), bool_and(t.ok),
    max(t.fee), max(t.method), max(t.nonce)
FROM staged_transactions AS t
SEMI JOIN repeated AS r ON r.chain = t.chain AND r.tx_hash = t.tx_hash
GROUP BY t.chain, t.tx_hash
----
-- Those that the store has, looked for once.
CREATE OR REPLACE TEMP TABLE held_transactions AS
SELECT t.rowid AS at, a.*
FROM arriving AS a
JOIN transactions AS t ON t.tx_hash = a.tx_hash AND t.chain = a.chain
----
UPDATE transactions AS t SET
    block = coalesce(t.block, a.block),
    time = coalesce(t.time, a.time),
    tx_index = coalesce(t.tx_index, a.tx_index),
    signer = coalesce(t.signer, a.signer),
    receiver = coalesce(t.receiver, a.receiver),
    ok = coalesce(t.ok AND a.ok, t.ok, a.ok),
    fee = greatest(t.fee, a.fee),
    method = coalesce(t.method, a.method),
    nonce = coalesce(t.nonce, a.nonce)
FROM held_transactions AS a
WHERE t.rowid = a.at AND (
    (t.block IS NULL AND a.block IS NOT NULL) OR (t.time IS NULL AND a.time IS NOT NULL)
    OR (t.tx_index IS NULL AND a.tx_index IS NOT NULL) OR (t.signer IS NULL AND a.signer IS NOT NULL)
    OR (t.receiver IS NULL AND a.receiver IS NOT NULL) OR (t.ok IS NULL AND a.ok IS NOT NULL) OR (t.ok AND NOT a.ok)
    OR (t.fee IS NULL AND a.fee IS NOT NULL) OR (t.fee < a.fee) OR (t.method IS NULL AND a.method IS NOT NULL)
    OR (t.nonce IS NULL AND a.nonce IS NOT NULL)
)
----
INSERT INTO transactions
SELECT a.chain, a.tx_hash, a.block, a.time, a.tx_index, a.signer, a.receiver, a.ok, a.fee, a.method, a.nonce
FROM arriving AS a
ANTI JOIN held_transactions AS h ON h.tx_hash = a.tx_hash AND h.chain = a.chain
ORDER BY a.chain, a.block, a.tx_index, a.tx_hash
