"""S5: whatever is changed, deleted, reordered or cut off, `verify_audit` names it. The control: untouched, it passes."""

from __future__ import annotations

import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from apps.audit.models import ChainHead, ChainLink
from apps.audit.selectors import verify_chain
from apps.audit.services import record_access, seal_all, seal_batch, settle_restored
from apps.core.actors import SYSTEM
from apps.core.tenancy import APP_ROLE, all_organizations, organization_scope
from apps.events.models import Event
from apps.events.services import emit
from tests.fixtures.organizations import OrganizationFactory
from tests.fixtures.settling import settle
from tests.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = ("events_event", "audit_accessrecord", "audit_chainlink")


def happen(organization, count=1, **extra):
    """Write that many events, each in a transaction of its own."""
    made = []
    for _ in range(count):
        with organization_scope(organization.pk):
            made.append(
                emit(
                    "organization.tested", subject=organization, organization_id=organization.pk, actor=SYSTEM, **extra
                )
            )
    return made


def look(organization, patient_id):
    with organization_scope(organization.pk):
        record_access(organization=organization, actor=SYSTEM, patient_ids=[patient_id], route="patients:detail")


def tamper(sql, *params):
    """Do what an administrator of the database can do: as the owner, with the triggers off."""
    with all_organizations(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] != APP_ROLE
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql, params)
        assert cursor.rowcount > 0
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def seal(expected):
    """Seal until that many records are: a transaction anywhere in the cluster, another test worker's too, delays it."""
    counts = []
    assert eventually(lambda: counts.append(seal_all()) or sum(counts) >= expected)
    assert sum(counts) == expected


def verdict(organization):
    with organization_scope(organization.pk):
        return verify_chain(organization=organization)


@pytest.fixture
def sealed(organization, location):
    """Five events and two looks, sealed; the records' ids in chain order."""
    happen(organization, 3)
    look(organization, location.pk)
    happen(organization, 2)
    look(organization, location.pk)
    seal(7)
    with organization_scope(organization.pk):
        return list(ChainLink.objects.order_by("sequence"))


def test_untouched_records_verify(organization, sealed):
    found = verdict(organization)
    assert (found.checked, found.broken, found.digest) == (7, None, sealed[-1].digest)


def test_the_chain_is_in_the_order_of_the_transactions(organization, sealed):
    assert [link.sequence for link in sealed] == [1, 2, 3, 4, 5, 6, 7]
    assert [link.kind for link in sealed] == ["event", "event", "event", "access", "event", "event", "access"]


def test_sealing_again_seals_nothing_twice(organization, sealed):
    assert seal_all() == 0
    happen(organization)
    seal(1)
    assert verdict(organization).broken is None


class TestTampering:
    def test_a_changed_event_is_named(self, organization, sealed):
        tamper("UPDATE events_event SET actor_label = 'somebody else' WHERE id = %s", sealed[2].record_id)
        broken = verdict(organization).broken
        assert (broken.sequence, broken.kind, broken.record_id) == (3, "event", sealed[2].record_id)

    @pytest.mark.parametrize(
        "change",
        [
            "payload = '{\"a\": 1}'",
            "changes = '{\"a\": [1, 2]}'",
            "occurred_at = occurred_at + interval '1 microsecond'",
            "patient_id = gen_random_uuid()",
            "type = 'organization.teste'",
            "request_id = 'x'",
        ],
    )
    def test_every_column_is_covered(self, organization, sealed, change):
        tamper(f"UPDATE events_event SET {change} WHERE id = %s", sealed[0].record_id)  # noqa: S608 - the cases above
        assert verdict(organization).broken.record_id == sealed[0].record_id

    def test_a_changed_access_record_is_named(self, organization, sealed):
        tamper("UPDATE audit_accessrecord SET actor_id = gen_random_uuid() WHERE id = %s", sealed[3].record_id)
        assert verdict(organization).broken.record_id == sealed[3].record_id

    def test_a_deleted_event_is_named(self, organization, sealed):
        tamper("DELETE FROM events_event WHERE id = %s", sealed[1].record_id)
        broken = verdict(organization).broken
        assert (broken.record_id, "deleted" in broken.what) == (sealed[1].record_id, True)

    def test_a_deleted_event_with_its_link_is_named(self, organization, sealed):
        tamper("DELETE FROM audit_chainlink WHERE sequence = 2")
        tamper("DELETE FROM events_event WHERE id = %s", sealed[1].record_id)
        assert verdict(organization).broken.sequence == 2

    def test_a_closed_gap_is_named(self, organization, sealed):
        tamper("DELETE FROM audit_chainlink WHERE sequence = 2")
        tamper("DELETE FROM events_event WHERE id = %s", sealed[1].record_id)
        tamper("UPDATE audit_chainlink SET sequence = sequence - 1 WHERE sequence > 2")
        assert verdict(organization).broken.sequence == 2

    def test_reordered_links_are_named(self, organization, sealed):
        for old, new in ((2, -1), (3, 2), (-1, 3)):
            tamper("UPDATE audit_chainlink SET sequence = %s WHERE sequence = %s", new, old)
        assert verdict(organization).broken.sequence == 2

    def test_a_cut_off_end_is_named(self, organization, sealed):
        tamper("DELETE FROM audit_chainlink WHERE sequence > 5")
        broken = verdict(organization).broken
        assert (broken.sequence, "cut off" in broken.what) == (6, True)

    def test_a_cut_off_end_with_a_corrected_head_is_named(self, organization, sealed):
        tamper("DELETE FROM audit_chainlink WHERE sequence > 5")
        tamper("UPDATE audit_chainhead SET sequence = 5, digest = %s", sealed[4].digest)
        assert verdict(organization).broken.record_id in {sealed[5].record_id, sealed[6].record_id}

    def test_a_changed_head_is_named(self, organization, sealed):
        tamper("UPDATE audit_chainhead SET digest = repeat('a', 64)")
        assert "head" in verdict(organization).broken.what

    def test_a_row_put_in_later_is_named(self, organization, sealed):
        made = happen(organization)[0]
        tamper("UPDATE events_event SET transaction_id = 1 WHERE id = %s", made.pk)
        assert verdict(organization).broken.record_id == made.pk


class TestSealing:
    def test_a_transaction_that_still_runs_is_left_for_later(self, organization):
        """An older transaction that commits late would else stand before what is sealed."""
        inside, go_on = threading.Event(), threading.Event()

        def slow():
            with organization_scope(organization.pk):
                emit("organization.slow", subject=organization, organization_id=organization.pk, actor=SYSTEM)
                assert Event.objects.filter(type="organization.slow").exists()  # it is written, though not committed
                inside.set()
                assert go_on.wait(10)
            connection.close()

        thread = threading.Thread(target=slow)
        thread.start()
        assert inside.wait(10)
        happen(organization)
        sealed_meanwhile = seal_all()
        go_on.set()
        thread.join()
        assert sealed_meanwhile == 0
        seal(2)
        with organization_scope(organization.pk):
            first = ChainLink.objects.get(sequence=1)
            assert Event.objects.get(pk=first.record_id).type == "organization.slow"
        assert verdict(organization).broken is None

    def test_batches_never_cut_a_transaction(self, organization):
        with organization_scope(organization.pk):
            for _ in range(5):
                emit("organization.tested", subject=organization, organization_id=organization.pk, actor=SYSTEM)
        happen(organization, 3)
        settle()
        sizes = []
        more = True
        while more:
            with organization_scope(organization.pk):
                count, more = seal_batch(organization_id=organization.pk, limit=2)
            sizes.append(count)
        assert sizes[0] == 5
        assert sum(sizes) == 8
        assert verdict(organization).broken is None

    def test_two_sealers_at_once_seal_each_record_once(self, organization):
        happen(organization, 20)
        results = []

        def run():
            results.append(seal_all())
            connection.close()

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seal(20 - sum(results))
        assert verdict(organization).checked == 20
        assert verdict(organization).broken is None

    def test_each_organization_has_a_chain_of_its_own(self, organization):
        other = OrganizationFactory()
        happen(organization, 2)
        happen(other, 3)
        seal(5)
        assert (verdict(organization).checked, verdict(other).checked) == (2, 3)


class TestRestore:
    def test_numbers_of_another_cluster_are_forgotten_and_the_chain_still_verifies(self, organization, sealed):
        tamper("UPDATE events_event SET transaction_id = transaction_id + 1000000000")
        tamper("UPDATE audit_chainhead SET sealed_through = sealed_through + 1000000000")
        happen(organization)
        assert seal_all() == 0  # the control: nothing would be sealed for a long time
        with all_organizations():
            assert settle_restored() == 1
        seal(1)
        assert verdict(organization).broken is None

    def test_nothing_is_touched_in_an_ordinary_database(self, organization, sealed):
        with all_organizations():
            assert settle_restored() == 0


class TestCommand:
    def run(self, *args):
        out, err = StringIO(), StringIO()
        code = 0
        try:
            call_command("verify_audit", *args, stdout=out, stderr=err)
        except CommandError as error:
            code = error.returncode
        return code, out.getvalue(), err.getvalue()

    def test_it_says_what_is_fine(self, organization, sealed):
        code, out, _err = self.run("--organization", "demo")
        assert (code, "7 records" in out, sealed[-1].digest in out) == (0, True, True)

    def test_it_names_the_broken_row_and_exits_with_1(self, organization, sealed):
        tamper("DELETE FROM events_event WHERE id = %s", sealed[1].record_id)
        code, _out, err = self.run()
        assert (code, str(sealed[1].record_id) in err) == (1, True)

    def test_an_unknown_organization_is_an_error_with_the_known_ones(self, organization):
        with pytest.raises(CommandError, match="demo"):
            call_command("verify_audit", "--organization", "nowhere")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_recorded_rows_can_be_neither_changed_nor_deleted(organization, sealed, table, statement):
    sql = statement.format(table)
    with pytest.raises(DatabaseError, match="permission denied"), organization_scope(organization.pk):
        execute(sql)
    with pytest.raises(DatabaseError, match="append-only"), all_organizations():
        execute(sql)


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_head_is_made_once(organization):
    with transaction.atomic(), organization_scope(organization.pk):
        seal_batch(organization_id=organization.pk)
        seal_batch(organization_id=organization.pk)
        assert ChainHead.objects.count() == 1
