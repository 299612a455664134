-- Every query in the functions is made for one index. A session plans it once and keeps the plan
-- while the tables grow from nothing to millions of rows, so the plan must not depend on what the
-- statistics happen to say (or not to say yet) at that moment.
DO $$
DECLARE
    v_function regprocedure;
    v_setting text;
BEGIN
    FOR v_function IN
        SELECT p.oid FROM pg_proc AS p
        INNER JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
        WHERE p.proname LIKE 'angarium\_%' AND p.pronamespace = current_schema()::regnamespace
    LOOP
        FOREACH v_setting IN ARRAY ARRAY[
            'plan_cache_mode = force_generic_plan',
            'enable_seqscan = off',
            'enable_bitmapscan = off',
            'enable_sort = off',
            'enable_hashjoin = off',
            'enable_mergejoin = off'
        ] LOOP
            EXECUTE format('ALTER FUNCTION %s SET %s', v_function, v_setting);
        END LOOP;
    END LOOP;
END
$$;
