-- Outputs that came (view "in_tx_outputs") learn the input of the store that spends them.

UPDATE tx_outputs AS o SET spent_by = s.spent_by, spent_at = s.spent_at
FROM (
    SELECT i.chain, i.spent_tx, i.spent_position, min(i.tx_hash) AS spent_by, arg_min(i.position, i.tx_hash) AS spent_at
    FROM tx_inputs AS i
    SEMI JOIN in_tx_outputs AS n ON n.chain = i.chain AND n.tx_hash = i.spent_tx AND n.position = i.spent_position
    GROUP BY ALL
) AS s
WHERE o.chain = s.chain AND o.tx_hash = s.spent_tx AND o.position = s.spent_position
    AND (o.spent_by IS NULL OR o.spent_by > s.spent_by)
