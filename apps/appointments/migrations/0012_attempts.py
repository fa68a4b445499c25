"""One function for what a booking begins with.

Whoever comes too late holds no lock while the reasons are read, and learns of other times in the same round trip.
"""

from importlib import import_module

from django.db import migrations

LOCK_UNLESS_TAKEN = import_module("apps.appointments.migrations.0011_late_bookings").LOCK_UNLESS_TAKEN
_TAKEN = """EXISTS (
        SELECT FROM appointments_appointment a
        WHERE a.organization_id = organization AND a.practitioner_id = practitioner
          AND a.start > busy_from - reach AND a.start < busy_until + reach
          AND lower(a.busy_period) < busy_until AND upper(a.busy_period) > busy_from
          AND a.status = ANY (busy) AND (a.status <> 'held' OR a.held_until > moment) AND a.id <> ALL (ignored)
    )"""
ATTEMPT = rf"""
CREATE FUNCTION appointments_attempt(
    organization uuid, practitioner uuid, location uuid, type uuid, patient uuid, room uuid, any_room boolean,
    ignored uuid[], visit_start timestamptz, visit_end timestamptz, busy_from timestamptz, busy_until timestamptz,
    reach interval, busy text[], moment timestamptz, needs_room boolean, earliest timestamptz, latest timestamptz
)
RETURNS TABLE (kind text, id uuid, start timestamptz, "end" timestamptz, until timestamptz, detail text)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
AS $body$
#variable_conflict use_column
DECLARE
    is_there boolean := false;
    is_taken boolean := {_TAKEN};
BEGIN
    -- One statement after the other: what a lock had to wait for is seen by the next.
    IF NOT is_taken THEN
        BEGIN
            PERFORM FROM practitioners_practitioner p WHERE p.id = practitioner FOR NO KEY UPDATE;
            is_there := FOUND;
            IF {_TAKEN} THEN
                RAISE EXCEPTION USING ERRCODE = 'LATE0';  -- lets go of the lock: the next in line need not wait
            END IF;
        EXCEPTION WHEN SQLSTATE 'LATE0' THEN
            is_taken := true;
        END;
    END IF;
    IF is_there AND NOT is_taken THEN
        RETURN QUERY SELECT 'locked practitioner', practitioner, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL;
        RETURN QUERY SELECT 'locked ' || l.kind, l.id, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, l.merged_into::text
            FROM appointments_lock(
                '{{}}', array_remove(ARRAY[room], NULL), CASE WHEN any_room THEN ARRAY[location] ELSE '{{}}' END,
                array_remove(ARRAY[patient], NULL)
            ) AS l;
    END IF;
    RETURN QUERY SELECT * FROM appointments_facts(
        organization, practitioner, location, type, patient, room, any_room, ignored, visit_start, visit_end,
        busy_from, busy_until, reach, busy, moment
    );
    IF is_taken AND earliest < latest THEN
        RETURN QUERY SELECT 'nearby ' || s.kind, s.id, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
                json_build_array(s.name, s.detail, s.begins, s.ends, s.away_begins, s.away_ends)::text
            FROM appointments_scene(
                organization, type, ARRAY[practitioner], location, room, needs_room, 1, visit_end - visit_start,
                earliest, latest, reach, busy, moment
            ) AS s;
        RETURN QUERY SELECT 'nearby visit', NULL::uuid, v.start, v."end", NULL::timestamptz, ''
            FROM appointments_visits_of(organization, patient, earliest, latest + reach, reach, busy, moment, ignored) AS v;
    END IF;
END
$body$;
COMMENT ON FUNCTION appointments_attempt IS
    'appointments_lock and appointments_facts for one booking that is no group''s; when its practitioner''s time is taken '
    'no lock, but what bears on this practitioner''s slots that start in [earliest, latest).';
"""  # noqa: S608 - a piece of this module, no value


class Migration(migrations.Migration):
    dependencies = [("appointments", "0011_late_bookings")]
    operations = [
        migrations.RunSQL(
            "DROP FUNCTION appointments_lock_unless_taken;" + ATTEMPT,
            "DROP FUNCTION appointments_attempt;" + LOCK_UNLESS_TAKEN,
        )
    ]
