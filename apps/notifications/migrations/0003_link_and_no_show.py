import hashlib

from django.db import migrations

from apps.core.tenancy import all_organizations
from apps.notifications.defaults import TEXTS, simulated_sid

NO_SHOW = "no-show"

# The first sixteen digits of the SHA-256 of each text as it was installed before it carried the patient's link.
INSTALLED = {
    ("appointment-booked", "whatsapp", "en"): "af5c2caff839ae33",
    ("appointment-booked", "sms", "en"): "d87d62ca46b15001",
    ("appointment-booked", "email", "en"): "2a6b0726a70781bc",
    ("appointment-booked", "whatsapp", "es"): "684f19169bd18353",
    ("appointment-booked", "sms", "es"): "9e514ee81aafcefa",
    ("appointment-booked", "email", "es"): "5dd12a82a9e46849",
    ("appointment-booked", "whatsapp", "hi"): "f2e66257f99e09bb",
    ("appointment-booked", "sms", "hi"): "347777eda4a085dd",
    ("appointment-booked", "email", "hi"): "10dbca65f4293cfa",
    ("appointment-reminder", "whatsapp", "en"): "53eb6d00ff8cb4f5",
    ("appointment-reminder", "sms", "en"): "7a2891566b98d442",
    ("appointment-reminder", "email", "en"): "538f7a06ce873ef6",
    ("appointment-reminder", "whatsapp", "es"): "61b14dafa29a98ca",
    ("appointment-reminder", "sms", "es"): "a3d178151c59afed",
    ("appointment-reminder", "email", "es"): "9117364a9bfb8f33",
    ("appointment-reminder", "whatsapp", "hi"): "3f9c58ba5315abcc",
    ("appointment-reminder", "sms", "hi"): "242586d75a1e437e",
    ("appointment-reminder", "email", "hi"): "75bc86741dff4812",
    ("appointment-rescheduled", "whatsapp", "en"): "f6bae4e0c0306a21",
    ("appointment-rescheduled", "sms", "en"): "a7db887e2d6d754d",
    ("appointment-rescheduled", "email", "en"): "6f3e39ae6a72342d",
    ("appointment-rescheduled", "whatsapp", "es"): "1a5772d10977c191",
    ("appointment-rescheduled", "sms", "es"): "191d138b507bf05b",
    ("appointment-rescheduled", "email", "es"): "20b84fc0640712e1",
    ("appointment-rescheduled", "whatsapp", "hi"): "8ec94a61fc39892a",
    ("appointment-rescheduled", "sms", "hi"): "7362f45063351023",
    ("appointment-rescheduled", "email", "hi"): "cfaca14848339be5",
}


def renew_unchanged_texts(apps, schema_editor):
    """Renew the default texts that an organization never changed, and add those about no-shows.

    A WhatsApp text that Twilio approved stays: what is approved there has other variables.
    """
    Template = apps.get_model("notifications", "Template")
    with all_organizations():
        for template in Template.objects.filter(key__in={key for key, _channel, _language in INSTALLED}).iterator():
            digest = hashlib.sha256(template.body.encode()).hexdigest()[:16]
            known = INSTALLED.get((template.key, template.channel, template.language))
            text = TEXTS.get(template.language, {}).get(template.key)
            if digest != known or text is None:
                continue
            if template.content_sid not in ("", simulated_sid(template.key, template.language)):
                continue
            template.body = getattr(text, template.channel)
            template.version += 1
            template.save(update_fields=["body", "version"])
        Template.objects.bulk_create(
            [
                Template(organization_id=organization_id, **values)
                for organization_id in Template.objects.values_list("organization_id", flat=True).distinct()
                for values in _no_show_texts()
            ],
            ignore_conflicts=True,
        )


def _no_show_texts():
    for language, texts in TEXTS.items():
        text, common = texts[NO_SHOW], {"key": NO_SHOW, "language": language}
        yield {**common, "channel": "whatsapp", "body": text.whatsapp, "content_sid": simulated_sid(NO_SHOW, language)}
        yield {**common, "channel": "sms", "body": text.sms}
        yield {**common, "channel": "email", "subject": text.subject, "body": text.email}


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_versions")]

    operations = [migrations.RunPython(renew_unchanged_texts, migrations.RunPython.noop)]
