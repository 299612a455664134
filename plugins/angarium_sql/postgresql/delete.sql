-- Deleting: contract, storage-semantics.md 6. The rows are locked before the time is read, so that
-- what the claims allow is decided on what everybody else has done.

CREATE FUNCTION angarium_delete(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_id bytea, p_claim_id bytea
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
    v_life bigint;
    v_now bigint;
    v_seq bigint;
    v_expires bigint;
    v_due bigint;
    v_holder bytea;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(angarium_lock_of(p_project, p_kind, p_name));
    SELECT space, life INTO v_space, v_life FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    SELECT seq, expires, due, claim_id INTO v_seq, v_expires, v_due, v_holder
    FROM angarium_messages WHERE space = v_space AND id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'done';
    END IF;
    v_now := angarium_now(p_offset);
    IF v_due <= v_now THEN
        v_holder := NULL;  -- its claim has lapsed
    END IF;
    IF v_expires > v_now AND p_claim_id IS DISTINCT FROM v_holder THEN
        IF p_claim_id IS NULL THEN
            RETURN 'message_is_claimed';
        END IF;
        PERFORM FROM angarium_claims
        WHERE life = v_life AND id = p_claim_id AND expires > v_now;
        RETURN CASE
            WHEN NOT FOUND THEN 'claim_does_not_exist'
            WHEN v_holder IS NULL THEN 'message_not_claimed'
            ELSE 'message_not_claimed_by'
        END;
    END IF;
    DELETE FROM angarium_messages WHERE space = v_space AND seq = v_seq;
    RETURN 'done';
END
$$;

CREATE FUNCTION angarium_delete_several(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_ids bytea[], p_claim_ids bytea[]
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
    v_now bigint;
    v_positions bigint[];
    v_is_unclaimed boolean;
    v_is_foreign boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(angarium_lock_of(p_project, p_kind, p_name));
    SELECT space INTO v_space FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    SELECT array_agg(named.seq) INTO v_positions
    FROM (
        SELECT m.seq FROM angarium_messages AS m
        WHERE m.space = v_space AND m.id = ANY (p_ids)
        ORDER BY m.seq FOR UPDATE
    ) AS named;
    IF p_claim_ids IS NOT NULL THEN
        v_now := angarium_now(p_offset);
        SELECT
            bool_or(claim_id IS NULL OR due <= v_now),
            bool_or(claim_id IS NOT NULL AND due > v_now AND claim_id <> ALL (p_claim_ids))
        INTO v_is_unclaimed, v_is_foreign
        FROM angarium_messages
        WHERE space = v_space AND seq = ANY (v_positions) AND expires > v_now;
        IF v_is_unclaimed THEN
            RETURN 'message_not_claimed';
        ELSIF v_is_foreign THEN
            RETURN 'claim_does_not_match';
        END IF;
    END IF;
    DELETE FROM angarium_messages WHERE space = v_space AND seq = ANY (v_positions);
    RETURN 'done';
END
$$;
