"""Events and their deliveries come as one text instead of sixteen parameters: most of the time went into quoting arrays."""

from django.db import migrations

FORWARD = r"""
CREATE FUNCTION events_publish(organization uuid, batch json)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
#variable_conflict use_column
DECLARE
    moment CONSTANT timestamptz := batch->>'moment';
BEGIN
    INSERT INTO events_event (id, organization_id, type, subject_type, subject_id, patient_id, actor_kind, actor_id,
                              actor_label, changes, payload, request_id, occurred_at)
    SELECT e.id, organization, batch->>'type', batch->>'subject_type', e.subject, e.patient, batch->>'actor_kind',
           (batch->>'actor_id')::uuid, batch->>'actor_label', e.changes, e.payload, batch->>'request_id', moment
    FROM json_to_recordset(batch->'events') AS e (id uuid, subject uuid, patient uuid, changes jsonb, payload jsonb);
    IF json_array_length(batch->'deliveries') > 0 THEN
        INSERT INTO events_delivery (id, created_at, updated_at, organization_id, event_id, handler, status, attempts,
                                     due_at, finished_at, error)
        SELECT d.id, moment, moment, organization, d.event, d.handler, 'pending', 0, moment, NULL, ''
        FROM json_to_recordset(batch->'deliveries') AS d (id uuid, event uuid, handler text);
    END IF;
END
$body$;
COMMENT ON FUNCTION events_publish (uuid, json) IS
    'Writes the events and deliveries of a batch; see apps.events.services.emit_many.';
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0003_publish")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION events_publish (uuid, json);")]
