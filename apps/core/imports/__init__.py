"""Importing files, whatever their rows are of: uploaded, checked row by row, imported behind the page.

An app brings its two models (`models.py`), says how its rows are read, checked and imported, and takes the rest from
here: what people do (`steps.py`), how the worker goes on (`work.py`), and the API (`api.py`, `serializers.py`).
"""
