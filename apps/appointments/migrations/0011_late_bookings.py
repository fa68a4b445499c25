"""For bookings that come too late: no lock where the time is visibly taken, and the patient's visits by a kept plan."""

from django.db import migrations

LOCK_UNLESS_TAKEN = r"""
CREATE FUNCTION appointments_lock_unless_taken(
    organization uuid, practitioner uuid, room uuid, place uuid, patient uuid, ignored uuid[],
    busy_from timestamptz, busy_until timestamptz, reach interval, busy text[], moment timestamptz
)
RETURNS TABLE (kind text, id uuid, merged_into uuid)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
AS $body$
#variable_conflict use_column
BEGIN
    PERFORM FROM appointments_appointment a
        WHERE a.organization_id = organization AND a.practitioner_id = practitioner
          AND a.start > busy_from - reach AND a.start < busy_until + reach
          AND lower(a.busy_period) < busy_until AND upper(a.busy_period) > busy_from
          AND a.status = ANY (busy) AND (a.status <> 'held' OR a.held_until > moment) AND a.id <> ALL (ignored)
        LIMIT 1;
    IF NOT FOUND THEN
        RETURN QUERY SELECT l.kind, l.id, l.merged_into
            FROM appointments_lock(ARRAY[practitioner], array_remove(ARRAY[room], NULL), array_remove(ARRAY[place], NULL),
                                   array_remove(ARRAY[patient], NULL)) AS l;
    END IF;
END
$body$;
COMMENT ON FUNCTION appointments_lock_unless_taken IS
    'appointments_lock for one booking; no lock and no row when its practitioner''s time is taken as everybody sees it.';
"""
VISITS_OF = r"""
CREATE FUNCTION appointments_visits_of(
    organization uuid, patient uuid, earliest timestamptz, latest timestamptz, reach interval, busy text[],
    moment timestamptz, ignored uuid[]
)
RETURNS TABLE (start timestamptz, "end" timestamptz)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT a.start, a."end" FROM appointments_appointment a
        WHERE a.organization_id = organization AND a.patient_id = patient
          AND a.start > earliest - reach AND a.start < latest AND a."end" > earliest
          AND a.status = ANY (busy) AND (a.status <> 'held' OR a.held_until > moment) AND a.id <> ALL (ignored);
END
$body$;
COMMENT ON FUNCTION appointments_visits_of IS 'When a patient has visits, [start, end) each, but for those to ignore.';
"""
UNDO = """
DROP FUNCTION appointments_lock_unless_taken;
DROP FUNCTION appointments_visits_of;
"""


class Migration(migrations.Migration):
    dependencies = [("appointments", "0010_no_place_in_lists")]
    operations = [migrations.RunSQL(LOCK_UNLESS_TAKEN + VISITS_OF, UNDO)]
