"""Files of the demo clinic: drawn, not photographed. The same seed draws the same pictures."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from apps.conversations.attachments import SUBJECT
from apps.conversations.models import Message
from apps.core.actors import SYSTEM
from apps.media.models import Purpose
from apps.media.services import keep_file
from apps.organizations.models import Organization
from apps.patients.models import Patient
from apps.portal.demo.people import Person

INK, PAPER, FAINT, BRAND = "#1d2b2a", "#fdfdfb", "#c9d2d1", "#0d6062"
GROUNDS = ("#dfe9e6", "#e8e2f3", "#f4e6d6", "#dce8f5", "#f3dfe4")
SKINS = ("#f1cdb0", "#d9a679", "#a8714a", "#7a4b30", "#e7b98f")
HAIRS = ("#2b211c", "#5a3a22", "#8c8a88", "#b8863b", "#1b1b22")
SHIRTS = ("#2f6f74", "#5a4a91", "#a14f3a", "#3c5f9e", "#6f7d34")
PORTRAITS = 8
DRAWN = time.gmtime(0)


def keep_papers(organization: Organization, people: Sequence[tuple[Patient, Person]], *, rng: random.Random) -> int:
    """Give some patients a photo, and some of those letters, results and cards; return how many files."""
    count = 0
    for index, (patient, person) in enumerate(people[: PORTRAITS * 3]):
        if index % 3 == 2:
            keep(organization, patient, "photo.jpg", "image/jpeg", portrait(rng), Purpose.PHOTO)
            count += 1
        if index % 4 == 2:
            lines = [person.given_name + " " + person.family_name, f"Record {patient.number:06d}"]
            keep(organization, patient, "Blood results.pdf", "application/pdf", results(rng, lines), Purpose.DOCUMENT)
            keep(organization, patient, "Insurance card.png", "image/png", _card(rng, lines), Purpose.DOCUMENT)
            count += 2
        if index % 6 == 2:
            keep(organization, patient, "X-ray left knee.jpg", "image/jpeg", x_ray(rng), Purpose.DOCUMENT)
            note = b"Blood pressure at home\n\nMon 132/84\nTue 128/82\nWed 135/86\nThu 127/80\n"
            keep(organization, patient, "Readings at home.txt", "text/plain", note, Purpose.DOCUMENT)
            count += 2
    return count


def attach_picture(organization: Organization, *, said: str, rng: random.Random) -> int:
    """Give the message that says this a picture, as WhatsApp would have brought it; return how many were given."""
    message = Message.objects.for_organization(organization).filter(body=said).select_related("conversation").first()
    if message is None:
        return 0
    message.media = [{"url": "https://api.twilio.com/", "content_type": "image/jpeg", "sid": ""}]
    message.save(update_fields=["media", "updated_at"])
    keep_file(
        organization=organization,
        stream=io.BytesIO(x_ray(rng)),
        file_name="",
        content_type="image/jpeg",
        purpose=Purpose.MESSAGE,
        patient=message.conversation.patient,
        subject_kind=SUBJECT,
        subject_id=message.pk,
        actor=SYSTEM,
    )
    return 1


def keep(
    organization: Organization, patient: Patient, name: str, content_type: str, content: bytes, purpose: Purpose
) -> None:
    """Keep a file of a patient, through the door that every file comes in by."""
    keep_file(
        organization=organization,
        stream=io.BytesIO(content),
        file_name=name,
        content_type=content_type,
        purpose=purpose,
        patient=patient,
        actor=SYSTEM,
    )


def portrait(rng: random.Random) -> bytes:
    """Draw head and shoulders on a plain ground."""
    image = Image.new("RGB", (480, 480), rng.choice(GROUNDS))
    draw = ImageDraw.Draw(image)
    skin, hair, shirt = rng.choice(SKINS), rng.choice(HAIRS), rng.choice(SHIRTS)
    long_hair = rng.random() < 0.5
    draw.ellipse((132, 70, 348, 320 if long_hair else 250), fill=hair)
    draw.ellipse((60, 340, 420, 700), fill=shirt)
    draw.rounded_rectangle((205, 270, 275, 380), 30, fill=skin)
    draw.ellipse((152, 104, 328, 320), fill=skin)
    draw.pieslice((146, 84, 334, 270), 190, 350, fill=hair)
    for x in (208, 264):
        draw.ellipse((x, 204, x + 12, 218), fill=INK)
    draw.arc((212, 236, 268, 276), 20, 160, fill=INK, width=4)
    return _encoded(image.filter(ImageFilter.SMOOTH), "JPEG")


def results(rng: random.Random, lines: Sequence[str]) -> bytes:
    """Draw one page of laboratory results as a PDF."""
    page = Image.new("RGB", (1240, 1754), PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((110, 110), "Harbour Laboratory", font=_font(44), fill=BRAND)
    for row, line in enumerate([*lines, "Fasting sample, venous blood"]):
        draw.text((110, 210 + 42 * row), line, font=_font(30), fill=INK)
    draw.line((110, 370, 1130, 370), fill=FAINT, width=3)
    tests = (("Glucose", 92, "mg/dL"), ("Cholesterol", 188, "mg/dL"), ("Triglycerides", 121, "mg/dL"))
    further = (("Creatinine", 0.9, "mg/dL"), ("Haemoglobin", 13.9, "g/dL"), ("Ferritin", 64, "ng/mL"))
    for row, (name, usual, unit) in enumerate([*tests, *further]):
        y = 410 + 64 * row
        draw.text((110, y), name, font=_font(30), fill=INK)
        draw.text((620, y), f"{usual * rng.uniform(0.9, 1.15):.1f}", font=_font(30), fill=INK)
        draw.text((820, y), unit, font=_font(30), fill="#5d6967")
        draw.line((110, y + 52, 1130, y + 52), fill="#e8ecec", width=2)
    return _encoded(page, "PDF", resolution=150, creationDate=DRAWN, modDate=DRAWN)


def _card(rng: random.Random, lines: Sequence[str]) -> bytes:
    """Draw an insurance card."""
    image = Image.new("RGB", (860, 540), rng.choice(GROUNDS))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 860, 120), fill=BRAND)
    draw.text((40, 36), "Tidewater Mutual", font=_font(44), fill="white")
    for row, line in enumerate([*lines, f"Member {rng.randint(10**8, 10**9 - 1)}"]):
        draw.text((40, 190 + 70 * row), line, font=_font(38), fill=INK)
    return _encoded(image, "PNG")


def x_ray(rng: random.Random) -> bytes:
    """Draw two bones that meet, blurred, on black."""
    image = Image.new("L", (900, 1200), 14)
    draw = ImageDraw.Draw(image)
    tilt = rng.randint(-30, 30)
    draw.ellipse((210, -100, 690, 1300), fill=46)
    draw.line((450 + tilt, 0, 450, 560), fill=170, width=130)
    draw.line((450, 640, 450 - tilt, 1200), fill=165, width=110)
    draw.ellipse((320, 470, 580, 610), fill=190)
    draw.ellipse((335, 600, 565, 720), fill=180)
    draw.ellipse((400, 400, 500, 520), fill=205)
    return _encoded(image.filter(ImageFilter.GaussianBlur(14)).convert("RGB"), "JPEG")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()
