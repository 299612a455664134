-- Sealing: docs/interfaces.rst, Moving a queue. Whoever changes a queue without locking its record holds
-- this lock, shared, before it reads the record, and a statement after a lock sees what was committed
-- before it. Whoever gets the lock for itself knows that those who saw an earlier record are through.
CREATE FUNCTION angarium_lock_of(p_project bytea, p_kind bytea, p_name bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended(
        encode(p_project, 'hex') || '/' || encode(p_kind, 'hex') || '/' || encode(p_name, 'hex'), 0
    )
$$;

CREATE FUNCTION angarium_seal(p_project bytea, p_kind bytea, p_name bytea) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(angarium_lock_of(p_project, p_kind, p_name));
    RETURN 'done';
END
$$;

-- The pool's record of a queue. Two callers that insert one record: the second fails on the key and
-- is repeated by the driver.

CREATE FUNCTION angarium_new_space() RETURNS bigint
LANGUAGE sql AS $$
    INSERT INTO angarium_spaces (dropped) VALUES (NULL) RETURNING id
$$;

CREATE FUNCTION angarium_register(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_queue angarium_pool_queues;
    v_space bigint;
BEGIN
    SELECT * INTO v_queue FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name FOR UPDATE;
    IF NOT FOUND THEN
        v_space := angarium_new_space();
        INSERT INTO angarium_pool_queues (project, kind, name, epoch, life, space, next_seq)
        VALUES (p_project, p_kind, p_name, p_epoch, v_space, v_space, 1);
    ELSIF v_queue.epoch < p_epoch AND v_queue.deleted IS NULL THEN
        UPDATE angarium_pool_queues SET epoch = p_epoch
        WHERE project = p_project AND kind = p_kind AND name = p_name;
    ELSIF v_queue.epoch < p_epoch THEN
        v_space := angarium_new_space();
        UPDATE angarium_pool_queues
        SET epoch = p_epoch, life = v_space, space = v_space, deleted = NULL
        WHERE project = p_project AND kind = p_kind AND name = p_name;
    END IF;
    RETURN 'done';
END
$$;

CREATE FUNCTION angarium_unregister(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_queue angarium_pool_queues;
    v_now bigint := angarium_now(p_offset);
BEGIN
    SELECT * INTO v_queue FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO angarium_pool_queues (
            project, kind, name, epoch, life, space, next_seq, deleted
        )
        VALUES (p_project, p_kind, p_name, p_epoch, 0, 0, 1, v_now);
    ELSIF v_queue.epoch < p_epoch THEN
        UPDATE angarium_spaces SET dropped = v_now WHERE id = v_queue.space;
        UPDATE angarium_pool_queues
        SET epoch = p_epoch, life = 0, space = 0, deleted = v_now
        WHERE project = p_project AND kind = p_kind AND name = p_name;
    END IF;
    RETURN 'done';
END
$$;

-- The queue gets an empty space; positions go on, and claims stay, without messages.
CREATE FUNCTION angarium_purge(
    p_project bytea, p_kind bytea, p_name bytea, p_epoch bigint, p_offset bigint
) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_space bigint;
BEGIN
    SELECT space INTO v_space FROM angarium_pool_queues
    WHERE project = p_project AND kind = p_kind AND name = p_name
        AND epoch = p_epoch AND deleted IS NULL
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    UPDATE angarium_spaces SET dropped = angarium_now(p_offset) WHERE id = v_space;
    UPDATE angarium_pool_queues SET space = angarium_new_space()
    WHERE project = p_project AND kind = p_kind AND name = p_name;
    RETURN 'done';
END
$$;
