-- Rows of this load as the store knows them, read where they are: views "arrived" and "staged_transactions". A known position
-- tells equal transfers of a transaction apart.

CREATE OR REPLACE TEMP VIEW all_arrived AS
SELECT chain, tx_hash, kind, block, time, tx_index, log_index, trace_path, call_type, sender_id AS sender,
    receiver_id AS receiver, asset_id AS asset, amount, ok, input_row, listing, place,
    CASE
        WHEN log_index IS NOT NULL THEN 'L' || log_index
        WHEN trace_path IS NOT NULL THEN 'T' || trace_path
        -- A transaction has one value and one fee of its own; a plain table without indices may call more than that "native".
        WHEN kind IN ('native', 'fee') AND tx_index IS NOT NULL THEN 'own'
    END AS position
FROM named_transfers
----
CREATE OR REPLACE TEMP VIEW arrived AS SELECT * FROM all_arrived
----
CREATE OR REPLACE TEMP VIEW staged_transactions AS
SELECT chain, tx_hash, block, time, tx_index, signer_id AS signer, receiver_id AS receiver, ok, fee, method, nonce, place
FROM named_transactions
