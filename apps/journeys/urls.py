"""Pages of journeys: the board, one run, and the steps that staff take."""

from django.urls import path

from apps.journeys import views

app_name = "journeys"
urlpatterns = [
    path("", views.board, name="board"),
    path("start/", views.start, name="start"),
    path("patients/<uuid:pk>/", views.for_patient, name="for-patient"),
    path("runs/<uuid:pk>/", views.instance, name="instance"),
    path("runs/<uuid:pk>/menu/", views.menu, name="menu"),
    path("runs/<uuid:pk>/advance/", views.advance, name="advance"),
    path("runs/<uuid:pk>/skip/", views.skip, name="skip"),
    path("runs/<uuid:pk>/pause/", views.pause, name="pause"),
    path("runs/<uuid:pk>/resume/", views.resume, name="resume"),
    path("runs/<uuid:pk>/cancel/", views.cancel, name="cancel"),
]
