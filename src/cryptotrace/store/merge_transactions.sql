-- Merge transactions (temp table "staged_transactions", ids resolved): one row a hash; gaps are filled, a failure holds, and so
-- does the larger fee (fees.sql).
-- Then every transfer learns the block and place of its transaction, from whichever row of it knows them.

CREATE OR REPLACE TEMP TABLE arriving AS
SELECT chain, tx_hash, max(block) AS block, max(time) AS time, max(tx_index) AS tx_index, max(signer) AS signer,
    max(receiver) AS receiver, bool_and(ok) AS ok, max(fee) AS fee, max(method) AS method, max(nonce) AS nonce
FROM staged_transactions
GROUP BY chain, tx_hash
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
FROM arriving AS a
WHERE t.chain = a.chain AND t.tx_hash = a.tx_hash AND (
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
ANTI JOIN transactions AS t ON t.chain = a.chain AND t.tx_hash = a.tx_hash
ORDER BY a.chain, a.block, a.tx_index, a.tx_hash
