"""Which organization a signed-in person works in, asked before any organization is open."""

from __future__ import annotations

import uuid

import pytest
from django.forms import model_to_dict

from apps.core.tenancy import all_organizations, closed, organization_scope
from apps.organizations.backends import PortalBackend
from apps.organizations.models import Membership, Organization, User
from apps.organizations.permissions import Role
from apps.organizations.selectors import access_for_user
from tests.fixtures.organizations import MembershipFactory, UserFactory


@pytest.fixture
def two_places(front_desk, other_organization):
    """The receptionist, who is a manager in the other clinic since later."""
    MembershipFactory(organization=other_organization, user=front_desk.user, role=Role.MANAGER)
    return front_desk.user


def test_first_membership_counts_until_another_is_chosen(two_places, organization, other_organization):
    assert access_for_user(two_places, None).organization == organization
    assert access_for_user(two_places, other_organization.pk).membership.role == Role.MANAGER


def test_every_organization_one_may_switch_to_is_known(two_places, organization, other_organization):
    assert access_for_user(two_places, None).organizations == (organization, other_organization)


def test_answer_is_the_whole_row_as_the_models_load_it(front_desk):
    access = access_for_user(front_desk.user, None)
    assert model_to_dict(access.membership) == model_to_dict(Membership.objects.get(pk=front_desk.pk))
    saved = Organization.objects.get(pk=front_desk.organization_id)
    assert {**model_to_dict(access.organization), "at": access.organization.created_at} == {
        **model_to_dict(saved),
        "at": saved.created_at,
    }
    assert not access.membership._state.adding


def test_one_who_left_has_no_access(front_desk):
    Membership.objects.filter(pk=front_desk.pk).update(is_active=False)
    assert access_for_user(front_desk.user, None) is None


def test_closed_organization_gives_no_access(front_desk, organization):
    with all_organizations():
        Organization.objects.filter(pk=organization.pk).update(is_active=False)
    assert access_for_user(front_desk.user, None) is None


def test_it_costs_one_query_and_opens_nothing(front_desk, django_assert_num_queries):
    with closed():
        with django_assert_num_queries(1):
            assert access_for_user(front_desk.user, None).organization.pk == front_desk.organization_id
        assert Membership.objects.count() == 0


def test_person_of_a_session_comes_with_their_memberships(two_places, organization, django_assert_num_queries):
    with closed(), django_assert_num_queries(1):
        person = PortalBackend().get_user(two_places.pk)
        assert access_for_user(person, None).organization == organization
    assert model_to_dict(person) == model_to_dict(two_places)


def test_person_without_a_clinic_is_a_person_all_the_same(db):
    person = UserFactory()
    assert PortalBackend().get_user(person.pk) == person
    assert access_for_user(person, None) is None


def test_session_of_one_who_may_not_sign_in_any_more_belongs_to_nobody(front_desk):
    assert PortalBackend().get_user(front_desk.user_id) == front_desk.user
    User.objects.filter(pk=front_desk.user_id).update(is_active=False)
    assert PortalBackend().get_user(front_desk.user_id) is None


def test_session_of_nobody_belongs_to_nobody(db):
    assert PortalBackend().get_user(uuid.uuid4()) is None


def test_membership_of_somebody_else_stays_out(front_desk, manager, organization):
    with organization_scope(organization.pk):
        assert access_for_user(manager.user, None).membership == manager
