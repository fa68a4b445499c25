-- Who shares a key with the patient, most keys first, with everything that is compared: as superuser, no policy, no scoring.
SELECT p.id, p.given_name, p.family_name, p.preferred_name, p.name_latin, p.birth_date, p.sex, p.version, p.archived_at,
       (SELECT array_agg(c.value) FROM patients_contactpoint c WHERE c.organization_id = p.organization_id AND c.patient_id = p.id),
       (SELECT jsonb_agg(a.lines) FROM patients_address a WHERE a.organization_id = p.organization_id AND a.patient_id = p.id)
FROM (SELECT m.patient_id, (SELECT count(*) FROM unnest(m.keys) k WHERE k = ANY (%(keys)s::integer[])) AS shared
      FROM patients_matchindex m
      WHERE m.keys && %(keys)s::integer[] AND m.organization_id = %(organization)s AND m.patient_id <> %(own)s
      ORDER BY shared DESC, m.patient_id LIMIT %(most)s) AS found
JOIN patients_patient p ON p.id = found.patient_id
