"""Writing events and their deliveries in one round trip, by statements whose plans the session keeps.

Nearly every transaction of the portal publishes something. Runs with the rights of whoever calls: row-level security
and the grants hold inside.
"""

from django.db import migrations

FORWARD = r"""
CREATE FUNCTION events_publish(
    organization uuid, type text, subject_type text, actor_kind text, actor_id uuid, actor_label text, request_id text,
    moment timestamptz, ids uuid[], subjects uuid[], patients uuid[], changes jsonb[], payloads jsonb[],
    delivery_ids uuid[], delivery_events uuid[], handlers text[]
)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
#variable_conflict use_variable
BEGIN
    INSERT INTO events_event (id, organization_id, type, subject_type, subject_id, patient_id, actor_kind, actor_id,
                              actor_label, changes, payload, request_id, occurred_at)
    SELECT e.id, organization, type, subject_type, e.subject, e.patient, actor_kind, actor_id,
           actor_label, e.change, e.payload, request_id, moment
    FROM unnest(ids, subjects, patients, changes, payloads) AS e (id, subject, patient, change, payload);
    IF cardinality(delivery_ids) > 0 THEN
        INSERT INTO events_delivery (id, created_at, updated_at, organization_id, event_id, handler, status, attempts,
                                     due_at, finished_at, error)
        SELECT d.id, moment, moment, organization, d.event, d.handler, 'pending', 0, moment, NULL, ''
        FROM unnest(delivery_ids, delivery_events, handlers) AS d (id, event, handler);
    END IF;
END
$body$;
COMMENT ON FUNCTION events_publish IS
    'One event for each of `ids`, and one delivery for each of `delivery_ids`; see apps.events.services.emit_many.';
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION events_publish;")]
