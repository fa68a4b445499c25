-- The patients whose words begin with what was typed, by name: as superuser, no policy, no reason.
SELECT p.id, p.given_name, p.family_name, p.birth_date,
       (SELECT array_agg(c.value) FROM patients_contactpoint c WHERE c.organization_id = p.organization_id AND c.patient_id = p.id)
FROM (SELECT * FROM (SELECT * FROM patients_patient
                     WHERE organization_id = %(organization)s AND archived_at IS NULL AND search_text LIKE ALL (%(patterns)s)
                     LIMIT 2000) AS capped
      ORDER BY family_name, given_name LIMIT %(most)s) AS p
