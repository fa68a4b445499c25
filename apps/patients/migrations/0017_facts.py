"""What is compared of patients, as a function: its plan is kept by the session (decision 0021)."""

from django.db import migrations

FORWARD = r"""
CREATE FUNCTION patients_facts(organization uuid, people uuid[])
RETURNS TABLE (
    id uuid, given_name varchar, family_name varchar, preferred_name varchar, name_latin varchar, born text, sex varchar,
    version integer, is_archived boolean, points text[], addresses jsonb, identifiers jsonb, relations text[]
)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT p.id, p.given_name, p.family_name, p.preferred_name, p.name_latin,
        left(p.birth_date::text, CASE p.birth_precision WHEN 'year' THEN 4 WHEN 'month' THEN 7 ELSE 10 END),
        p.sex, p.version, p.archived_at IS NOT NULL,
        ARRAY(SELECT c.system || ':' || c.value FROM patients_contactpoint c
              WHERE c.organization_id = p.organization_id AND c.patient_id = p.id),
        (SELECT jsonb_agg(jsonb_build_array(a.lines, a.city, a.postal_code)) FROM patients_address a
         WHERE a.organization_id = p.organization_id AND a.patient_id = p.id AND a.use <> 'work'),
        (SELECT jsonb_object_agg(i.system, i.value) FROM patients_identifier i
         WHERE i.organization_id = p.organization_id AND i.patient_id = p.id),
        ARRAY(SELECT least(r.patient_id, r.linked_patient_id) || ' ' || greatest(r.patient_id, r.linked_patient_id)
              FROM patients_relatedperson r WHERE r.organization_id = p.organization_id
              AND r.linked_patient_id IS NOT NULL AND (r.patient_id = p.id OR r.linked_patient_id = p.id))
    FROM patients_patient p
    WHERE p.organization_id = organization AND p.id = ANY (people);
END
$body$;
COMMENT ON FUNCTION patients_facts IS
    'What of these patients is compared with others, archived ones too. Runs with the rights of whoever calls it.';
"""
BACKWARD = "DROP FUNCTION patients_facts(uuid, uuid[]);"


class Migration(migrations.Migration):
    dependencies = [("patients", "0016_consents_refused")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
