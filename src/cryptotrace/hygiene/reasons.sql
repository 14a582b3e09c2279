-- How many transfers and assets each reason took, with the first transfer as an example.
SELECT r.reason, r.transfers, r.assets, t.tx_hash AS example_tx
FROM (
    SELECT e.reason, count(*) AS transfers, count(DISTINCT x.asset) AS assets, min(x.id) AS first_id
    FROM exclusions AS e
    JOIN transfers AS x ON x.id = e.transfer
    GROUP BY e.reason
) AS r
JOIN transfers AS t ON t.id = r.first_id
