"""Pages for the browser tests of the front-end kit: the style guide in the frame, and answers for what the frame asks."""

from __future__ import annotations

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import Context, Template
from django.urls import include, path
from django.views.decorators.csrf import csrf_protect

from apps.core.htmx import toast, trigger

PEOPLE = ["María del Carmen", "Tom Whitfield", "Ezra <Cohen>"]
NAVIGATION = [
    {"key": "today", "label": "Today", "icon": "home", "url": "/", "badge": "", "badge_tone": ""},
    {
        "key": "inbox",
        "label": "Inbox",
        "icon": "messages",
        "url": "/",
        "badge": 7,
        "badge_tone": "hot",
        "badge_label": "unread",
    },
]
FRAME = {
    "navigation": NAVIGATION,
    "active_navigation": "today",
    "navigation_url": "/navigation/",
    "organization": {"name": "Tidewater Clinic"},
    "new_menu": [{"label": "Appointment", "icon": "calendar-plus", "url": "/book/", "modal": True, "shortcut": "c"}],
    "palette_url": "/find/",
    "notifications_url": "/bell/",
    "notifications_unread": 2,
    "live_url": "/live/",
    "demo_mode": True,
}
BOOK = Template(
    '{% load ui %}{% dialog "Book an appointment" %}<form hx-post="/book/" hx-target="#modal" novalidate><div class="sheet-body form">'
    '{% include "components/typeahead.html" with id="patient" name="patient" url="/people/" label="Patient" %}{% fields form %}</div>'
    '<footer class="sheet-foot"><button class="btn" type="button" data-dialog-close>Cancel</button><button class="btn btn-primary" type="submit">Book</button></footer></form>{% enddialog %}'
)
# A region that refreshes itself and whose own answer fails, with a button inside.
QUIET = '<div id="quiet" hx-get="/refuse/" hx-trigger="poke" data-quiet><button hx-post="/refuse/" hx-swap="none">Check in</button></div>'
DRAFTS = '<div id="drafts" data-follow="appointments" data-follow-url="/drafts/"><p id="count">{count}</p><label>Reply <textarea id="reply" class="form-control"></textarea></label></div>'
answered = {"drafts": 0}


class Staff:
    """A signed-in person without a database."""

    is_authenticated = True
    email = "beatriz@demo.clinic"
    name = "Beatriz Amaral"

    def get_full_name(self) -> str:
        return self.name


class BookingForm(forms.Form):
    name = forms.CharField()
    note = forms.CharField(required=False, widget=forms.Textarea)


@login_not_required
def page(request: HttpRequest) -> HttpResponse:
    request.user = Staff()
    return render(request, "styleguide.html", FRAME)


@login_not_required
@csrf_protect
def book(request: HttpRequest) -> HttpResponse:
    form = BookingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return trigger(toast(HttpResponse(status=204), "Booked <b>10:20</b>", undo_url="/undo/"), modal__close={})
    return HttpResponse(BOOK.render(Context({"form": form})), status=422 if request.method == "POST" else 200)


@login_not_required
@csrf_protect
def undo(request: HttpRequest) -> HttpResponse:
    return toast(HttpResponse(status=204), "Booking undone", tone="info")


@login_not_required
def people(request: HttpRequest) -> HttpResponse:
    found = [
        {"value": str(number), "label": name}
        for number, name in enumerate(PEOPLE)
        if request.GET["q"].lower() in name.lower()
    ]
    return render(request, "components/options.html", {"options": found})


@login_not_required
@csrf_protect
def find(request: HttpRequest) -> HttpResponse:
    query = request.POST.get("q", "")
    items = [{"label": name, "icon": "user", "url": "/"} for name in PEOPLE if query.lower() in name.lower()]
    actions = [{"label": "Book an appointment", "icon": "calendar-plus", "url": "/book/", "modal": True}]
    groups = [{"label": "Patients", "items": items}, {"label": "Actions", "items": actions}] if items else []
    return render(request, "components/palette_results.html", {"groups": groups, "query": query})


@login_not_required
def live(request: HttpRequest) -> JsonResponse:
    cursor = int(request.GET.get("cursor") or 0)
    return JsonResponse({"cursor": str(cursor + 1), "topics": ["appointments"] if cursor else [], "events": []})


@login_not_required
def drafts(request: HttpRequest) -> HttpResponse:
    answered["drafts"] += 1
    return HttpResponse(DRAFTS.format(count=answered["drafts"]))


@login_not_required
def quiet(request: HttpRequest) -> HttpResponse:
    return HttpResponse(QUIET)


@login_not_required
def navigation(request: HttpRequest) -> HttpResponse:
    return render(request, "components/nav_links.html", FRAME)


@login_not_required
def bell(request: HttpRequest) -> HttpResponse:
    return HttpResponse('<a class="ri" href="/">Ticket assigned to you</a>')


@login_not_required
def refuse(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=403)


urlpatterns = [
    path("", page),
    path("book/", book),
    path("undo/", undo),
    path("people/", people),
    path("find/", find),
    path("live/", live),
    path("drafts/", drafts),
    path("quiet/", quiet),
    path("navigation/", navigation),
    path("bell/", bell),
    path("refuse/", refuse),
    path("accounts/", include("allauth.urls")),
]
