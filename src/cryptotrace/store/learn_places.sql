-- A place in the block is a fact of the transaction: any row that knows it tells the others. Only transactions that this load
-- named ("open_transfers", "open_transactions") can have news, and of those the ones with a row that lacks something. All rows
-- of a transaction are in one block, so only blocks of this load are looked at, or all where a block
-- of it is unknown. Rows that know the block alone are of use only where any row lacks it ("of_blocks").

CREATE OR REPLACE TEMP TABLE learners AS
SELECT DISTINCT t.chain, t.tx_hash
FROM transfers AS t
SEMI JOIN (SELECT chain, tx_hash FROM open_transfers UNION ALL SELECT chain, tx_hash FROM open_transactions) AS n
    ON t.tx_hash = n.tx_hash AND t.chain = n.chain
WHERE (t.block IS NULL OR t.tx_index IS NULL) AND (t.block IS NULL OR t.block BETWEEN $first AND $last)
----
-- What is told of their places, by rows of this load too: of equal rows none is stored beside the other.
CREATE OR REPLACE TEMP TABLE places AS
SELECT p.chain, p.tx_hash, max(p.block) AS block, max(p.tx_index) AS tx_index
FROM (
    SELECT chain, tx_hash, block, tx_index FROM transfers
    WHERE (tx_index IS NOT NULL OR $of_blocks AND block IS NOT NULL) AND (block IS NULL OR block BETWEEN $first AND $last)
    UNION ALL
    SELECT chain, tx_hash, block, tx_index FROM transactions
    WHERE (tx_index IS NOT NULL OR $of_blocks AND block IS NOT NULL) AND (block IS NULL OR block BETWEEN $first AND $last)
    UNION ALL
    SELECT chain, tx_hash, block, tx_index FROM open_transfers
    WHERE tx_index IS NOT NULL OR $of_blocks AND block IS NOT NULL
) AS p
SEMI JOIN learners AS l ON l.tx_hash = p.tx_hash AND l.chain = p.chain
GROUP BY p.chain, p.tx_hash
----
UPDATE transfers SET block = coalesce(transfers.block, n.block), tx_index = coalesce(transfers.tx_index, n.tx_index)
FROM places AS n
WHERE transfers.chain = n.chain AND transfers.tx_hash = n.tx_hash
    AND (transfers.block IS NULL OR transfers.block BETWEEN $first AND $last)
    AND ((transfers.block IS NULL AND n.block IS NOT NULL) OR (transfers.tx_index IS NULL AND n.tx_index IS NOT NULL))
