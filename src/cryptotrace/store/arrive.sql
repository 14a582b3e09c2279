-- Rows of this load with ids for names. A known position tells equal transfers of a transaction apart.

CREATE OR REPLACE TEMP VIEW all_names AS
SELECT chain, address, id FROM names WHERE id IS NOT NULL UNION ALL SELECT chain, address, id FROM new_names
----
CREATE OR REPLACE TEMP TABLE arrived AS
SELECT t.chain, t.tx_hash, t.kind, t.block, t.time, t.tx_index, t.log_index, t.trace_path, t.call_type, s.id AS sender,
    r.id AS receiver, a.id AS asset, t.amount, t.ok, t.input_row, t.listing,
    CASE
        WHEN t.log_index IS NOT NULL THEN 'L' || t.log_index
        WHEN t.trace_path IS NOT NULL THEN 'T' || t.trace_path
        -- A transaction has one value and one fee of its own; a plain table without indices may call more than that "native".
        WHEN t.kind IN ('native', 'fee') AND t.tx_index IS NOT NULL THEN 'own'
    END AS position
FROM open_transfers AS t
LEFT JOIN all_names AS s ON s.chain = t.chain AND s.address = t.sender
LEFT JOIN all_names AS r ON r.chain = t.chain AND r.address = t.receiver
JOIN assets AS a ON a.chain = t.chain AND a.contract = coalesce(t.contract, '')
----
CREATE OR REPLACE TEMP TABLE staged_transactions AS
SELECT t.chain, t.tx_hash, t.block, t.time, t.tx_index, s.id AS signer, r.id AS receiver, t.ok, t.fee, t.method, t.nonce
FROM in_transactions AS t
LEFT JOIN all_names AS s ON s.chain = t.chain AND s.address = t.signer
LEFT JOIN all_names AS r ON r.chain = t.chain AND r.address = t.receiver
