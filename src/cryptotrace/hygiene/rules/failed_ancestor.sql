-- failed_ancestor: an internal row below a call that failed; the whole subtree was undone, whatever its own status says.
-- Frame "0_1" is above "0_1_2", not above "0_10": paths are compared by whole components. Zero-value frames count too.
WITH failed_transactions AS (
    SELECT chain, tx_hash FROM transactions WHERE ok = FALSE AND tx_hash <> ''
    UNION
    SELECT chain, tx_hash FROM transfers WHERE kind = 'native' AND ok = FALSE AND tx_hash <> ''
),
causes AS (
    SELECT t.id AS transfer, 'the transaction failed' AS detail
    FROM transfers AS t
    JOIN failed_transactions AS f ON f.chain = t.chain AND f.tx_hash = t.tx_hash
    WHERE t.kind = 'internal'
    UNION ALL
    SELECT t.id AS transfer, 'frame ' || a.trace_path || ' failed' AS detail
    FROM transfers AS t
    JOIN transfers AS a ON a.chain = t.chain AND a.tx_hash = t.tx_hash
    WHERE t.kind = 'internal' AND a.ok = FALSE AND a.trace_path <> '' AND starts_with(t.trace_path, a.trace_path || '_')
)
SELECT transfer, 'failed_ancestor' AS reason, min(detail) AS detail
FROM causes
GROUP BY transfer
