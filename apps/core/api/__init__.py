"""Building blocks of the REST API: problems, pagination, throttling, idempotency, viewsets."""
