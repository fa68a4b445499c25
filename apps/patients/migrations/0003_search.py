"""The search as a function that row-level security does not slow down (trigram operators are not leakproof)."""

from django.db import migrations

FORWARD = r"""
-- Loads pg_trgm: in a session that has not used it yet its settings are unknown, and only a superuser may store those.
SELECT word_similarity('', '');
CREATE FUNCTION patients_search(words text[], raw text[], digits text[], number integer, births date[], most integer)
RETURNS TABLE (id uuid, how text, score real, known_by text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET pg_trgm.word_similarity_threshold = 0.3
AS $body$
DECLARE
    mine constant uuid := nullif(current_setting('clinic.organization', true), '')::uuid;
    found uuid[] := '{}';
    base text;
    own_script text := '0';
    phase text;
    condition text;
    rank text;
    word text;
BEGIN
    IF mine IS NULL OR most < 1 THEN
        RETURN;
    END IF;
    IF number IS NOT NULL THEN
        RETURN QUERY SELECT p.id, 'number', 9::real, p.search_text FROM patients_patient p
            WHERE p.organization_id = mine AND p.number = patients_search.number AND p.archived_at IS NULL;
        SELECT array_agg(p.id) INTO found FROM patients_patient p WHERE p.organization_id = mine AND p.number = patients_search.number;
        found := coalesce(found, '{}');
    END IF;
    IF cardinality(words) + cardinality(digits) + cardinality(births) = 0 THEN
        RETURN;
    END IF;
    base := format('p.organization_id = %L AND p.archived_at IS NULL', mine);
    IF cardinality(births) > 0 THEN
        base := base || format(' AND p.birth_date = ANY (%L::date[])', births);
    END IF;
    FOREACH word IN ARRAY digits LOOP
        base := base || format(' AND p.search_text LIKE %L', '%' || word || '%');
    END LOOP;
    FOREACH word IN ARRAY raw LOOP
        own_script := own_script || format(' + (strpos(lower(p.given_name || '' '' || p.family_name), %L) > 0)::int', word);
    END LOOP;
    FOREACH phase IN ARRAY CASE WHEN cardinality(words) = 0 THEN ARRAY['given'] ELSE ARRAY['exact', 'prefix', 'similar'] END LOOP
        condition := base;
        rank := own_script;
        FOREACH word IN ARRAY words LOOP
            -- One or two letters have no typo.
            IF phase = 'similar' AND length(word) >= 3 THEN
                condition := condition || format(' AND p.search_text %%> %L', word);
                rank := rank || format(' + 4 * word_similarity(%L, p.search_text)', word);
            ELSE
                condition := condition || format(
                    ' AND p.search_text LIKE %L', '% ' || replace(replace(replace(word, '\', '\\'), '%', '\%'), '_', '\_')
                    || CASE phase WHEN 'exact' THEN ' %' ELSE '%' END);
                rank := rank || format(' + (p.search_text LIKE %L)::int', '% ' || word || ' %');
            END IF;
        END LOOP;
        CONTINUE WHEN phase = 'similar' AND (position('%>' IN condition) = 0 OR EXISTS (SELECT FROM unnest(words) w WHERE w LIKE '%@%'));
        -- Candidates are capped before they are ranked: two letters fit tens of thousands. The caller keeps the true typos.
        FOR patients_search.id, score, known_by IN EXECUTE format(
            'SELECT c.id, c.score, c.search_text
             FROM (SELECT p.id, (%s)::real AS score, p.search_text, p.family_name, p.given_name, p.number
                   FROM patients_patient p WHERE %s AND p.id <> ALL ($1) LIMIT 2000) c
             ORDER BY c.score DESC, c.family_name, c.given_name, c.number LIMIT $2', rank, condition)
            USING found, CASE phase WHEN 'similar' THEN 60 ELSE most - cardinality(found) END
        LOOP
            how := phase;
            found := found || patients_search.id;
            RETURN NEXT;
        END LOOP;
        EXIT WHEN cardinality(found) >= most;
    END LOOP;
END
$body$;
COMMENT ON FUNCTION patients_search IS
    'Ids of the open organization''s patients that fit, best first. Runs as the owner of the tables and filters by the setting clinic.organization itself.';
"""
BACKWARD = "DROP FUNCTION patients_search(text[], text[], text[], integer, date[], integer);"


class Migration(migrations.Migration):
    dependencies = [("patients", "0002_number_counter"), ("core", "0001_extensions")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
