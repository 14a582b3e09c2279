-- Transfers and exact amounts of each asset, before and after the exclusions.
-- A junk token can carry 10^38 - 1 many times over, beyond any engine number: so the two halves of 19 digits are summed apart
-- and joined by the caller, exact for up to 10^19 rows.
WITH halves AS (
    SELECT
        t.asset,
        e.transfer IS NULL AS kept,
        CAST(substr(lpad(CAST(t.amount AS VARCHAR), 38, '0'), 1, 19) AS DECIMAL(38, 0)) AS high,
        CAST(substr(lpad(CAST(t.amount AS VARCHAR), 38, '0'), 20, 19) AS DECIMAL(38, 0)) AS low
    FROM transfers AS t
    LEFT JOIN (SELECT DISTINCT transfer FROM exclusions) AS e ON e.transfer = t.id
)
SELECT
    a.name,
    count(*) AS transfers_before,
    sum(h.high) AS high_before,
    sum(h.low) AS low_before,
    count(CASE WHEN h.kept THEN 1 END) AS transfers_after,
    sum(CASE WHEN h.kept THEN h.high END) AS high_after,
    sum(CASE WHEN h.kept THEN h.low END) AS low_after
FROM halves AS h
JOIN assets AS a ON a.id = h.asset
GROUP BY a.canonical, a.name
ORDER BY a.canonical DESC, a.name
