"""Forms of the appointment book, a module per topic."""

from apps.appointments.forms.series import CancelSeriesForm, MoveSeriesForm, SeriesForm
from apps.appointments.forms.visits import BookForm, CancelForm, MoveForm, TimeForm

__all__ = ["BookForm", "CancelForm", "CancelSeriesForm", "MoveForm", "MoveSeriesForm", "SeriesForm", "TimeForm"]
