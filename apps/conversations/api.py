"""`/api/v1/conversations/`. Every answer that shows a patient's thread leaves an access record."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.conversations import services
from apps.conversations.models import Attention, Conversation, MessageKind
from apps.conversations.selectors import find_threads, line_of, thread_lines
from apps.conversations.serializers import (
    AssignSerializer,
    ConversationSerializer,
    DecisionSerializer,
    MessageListSerializer,
    MessageSerializer,
    MessageWriteSerializer,
    SnoozeSerializer,
)
from apps.core.api.filters import FilterSet
from apps.core.api.queries import refuse_beside_search
from apps.core.api.viewsets import ListMixin, RetrieveMixin, TenantViewSet
from apps.core.errors import InvalidInput
from apps.organizations.models import Membership, User
from apps.organizations.permissions import Permission
from apps.patients.filters import OfPatientFilter

VIEW, REPLY = Permission.CONVERSATIONS_VIEW, Permission.CONVERSATIONS_REPLY
MESSAGES_PAGE = 50
MOST_MESSAGES = 200


class ConversationFilter(FilterSet):
    """`attention=any` keeps threads that need a person, whatever for."""

    owner = django_filters.UUIDFilter(field_name="owner_id", label="id of the person who owns it")
    patient = OfPatientFilter()
    attention = django_filters.ChoiceFilter(
        choices=[("any", "Any"), *((value, label) for value, label in Attention.choices if value)],
        method="by_attention",
    )

    class Meta:
        model = Conversation
        fields = ["status", "channel", "owner_kind", "address"]

    def by_attention(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.exclude(attention=Attention.NONE) if value == "any" else rows.filter(attention=value)


class ConversationViewSet(ListMixin, RetrieveMixin, TenantViewSet):
    """Threads with contacts: what was said, who answers, and what a person decides about them."""

    queryset = Conversation.objects.for_list()
    serializer_class = ConversationSerializer
    filterset_class = ConversationFilter
    permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "messages": VIEW,
        "say": REPLY,
        "assign": REPLY,
        "take_over": REPLY,
        "hand_back": REPLY,
        "snooze": REPLY,
        "close": REPLY,
    }

    @extend_schema(
        parameters=[
            OpenApiParameter("search", str, description="words that were said, a name, or part of a number; best 100")
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List threads, newest first, or with `search` the best 100 that fit."""
        text = request.query_params.get("search", "").strip()
        if text:
            refuse_beside_search(request, alone=frozenset({"ordering", "cursor"}))
            limit = self.paginator.get_page_size(request) if request.query_params.get("limit") else None
            found = find_threads(organization=request.organization, text=text)
            rows = self.filter_queryset(self.get_queryset().filter(pk__in=found))
            threads = sorted(rows, key=lambda thread: found.index(thread.pk))[:limit]
            self._note(threads, AccessKind.SEARCH)
            body = {"results": self.get_serializer(threads, many=True).data, "next": None, "previous": None}
            return Response(body)
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        self._note(page, AccessKind.SEARCH)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        thread = self.get_object()
        self._note([thread])
        return self.answer(thread)

    @extend_schema(
        parameters=[
            OpenApiParameter("before", int, description="sequence of the last message of the page above"),
            OpenApiParameter("limit", int, description=f"{MESSAGES_PAGE} unless asked for, at most {MOST_MESSAGES}"),
        ],
        responses=MessageListSerializer,
    )
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def messages(self, request: Request, pk: uuid.UUID) -> Response:
        """Show what was said, newest first, with the delivery of each outbound message."""
        thread = self.get_object()
        self._note([thread])
        limit = min(_number(request, "limit") or MESSAGES_PAGE, MOST_MESSAGES)
        lines = thread_lines(conversation=thread, before=_number(request, "before"), limit=limit + 1)[::-1]
        page = lines[:limit]
        further = len(lines) > limit
        following = replace_query_param(request.build_absolute_uri(), "before", page[-1].sequence) if further else None
        return Response({"results": MessageSerializer(page, many=True).data, "next": following, "previous": None})

    @extend_schema(request=MessageWriteSerializer, responses={201: MessageSerializer})
    @messages.mapping.post
    def say(self, request: Request, pk: uuid.UUID) -> Response:
        """Reply to the contact in free words or from a template, or write an internal note.

        409 `not_allowed_now` when the send policy refuses: `reason`, `legal_at`, and `instead` (`template`, `sms`).
        """
        thread = self.get_object()
        data = self.read(MessageWriteSerializer)
        version = self.expected_version(data)
        if data["kind"] == MessageKind.NOTE:
            message = services.add_note(conversation=thread, body=data["body"], actor=self.actor)
        elif "template" in data:
            message = services.send_template_reply(
                conversation=thread,
                template_key=data["template"],
                via=data.get("via", ""),
                version=version,
                actor=self.actor,
            )
        else:
            message = services.send_reply(
                conversation=thread, body=data["body"], via=data.get("via", ""), version=version, actor=self.actor
            )
        return Response(MessageSerializer(line_of(message, thread)).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=AssignSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def assign(self, request: Request, pk: uuid.UUID) -> Response:
        """Give the thread to a colleague who may answer, or to nobody."""
        thread = self.get_object()
        data = self.read(AssignSerializer)
        version = self.expected_version(data)
        to = self._colleague(data["user"])
        return self._decided(services.assign(conversation=thread, to=to, version=version, actor=self.actor))

    @extend_schema(request=DecisionSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"], url_path="take-over", filter_backends=[], pagination_class=None)
    def take_over(self, request: Request, pk: uuid.UUID) -> Response:
        """Answer yourself (the key's person); the bot is silent from here on."""
        thread, version = self._seen()
        return self._decided(services.take_over(conversation=thread, version=version, actor=self.actor))

    @extend_schema(request=DecisionSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"], url_path="hand-back", filter_backends=[], pagination_class=None)
    def hand_back(self, request: Request, pk: uuid.UUID) -> Response:
        """Let the bot answer again, from the contact's next message on."""
        thread, version = self._seen()
        return self._decided(services.hand_back(conversation=thread, version=version, actor=self.actor))

    @extend_schema(request=SnoozeSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def snooze(self, request: Request, pk: uuid.UUID) -> Response:
        """Put the thread out of sight until a time, or until the contact writes."""
        thread = self.get_object()
        data = self.read(SnoozeSerializer)
        version = self.expected_version(data)
        return self._decided(
            services.snooze(conversation=thread, until=data["until"], version=version, actor=self.actor)
        )

    @extend_schema(request=DecisionSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def close(self, request: Request, pk: uuid.UUID) -> Response:
        """End the thread; the contact's next message opens a new one."""
        thread, version = self._seen()
        return self._decided(services.close_conversation(conversation=thread, version=version, actor=self.actor))

    def _seen(self) -> tuple[Conversation, int | None]:
        """Return the thread and the version of it that the caller saw."""
        thread = self.get_object()
        return thread, self.expected_version(self.read(DecisionSerializer))

    def _decided(self, thread: Conversation) -> Response:
        return self.answer(self.get_queryset().get(pk=thread.pk))

    def _colleague(self, user_id: uuid.UUID | None) -> User | None:
        """Return a member of the organization; a person of another one does not exist."""
        if user_id is None:
            return None
        members = Membership.objects.for_organization(self.request.organization).filter(is_active=True)
        member = members.select_related("user").filter(user_id=user_id).first()
        if member is None:
            raise InvalidInput(
                "There is no such member.", errors={"user": ["There is no such member of the organization."]}
            )
        return member.user

    def _note(self, threads: Iterable[Conversation], kind: AccessKind = AccessKind.VIEW) -> None:
        record_access(
            organization=self.request.organization,
            actor=self.actor,
            patient_ids={thread.patient_id for thread in threads if thread.patient_id},
            route=f"api:conversations-{self.action.replace('_', '-')}",
            kind=kind,
        )


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 2**31:
        raise InvalidInput(
            f"`{name}` must be a positive whole number.", errors={name: ["Not a positive whole number."]}
        )
    return int(text)


routes = [("conversations", ConversationViewSet, "conversations")]
