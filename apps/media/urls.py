"""Pages of files, and the addresses of stored bytes where no bucket has them."""

from django.urls import path

from apps.media.views import files, panels, stored

app_name = "media"
urlpatterns = [
    path("patients/<uuid:pk>/files/", panels.for_patient, name="for-patient"),
    path("patients/<uuid:pk>/photo/", panels.photo, name="photo"),
    path("files/<uuid:pk>/", files.show, name="show"),
    path("files/<uuid:pk>/delete/", files.delete, name="delete"),
    path("files/<uuid:pk>/restore/", files.restore, name="restore"),
    path("files/<uuid:pk>/photo/", files.use_as_photo, name="use-as-photo"),
    path("files/<uuid:pk>/no-photo/", files.no_photo, name="no-photo"),
    path("files/<uuid:pk>/fetch-again/", files.fetch_again, name="fetch-again"),
    path("files/<uuid:pk>/bytes/<slug:what>/", files.bytes_of, name="bytes"),
    path("stored/<str:token>/", stored.store, name="store"),
    path("stored/<str:token>/<str:name>", stored.stored, name="stored"),
]
