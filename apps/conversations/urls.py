from django.urls import path

from apps.conversations import views

app_name = "conversations"
urlpatterns = [
    path("inbox/", views.threads, name="inbox"),
    path("patients/<uuid:pk>/conversations/", views.for_patient, name="for-patient"),
    path("inbox/<uuid:pk>/", views.thread, name="thread"),
    path("inbox/<uuid:pk>/write/", views.write, name="write"),
    path("inbox/<uuid:pk>/read/", views.read, name="read"),
    path("inbox/<uuid:pk>/snooze/", views.snooze, name="snooze"),
    path("inbox/<uuid:pk>/<slug:action>/", views.act, name="act"),
]
