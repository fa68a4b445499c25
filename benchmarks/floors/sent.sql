-- Mark a batch as sent.
UPDATE communications_communication
SET status = 'sent', lease_until = NULL, sent_at = now(), updated_at = now(), provider = 'simulator', provider_id = 'SM' || id
WHERE id = ANY(%(ids)s)
