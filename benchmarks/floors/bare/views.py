"""What a page costs at least: sign-in checked, its rows in one query, one template of the same size."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.appointments.models import BUSY_STATUSES, Appointment
from apps.conversations.models import Conversation
from apps.patients.models import Patient


@login_required
def visits(request: HttpRequest) -> HttpResponse:
    """List visits between two instants, of everybody or of one practitioner."""
    rows = Appointment.objects.filter(organization_id=request.GET["organization"], status__in=BUSY_STATUSES).filter(
        start__gte=request.GET["from"], start__lt=request.GET["until"]
    )
    if practitioner := request.GET.get("practitioner"):
        rows = rows.filter(practitioner_id=practitioner)
    related = ("patient", "practitioner", "location", "room", "appointment_type")
    return _page(request, "bare/visits.html", rows.select_related(*related).order_by("start"))


@login_required
def threads(request: HttpRequest) -> HttpResponse:
    """List open threads, newest first."""
    rows = Conversation.objects.filter(organization_id=request.GET["organization"], status="open")
    return _page(request, "bare/threads.html", rows.select_related("patient", "owner").order_by("-last_message_at"))


@login_required
def patients(request: HttpRequest) -> HttpResponse:
    """List patients by name, with how to reach them: two queries."""
    rows = Patient.objects.filter(organization_id=request.GET["organization"], archived_at__isnull=True)
    return _page(request, "bare/patients.html", rows.prefetch_related("contact_points").order_by("sort_name", "id"))


def _page(request: HttpRequest, template: str, rows: QuerySet) -> HttpResponse:
    """Render so many rows; what the real page has more of in bytes is filled up, row by row and at the end."""
    filler = "x" * int(request.GET.get("filler", "0"))
    context = {"rows": rows[: int(request.GET["count"])], "filler": mark_safe(filler)}  # noqa: S308 - only the letter x
    return render(request, template, context)


@csrf_exempt
@require_POST
def inbound(request: HttpRequest) -> HttpResponse:
    """Store one posted form as one row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_inbound (provider_id, payload) VALUES (%s, %s)",
            [request.POST["MessageSid"], request.POST.urlencode()],
        )
    return HttpResponse("<Response/>", content_type="text/xml")
