"""Finding threads by what was said in them, by profile name or number: a function that row-level security does not slow."""

from django.db import migrations

FORWARD = r"""
CREATE INDEX message_text_search ON conversations_message
    USING gin (to_tsvector('simple', left(body, 4000))) WHERE kind <> 'mark';
CREATE INDEX conversation_contact_search ON conversations_conversation
    USING gin ((lower(display_name) || ' ' || address) gin_trgm_ops);

CREATE FUNCTION conversations_search(said text, contact text, most integer)
RETURNS TABLE (id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $body$
DECLARE
    mine constant uuid := nullif(current_setting('clinic.organization', true), '')::uuid;
BEGIN
    IF mine IS NULL OR most < 1 THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT c.id FROM conversations_conversation c
        WHERE c.organization_id = mine AND c.id IN (
            (SELECT k.id FROM conversations_conversation k
             WHERE contact <> '' AND k.organization_id = mine AND (lower(k.display_name) || ' ' || k.address) LIKE contact
             LIMIT 1000)
            UNION
            (SELECT m.conversation_id FROM conversations_message m
             WHERE said <> '' AND m.organization_id = mine AND m.kind <> 'mark'
               AND to_tsvector('simple', left(m.body, 4000)) @@ to_tsquery('simple', said)
             LIMIT 1000)
        )
        ORDER BY c.last_message_at DESC NULLS LAST, c.id LIMIT most;
END
$body$;
COMMENT ON FUNCTION conversations_search IS
    'Ids of the open organization''s threads that fit, newest first. Runs as the owner of the tables and filters by the setting clinic.organization itself.';
"""
BACKWARD = """
DROP FUNCTION conversations_search(text, text, integer);
DROP INDEX conversation_contact_search;
DROP INDEX message_text_search;
"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_inbox_indexes"), ("core", "0001_extensions")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
