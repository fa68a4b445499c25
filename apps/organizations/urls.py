"""Routes of the choices a person makes about the whole portal."""

from django.urls import path

from apps.organizations import views

app_name = "organizations"
urlpatterns = [
    path("switch/", views.switch, name="switch"),
    path("location/", views.choose_location, name="choose-location"),
]
