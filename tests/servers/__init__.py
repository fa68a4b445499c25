"""Servers that a control starts: the portal without some of its defences. Importing one changes its process for good."""
