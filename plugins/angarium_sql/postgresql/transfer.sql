-- Between pools: docs/interfaces.rst. Lifetimes travel as remaining seconds; a message under a claim
-- is due no later than it expires, so that whatever counts as claimed has not expired.

-- Store messages of another pool at the end of a queue, each unless its id is there.
CREATE FUNCTION angarium_accept(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_ids bytea[], p_bodies bytea[], p_clients bytea[], p_remaining integer[], p_ttls integer[],
    p_ages integer[], p_checksums bytea[]
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
    v_last bigint;
    v_now bigint;
BEGIN
    UPDATE angarium_pool_queues
    SET next_seq = next_seq + cardinality(p_ids)
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL
    RETURNING space, next_seq - cardinality(p_ids) - 1 INTO v_space, v_last;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    v_now := angarium_now(p_offset);
    DELETE FROM angarium_messages
    WHERE space = v_space AND id = ANY (p_ids) AND expires <= v_now;
    INSERT INTO angarium_messages (
        space, seq, ready, expires, created, ttl, claim_count, id, client_id, checksum, body
    )
    SELECT
        v_space, v_last + place, v_last + place,
        v_now + remaining, v_now - age, ttl, 0, id, client_id, checksum, body
    FROM unnest(p_ids, p_bodies, p_clients, p_remaining, p_ttls, p_ages, p_checksums)
        WITH ORDINALITY AS batch (id, body, client_id, remaining, ttl, age, checksum, place)
    ON CONFLICT ON CONSTRAINT uq_angarium_messages_id DO NOTHING;
    RETURN 'done';
END
$$;

-- Messages in queue order, at most p_limit. The first row tells the last position of the queue.
CREATE FUNCTION angarium_export(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_after bigint, p_limit integer, p_with_bodies boolean
) RETURNS SETOF angarium_answer
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_space bigint;
    v_next bigint;
    v_now bigint := angarium_now(p_offset);
BEGIN
    SELECT space, next_seq INTO v_space, v_next FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN NEXT angarium_head('stale', v_now);
        RETURN;
    END IF;
    RETURN NEXT angarium_head('done', v_now, p_seq => v_next - 1);
    RETURN QUERY
        SELECT m.id, CASE WHEN p_with_bodies THEN m.body END, m.ttl, m.created, m.due, m.claim_id,
            m.claim_count, m.checksum, m.seq, NULL::text, NULL::bigint, m.client_id, m.expires
        FROM angarium_messages AS m
        WHERE m.space = v_space AND m.seq > p_after AND m.expires > v_now
        ORDER BY m.seq
        LIMIT p_limit;
END
$$;

-- Make these, in the order of their positions, the only messages after p_after and up to p_upto. A
-- message without a body keeps the one that is stored under its id, or is not stored.
CREATE FUNCTION angarium_import(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_after bigint, p_upto bigint, p_last bigint,
    p_positions bigint[], p_ids bytea[], p_bodies bytea[], p_clients bytea[],
    p_remaining integer[], p_ttls integer[], p_ages integer[], p_counts integer[],
    p_claim_ids bytea[], p_dues integer[], p_checksums bytea[]
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
    v_now bigint;
    v_bodies bytea[];
    v_strangers bigint[];
BEGIN
    UPDATE angarium_pool_queues
    SET next_seq = greatest(next_seq, p_last + 1)
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL
    RETURNING space INTO v_space;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    v_now := angarium_now(p_offset);
    PERFORM FROM angarium_messages
    WHERE space = v_space AND seq > p_after AND seq <= p_upto ORDER BY seq FOR UPDATE;
    -- Where none came along: that of a namesake at another position, an empty one where the row is
    -- in its place and keeps its own, NULL where nothing is known. One look into an index for each.
    v_bodies := ARRAY(
        SELECT coalesce(w.body, (
            SELECT CASE WHEN m.seq = w.seq THEN ''::bytea ELSE m.body END
            FROM angarium_messages AS m
            WHERE w.body IS NULL AND m.space = v_space AND m.id = w.id
        ))
        FROM unnest(p_positions, p_ids, p_bodies) WITH ORDINALITY AS w (seq, id, body, place)
        ORDER BY w.place
    );
    v_strangers := ARRAY(
        SELECT m.seq FROM angarium_messages AS m
        WHERE m.space = v_space AND m.seq > p_after AND m.seq <= p_upto
        EXCEPT SELECT unnest(p_positions)
    ) || ARRAY(
        SELECT (
            SELECT m.seq FROM angarium_messages AS m
            WHERE m.space = v_space AND m.id = w.id AND m.seq <> w.seq
        )
        FROM unnest(p_positions, p_ids) AS w (seq, id)
    ) || ARRAY(
        SELECT (
            SELECT m.seq FROM angarium_messages AS m
            WHERE m.space = v_space AND m.seq = w.seq AND m.id <> w.id
        )
        FROM unnest(p_positions, p_ids) AS w (seq, id)
    );
    DELETE FROM angarium_messages WHERE space = v_space AND seq = ANY (v_strangers);
    INSERT INTO angarium_messages (
        space, seq, ready, due, claim_id,
        expires, created, ttl, claim_count, id, client_id, checksum, body
    )
    SELECT
        v_space, w.seq,
        CASE WHEN w.due = 0 THEN w.seq END,
        CASE
            WHEN w.due > 0 AND w.claim_id IS NOT NULL THEN v_now + least(w.due, w.remaining)
            WHEN w.due > 0 THEN v_now + w.due
        END,
        CASE WHEN w.due > 0 THEN w.claim_id END,
        v_now + w.remaining, v_now - w.age, w.ttl, w.claim_count,
        w.id, w.client_id, w.checksum, w.body
    FROM unnest(
        p_positions, p_ids, v_bodies, p_clients, p_remaining, p_ttls, p_ages, p_counts,
        p_claim_ids, p_dues, p_checksums
    ) AS w (
        seq, id, body, client_id, remaining, ttl, age, claim_count, claim_id, due, checksum
    )
    WHERE w.body IS NOT NULL
    ON CONFLICT (space, seq) DO UPDATE
    SET ready = excluded.ready, due = excluded.due, claim_id = excluded.claim_id,
        expires = excluded.expires, created = excluded.created, ttl = excluded.ttl,
        claim_count = excluded.claim_count, client_id = excluded.client_id,
        checksum = excluded.checksum;
    RETURN 'done';
END
$$;

-- Live claims with an id after p_after, at most p_limit; the first row has the outcome.
CREATE FUNCTION angarium_export_claims(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_after bytea, p_limit integer
) RETURNS TABLE (
    outcome text, moment bigint,
    id bytea, ttl integer, renewed bigint, expires bigint, positions bigint[]
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_space bigint;
    v_life bigint;
    v_now bigint := angarium_now(p_offset);
BEGIN
    moment := v_now;
    SELECT q.space, q.life INTO v_space, v_life FROM angarium_pool_queues AS q
    WHERE q.project = p_project AND q.kind = p_kind AND q.name = p_name
        AND q.epoch = p_epoch AND q.deleted IS NULL;
    outcome := CASE WHEN FOUND THEN 'done' ELSE 'stale' END;
    RETURN NEXT;
    RETURN QUERY
        SELECT NULL::text, NULL::bigint, c.id, c.ttl, c.renewed, c.expires, ARRAY(
            SELECT m.seq FROM angarium_messages AS m
            WHERE m.space = v_space AND m.seq = ANY (c.positions)
                AND m.claim_id = c.id AND m.due > v_now AND m.expires > v_now
            ORDER BY m.seq
        )
        FROM angarium_claims AS c
        WHERE c.life = v_life AND c.id > p_after AND c.expires > v_now
        ORDER BY c.id
        LIMIT p_limit;
END
$$;

-- Store claims, whose messages name them already. The positions of each are an array as a text.
CREATE FUNCTION angarium_import_claims(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_replaces boolean,
    p_ids bytea[], p_ttls integer[], p_ages integer[], p_remaining integer[], p_positions text[]
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_life bigint;
    v_now bigint;
BEGIN
    SELECT life INTO v_life FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    v_now := angarium_now(p_offset);
    IF p_replaces THEN
        DELETE FROM angarium_claims WHERE life = v_life;
    END IF;
    INSERT INTO angarium_claims (life, id, ttl, renewed, expires, positions)
    SELECT v_life, id, ttl, v_now - age, v_now + remaining, positions::bigint[]
    FROM unnest(p_ids, p_ttls, p_ages, p_remaining, p_positions)
        AS batch (id, ttl, age, remaining, positions)
    ON CONFLICT (life, id) DO UPDATE
    SET ttl = excluded.ttl, renewed = excluded.renewed, expires = excluded.expires,
        positions = excluded.positions;
    RETURN 'done';
END
$$;
