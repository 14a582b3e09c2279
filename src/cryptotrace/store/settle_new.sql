-- Insert the groups that are new to the store (view "new_rows"): those of one row, and of several as many as they have ("sized").

INSERT INTO transfers
SELECT $next_id + row_number() OVER () - 1, *
FROM (
    SELECT chain, tx_hash, kind, block, time, tx_index, log_index, trace_path, call_type, sender, receiver, asset, amount,
        ordinal, ok, input_row
    FROM (
        SELECT n.* EXCLUDE (position, listing, place), 0 AS ordinal
        FROM new_rows AS n
        ANTI JOIN several AS s
            ON n.tx_hash = s.tx_hash AND n.kind = s.kind AND n.sender IS NOT DISTINCT FROM s.sender
            AND n.receiver IS NOT DISTINCT FROM s.receiver AND n.asset = s.asset AND n.amount = s.amount
        UNION ALL
        SELECT z.* EXCLUDE (position, listing, place, size) FROM sized AS z WHERE ordinal < size
    )
    ORDER BY chain, block, time, tx_index, tx_hash, kind, log_index, trace_path, input_row, sender, receiver, asset, amount,
        ordinal
)
