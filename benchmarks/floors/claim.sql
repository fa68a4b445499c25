-- One batch of the plainest queue on the same table: claim and mark as on its way; what is sent is marked by sent.sql.
WITH due AS (
    SELECT id FROM communications_communication
    WHERE status IN ('scheduled', 'queued') AND due_at <= now() AND (lease_until IS NULL OR lease_until <= now())
    ORDER BY due_at, id
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
)
UPDATE communications_communication AS row
SET status = 'sending', lease_until = now() + interval '1 minute', attempts = attempts + 1, updated_at = now()
FROM due WHERE row.id = due.id
RETURNING row.id
