"""Appointments as files: what leaves as CSV, and what other systems' CSV says."""
