"""What makes a row follow its patient into the record that theirs was merged into; its triggers are made after migrate."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION patients_follow_merge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    pointed uuid;
    living uuid;
BEGIN
    IF TG_ARGV[0] = 'patient_id' THEN
        pointed := NEW.patient_id;
    ELSE
        EXECUTE format('SELECT ($1).%I', TG_ARGV[0]) INTO pointed USING NEW;
    END IF;
    -- The lock that the foreign key takes anyway: it waits for a merge that is going on, and then sees its outcome.
    SELECT merged_into_id INTO living FROM public.patients_patient WHERE id = pointed FOR KEY SHARE;
    IF living IS NOT NULL THEN
        NEW := jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], living));
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION patients_follow_merge IS
    'A row that is to point to a merged patient points to the record they were merged into. The argument is the column.';
"""
BACKWARD = "DROP FUNCTION patients_follow_merge() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("patients", "0009_merges")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
