from django.urls import path

from apps.appointments.urls_settings import urlpatterns as settings_pages
from apps.appointments.views import book, calendar, detail, moving, panels, series, steps, times

app_name = "appointments"
urlpatterns = [
    *settings_pages,
    path("calendar/", calendar.calendar, name="calendar"),
    path("appointments/book/", book.book, name="book"),
    path("appointments/book/times/", times.free_times, name="times"),
    path("patients/<uuid:pk>/appointments/", panels.for_patient, name="for-patient"),
    path("patients/<uuid:pk>/book/", book.book_for_patient, name="book-for-patient"),
    path("patients/<uuid:pk>/next-appointment/", panels.next_for_patient, name="next-for-patient"),
    path("appointments/series/new/", series.new, name="series-new"),
    path("appointments/series/preview/", series.preview, name="series-preview"),
    path("appointments/series/<uuid:pk>/undo/", series.undo, name="series-undo"),
    path("appointments/<uuid:pk>/series/move/", series.move, name="series-move"),
    path("appointments/<uuid:pk>/series/cancel/", series.cancel, name="series-cancel"),
    path("appointments/<uuid:pk>/", detail.detail, name="detail"),
    path("appointments/<uuid:pk>/move/", moving.move, name="move"),
    path("appointments/<uuid:pk>/undo-move/", moving.undo_move, name="undo-move"),
    path("appointments/<uuid:pk>/reschedule/", moving.reschedule, name="reschedule"),
    path("appointments/<uuid:pk>/cancel/", detail.cancel, name="cancel"),
    path("appointments/<uuid:pk>/confirm/", detail.confirm, name="confirm"),
    path("appointments/<uuid:pk>/calendar.ics", detail.calendar_file, name="ics"),
    path("appointments/<uuid:pk>/step/<slug:step>/", steps.take_step, name="step"),
]
