-- Giving back space: each function frees at most p_limit things and returns how many.

CREATE FUNCTION angarium_reclaim_expired(p_offset bigint, p_limit integer) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_now bigint := angarium_now(p_offset);
    v_count bigint;
BEGIN
    WITH expired AS (
        SELECT space, seq FROM angarium_messages
        WHERE expires <= v_now
        ORDER BY expires LIMIT p_limit
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM angarium_messages AS m USING expired AS e
    WHERE m.space = e.space AND m.seq = e.seq;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- Messages of one space that was dropped, and the space itself with the last of them. Rows in use
-- are waited for, since a space without its record would stay for ever.
CREATE FUNCTION angarium_reclaim_dropped(p_limit integer) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
    v_count bigint;
BEGIN
    SELECT id INTO v_space FROM angarium_spaces
    WHERE dropped IS NOT NULL LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    WITH content AS (
        SELECT seq FROM angarium_messages
        WHERE space = v_space ORDER BY seq LIMIT p_limit FOR UPDATE
    )
    DELETE FROM angarium_messages AS m USING content AS c
    WHERE m.space = v_space AND m.seq = c.seq;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count < p_limit THEN
        DELETE FROM angarium_spaces WHERE id = v_space;
        v_count := v_count + 1;
    END IF;
    RETURN v_count;
END
$$;

CREATE FUNCTION angarium_reclaim_claims(p_offset bigint, p_limit integer) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_now bigint := angarium_now(p_offset);
    v_count bigint;
BEGIN
    WITH lapsed AS (
        SELECT life, id FROM angarium_claims
        WHERE expires <= v_now LIMIT p_limit
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM angarium_claims AS c USING lapsed AS l WHERE c.life = l.life AND c.id = l.id;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

CREATE FUNCTION angarium_reclaim_tombstones(
    p_offset bigint, p_life bigint, p_limit integer
) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_before bigint := angarium_now(p_offset) - p_life;
    v_count bigint;
BEGIN
    WITH old AS (
        SELECT project, kind, name FROM angarium_pool_queues
        WHERE deleted <= v_before LIMIT p_limit
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM angarium_pool_queues AS q USING old AS o
    WHERE q.project = o.project AND q.kind = o.kind AND q.name = o.name;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
