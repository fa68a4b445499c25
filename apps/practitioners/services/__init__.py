"""Every write on practitioners, rooms, weekly hours, time off, busy times, closures and holidays."""

from apps.practitioners.services.absences import (
    add_closure,
    add_time_off,
    remove_closure,
    remove_time_off,
    update_closure,
    update_time_off,
)
from apps.practitioners.services.busy_times import remove_busy_times, replace_busy_times
from apps.practitioners.services.holidays import KeptHolidays, keep_holidays, open_location, update_location
from apps.practitioners.services.hours import (
    HoursRow,
    add_weekly_hours,
    check_weekly_hours,
    hours_token,
    remove_weekly_hours,
    rows_of,
    set_weekly_hours,
    split_weekly_hours,
)
from apps.practitioners.services.people import create_practitioner, create_room, update_practitioner, update_room

__all__ = [
    "HoursRow",
    "KeptHolidays",
    "add_closure",
    "add_time_off",
    "add_weekly_hours",
    "check_weekly_hours",
    "create_practitioner",
    "create_room",
    "hours_token",
    "keep_holidays",
    "open_location",
    "remove_busy_times",
    "remove_closure",
    "remove_time_off",
    "remove_weekly_hours",
    "replace_busy_times",
    "rows_of",
    "set_weekly_hours",
    "split_weekly_hours",
    "update_closure",
    "update_location",
    "update_practitioner",
    "update_room",
    "update_time_off",
]
