-- not_a_value_call: a delegate call and a static call move nothing, a callcode keeps the value inside its caller.
SELECT t.id AS transfer, 'not_a_value_call' AS reason, lower(t.call_type) AS detail
FROM transfers AS t
WHERE lower(t.call_type) IN ('delegatecall', 'staticcall', 'callcode')
