"""The search within the archive, for a year or a month of birth, and for numbers by their beginning."""

import importlib

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations
from django.db.models import Q

FORWARD = r"""
-- Loads pg_trgm: in a session that has not used it yet its settings are unknown, and only a superuser may store those.
SELECT word_similarity('', '');
DROP FUNCTION patients_search(text[], text[], text[], integer, date[], integer, jsonb, jsonb);
DROP FUNCTION patients_search_exchanged(text[], text[], date[], jsonb);
CREATE FUNCTION patients_search(
    words text[], raw text[], digits text[], number integer, births date[], most integer, forms jsonb, slips jsonb,
    archived boolean DEFAULT false, born daterange DEFAULT NULL, typos boolean DEFAULT true
)
RETURNS TABLE (id uuid, how text, score real, known_by text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET pg_trgm.word_similarity_threshold = 0.3
AS $body$
DECLARE
    mine constant uuid := nullif(current_setting('clinic.organization', true), '')::uuid;
    cap constant integer := 2000;
    found uuid[] := '{}';
    base text;
    own_script text := '0';
    phase text;
    part text;
    condition text;
    rank text;
    word text;
    other text;
    seen integer;
    spare uuid[] := '{}';
BEGIN
    IF mine IS NULL OR most < 1 THEN
        RETURN;
    END IF;
    IF number IS NOT NULL THEN
        RETURN QUERY SELECT p.id, 'number', 9::real, p.search_text FROM patients_patient p
            WHERE p.organization_id = mine AND p.number = patients_search.number
            AND (p.archived_at IS NOT NULL) = archived AND p.merged_into_id IS NULL;
        SELECT array_agg(p.id) INTO found FROM patients_patient p WHERE p.organization_id = mine AND p.number = patients_search.number;
        found := coalesce(found, '{}');
    END IF;
    IF cardinality(words) + cardinality(digits) + cardinality(births) = 0 AND born IS NULL THEN
        RETURN;
    END IF;
    base := format('p.organization_id = %L AND %s', mine, CASE
        WHEN archived THEN 'p.archived_at IS NOT NULL AND p.merged_into_id IS NULL' ELSE 'p.archived_at IS NULL' END);
    IF cardinality(births) > 0 THEN
        base := base || format(' AND p.birth_date = ANY (%L::date[])', births);
    END IF;
    IF born IS NOT NULL THEN
        base := base || format(' AND p.birth_date >= %L AND p.birth_date < %L', lower(born), upper(born));
    END IF;
    FOREACH word IN ARRAY digits LOOP
        -- A part of a phone, or the beginning of any other number (of three digits, the whole).
        base := base || format(
            ' AND p.search_text LIKE %1$L AND (p.search_text ~ %2$L OR EXISTS (SELECT FROM patients_contactpoint c
              WHERE c.organization_id = p.organization_id AND c.patient_id = p.id AND c.system = ''phone'' AND c.value LIKE %1$L))',
            '%' || word || '%', ' [a-z]*0*' || word || CASE WHEN length(word) < 4 THEN ' ' ELSE '' END);
    END LOOP;
    FOREACH word IN ARRAY raw LOOP
        own_script := own_script || format(' + (strpos(lower(p.given_name || '' '' || p.family_name), %L) > 0)::int', word);
    END LOOP;
    FOREACH phase IN ARRAY CASE WHEN cardinality(words) = 0 THEN ARRAY['given'] ELSE ARRAY['prefix', 'exact', 'form', 'similar'] END LOOP
        -- Beginnings hold the whole words, too, unless there are so many that the cap may have cut some of them off.
        CONTINUE WHEN phase = 'exact' AND cardinality(spare) = 0;
        CONTINUE WHEN phase = 'form' AND forms = '{}';
        condition := base;
        rank := own_script;
        FOREACH word IN ARRAY words LOOP
            part := replace(replace(replace(word, '\', '\\'), '%', '\%'), '_', '\_');
            -- One or two letters have no typo.
            IF phase = 'similar' AND length(word) >= 3 THEN
                -- As a subselect: what a constant selects the planner would work out, for longer than the search takes.
                condition := condition || format(' AND (p.search_text %%> (SELECT %L)', word);
                FOR other IN SELECT jsonb_array_elements_text(slips -> word) LOOP
                    condition := condition || format(' OR p.search_text LIKE %L', '% ' || other || '%');
                    rank := rank || format(' + 3 * (p.search_text LIKE %L)::int', '% ' || other || '%');
                END LOOP;
                condition := condition || ')';
                rank := rank || format(' + 4 * word_similarity(%L, p.search_text)', word);
            ELSIF phase = 'form' AND forms ? word THEN
                condition := condition || format(' AND (p.search_text LIKE %L', '% ' || part || '%');
                FOR other IN SELECT jsonb_array_elements_text(forms -> word) LOOP
                    condition := condition || format(' OR p.search_text LIKE %L', '% ' || other || ' %');
                END LOOP;
                condition := condition || ')';
            ELSE
                condition := condition || format(' AND p.search_text LIKE %L', '% ' || part || CASE phase WHEN 'exact' THEN ' %' ELSE '%' END);
                rank := rank || format(' + (p.search_text LIKE %L)::int', '% ' || part || ' %');
            END IF;
        END LOOP;
        CONTINUE WHEN phase = 'similar' AND (NOT typos OR position('%>' IN condition) = 0 OR EXISTS (SELECT FROM unnest(words) w WHERE w LIKE '%@%'));
        -- Candidates are capped before they are ranked: two letters fit tens of thousands. The caller keeps the true typos.
        FOR patients_search.id, score, known_by, seen IN EXECUTE format(
            'SELECT c.id, c.score, c.search_text, (count(*) OVER ())::integer
             FROM (SELECT p.id, (%s)::real AS score, p.search_text, p.family_name, p.given_name, p.number
                   FROM patients_patient p WHERE %s AND p.id <> ALL ($1) LIMIT $3) c
             ORDER BY c.score DESC, c.family_name, c.given_name, c.number LIMIT $2', rank, condition)
            USING found, CASE phase WHEN 'similar' THEN 150 ELSE most - cardinality(found) END, cap
        LOOP
            IF phase = 'prefix' AND seen >= cap THEN
                spare := spare || patients_search.id;
            ELSE
                how := phase;
                found := found || patients_search.id;
                RETURN NEXT;
            END IF;
        END LOOP;
        IF phase = 'exact' THEN
            RETURN QUERY SELECT s.id, 'prefix', 0::real, '' FROM unnest(spare) WITH ORDINALITY AS s (id, place)
                WHERE s.id <> ALL (found) ORDER BY s.place LIMIT most - cardinality(found);
            RETURN;
        END IF;
        EXIT WHEN cardinality(found) >= most;
    END LOOP;
END
$body$;
COMMENT ON FUNCTION patients_search IS
    'Ids of the open organization''s patients that fit, best first. Runs as the owner of the tables and filters by the setting clinic.organization itself.';
CREATE FUNCTION patients_search_exchanged(
    words text[], digits text[], births date[], slips jsonb,
    archived boolean DEFAULT false, born daterange DEFAULT NULL
)
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
    base := format('p.organization_id = %L AND %s', mine, CASE
        WHEN archived THEN 'p.archived_at IS NOT NULL AND p.merged_into_id IS NULL' ELSE 'p.archived_at IS NULL' END);
    IF cardinality(births) > 0 THEN
        base := base || format(' AND p.birth_date = ANY (%L::date[])', births);
    END IF;
    IF born IS NOT NULL THEN
        base := base || format(' AND p.birth_date >= %L AND p.birth_date < %L', lower(born), upper(born));
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
FORMS = importlib.import_module("apps.patients.migrations.0008_search_forms").FORWARD
EXCHANGED = importlib.import_module("apps.patients.migrations.0012_search_exchanged").FORWARD
BACKWARD = (
    """
DROP FUNCTION patients_search(
    text[], text[], text[], integer, date[], integer, jsonb, jsonb, boolean, daterange, boolean
);
DROP FUNCTION patients_search_exchanged(text[], text[], date[], jsonb, boolean, daterange);
"""
    + FORMS.replace("DROP FUNCTION patients_search(text[], text[], text[], integer, date[], integer);", "")
    + EXCHANGED
)


class Migration(migrations.Migration):
    dependencies = [("patients", "0014_import_rows_sharing_keys")]
    operations = [
        migrations.AddIndex(
            model_name="patient",
            index=GinIndex(
                condition=Q(archived_at__isnull=False),
                fields=["search_text"],
                name="patient_search_archived",
                opclasses=["gin_trgm_ops"],
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
