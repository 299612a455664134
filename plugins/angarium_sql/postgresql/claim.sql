-- Claims: contract, storage-semantics.md 5 and 10.

-- Move locked messages, in their order, to the end of the dead-letter queue. False if that queue
-- has another epoch; nothing was moved then.
CREATE FUNCTION angarium_move_dead_letters(
    p_space bigint, p_positions bigint[], p_now bigint,
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_ttl integer
) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    v_target bigint;
    v_last bigint;
BEGIN
    UPDATE angarium_pool_queues
    SET next_seq = next_seq + cardinality(p_positions)
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL
    RETURNING space, next_seq - cardinality(p_positions) - 1 INTO v_target, v_last;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- A copy that expired there must not stand in the way; one that lives makes ours superfluous.
    DELETE FROM angarium_messages AS there USING angarium_messages AS here
    WHERE here.space = p_space AND here.seq = ANY (p_positions)
        AND there.space = v_target AND there.id = here.id AND there.expires <= p_now;
    INSERT INTO angarium_messages (
        space, seq, ready, expires, created, ttl, claim_count, id, client_id, checksum, body
    )
    SELECT
        v_target, v_last + p.place, v_last + p.place,
        coalesce(p_now + p_ttl, m.expires), m.created, coalesce(p_ttl, m.ttl),
        0, m.id, m.client_id, m.checksum, m.body
    FROM unnest(p_positions) WITH ORDINALITY AS p (seq, place)
    INNER JOIN angarium_messages AS m ON m.space = p_space AND m.seq = p.seq
    ON CONFLICT ON CONSTRAINT uq_angarium_messages_id DO NOTHING;
    DELETE FROM angarium_messages WHERE space = p_space AND seq = ANY (p_positions);
    RETURN true;
END
$$;

-- Put locked messages under a claim of their own, everything else about them as it was. They are
-- due no later than they expire, so that whatever counts as claimed has not expired.
CREATE FUNCTION angarium_lease_dead_letters(
    p_space bigint, p_life bigint, p_positions bigint[], p_now bigint,
    p_lease_id bytea, p_lease integer
) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO angarium_claims (life, id, ttl, renewed, expires, positions)
    VALUES (p_life, p_lease_id, p_lease, p_now, p_now + p_lease, p_positions);
    UPDATE angarium_messages
    SET ready = NULL, due = least(p_now + p_lease, expires), claim_id = p_lease_id
    WHERE space = p_space AND seq = ANY (p_positions);
END
$$;

-- What is still in a claim, with all that another store needs to go on with it.
CREATE FUNCTION angarium_members(
    p_space bigint, p_positions bigint[], p_claim_id bytea, p_now bigint
) RETURNS SETOF angarium_answer
LANGUAGE sql STABLE
AS $$
    SELECT m.id, m.body, m.ttl, m.created, m.due, m.claim_id, m.claim_count, m.checksum,
        m.seq, NULL::text, NULL::bigint, m.client_id, m.expires
    FROM angarium_messages AS m
    WHERE m.space = p_space AND m.seq = ANY (p_positions)
        AND m.claim_id = p_claim_id AND m.due > p_now AND m.expires > p_now
    ORDER BY m.seq
$$;

-- Two calls with one claim id at once: the second fails on the key and is repeated by the driver.
CREATE FUNCTION angarium_create_claim(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_claim_id bytea, p_ttl integer, p_grace integer, p_limit integer, p_bound integer,
    p_max_claims integer,
    p_dead_project bytea, p_dead_kind bytea, p_dead_name bytea, p_dead_epoch bigint,
    p_dead_ttl integer, p_lease_id bytea, p_lease integer
) RETURNS SETOF angarium_answer
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
    v_life bigint;
    v_now bigint;
    v_lapse bigint;
    v_known angarium_claims;
    v_good bigint[];
    v_over_claimed bigint[];
    v_is_short boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(angarium_lock_of(p_project, p_kind, p_name));
    SELECT space, life INTO v_space, v_life FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN NEXT angarium_head('stale', 0);
        RETURN;
    END IF;
    SELECT * INTO v_known FROM angarium_claims
    WHERE life = v_life AND id = p_claim_id FOR UPDATE;
    v_now := angarium_now(p_offset);
    v_lapse := v_now + p_ttl;
    IF v_known.expires > v_now THEN
        RETURN NEXT angarium_head('done', v_now);
        RETURN QUERY SELECT * FROM angarium_members(
            v_space, v_known.positions, p_claim_id, v_now
        );
        RETURN;
    ELSIF v_known.life IS NOT NULL THEN
        DELETE FROM angarium_claims WHERE life = v_life AND id = p_claim_id;
    END IF;
    IF p_lease_id IS NOT NULL THEN
        SELECT * INTO v_known FROM angarium_claims
        WHERE life = v_life AND id = p_lease_id FOR UPDATE;
        PERFORM FROM angarium_members(v_space, v_known.positions, p_lease_id, v_now);
        IF FOUND THEN  -- the call is a repetition
            RETURN NEXT angarium_head('leased', v_now);
            RETURN QUERY SELECT * FROM angarium_members(
                v_space, v_known.positions, p_lease_id, v_now
            );
            RETURN;
        ELSIF v_known.life IS NOT NULL THEN
            DELETE FROM angarium_claims WHERE life = v_life AND id = p_lease_id;
        END IF;
    END IF;
    IF angarium_make_due_ready(v_space, v_now, p_bound) = p_bound THEN
        RETURN NEXT angarium_head('again', v_now);
        RETURN;
    END IF;
    SELECT t.good, t.over_claimed, t.is_short INTO v_good, v_over_claimed, v_is_short
    FROM angarium_take(v_space, v_now, p_limit, p_bound, p_max_claims) AS t;
    IF cardinality(v_over_claimed) > 0 THEN
        IF p_dead_epoch IS NULL THEN
            RETURN NEXT angarium_head('dead_letter_queue_missing', v_now);
            RETURN;
        ELSIF p_lease_id IS NOT NULL THEN
            PERFORM angarium_lease_dead_letters(
                v_space, v_life, v_over_claimed, v_now, p_lease_id, p_lease
            );
            RETURN NEXT angarium_head('leased', v_now);
            RETURN QUERY SELECT * FROM angarium_members(
                v_space, v_over_claimed, p_lease_id, v_now
            );
            RETURN;
        END IF;
        IF NOT angarium_move_dead_letters(
            v_space, v_over_claimed, v_now,
            p_dead_project, p_dead_kind, p_dead_name, p_dead_epoch, p_dead_ttl
        ) THEN
            RETURN NEXT angarium_head('dead_letter_queue_stale', v_now);
            RETURN;
        END IF;
    END IF;
    IF v_is_short THEN
        RETURN NEXT angarium_head('again', v_now);
        RETURN;
    END IF;
    RETURN NEXT angarium_head('done', v_now);
    IF cardinality(v_good) = 0 THEN
        RETURN;
    END IF;
    INSERT INTO angarium_claims (life, id, ttl, renewed, expires, positions)
    VALUES (v_life, p_claim_id, p_ttl, v_now, v_lapse, v_good);
    RETURN QUERY
        WITH claimed AS (
            UPDATE angarium_messages AS m
            SET ready = NULL, due = v_lapse, claim_id = p_claim_id,
                claim_count = m.claim_count + 1,
                ttl = CASE WHEN m.expires < v_lapse THEN p_ttl + p_grace ELSE m.ttl END,
                expires = CASE WHEN m.expires < v_lapse THEN v_lapse + p_grace ELSE m.expires END
            WHERE m.space = v_space AND m.seq = ANY (v_good)
            RETURNING m.*
        )
        SELECT c.id, c.body, c.ttl, c.created, c.due, c.claim_id, c.claim_count, c.checksum,
            c.seq, NULL::text, NULL::bigint, NULL::bytea, NULL::bigint
        FROM claimed AS c ORDER BY c.seq;
END
$$;

CREATE FUNCTION angarium_get_claim(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint, p_claim_id bytea
) RETURNS SETOF angarium_answer
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_space bigint;
    v_life bigint;
    v_now bigint := angarium_now(p_offset);
    v_claim angarium_claims;
BEGIN
    SELECT space, life INTO v_space, v_life FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN NEXT angarium_head('stale', v_now);
        RETURN;
    END IF;
    SELECT * INTO v_claim FROM angarium_claims
    WHERE life = v_life AND id = p_claim_id AND expires > v_now;
    IF NOT FOUND THEN
        RETURN NEXT angarium_head('claim_not_found', v_now);
        RETURN;
    END IF;
    RETURN NEXT angarium_head('done', v_now, v_claim.ttl, v_claim.renewed);
    RETURN QUERY SELECT * FROM angarium_members(
        v_space, v_claim.positions, p_claim_id, v_now
    );
END
$$;

-- The messages are locked before the time is read: whoever took them after the claim lapsed did so
-- at a time that is past by then, and the claim is refused.
CREATE FUNCTION angarium_renew_claim(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint,
    p_claim_id bytea, p_ttl integer, p_grace integer
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
    v_life bigint;
    v_now bigint;
    v_lapse bigint;
    v_claim angarium_claims;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(angarium_lock_of(p_project, p_kind, p_name));
    SELECT space, life INTO v_space, v_life FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    SELECT * INTO v_claim FROM angarium_claims
    WHERE life = v_life AND id = p_claim_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'claim_not_found';
    END IF;
    PERFORM FROM angarium_messages
    WHERE space = v_space AND seq = ANY (v_claim.positions) AND claim_id = p_claim_id
    ORDER BY seq FOR UPDATE;
    v_now := angarium_now(p_offset);
    IF v_claim.expires <= v_now THEN
        RETURN 'claim_not_found';
    END IF;
    v_lapse := v_now + p_ttl;
    UPDATE angarium_claims SET ttl = p_ttl, renewed = v_now, expires = v_lapse
    WHERE life = v_life AND id = p_claim_id;
    UPDATE angarium_messages
    SET due = v_lapse,
        ttl = CASE WHEN expires < v_lapse THEN p_ttl + p_grace ELSE ttl END,
        expires = CASE WHEN expires < v_lapse THEN v_lapse + p_grace ELSE expires END
    WHERE space = v_space AND seq = ANY (v_claim.positions)
        AND claim_id = p_claim_id AND expires > v_now;
    RETURN 'done';
END
$$;

CREATE FUNCTION angarium_release_claim(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint, p_claim_id bytea
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
    v_life bigint;
    v_claim angarium_claims;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(angarium_lock_of(p_project, p_kind, p_name));
    SELECT space, life INTO v_space, v_life FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    DELETE FROM angarium_claims WHERE life = v_life AND id = p_claim_id RETURNING * INTO v_claim;
    IF FOUND THEN
        PERFORM FROM angarium_messages
        WHERE space = v_space AND seq = ANY (v_claim.positions) AND claim_id = p_claim_id
        ORDER BY seq FOR UPDATE;
        UPDATE angarium_messages SET ready = seq, due = NULL, claim_id = NULL
        WHERE space = v_space AND seq = ANY (v_claim.positions) AND claim_id = p_claim_id;
    END IF;
    RETURN 'done';
END
$$;
