-- counterfeit: every transfer of a token that passes itself off as another (see counterfeits.py, which finds the tokens).
-- "counterfeits" (asset, detail) stands before this text as a list of values.
SELECT t.id AS transfer, 'counterfeit' AS reason, c.detail AS detail
FROM transfers AS t
JOIN counterfeits AS c ON c.asset = t.asset
