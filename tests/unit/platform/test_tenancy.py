"""Row-level security as the fixtures and the middleware use it."""

from apps.core.tenancy import all_organizations, closed, organization_scope
from apps.patients.models import Patient


def test_a_closed_database_shows_no_tenant_row(patient):
    with closed():
        assert Patient.objects.count() == 0
    assert Patient.objects.count() == 1


def test_only_the_open_organization_is_visible(patient, foreign_patient, other_organization):
    assert list(Patient.objects.all()) == [patient]
    with organization_scope(other_organization.pk):
        assert list(Patient.objects.all()) == [foreign_patient]
    assert list(Patient.objects.all()) == [patient]


def test_a_sweep_sees_every_organization_and_leaves_the_scope_as_it_was(patient, foreign_patient):
    with all_organizations():
        assert Patient.objects.count() == 2
    assert Patient.objects.count() == 1
