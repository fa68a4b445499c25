"""Access records and links never change, whoever asks. One change stays possible: forgetting PostgreSQL's transaction
number, which means nothing after a restore into another cluster (`audit.services.settle_restored`)."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) ->> 'transaction_id' = '0'
       AND to_jsonb(NEW) - 'transaction_id' = to_jsonb(OLD) - 'transaction_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_accessrecord_append_only BEFORE UPDATE OR DELETE ON audit_accessrecord
    FOR EACH ROW EXECUTE FUNCTION events_refuse_change();
CREATE TRIGGER audit_chainlink_append_only BEFORE UPDATE OR DELETE ON audit_chainlink
    FOR EACH ROW EXECUTE FUNCTION events_refuse_change();
"""
BACKWARD = """
DROP TRIGGER audit_chainlink_append_only ON audit_chainlink;
DROP TRIGGER audit_accessrecord_append_only ON audit_accessrecord;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_access_has_its_transaction"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
