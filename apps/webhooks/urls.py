"""Doors for other machines, under /webhooks/."""

from django.urls import path

from apps.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("twilio/message/", views.twilio_message, name="twilio-message"),
    path("twilio/status/", views.twilio_status, name="twilio-status"),
]
