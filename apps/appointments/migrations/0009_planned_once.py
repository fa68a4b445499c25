"""Three questions that every booking and every search for slots asks, as functions: their plans are kept by the session.

Read as plain statements, each was planned anew every time, which took four times as long as its answer. What they say
about a booking stays in Python. They run with the rights of whoever calls: row-level security holds inside.
"""

from django.db import migrations

LOCK = r"""
CREATE FUNCTION appointments_lock(practitioners uuid[], rooms uuid[], places uuid[], patients uuid[])
RETURNS TABLE (kind text, id uuid, merged_into uuid)
LANGUAGE plpgsql VOLATILE
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT 'practitioner', p.id, NULL::uuid FROM practitioners_practitioner p
        WHERE p.id = ANY (practitioners) ORDER BY p.id FOR NO KEY UPDATE;
    IF cardinality(rooms) + cardinality(places) > 0 THEN
        RETURN QUERY SELECT 'room', m.id, NULL::uuid FROM practitioners_room m
            WHERE m.id = ANY (rooms) OR (m.location_id = ANY (places) AND m.is_active) ORDER BY m.id FOR NO KEY UPDATE;
    END IF;
    IF cardinality(patients) > 0 THEN
        -- One statement after the other: what a lock had to wait for is seen by the next.
        PERFORM FROM patients_patient p WHERE p.id = ANY (patients) ORDER BY p.id FOR NO KEY UPDATE;
        RETURN QUERY SELECT 'patient', p.id, p.merged_into_id FROM patients_patient p WHERE p.id = ANY (patients);
    END IF;
END
$body$;
COMMENT ON FUNCTION appointments_lock IS
    'Locks, in the one order, whoever and whatever bookings need until the transaction ends; of a place its active rooms.';
"""

FACTS = r"""
CREATE FUNCTION appointments_facts(
    organization uuid, practitioner uuid, location uuid, type uuid, patient uuid, room uuid, any_room boolean,
    ignored uuid[], visit_start timestamptz, visit_end timestamptz, busy_from timestamptz, busy_until timestamptz,
    reach interval, busy text[], moment timestamptz
)
RETURNS TABLE (kind text, id uuid, start timestamptz, "end" timestamptz, until timestamptz, detail text)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT 'practitioner', a.id, a.start, a."end", CASE WHEN a.status = 'held' THEN a.held_until ELSE upper(a.busy_period) END,
        json_build_array(a.status, a.lane, a.session, a.seat, a.appointment_type_id, a.location_id, a.room_id, a.override_reason)::text
    FROM appointments_appointment a
    WHERE a.organization_id = organization AND a.practitioner_id = practitioner
      AND a.start > busy_from - reach AND a.start < busy_until + reach
      AND lower(a.busy_period) < busy_until AND upper(a.busy_period) > busy_from
      AND a.status = ANY (busy) AND (a.status <> 'held' OR a.held_until > moment) AND a.id <> ALL (ignored)
    UNION ALL
    SELECT 'patient', a.id, a.start, a."end", a."end", a.status
    FROM appointments_appointment a
    WHERE a.organization_id = organization AND a.patient_id = patient
      AND a.start > visit_start - reach AND a.start < visit_end AND a."end" > visit_start
      AND a.status = ANY (busy) AND (a.status <> 'held' OR a.held_until > moment) AND a.id <> ALL (ignored)
    UNION ALL
    SELECT 'hours', h.id, NULL, NULL, NULL,
        json_build_array(h.weekday, h.start_time, h.end_time, h.valid_from, h.valid_until, h.room_id)::text
    FROM practitioners_weeklyhours h
    WHERE h.organization_id = organization AND h.practitioner_id = practitioner AND h.location_id = location
    UNION ALL
    SELECT 'away', o.id, lower(o.period), upper(o.period), upper(o.period), ''
    FROM practitioners_timeoff o
    WHERE o.organization_id = organization AND o.practitioner_id = practitioner
      AND lower(o.period) < visit_end AND upper(o.period) > visit_start
    UNION ALL
    SELECT 'elsewhere', b.id, lower(b.period), upper(b.period), upper(b.period), b.calendar
    FROM practitioners_busytime b
    WHERE b.organization_id = organization AND b.practitioner_id = practitioner
      AND lower(b.period) < visit_end AND upper(b.period) > visit_start
    UNION ALL
    SELECT 'closed', c.id, lower(c.period), upper(c.period), upper(c.period), c.reason
    FROM practitioners_closure c
    WHERE c.organization_id = organization AND c.is_active AND (c.location_id IS NULL OR c.location_id = location)
      AND lower(c.period) < visit_end AND upper(c.period) > visit_start
    UNION ALL
    SELECT 'offers', o.id, NULL, NULL, NULL, ''
    FROM appointments_practitionertype o
    WHERE o.organization_id = organization AND o.practitioner_id = practitioner AND o.appointment_type_id = type
    UNION ALL
    SELECT 'place', t.id, NULL, NULL, NULL, t.location_id::text
    FROM appointments_typelocation t
    WHERE t.organization_id = organization AND t.appointment_type_id = type
    UNION ALL
    SELECT 'blocked', k.id, NULL, NULL, NULL, ''
    FROM appointments_onlinebookingblock k
    WHERE k.organization_id = organization AND k.patient_id = patient AND k.lifted_at IS NULL
    UNION ALL
    SELECT 'expired', e.id, NULL, NULL, NULL, ''
    FROM appointments_appointment e
    WHERE e.organization_id = organization AND e.status = 'held' AND e.held_until <= moment AND e.id <> ALL (ignored)
      AND (e.practitioner_id = practitioner OR e.patient_id = patient OR e.room_id = room
           OR (any_room AND e.location_id = location AND e.room_id IS NOT NULL));
    IF any_room OR room IS NOT NULL THEN
        RETURN QUERY
        SELECT 'room', m.id, NULL::timestamptz, NULL::timestamptz, (
                SELECT max(upper(a.busy_period)) FROM appointments_appointment a
                WHERE a.organization_id = organization AND a.room_id = m.id
                  AND a.start > busy_from - reach AND a.start < busy_until + reach
                  AND lower(a.busy_period) < busy_until AND upper(a.busy_period) > busy_from
                  AND a.status = ANY (busy) AND (a.status <> 'held' OR a.held_until > moment) AND a.id <> ALL (ignored)
            ), json_build_array(m.name, NOT EXISTS (SELECT FROM appointments_typeroom t WHERE t.organization_id = organization
                    AND t.appointment_type_id = type)
                OR EXISTS (SELECT FROM appointments_typeroom t WHERE t.organization_id = organization
                    AND t.appointment_type_id = type AND t.room_id = m.id))::text
        FROM practitioners_room m
        WHERE m.organization_id = organization AND (m.id = room OR (any_room AND m.location_id = location AND m.is_active));
    END IF;
END
$body$;
COMMENT ON FUNCTION appointments_facts IS
    'The rows that bear on one booking; appointments.conflicts reads and judges them.';
"""

_ARRAYS = """
            SELECT array_agg(floor(date_part('epoch', lower(r)))::int8) AS begins,
                array_agg(ceil(date_part('epoch', upper(r)))::int8) AS ends
            FROM (SELECT unnest(range_agg({period})) AS r FROM {rows}) AS merged"""
_TAKEN = """appointments_appointment a
                WHERE a.organization_id = organization AND {owner}
                  AND a.start > earliest - reach AND a.start < latest + reach
                  AND a.status = ANY (busy) AND (a.status <> 'held' OR a.held_until > moment)"""
_NEAR = "n.organization_id = organization AND upper(n.period) > earliest AND lower(n.period) < latest + reach"
_AWAY = f"""(
                SELECT n.period FROM practitioners_timeoff n WHERE n.practitioner_id = p.id AND {_NEAR}
                UNION ALL SELECT n.period FROM practitioners_busytime n WHERE n.practitioner_id = p.id AND {_NEAR}
            ) AS absence"""  # noqa: S608 - pieces of this module, no value
_CLOSED = f"practitioners_closure n WHERE n.is_active AND (n.location_id IS NULL OR n.location_id = l.id) AND {_NEAR}"

SCENE = f"""
CREATE FUNCTION appointments_scene(
    organization uuid, type uuid, practitioners uuid[], location uuid, room uuid, any_room boolean, capacity integer,
    duration interval, earliest timestamptz, latest timestamptz, reach interval, busy text[], moment timestamptz
)
RETURNS TABLE (
    kind text, id uuid, name text, detail text, begins bigint[], ends bigint[], away_begins bigint[], away_ends bigint[]
)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT 'person', p.id, concat_ws(' ', nullif(p.prefix, ''), nullif(p.given_name, ''), nullif(p.family_name, '')),
        (SELECT json_agg(json_build_array(h.location_id, h.weekday, h.start_time, h.end_time, h.valid_from, h.valid_until, h.room_id)
                         ORDER BY h.start_time)
         FROM practitioners_weeklyhours h WHERE h.organization_id = organization AND h.practitioner_id = p.id)::text,
        taken.begins, taken.ends, away.begins, away.ends
    FROM practitioners_practitioner p
    CROSS JOIN LATERAL ({_ARRAYS.format(period="a.busy_period", rows=_TAKEN.format(owner="a.practitioner_id = p.id"))}) AS taken
    CROSS JOIN LATERAL ({_ARRAYS.format(period="period", rows=_AWAY)}) AS away
    WHERE p.organization_id = organization AND p.is_active AND (practitioners IS NULL OR p.id = ANY (practitioners))
      AND EXISTS (SELECT FROM appointments_practitionertype o
                  WHERE o.organization_id = organization AND o.practitioner_id = p.id AND o.appointment_type_id = type)
    ORDER BY p.sort_order, p.family_name, p.id;

    RETURN QUERY
    SELECT 'place', l.id, l.name::text, l.timezone::text, closed.begins, closed.ends, NULL::bigint[], NULL::bigint[]
    FROM organizations_location l
    CROSS JOIN LATERAL ({_ARRAYS.format(period="n.period", rows=_CLOSED)}) AS closed
    WHERE l.organization_id = organization AND l.is_active AND (location IS NULL OR l.id = location)
      AND (EXISTS (SELECT FROM appointments_typelocation t
                   WHERE t.organization_id = organization AND t.appointment_type_id = type AND t.location_id = l.id)
           OR NOT EXISTS (SELECT FROM appointments_typelocation t
                          WHERE t.organization_id = organization AND t.appointment_type_id = type))
    ORDER BY l.name, l.id;

    IF any_room OR room IS NOT NULL THEN
        RETURN QUERY
        SELECT 'room', m.id, m.name::text, m.location_id::text, taken.begins, taken.ends, NULL::bigint[], NULL::bigint[]
        FROM practitioners_room m
        CROSS JOIN LATERAL ({_ARRAYS.format(period="a.busy_period", rows=_TAKEN.format(owner="a.room_id = m.id"))}) AS taken
        WHERE m.organization_id = organization AND m.is_active
          AND CASE WHEN room IS NOT NULL THEN m.id = room ELSE location IS NULL OR m.location_id = location END
          AND (EXISTS (SELECT FROM appointments_typeroom t
                       WHERE t.organization_id = organization AND t.appointment_type_id = type AND t.room_id = m.id)
               OR NOT EXISTS (SELECT FROM appointments_typeroom t
                              WHERE t.organization_id = organization AND t.appointment_type_id = type))
        ORDER BY m.name, m.id;
    END IF;

    IF capacity > 1 THEN
        RETURN QUERY
        SELECT 'group', a.practitioner_id, '', min(json_build_array(floor(date_part('epoch', a.start)), a.location_id, a.room_id)::text),
            NULL::bigint[], NULL::bigint[], NULL::bigint[], NULL::bigint[]
        FROM appointments_appointment a
        WHERE a.organization_id = organization AND a.appointment_type_id = type AND a.session IS NOT NULL
          AND a.start >= earliest AND a.start < latest AND a."end" - a.start = duration
          AND a.status = ANY (busy) AND (a.status <> 'held' OR a.held_until > moment)
        GROUP BY a.practitioner_id, a.session HAVING count(*) < capacity
        ORDER BY min(a.start), a.practitioner_id;
    END IF;
END
$body$;
COMMENT ON FUNCTION appointments_scene IS
    'What a search for slots looks at: one row per person, place, room and open group, their periods as arrays of instants.';
"""  # noqa: S608 - as above
UNDO = """
DROP FUNCTION appointments_lock;
DROP FUNCTION appointments_facts;
DROP FUNCTION appointments_scene;
"""


class Migration(migrations.Migration):
    dependencies = [("appointments", "0008_import_row_room"), ("practitioners", "0003_busy_times_and_holidays")]
    operations = [migrations.RunSQL(LOCK + FACTS + SCENE, UNDO)]
