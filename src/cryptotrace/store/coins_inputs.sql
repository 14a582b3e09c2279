-- Inputs that came (view "in_tx_inputs"): an explorer that does not name the coin that is spent leaves gaps, which another fills.
-- Then each output of the store learns the input that spends it; of several that say so, the first by name, whatever came first.

UPDATE tx_inputs AS t SET
    spent_tx = coalesce(t.spent_tx, a.spent_tx),
    spent_position = coalesce(t.spent_position, a.spent_position),
    address = coalesce(t.address, a.address),
    amount = coalesce(t.amount, a.amount),
    script_type = coalesce(t.script_type, a.script_type)
FROM (
    SELECT chain, tx_hash, position, min(spent_tx) AS spent_tx, min(spent_position) AS spent_position, min(address) AS address,
        min(amount) AS amount, min(script_type) AS script_type
    FROM in_tx_inputs
    GROUP BY ALL
) AS a
WHERE t.chain = a.chain AND t.tx_hash = a.tx_hash AND t.position = a.position AND (
    (t.spent_tx IS NULL AND a.spent_tx IS NOT NULL) OR (t.spent_position IS NULL AND a.spent_position IS NOT NULL)
    OR (t.address IS NULL AND a.address IS NOT NULL) OR (t.amount IS NULL AND a.amount IS NOT NULL)
    OR (t.script_type IS NULL AND a.script_type IS NOT NULL)
)
----
UPDATE tx_outputs AS o SET spent_by = s.spent_by, spent_at = s.spent_at
FROM (
    SELECT chain, spent_tx, spent_position, min(tx_hash) AS spent_by, arg_min(position, tx_hash) AS spent_at
    FROM in_tx_inputs
    WHERE spent_tx IS NOT NULL
    GROUP BY ALL
) AS s
WHERE o.chain = s.chain AND o.tx_hash = s.spent_tx AND o.position = s.spent_position
    AND (o.spent_by IS NULL OR o.spent_by > s.spent_by)
