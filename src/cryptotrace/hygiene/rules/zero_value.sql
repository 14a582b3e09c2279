-- zero_value: nothing moved. Anybody can write such a row with a stranger as the sender (address poisoning).
SELECT t.id AS transfer, 'zero_value' AS reason, 'amount is 0' AS detail
FROM transfers AS t
WHERE t.amount = 0
