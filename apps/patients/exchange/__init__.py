"""Patients out of and into the portal, as files."""
