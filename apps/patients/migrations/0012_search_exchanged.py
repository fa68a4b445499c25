"""Two letters exchanged in one of the words, asked for by itself: the other words as typed make it a narrow question."""

from django.db import migrations

FORWARD = r"""
CREATE FUNCTION patients_search_exchanged(words text[], digits text[], births date[], slips jsonb)
RETURNS TABLE (id uuid, how text, known_by text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $body$
DECLARE
    mine constant uuid := nullif(current_setting('clinic.organization', true), '')::uuid;
    base text;
    turned text[];
    others text[];
BEGIN
    IF mine IS NULL THEN
        RETURN;
    END IF;
    base := format('p.organization_id = %L AND p.archived_at IS NULL', mine);
    IF cardinality(births) > 0 THEN
        base := base || format(' AND p.birth_date = ANY (%L::date[])', births);
    END IF;
    FOR place IN 1 .. cardinality(words) LOOP
        CONTINUE WHEN NOT slips ? words[place];
        SELECT array_agg('% ' || slip || '%') INTO turned FROM jsonb_array_elements_text(slips -> words[place]) AS slip;
        SELECT array_agg(pattern) INTO others FROM (
            SELECT '% ' || replace(replace(replace(word, '\', '\\'), '%', '\%'), '_', '\_') || '%'
            FROM unnest(words) WITH ORDINALITY AS w (word, number) WHERE number <> place
            UNION ALL SELECT '%' || run || '%' FROM unnest(digits) AS run
        ) AS said (pattern);
        RETURN QUERY EXECUTE format(
            'SELECT p.id, ''similar'', p.search_text FROM patients_patient p
             WHERE %s AND p.search_text LIKE ANY (%L::text[]) AND p.search_text LIKE ALL (%L::text[]) LIMIT 150',
            base, turned, coalesce(others, '{}'));
    END LOOP;
END
$body$;
COMMENT ON FUNCTION patients_search_exchanged IS
    'The open organization''s patients that fit when two neighbouring letters of one word are exchanged. Runs as the owner of the tables and filters by the setting clinic.organization itself.';
"""


class Migration(migrations.Migration):
    dependencies = [("patients", "0011_patient_imports")]
    operations = [
        migrations.RunSQL(FORWARD, "DROP FUNCTION patients_search_exchanged(text[], text[], date[], jsonb);"),
    ]
