"""The search for records with keys in common, as a function that row-level security does not slow down (`&&` is not leakproof)."""

from django.db import migrations

FORWARD = r"""
CREATE FUNCTION patients_sharing_keys(wanted integer[], own uuid, most integer)
RETURNS TABLE (id uuid, shared integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $body$
DECLARE
    mine constant uuid := nullif(current_setting('clinic.organization', true), '')::uuid;
BEGIN
    IF mine IS NULL OR most < 1 OR cardinality(wanted) = 0 THEN
        RETURN;
    END IF;
    -- Capped before it is ranked: a value that thousands share (a birth date of 1 January) is no reason to read them all.
    RETURN QUERY EXECUTE
        'SELECT c.patient_id, c.shared
         FROM (SELECT m.patient_id, (SELECT count(*) FROM unnest(m.keys) k WHERE k = ANY ($1))::integer AS shared
               FROM patients_matchindex m
               WHERE m.keys && $1 AND m.organization_id = $2 AND m.patient_id IS DISTINCT FROM $3 LIMIT 3000) c
         ORDER BY c.shared DESC, c.patient_id LIMIT $4'
        USING wanted, mine, own, most;
END
$body$;
COMMENT ON FUNCTION patients_sharing_keys IS
    'The open organization''s patients that share keys, most keys first. Runs as the owner of the tables and filters by the setting clinic.organization itself.';
"""
BACKWARD = "DROP FUNCTION patients_sharing_keys(integer[], uuid, integer);"


class Migration(migrations.Migration):
    dependencies = [("patients", "0006_duplicates")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
