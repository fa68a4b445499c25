"""Imports of patients as programs reach them."""
