"""What merging two records is made of: which tables point to patients, rules per table, the ledger, the preview.

The services are `merge_patients` and `unmerge`. An app says in its `merging.py` what is to happen where a table's
unique constraints would collide; a table that says nothing is found by introspection and re-pointed.
"""
