-- A place in the block is a fact of the transaction: any row that knows it tells the others. Only transactions that this load
-- named can have news, and of those the ones with a row that lacks something (temp table "named_transactions").
UPDATE transfers SET block = coalesce(transfers.block, n.block), tx_index = coalesce(transfers.tx_index, n.tx_index)
FROM (
    SELECT chain, tx_hash, max(block) AS block, max(tx_index) AS tx_index
    FROM (
        SELECT t.chain, t.tx_hash, t.block, t.tx_index
        FROM transfers AS t
        SEMI JOIN named_transactions AS l ON t.chain = l.chain AND t.tx_hash = l.tx_hash
        WHERE t.block IS NOT NULL OR t.tx_index IS NOT NULL
        UNION ALL
        SELECT t.chain, t.tx_hash, t.block, t.tx_index
        FROM transactions AS t
        SEMI JOIN named_transactions AS l ON t.chain = l.chain AND t.tx_hash = l.tx_hash
    )
    GROUP BY chain, tx_hash
) AS n
WHERE transfers.chain = n.chain AND transfers.tx_hash = n.tx_hash
    AND ((transfers.block IS NULL AND n.block IS NOT NULL) OR (transfers.tx_index IS NULL AND n.tx_index IS NOT NULL))
