"""Who may work where, asked before any organization is open: a function that row-level security does not stop."""

from django.db import migrations

FORWARD = r"""
CREATE FUNCTION organizations_memberships_of(person uuid)
RETURNS TABLE (membership organizations_membership, organization organizations_organization)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $body$
    SELECT m, o
    FROM organizations_membership m JOIN organizations_organization o ON o.id = m.organization_id
    WHERE m.user_id = person AND m.is_active AND o.is_active
$body$;
COMMENT ON FUNCTION organizations_memberships_of IS
    'One person''s active memberships with their organizations, whichever organization is open. Runs as the owner of the tables.';
"""
BACKWARD = "DROP FUNCTION organizations_memberships_of(uuid);"


class Migration(migrations.Migration):
    dependencies = [("organizations", "0003_currency_and_holidays")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
