"""The calendar's page: a day by practitioner or by room, a practitioner's week, a day as an agenda."""

from apps.appointments.calendar.grid import agenda, day_grid, room_grid, week_grid, week_title
from apps.appointments.calendar.presence import with_presence
from apps.appointments.calendar.shapes import Block, Column, Entry, Grid

__all__ = [
    "Block",
    "Column",
    "Entry",
    "Grid",
    "agenda",
    "day_grid",
    "room_grid",
    "week_grid",
    "week_title",
    "with_presence",
]
