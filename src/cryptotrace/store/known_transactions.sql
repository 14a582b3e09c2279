-- Find transactions of this load (view "in_transactions") that say nothing new: temp table "known_transactions". Only stored ones
-- of the blocks of this load are looked at. merge_transactions.sql would change nothing for such a row, and it names no account
-- that the store does not have.

CREATE OR REPLACE TEMP TABLE known_transactions AS
SELECT m.place
FROM (
    SELECT i.place, i.signer, i.receiver, t.signer AS stored_signer, t.receiver AS stored_receiver
    FROM in_transactions AS i
    JOIN (SELECT * FROM transactions WHERE block BETWEEN $first AND $last) AS t ON t.tx_hash = i.tx_hash AND t.chain = i.chain
    WHERE (i.time IS NULL OR t.time IS NOT NULL)
        AND (i.tx_index IS NULL OR t.tx_index IS NOT NULL)
        AND (i.ok IS NULL OR i.ok AND t.ok IS NOT NULL OR NOT t.ok)
        AND (i.fee IS NULL OR t.fee >= i.fee)
        AND (i.method IS NULL OR t.method IS NOT NULL)
        AND (i.nonce IS NULL OR t.nonce IS NOT NULL)
) AS m
LEFT JOIN accounts AS s ON s.id = m.stored_signer
LEFT JOIN accounts AS r ON r.id = m.stored_receiver
WHERE (m.signer IS NULL OR s.address = m.signer) AND (m.receiver IS NULL OR r.address = m.receiver)
