"""The settings of the appointment book: places, people, hours, absences, types, rules (docs/decisions/0030)."""
