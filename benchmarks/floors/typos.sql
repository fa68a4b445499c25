-- The patients whose words are most like what was typed: as superuser, no policy, trigram threshold of the session.
SELECT p.id, p.given_name, p.family_name, p.birth_date,
       (SELECT array_agg(c.value) FROM patients_contactpoint c WHERE c.organization_id = p.organization_id AND c.patient_id = p.id)
FROM (SELECT *, (SELECT sum(word_similarity(w, search_text)) FROM unnest(%(words)s::text[]) AS w) AS alike
      FROM (SELECT * FROM patients_patient
            WHERE organization_id = %(organization)s AND archived_at IS NULL
              AND search_text %%> (%(words)s::text[])[1] AND search_text %%> (%(words)s::text[])[2]
            LIMIT 2000) AS capped
      ORDER BY alike DESC LIMIT %(most)s) AS p
