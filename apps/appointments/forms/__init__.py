"""Forms of the appointment book, a module per topic."""

from apps.appointments.forms.series import CancelSeriesForm, MoveSeriesForm, SeriesForm
from apps.appointments.forms.visits import BookForm, CancelForm, MoveForm, TimeForm
from apps.appointments.forms.waitlist import WaitForm, WindowForm, visits_to_move

__all__ = [
    "BookForm",
    "CancelForm",
    "CancelSeriesForm",
    "MoveForm",
    "MoveSeriesForm",
    "SeriesForm",
    "TimeForm",
    "WaitForm",
    "WindowForm",
    "visits_to_move",
]
