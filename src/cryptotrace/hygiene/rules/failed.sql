-- failed: the row's own status is failed, or its transaction failed.
-- Fees are paid all the same; internal rows have their own rule (failed_ancestor).
WITH failed_transactions AS (
    SELECT chain, tx_hash FROM transactions WHERE ok = FALSE AND tx_hash <> ''
    UNION
    SELECT chain, tx_hash FROM transfers WHERE kind = 'native' AND ok = FALSE AND tx_hash <> ''
)
SELECT
    t.id AS transfer,
    'failed' AS reason,
    CASE WHEN t.ok = FALSE THEN 'its own status is failed' ELSE 'its transaction failed' END AS detail
FROM transfers AS t
LEFT JOIN failed_transactions AS f ON f.chain = t.chain AND f.tx_hash = t.tx_hash
WHERE t.ok = FALSE OR (f.tx_hash IS NOT NULL AND t.kind NOT IN ('fee', 'internal'))
