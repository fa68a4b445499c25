"""The front desk's day: `day_board` for the arrival board, `rail` for the lists beside it."""

from apps.portal.today.board import FILTERS, Board, Row, day_board
from apps.portal.today.reminders import Reminders

__all__ = ["FILTERS", "Board", "Reminders", "Row", "day_board"]
