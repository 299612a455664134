-- What the functions of the message store share. Text arrives as UTF-8 bytes, times are whole
-- seconds. A function answers with an outcome that the driver knows; it raises no errors, so that
-- a refusal keeps the log of the server clean, and bounded work done before 'again' stays done.

-- The first row of an answer has the outcome, the time and what goes with it; messages follow. Their
-- client and expiry are told only where another store is to go on with them.
CREATE TYPE angarium_answer AS (
    id bytea,
    body bytea,
    ttl integer,
    created bigint,
    due bigint,
    claim_id bytea,
    claim_count integer,
    checksum bytea,
    seq bigint,
    outcome text,
    moment bigint,
    client_id bytea,
    expires bigint
);

-- The one place where the time is read: the clock of the database plus the offset of the caller.
CREATE FUNCTION angarium_now(p_offset bigint) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT floor(extract(epoch FROM clock_timestamp()))::bigint + p_offset
$$;

CREATE FUNCTION angarium_head(
    p_outcome text, p_now bigint,
    p_ttl integer DEFAULT NULL, p_created bigint DEFAULT NULL, p_seq bigint DEFAULT NULL
) RETURNS angarium_answer
LANGUAGE sql IMMUTABLE AS $$
    SELECT ROW(
        NULL, NULL, p_ttl, p_created, NULL, NULL, NULL, NULL, p_seq, p_outcome, p_now, NULL, NULL
    )::angarium_answer
$$;
