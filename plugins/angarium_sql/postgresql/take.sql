-- What claims and pops have in common. Rows that somebody else is just changing are passed over.

-- Make available what is overdue: delayed messages, and those of lapsed claims. Returns how many.
CREATE FUNCTION angarium_make_due_ready(p_space bigint, p_now bigint, p_bound integer)
RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    v_due bigint[];
BEGIN
    SELECT array_agg(overdue.seq) INTO v_due
    FROM (
        SELECT m.seq FROM angarium_messages AS m
        WHERE m.space = p_space AND m.due <= p_now
        ORDER BY m.due LIMIT p_bound
        FOR UPDATE SKIP LOCKED
    ) AS overdue;
    IF v_due IS NULL THEN
        RETURN 0;
    END IF;
    UPDATE angarium_messages
    SET ready = seq, due = NULL, claim_id = NULL
    WHERE space = p_space AND seq = ANY (v_due);
    RETURN cardinality(v_due);
END
$$;

-- Lock the oldest available messages, and delete the expired ones that stand before them. Those
-- claimed p_max_claims times already come apart. Too many in the way of enough good ones: is_short.
CREATE FUNCTION angarium_take(
    p_space bigint, p_now bigint, p_limit integer, p_bound integer, p_max_claims integer,
    OUT good bigint[], OUT over_claimed bigint[], OUT is_short boolean
)
LANGUAGE plpgsql
AS $$
DECLARE
    v_window integer;
    v_after bigint := 0;
    v_seen integer;
    v_in_the_way integer := 0;
    v_good bigint[];
    v_over bigint[];
    v_expired bigint[];
BEGIN
    good := '{}';
    over_claimed := '{}';
    is_short := false;
    LOOP
        v_window := p_limit - cardinality(good);
        SELECT
            array_agg(t.seq ORDER BY t.seq) FILTER (WHERE t.expires <= p_now),
            array_agg(t.seq ORDER BY t.seq)
                FILTER (WHERE t.expires > p_now AND t.claim_count >= p_max_claims),
            array_agg(t.seq ORDER BY t.seq)
                FILTER (WHERE t.expires > p_now AND (t.claim_count >= p_max_claims) IS NOT TRUE),
            count(*), coalesce(max(t.seq), 0)
        INTO v_expired, v_over, v_good, v_seen, v_after
        FROM (
            SELECT m.seq, m.expires, m.claim_count FROM angarium_messages AS m
            WHERE m.space = p_space AND m.ready > v_after
            ORDER BY m.ready LIMIT v_window
            FOR UPDATE SKIP LOCKED
        ) AS t;
        good := good || coalesce(v_good, '{}');
        over_claimed := over_claimed || coalesce(v_over, '{}');
        IF v_expired IS NOT NULL THEN
            DELETE FROM angarium_messages WHERE space = p_space AND seq = ANY (v_expired);
        END IF;
        EXIT WHEN v_seen < v_window OR cardinality(good) = p_limit;
        v_in_the_way := v_in_the_way
            + coalesce(cardinality(v_expired), 0) + coalesce(cardinality(v_over), 0);
        IF v_in_the_way >= p_bound THEN
            is_short := true;
            EXIT;
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION angarium_pop(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_limit integer, p_bound integer
) RETURNS SETOF angarium_answer
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
    v_now bigint;
    v_good bigint[];
    v_is_short boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(angarium_lock_of(p_project, p_kind, p_name));
    SELECT space INTO v_space FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN NEXT angarium_head('stale', 0);
        RETURN;
    END IF;
    v_now := angarium_now(p_offset);
    IF angarium_make_due_ready(v_space, v_now, p_bound) = p_bound THEN
        RETURN NEXT angarium_head('again', v_now);
        RETURN;
    END IF;
    SELECT t.good, t.is_short INTO v_good, v_is_short
    FROM angarium_take(v_space, v_now, p_limit, p_bound, NULL) AS t;
    IF v_is_short THEN
        RETURN NEXT angarium_head('again', v_now);
        RETURN;
    END IF;
    RETURN NEXT angarium_head('done', v_now);
    RETURN QUERY
        WITH popped AS (
            DELETE FROM angarium_messages AS m
            WHERE m.space = v_space AND m.seq = ANY (v_good)
            RETURNING m.*
        )
        SELECT p.id, p.body, p.ttl, p.created, p.due, p.claim_id, p.claim_count, p.checksum,
            p.seq, NULL::text, NULL::bigint, NULL::bytea, NULL::bigint
        FROM popped AS p ORDER BY p.seq;
END
$$;
