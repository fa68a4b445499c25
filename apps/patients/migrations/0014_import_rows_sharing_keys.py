"""The search for rows of a file with keys in common, as a function that row-level security does not slow down (`&&` is not leakproof)."""

from django.db import migrations

FORWARD = r"""
CREATE FUNCTION patients_import_rows_sharing_keys(file uuid, wanted varchar[], most integer)
RETURNS TABLE (id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $body$
DECLARE
    mine constant uuid := nullif(current_setting('clinic.organization', true), '')::uuid;
BEGIN
    IF mine IS NULL OR most < 1 OR cardinality(wanted) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE
        'SELECT r.id
         FROM patients_patientimportrow r
         WHERE r.keys && $1 AND r.organization_id = $2 AND r.batch_id = $3 AND r.state = ''ready''
         ORDER BY r.line LIMIT $4'
        USING wanted, mine, file, most;
END
$body$;
COMMENT ON FUNCTION patients_import_rows_sharing_keys IS
    'The rows of a file that can be imported and share keys, the first ones first. Runs as the owner of the tables and filters by the setting clinic.organization itself.';
"""
BACKWARD = "DROP FUNCTION patients_import_rows_sharing_keys(uuid, varchar[], integer);"


class Migration(migrations.Migration):
    dependencies = [("patients", "0013_import_started_by_key")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
