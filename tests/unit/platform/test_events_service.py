"""Events: written with the change, delivered at least once with effects exactly once, dead in the open."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from apps.core.actors import SYSTEM, Actor
from apps.core.api.idempotency import forget_expired
from apps.core.errors import NotAllowed
from apps.core.models import IdempotencyRecord
from apps.core.tenancy import all_organizations, current_organization_id, organization_scope
from apps.events import registry, services
from apps.events.models import Delivery, DeliveryStatus, Event
from apps.events.registry import on
from apps.events.selectors import NOW, follow_events
from apps.events.services import deliver_due, emit, forget_done_deliveries, revive_delivery
from apps.events.tasks import deliver
from apps.organizations.models import Location
from tests.fixtures.settling import settle

seen: list[object] = []
behaviour: dict[str, object] = {}


@on("bell.rung")
def hear(event):
    """Note the event and do something in the database; fail when told to."""
    seen.append((event.pk, current_organization_id()))
    Location.objects.create(organization_id=event.organization_id, name=f"heard {event.pk}", timezone="UTC")
    if behaviour.get("fails"):
        raise RuntimeError("as told")
    if pause := behaviour.get("pause"):
        pause()


@pytest.fixture(autouse=True)
def quiet():
    seen.clear()
    behaviour.clear()


def ring(organization) -> Event:
    return emit("bell.rung", subject=organization, organization_id=organization.pk, actor=SYSTEM)


class TestEmit:
    def test_money_moments_and_ids_are_kept_as_the_api_writes_them(self, organization):
        changes = {"price": [None, Decimal("80.50")], "day": [dt.date(2026, 1, 2), None]}
        event = emit("bell.rung", subject=organization, organization_id=organization.pk, actor=SYSTEM, changes=changes)
        event.refresh_from_db()
        assert event.changes == {"price": [None, "80.50"], "day": ["2026-01-02", None]}

    def test_it_writes_the_event_and_a_delivery_per_listener(self, organization, location):
        actor = Actor(kind="user", id=location.pk, label="x" * 200)
        event = emit(
            "bell.rung",
            subject=location,
            actor=actor,
            patient_id=location.pk,
            changes={"name": ["a", "b"]},
            payload={"n": 1},
        )
        event.refresh_from_db()
        assert (event.subject_type, event.subject_id) == ("organizations.Location", location.pk)
        assert (event.actor_id, len(event.actor_label)) == (location.pk, 120)
        assert (event.changes, event.payload) == ({"name": ["a", "b"]}, {"n": 1})
        assert list(event.deliveries.values_list("handler", flat=True)) == registry.listeners("bell.rung")

    def test_a_rollback_takes_the_event_along(self, organization):
        with pytest.raises(RuntimeError):
            self.undone(organization)
        assert not Event.objects.filter(type="bell.rung").exists()

    def undone(self, organization):
        with transaction.atomic():
            ring(organization)
            raise RuntimeError


class TestDelivery:
    def test_the_handler_runs_in_the_events_organization(self, organization):
        event = ring(organization)
        assert deliver_due() == 1
        assert seen == [(event.pk, organization.pk)]
        assert event.deliveries.get().status == DeliveryStatus.DONE

    def test_a_failure_undoes_the_handlers_work_and_is_tried_again_later(self, organization):
        behaviour["fails"] = True
        delivery = ring(organization).deliveries.get()
        deliver_due()
        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts, delivery.error) == (DeliveryStatus.PENDING, 1, "RuntimeError")
        assert delivery.due_at > timezone.now()
        assert not Location.objects.filter(name__startswith="heard").exists()
        assert deliver_due() == 0
        behaviour.clear()
        with time_machine.travel(timezone.now() + dt.timedelta(minutes=1)):
            assert deliver_due() == 1
        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.DONE

    def test_after_the_last_attempt_it_is_dead_and_can_be_revived(self, organization, administrator):
        from apps.organizations.services import actor_for_membership

        behaviour["fails"] = True
        delivery = ring(organization).deliveries.get()
        now = timezone.now()
        for attempt in range(services.MAX_ATTEMPTS):
            with time_machine.travel(now + dt.timedelta(hours=attempt + 1)):
                assert deliver_due() == 1
        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts) == (DeliveryStatus.DEAD, services.MAX_ATTEMPTS)
        behaviour.clear()
        revive_delivery(delivery=delivery, actor=actor_for_membership(administrator))
        assert deliver_due() == 1
        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.DONE

    def test_only_administrators_revive(self, organization, actor):
        with pytest.raises(NotAllowed):
            revive_delivery(delivery=ring(organization).deliveries.get(), actor=actor)

    def test_a_handler_that_is_gone_is_dead_at_once(self, organization):
        event = ring(organization)
        event.deliveries.update(handler="gone.away")
        deliver_due()
        delivery = event.deliveries.get()
        assert (delivery.status, delivery.error) == (DeliveryStatus.DEAD, "handler is not registered")

    def test_one_that_fails_does_not_hold_up_the_others(self, organization, other_organization):
        ring(organization).deliveries.update(handler="gone.away")
        with organization_scope(other_organization.pk):
            ring(other_organization)
        assert deliver_due() == 2
        assert [organization_id for _pk, organization_id in seen] == [other_organization.pk]

    def test_the_task_goes_on_until_nothing_is_due(self, organization):
        for _ in range(60):
            ring(organization)
        deliver()
        assert len(seen) == 60

    def test_a_claim_that_died_comes_back_after_its_lease(self, organization):
        delivery = ring(organization).deliveries.get()
        Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now() + services.LEASE, attempts=1)
        assert deliver_due() == 0
        with time_machine.travel(timezone.now() + services.LEASE):
            assert deliver_due() == 1
        assert len(seen) == 1


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_have_each_effect_once(organization):
    with organization_scope(organization.pk):
        events = [ring(organization) for _ in range(40)]

    def work():
        while deliver_due(limit=5):
            pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with organization_scope(organization.pk):
        heard = Location.objects.filter(name__startswith="heard").count()
        assert (heard, Delivery.objects.filter(status=DeliveryStatus.DONE).count()) == (len(events), len(events))


@pytest.mark.django_db(transaction=True)
def test_a_lease_that_ran_out_during_the_work_gives_no_second_effect(organization):
    """A second worker claims the row while the first still works on it: the row's lock and its status decide."""
    inside, go_on = threading.Event(), threading.Event()
    with organization_scope(organization.pk):
        event = ring(organization)

    def slow():
        behaviour.pop("pause")
        inside.set()
        assert go_on.wait(10)

    behaviour["pause"] = slow

    def work():
        deliver_due()
        connection.close()

    first = threading.Thread(target=work)
    first.start()
    assert inside.wait(10)
    with time_machine.travel(timezone.now() + services.LEASE * 2):
        assert deliver_due() == 0
    go_on.set()
    first.join()
    with organization_scope(organization.pk):
        assert event.deliveries.get().status == DeliveryStatus.DONE
    assert len(seen) == 1


@pytest.mark.django_db(transaction=True)
class TestFollowing:
    def follow(self, organization, cursor, **extra):
        with organization_scope(organization.pk):
            return follow_events(organization=organization, cursor=cursor, **extra)

    def test_a_slow_transaction_s_event_is_not_skipped(self, organization):
        """The control for a cursor by id or time: the slow event is older than what was read, and still comes."""
        inside, go_on = threading.Event(), threading.Event()
        start = self.follow(organization, NOW).cursor
        made = {}

        def slow():
            with organization_scope(organization.pk):
                made["slow"] = ring(organization).pk
                inside.set()
                assert go_on.wait(10)
            connection.close()

        thread = threading.Thread(target=slow)
        thread.start()
        assert inside.wait(10)
        with organization_scope(organization.pk):
            quick = ring(organization).pk
        first = self.follow(organization, start)
        go_on.set()
        thread.join()
        second = self.follow(organization, first.cursor)
        assert [event.pk for event in first.events] == [quick]
        assert made["slow"] < quick
        assert made["slow"] in {event.pk for event in second.events}

    def test_nothing_new_is_nothing(self, organization):
        with organization_scope(organization.pk):
            ring(organization)
        settle()
        assert self.follow(organization, self.follow(organization, NOW).cursor).events == []

    def test_a_cursor_of_another_database_starts_now(self, organization):
        with organization_scope(organization.pk):
            ring(organization)
        feed = self.follow(organization, str(10**17))
        assert (feed.events, int(feed.cursor) < 10**17) == ([], True)

    def test_topics_name_the_regions(self, organization):
        start = self.follow(organization, NOW).cursor
        with organization_scope(organization.pk):
            ring(organization)
        assert self.follow(organization, start).topics == ["bells"]


def test_old_deliveries_and_answers_are_forgotten_and_events_kept(organization):
    event = ring(organization)
    deliver_due()
    IdempotencyRecord.objects.create(organization=organization, actor_key="a", key="k", fingerprint="f", status=201)
    assert (forget_done_deliveries(), forget_expired()) == (0, 0)
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
        assert (forget_done_deliveries(), forget_expired()) == (1, 1)
    assert Event.objects.filter(pk=event.pk).exists()


def test_two_handlers_of_one_name_are_a_mistake():
    with pytest.raises(RuntimeError, match="two event handlers"):
        on("bell.rung")(hear)


def test_deliveries_of_all_organizations_are_claimed_together(organization, other_organization):
    ring(organization)
    with organization_scope(other_organization.pk):
        ring(other_organization)
    assert deliver_due() == 2
    with all_organizations():
        assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.DONE}
