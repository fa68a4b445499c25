-- The starts of free visits: working hours less busy periods as multiranges, on a grid of the visit's length.
WITH asked AS (
    SELECT %(from)s::timestamptz AS lower, %(until)s::timestamptz AS upper,
           %(minutes)s * interval '1 minute' AS length, %(zone)s::text AS zone
),
days AS (
    SELECT generate_series(date_trunc('day', lower AT TIME ZONE zone), upper AT TIME ZONE zone, interval '1 day')::date AS day
    FROM asked
)
SELECT p.id, slot.start
FROM asked
CROSS JOIN unnest(%(people)s::uuid[]) AS p(id)
CROSS JOIN LATERAL (
    SELECT range_agg(tstzrange((day + start_time) AT TIME ZONE asked.zone, (day + end_time) AT TIME ZONE asked.zone)) AS hours
    FROM days
    JOIN practitioners_weeklyhours h ON h.practitioner_id = p.id AND h.weekday = extract(isodow FROM day) - 1
    WHERE h.organization_id = %(organization)s
) AS work
CROSS JOIN LATERAL (
    SELECT coalesce(range_agg(busy_period), '{}') AS periods
    FROM appointments_appointment a
    WHERE a.organization_id = %(organization)s AND a.practitioner_id = p.id AND a.status = ANY(%(busy)s)
      AND a.start > asked.lower - interval '1 day' AND a.start < asked.upper + interval '1 day'
) AS taken
CROSS JOIN LATERAL (
    SELECT start
    FROM unnest(work.hours - taken.periods) AS free,
         generate_series(date_bin(asked.length, lower(free), '2000-01-01'), upper(free) - asked.length, asked.length) AS start
    WHERE start >= asked.lower AND start < asked.upper
    ORDER BY start
    LIMIT %(share)s
) AS slot
