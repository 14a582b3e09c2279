-- Accounts that the store shows to be contracts: tokens, what emitted an event, and what sent an internal transfer but never
-- signed a transaction on any chain (an account with a key may run code, too, but it also signs).
SELECT chain, contract AS address FROM assets WHERE contract <> ''
UNION
SELECT chain, contract AS address FROM events WHERE contract <> ''
UNION
SELECT a.chain, a.address
FROM transfers AS t
JOIN accounts AS a ON a.id = t.sender
LEFT JOIN (
    SELECT DISTINCT k.address FROM transactions AS x JOIN accounts AS k ON k.id = x.signer
) AS s ON s.address = a.address
WHERE t.kind = 'internal' AND s.address IS NULL
