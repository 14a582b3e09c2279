-- What was unconfirmed is told anew by each pull of an address: older word goes when newer word, or a complete list that reaches
-- further, is there. A transaction that was replaced for a larger fee goes with it, and one that was confirmed is in its list.

DELETE FROM unconfirmed AS u
WHERE EXISTS (
    SELECT 1 FROM unconfirmed AS n
    WHERE n.source = u.source AND n.chain = u.chain AND n.address = u.address AND n.as_of > u.as_of
) OR EXISTS (
    SELECT 1 FROM coverage AS c
    WHERE c.source = u.source AND c.chain = u.chain AND c.address = u.address AND c.stream = 'native'
        AND c.status = 'complete' AND c.to_block > u.as_of
)
