-- Reading changes nothing: STABLE, so all of a function sees one state of the database.

CREATE FUNCTION angarium_get(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint, p_ids bytea[]
) RETURNS SETOF angarium_answer
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_space bigint;
    v_now bigint := angarium_now(p_offset);
BEGIN
    SELECT space INTO v_space FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN NEXT angarium_head('stale', v_now);
        RETURN;
    END IF;
    RETURN NEXT angarium_head('done', v_now);
    RETURN QUERY
        SELECT m.id, m.body, m.ttl, m.created, m.due, m.claim_id, m.claim_count, m.checksum,
            m.seq, NULL::text, NULL::bigint, NULL::bytea, NULL::bigint
        FROM angarium_messages AS m
        WHERE m.space = v_space AND m.id = ANY (p_ids) AND m.expires > v_now;
END
$$;

-- A page of what is visible among the next p_scan messages after a position. The first row tells
-- the position where looking ended, or NULL if it ended with the queue.
CREATE FUNCTION angarium_list(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_after bigint, p_limit integer, p_scan integer,
    p_exclude_client bytea, p_claimed boolean, p_delayed boolean
) RETURNS SETOF angarium_answer
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_space bigint;
    v_end bigint;
    v_now bigint := angarium_now(p_offset);
BEGIN
    SELECT space INTO v_space FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN NEXT angarium_head('stale', v_now);
        RETURN;
    END IF;
    SELECT m.seq INTO v_end FROM angarium_messages AS m
    WHERE m.space = v_space AND m.seq > p_after
    ORDER BY m.seq OFFSET p_scan - 1 LIMIT 1;
    RETURN NEXT angarium_head('done', v_now, p_seq => v_end);
    RETURN QUERY
        SELECT m.id, m.body, m.ttl, m.created, m.due, m.claim_id, m.claim_count, m.checksum,
            m.seq, NULL::text, NULL::bigint, NULL::bytea, NULL::bigint
        FROM angarium_messages AS m
        WHERE m.space = v_space AND m.seq > p_after
            AND m.seq <= coalesce(v_end, 9223372036854775807)
            AND m.expires > v_now
            AND (p_exclude_client IS NULL OR m.client_id <> p_exclude_client)
            AND (
                m.due IS NULL OR m.due <= v_now
                OR CASE WHEN m.claim_id IS NULL THEN p_delayed ELSE p_claimed END
            )
        ORDER BY m.seq
        LIMIT p_limit;
END
$$;

-- The number of all messages and that of the expired ones come from indexes alone.
CREATE FUNCTION angarium_stats(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    OUT outcome text, OUT moment bigint, OUT total bigint, OUT claimed bigint,
    OUT oldest_id bytea, OUT oldest_created bigint,
    OUT newest_id bytea, OUT newest_created bigint
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_space bigint;
BEGIN
    outcome := 'stale';
    moment := angarium_now(p_offset);
    SELECT space INTO v_space FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    outcome := 'done';
    SELECT count(*) INTO total FROM angarium_messages WHERE space = v_space;
    SELECT total - count(*) INTO total FROM angarium_messages
    WHERE space = v_space AND expires <= moment;
    SELECT count(*) INTO claimed FROM angarium_messages
    WHERE space = v_space AND due > moment AND claim_id IS NOT NULL;
    SELECT id, created INTO oldest_id, oldest_created FROM angarium_messages
    WHERE space = v_space AND expires > moment ORDER BY seq LIMIT 1;
    SELECT id, created INTO newest_id, newest_created FROM angarium_messages
    WHERE space = v_space AND expires > moment ORDER BY seq DESC LIMIT 1;
END
$$;

CREATE FUNCTION angarium_totals(p_offset bigint, OUT total bigint, OUT claimed bigint)
LANGUAGE sql STABLE AS $$
    SELECT count(*), count(*) FILTER (WHERE m.due > t.now AND m.claim_id IS NOT NULL)
    FROM (SELECT angarium_now(p_offset) AS now) AS t
    CROSS JOIN angarium_messages AS m
    INNER JOIN angarium_spaces AS s ON s.id = m.space AND s.dropped IS NULL
    WHERE m.expires > t.now
$$;
