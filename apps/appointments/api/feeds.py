"""`/api/v1/calendar-feeds/`: addresses from which calendar programs read a practitioner's visits."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.appointments.models import CalendarFeed
from apps.appointments.services.feeds import create_feed, revoke_feed
from apps.core.api.fields import InUtc, TenantRelatedField
from apps.core.api.viewsets import DestroyMixin, ListMixin, RetrieveMixin, TenantViewSet
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner


class CalendarFeedSerializer(InUtc, serializers.ModelSerializer):
    """A feed; its address was shown once."""

    class Meta:
        model = CalendarFeed
        fields = ["id", "practitioner", "name", "revoked_at", "last_read_at", "created_at"]
        read_only_fields = fields


class NewCalendarFeedSerializer(CalendarFeedSerializer):
    """A feed that was just made, with its address."""

    address = serializers.URLField(read_only=True, help_text="secret; shown only now")

    class Meta(CalendarFeedSerializer.Meta):
        fields = [*CalendarFeedSerializer.Meta.fields, "address"]
        read_only_fields = fields


class CalendarFeedWriteSerializer(serializers.Serializer):
    """Whose visits, and where they will be read."""

    practitioner = TenantRelatedField(queryset=Practitioner.objects.all())
    name = serializers.CharField(max_length=80)


class CalendarFeedViewSet(ListMixin, RetrieveMixin, DestroyMixin, TenantViewSet):
    """Feeds of practitioners. DELETE revokes: the address answers 404 from then on."""

    queryset = CalendarFeed.objects.select_related("practitioner")
    serializer_class = CalendarFeedSerializer
    write_serializer_class = CalendarFeedWriteSerializer
    filterset_fields = ["practitioner"]
    permissions: ClassVar = {
        "list": Permission.PRACTITIONERS_MANAGE,
        "retrieve": Permission.PRACTITIONERS_MANAGE,
        "create": Permission.PRACTITIONERS_MANAGE,
        "destroy": Permission.PRACTITIONERS_MANAGE,
    }
    version_attribute = ""

    @extend_schema(request=CalendarFeedWriteSerializer, responses={201: NewCalendarFeedSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a feed; `address` is shown this once."""
        feed, token = create_feed(**self.read(), actor=self.actor)
        feed.address = f"{settings.PUBLIC_BASE_URL}/calendar/{token}.ics"
        response = Response(NewCalendarFeedSerializer(feed).data, status=status.HTTP_201_CREATED)
        response["Location"] = self.address_of(feed)
        return response

    def perform_destroy(self, instance: CalendarFeed) -> None:
        revoke_feed(feed=instance, actor=self.actor)


routes = [("calendar-feeds", CalendarFeedViewSet, "calendar-feeds")]
