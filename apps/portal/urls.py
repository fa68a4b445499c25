from django.urls import path

from apps.portal.views import frame, simulator, today

app_name = "portal"
urlpatterns = [
    path("", today.today, name="today"),
    path("today/rail/", today.rail, name="today-rail"),
    path("today/sheet/", today.day_sheet, name="day-sheet"),
    path("live/", frame.live, name="live"),
    path("frame/navigation/", frame.navigation_links, name="navigation"),
    path("frame/palette/", frame.palette, name="palette"),
    path("frame/notices/", frame.notices, name="notices"),
    path("frame/notices/read/", frame.read_notices, name="read-notices"),
    path("simulator/", simulator.simulator, name="simulator"),
    path("simulator/phone/", simulator.phone, name="simulator-phone"),
    path("simulator/side/", simulator.side, name="simulator-side"),
    path("simulator/write/", simulator.write, name="simulator-write"),
    path("simulator/outcome/", simulator.set_outcome, name="simulator-outcome"),
    path("simulator/add/", simulator.add_phone_form, name="simulator-add"),
    path("simulator/phones/", simulator.add_phone, name="simulator-add-phone"),
    path("simulator/jump/<uuid:pk>/", simulator.jump, name="simulator-jump"),
]
