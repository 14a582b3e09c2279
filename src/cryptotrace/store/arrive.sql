-- Rows of this load beside the ids of their accounts.

CREATE OR REPLACE TEMP VIEW all_names AS
SELECT chain, address, id FROM names WHERE id IS NOT NULL UNION ALL SELECT chain, address, id FROM new_names
----
CREATE OR REPLACE TEMP TABLE spilled_transfers AS
SELECT t.*, s.id AS sender_id, r.id AS receiver_id
FROM open_transfers AS t
LEFT JOIN all_names AS s ON s.chain = t.chain AND s.address = t.sender
LEFT JOIN all_names AS r ON r.chain = t.chain AND r.address = t.receiver
----
CREATE OR REPLACE TEMP TABLE spilled_transactions AS
SELECT t.*, s.id AS signer_id, r.id AS receiver_id
FROM open_transactions AS t
LEFT JOIN all_names AS s ON s.chain = t.chain AND s.address = t.signer
LEFT JOIN all_names AS r ON r.chain = t.chain AND r.address = t.receiver
----
CREATE OR REPLACE TEMP VIEW named_transfers AS SELECT * FROM spilled_transfers
----
CREATE OR REPLACE TEMP VIEW named_transactions AS SELECT * FROM spilled_transactions
