-- Store a batch at the end of a queue, and its notice if it has one. The row of the queue stays locked until the commit, so that
-- positions become visible in their order.
CREATE FUNCTION angarium_post(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_client_id bytea,
    p_ids bytea[], p_bodies bytea[], p_ttls integer[], p_delays integer[], p_checksums bytea[],
    p_notice_key bytea, p_notice_queue bytea, p_notice_id bytea, p_notice_payload bytea
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
    v_last bigint;  -- the position before the first of the batch
    v_now bigint;
    v_known bigint;
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
    -- One message that is there shows that the batch was stored before; one that expired does not.
    SELECT max(expires) INTO v_known FROM angarium_messages
    WHERE space = v_space AND id = ANY (p_ids);
    IF v_known > v_now THEN
        RETURN 'done';
    ELSIF v_known IS NOT NULL THEN
        DELETE FROM angarium_messages WHERE space = v_space AND id = ANY (p_ids);
    END IF;
    INSERT INTO angarium_messages (
        space, seq, ready, due, expires, created, ttl, claim_count, id, client_id, checksum, body
    )
    SELECT
        v_space,
        v_last + place,
        CASE WHEN delay <= 0 THEN v_last + place END,
        CASE WHEN delay > 0 THEN v_now + delay END,
        v_now + ttl, v_now, ttl, 0, id, p_client_id, checksum, body
    FROM unnest(p_ids, p_bodies, p_ttls, p_delays, p_checksums)
        WITH ORDINALITY AS batch (id, body, ttl, delay, checksum, place);
    IF p_notice_key IS NOT NULL THEN
        INSERT INTO angarium_notices (
            key, queue, project, kind, name, id,
            position, pending, cursor, created, keep_until, payload
        )
        VALUES (
            p_notice_key, p_notice_queue, p_project, p_kind, p_name, p_notice_id,
            v_last + cardinality(p_ids), 1, '', v_now, 0, p_notice_payload
        )
        ON CONFLICT (key) DO NOTHING;
    END IF;
    RETURN 'done';
END
$$;
