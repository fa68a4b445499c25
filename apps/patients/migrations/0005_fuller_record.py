"""More of a person than one phone and one address: kinds, addresses, identifiers, people around them, partial births."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import apps.core.ids

# What stood in the one line becomes the first line of an address; the check of its keys is not left pending, because
# a table with pending checks can't be altered.
KEEP_ADDRESSES = """
INSERT INTO patients_address (id, created_at, updated_at, organization_id, patient_id, use, lines, city, district, state,
                              postal_code, country, rank)
SELECT gen_random_uuid(), p.created_at, now(), p.organization_id, p.id, 'home', ARRAY[p.address], '', '', '', '', o.country, 1
FROM patients_patient p JOIN organizations_organization o ON o.id = p.organization_id
WHERE p.address <> '';
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
PUT_ADDRESSES_BACK = """
UPDATE patients_patient p
SET address = left(concat_ws(', ', array_to_string(a.lines, ', '), nullif(a.city, ''), nullif(a.postal_code, '')), 200)
FROM patients_address a WHERE a.patient_id = p.id AND a.rank = 1;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
# Every e-mail was called mobile, because nobody could say otherwise.
NAME_USE_OF_EMAILS = "UPDATE patients_contactpoint SET use = 'home' WHERE system = 'email' AND use = 'mobile'"


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0005_keys_may_read_reports"),
        ("patients", "0004_sort_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="Address",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "use",
                    models.CharField(
                        choices=[
                            ("home", "Home"),
                            ("work", "Work"),
                            ("billing", "Billing"),
                            ("temp", "Temporary"),
                            ("old", "Former"),
                        ],
                        default="home",
                        max_length=10,
                    ),
                ),
                (
                    "lines",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200),
                        default=list,
                        help_text="street, number, apartment",
                        size=None,
                    ),
                ),
                ("city", models.CharField(blank=True, max_length=100)),
                ("district", models.CharField(blank=True, help_text="county", max_length=100)),
                ("state", models.CharField(blank=True, help_text="state, province or region", max_length=100)),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                ("country", models.CharField(blank=True, help_text="ISO 3166-1 alpha-2", max_length=2)),
                ("rank", models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                "ordering": ["rank", "created_at"],
            },
        ),
        migrations.CreateModel(
            name="Identifier",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("system", models.CharField(help_text="a short word, or the URI that FHIR uses", max_length=200)),
                ("value", models.CharField(max_length=100)),
            ],
            options={
                "ordering": ["created_at"],
            },
        ),
        migrations.CreateModel(
            name="IdentifierSystem",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("system", models.CharField(help_text="a short word, or the URI that FHIR uses", max_length=200)),
                ("name", models.CharField(help_text="what pages call it: Passport", max_length=60)),
                ("rank", models.PositiveSmallIntegerField(default=1)),
                ("is_active", models.BooleanField(default=True, help_text="offered in forms")),
            ],
            options={
                "ordering": ["rank", "name"],
            },
        ),
        migrations.CreateModel(
            name="RelatedPerson",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "relationship",
                    models.CharField(
                        choices=[
                            ("parent", "Parent"),
                            ("child", "Child"),
                            ("partner", "Partner or spouse"),
                            ("sibling", "Brother or sister"),
                            ("grandparent", "Grandparent"),
                            ("guardian", "Legal guardian"),
                            ("caregiver", "Caregiver"),
                            ("friend", "Friend"),
                            ("other", "Other"),
                        ],
                        default="other",
                        max_length=20,
                    ),
                ),
                ("name", models.CharField(max_length=160)),
                ("phone", models.CharField(blank=True, help_text="E.164", max_length=20)),
                ("email", models.CharField(blank=True, max_length=254)),
                ("is_emergency_contact", models.BooleanField(default=False)),
                (
                    "is_guardian",
                    models.BooleanField(default=False, help_text="decides for the patient, by law or by proxy"),
                ),
                ("rank", models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                "ordering": ["rank", "created_at"],
            },
        ),
        migrations.AddField(
            model_name="consent",
            name="method",
            field=models.CharField(
                blank=True,
                choices=[
                    ("spoken", "Said in person"),
                    ("phone", "Said on the phone"),
                    ("signed", "Signed on paper"),
                    ("message", "Written in a message"),
                    ("form", "Ticked in a form"),
                ],
                help_text="empty when not known",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="contactpoint",
            name="label",
            field=models.CharField(blank=True, help_text="whose or where: daughter's, reception", max_length=40),
        ),
        migrations.AddField(
            model_name="patient",
            name="birth_precision",
            field=models.CharField(
                choices=[("day", "Day"), ("month", "Month"), ("year", "Year")], default="day", max_length=5
            ),
        ),
        migrations.AddField(
            model_name="patient",
            name="gender_identity",
            field=models.CharField(blank=True, help_text="in the person's own words", max_length=60),
        ),
        migrations.AddField(
            model_name="patient",
            name="preferred_times",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text='when to be contacted: {"days": ["mon"], "parts": ["morning"]}; see times.py',
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="evidence",
            field=models.CharField(
                blank=True, help_text="what proves it: words said, where the form lies", max_length=500
            ),
        ),
        migrations.AlterField(
            model_name="contactpoint",
            name="use",
            field=models.CharField(
                choices=[("mobile", "Mobile"), ("home", "Home"), ("work", "Work"), ("other", "Other")],
                default="mobile",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="patient",
            name="birth_date",
            field=models.DateField(blank=True, help_text="the first day of what is known", null=True),
        ),
        migrations.AlterField(
            model_name="patient",
            name="preferred_channel",
            field=models.CharField(
                blank=True,
                choices=[
                    ("whatsapp", "WhatsApp messages"),
                    ("sms", "SMS messages"),
                    ("email", "E-mails"),
                    ("voice", "Phone calls"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="patient",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("birth_date__isnull", True),
                    ("birth_precision", "day"),
                    models.Q(("birth_date__day", 1), ("birth_precision", "month")),
                    models.Q(("birth_date__day", 1), ("birth_date__month", 1), ("birth_precision", "year")),
                    _connector="OR",
                ),
                name="patient_birth_date_is_the_first_day_it_can_be",
            ),
        ),
        migrations.AddField(
            model_name="address",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
            ),
        ),
        migrations.AddField(
            model_name="address",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="addresses", to="patients.patient"
            ),
        ),
        migrations.AddField(
            model_name="identifier",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
            ),
        ),
        migrations.AddField(
            model_name="identifier",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="identifiers", to="patients.patient"
            ),
        ),
        migrations.AddField(
            model_name="identifiersystem",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
            ),
        ),
        migrations.AddField(
            model_name="relatedperson",
            name="linked_patient",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="relations",
                to="patients.patient",
            ),
        ),
        migrations.AddField(
            model_name="relatedperson",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
            ),
        ),
        migrations.AddField(
            model_name="relatedperson",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="related_persons", to="patients.patient"
            ),
        ),
        migrations.AddIndex(
            model_name="address",
            index=models.Index(fields=["organization", "patient", "rank"], name="address_by_patient"),
        ),
        migrations.AddIndex(
            model_name="address",
            index=models.Index(fields=["organization", "postal_code"], name="address_by_postal_code"),
        ),
        migrations.AddIndex(
            model_name="identifier",
            index=models.Index(fields=["organization", "patient"], name="identifier_by_patient"),
        ),
        migrations.AddIndex(
            model_name="identifier",
            index=models.Index(fields=["organization", "value"], name="identifier_by_value"),
        ),
        migrations.AddConstraint(
            model_name="identifier",
            constraint=models.UniqueConstraint(
                fields=("organization", "system", "value"), name="identifier_belongs_to_one_patient"
            ),
        ),
        migrations.AddConstraint(
            model_name="identifiersystem",
            constraint=models.UniqueConstraint(
                fields=("organization", "system"), name="identifier_system_is_listed_once"
            ),
        ),
        migrations.AddIndex(
            model_name="relatedperson",
            index=models.Index(fields=["organization", "patient", "rank"], name="related_person_by_patient"),
        ),
        migrations.AddIndex(
            model_name="relatedperson",
            index=models.Index(fields=["organization", "linked_patient"], name="related_person_by_link"),
        ),
        migrations.AddIndex(
            model_name="relatedperson",
            index=models.Index(fields=["organization", "phone"], name="related_person_by_phone"),
        ),
        migrations.AddConstraint(
            model_name="relatedperson",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="related_person_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="relatedperson",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("linked_patient__isnull", True),
                    models.Q(("linked_patient", models.F("patient")), _negated=True),
                    _connector="OR",
                ),
                name="related_person_is_somebody_else",
            ),
        ),
        migrations.RunSQL(KEEP_ADDRESSES, PUT_ADDRESSES_BACK),
        migrations.RunSQL(NAME_USE_OF_EMAILS, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="patient",
            name="address",
        ),
    ]
