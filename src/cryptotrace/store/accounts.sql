-- Give every account of this load (views "open_transfers", "open_transactions") its id: temp tables "names", "new_names". New
-- ones are numbered in an order that depends on the rows alone. naming.py does the same for rows that are still in Arrow.

CREATE OR REPLACE TEMP TABLE names AS
SELECT s.chain, s.address, k.id
FROM (
    SELECT chain, sender AS address FROM open_transfers UNION SELECT chain, receiver FROM open_transfers
    UNION SELECT chain, signer FROM open_transactions UNION SELECT chain, receiver FROM open_transactions
) AS s
LEFT JOIN accounts AS k ON s.chain = k.chain AND s.address = k.address
WHERE s.address IS NOT NULL
----
CREATE OR REPLACE TEMP TABLE new_names AS
SELECT chain, address, CAST($next_id + row_number() OVER () - 1 AS INTEGER) AS id
FROM (SELECT chain, address FROM names WHERE id IS NULL ORDER BY address, chain)
----
INSERT INTO accounts SELECT id, chain, address FROM new_names
