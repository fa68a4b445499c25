"""The front-end kit: icons and components render safely, templates obey the policy, the first load stays small."""

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage
from django.core.paginator import Paginator
from django.template import Context, Template, TemplateSyntaxError
from django.template.base import NodeList
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation

from apps.core.templatetags import ui
from clinic.staticfiles import ModuleStaticFilesStorage

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
SCRIPTS = sorted((settings.BASE_DIR / "static/js").glob("*.js"))
SHEETS = [settings.BASE_DIR / "static/css" / name for name in ("app.css", "pages.css")]
FIRST_LOAD_BUDGET = 150 * 1024
LIBRARIES = "{% load i18n static ui %}"


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(settings.BASE_DIR)) for path in paths]


def render(source: str, **context: object) -> str:
    return Template(LIBRARIES + source).render(Context(context))


@pytest.fixture
def staff_request():
    request = RequestFactory().get("/")
    request.user = type(
        "Person", (), {"is_authenticated": True, "email": "b@demo.clinic", "get_full_name": "Beatriz Amaral"}
    )()
    return request


FRAME = {
    "navigation": [
        {"key": "today", "label": "Today", "icon": "home", "url": "/", "badge": "", "badge_tone": ""},
        {
            "key": "inbox",
            "label": "Inbox",
            "icon": "messages",
            "url": "/inbox/",
            "badge": 7,
            "badge_tone": "hot",
            "badge_label": "unread",
        },
    ],
    "active_navigation": "inbox",
    "organization": {"name": "Tidewater <Clinic>"},
    "new_menu": [{"label": "Appointment", "icon": "calendar-plus", "url": "/book/", "modal": True, "shortcut": "b"}],
    "palette_url": "/find/",
    "notifications_url": "/bell/",
    "notifications_unread": 2,
    "live_url": "/live/",
    "live_cursor": "41",
    "demo_mode": True,
}


# ── icons ──


def test_an_icon_is_inlined_and_hidden_from_assistive_technology():
    assert render('{% icon "bell" 20 %}').startswith('<svg class="i i-20" viewBox="0 0 24 24" aria-hidden="true"><path')


def test_a_labelled_icon_is_an_image_with_an_escaped_name():
    assert 'role="img" aria-label="&lt;b&gt;"' in render('{% icon "bell" label=label %}', label="<b>")


def test_an_unknown_icon_fails_when_the_template_is_compiled():
    with pytest.raises(ui.UnknownIcon, match=r"tools/icons\.txt"):
        Template(LIBRARIES + '{% icon "no-such-icon" %}')


def test_an_unknown_icon_name_in_a_variable_fails_when_rendered():
    with pytest.raises(TemplateSyntaxError, match="no-such-icon"):
        render("{% icon name %}", name="no-such-icon")


def test_an_icon_with_literal_arguments_costs_nothing_to_render():
    [node] = Template(LIBRARIES + '{% icon "bell" size=14 class="x" %}').nodelist[1:]
    assert isinstance(node, ui.ConstantNode)


def test_every_listed_icon_is_vendored():
    lines = (settings.BASE_DIR / "tools/icons.txt").read_text().splitlines()
    listed = {word for line in lines if not line.startswith("#") for word in line.split()}
    assert listed == set(ui.icon_shapes())


# ── components ──


def test_a_status_badge_has_icon_and_escaped_word():
    assert render('{% status word "bad" "hourglass" %}', word="<i>Late").startswith('<span class="st tone-bad"><svg')
    assert "&lt;i&gt;Late</span>" in render('{% status word "bad" "hourglass" %}', word="<i>Late")


def test_an_unknown_tone_is_refused():
    with pytest.raises(TemplateSyntaxError, match="unknown tone"):
        render('{% status "Late" "red" %}')


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dr Amara Okonkwo", "AO"),
        ("María del Carmen Rodríguez-Villanueva", "MV"),
        ("Олександр Коваленко", "ОК"),
        ("王秀英", "王"),
        ("प्रिया शर्मा", "प्रि"),
        ("محمد الأحمد", "م"),
        ("김민준", "김"),
        ("Bot", "B"),
        ("+1 415 555 0187", "?"),
        ("", "?"),
    ],
)
def test_initials_read_well_in_any_script(name, expected):
    assert ui.initials(name) == expected


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8", "Unknown browser"),
    ],
)
def test_a_session_names_its_browser(user_agent, expected):
    assert ui.browser(user_agent) == expected


def test_an_avatar_escapes_the_name_it_is_labelled_with():
    assert 'aria-label="&lt;script&gt;"' in render("{% avatar name label=name %}", name="<script>")


def test_numbers_for_the_style_sheet_are_a_data_attribute():
    assert render("{% cssvars s=30 w=width %}", width='1";x') == 'data-vars="s:30;w:1&quot;;x"'


def test_what_is_fixed_knows_nothing_of_the_page_it_stands_on():
    source = "<p>{{ name }}</p>{% fixed %}<b>{{ name }}{% translate 'Close' %}</b>{% endfixed %}"
    template = Template(LIBRARIES + source)
    assert template.render(Context({"name": "Ana"})) == "<p>Ana</p><b>Close</b>"
    assert template.render(Context({"name": "Bea"})) == "<p>Bea</p><b>Close</b>"


def test_what_is_fixed_is_rendered_once_in_each_language(monkeypatch):
    template = Template(LIBRARIES + "{% fixed %}{% translate 'Today' %}{% endfixed %}")
    with translation.override("en"):
        assert template.render(Context()) == "Today"
    with translation.override("es"):
        assert template.render(Context()) == translation.gettext("Today") == "Hoy"
    monkeypatch.setattr(NodeList, "render", lambda _self, _context: "rendered again")
    (node,) = template.nodelist.get_nodes_by_type(ui.Fixed)
    with translation.override("en"):
        assert node.render(Context()) == "Today"


@dataclass(frozen=True)
class Line:
    name: str
    minutes: int = 0


def test_what_is_fixed_for_a_line_is_rendered_anew_when_the_line_the_reader_or_the_clock_is_another():
    source = "{% fixed line may_edit %}{{ line.name }}{{ hidden }}{% if may_edit %} {% translate 'Edit' %}{% endif %} {{ line.minutes }};{% endfixed %}"
    template = Template(LIBRARIES + source)
    (node,) = template.nodelist.get_nodes_by_type(ui.Fixed)

    def shown(line: Line, *, may_edit: bool) -> str:
        return template.render(Context({"line": line, "may_edit": may_edit, "hidden": "another's"}))

    assert shown(Line("<Ana>"), may_edit=True) == "&lt;Ana&gt; Edit 0;"
    assert shown(Line("<Ana>"), may_edit=False) == "&lt;Ana&gt; 0;"
    assert shown(Line("<Ana>", 5), may_edit=True) == "&lt;Ana&gt; Edit 5;"
    assert len(node.rendered) == 3
    assert shown(Line("<Ana>", 5), may_edit=True) == "&lt;Ana&gt; Edit 5;"
    assert len(node.rendered) == 3
    with translation.override("es"), timezone.override("Asia/Kolkata"):
        assert "Editar" in shown(Line("<Ana>"), may_edit=True)
    assert len(node.rendered) == 4


def test_what_is_fixed_is_kept_for_a_number_of_lines_only(monkeypatch):
    monkeypatch.setattr(ui, "MOST_KEPT", 3)
    template = Template(LIBRARIES + "{% fixed line %}{{ line.name }}{% endfixed %}")
    (node,) = template.nodelist.get_nodes_by_type(ui.Fixed)
    for name in "abcdefgh":
        assert template.render(Context({"line": Line(name)})) == name
        assert len(node.rendered) <= 3


def test_what_is_fixed_takes_names_alone():
    with pytest.raises(TemplateSyntaxError, match="names of variables alone"):
        Template(LIBRARIES + "{% fixed line.name %}{% endfixed %}")


@pytest.mark.parametrize("path", [p for p in TEMPLATES if "{% fixed " in p.read_text()], ids=lambda path: path.stem)
def test_what_is_fixed_for_a_line_asks_for_nothing_else_of_the_page(path):
    """A variable that is not named would be empty there, without a word."""
    for names, body in re.findall(r"{% fixed ([^%]+?) ?%}(.*?){% endfixed %}", path.read_text(), re.DOTALL):
        code = " ".join(re.findall(r"{[{%](.*?)[%}]}", re.sub(r"'[^']*'|\"[^\"]*\"", "", body), re.DOTALL))
        used = set(re.findall(r"(?<![\w.|=])([a-z_]\w*)(?=\.\w)", code)) | set(re.findall(r"\bmay_\w+", code))
        assert used
        assert used <= set(names.split())


class PatientForm(forms.Form):
    name = forms.CharField(help_text="As on the card")
    phone = forms.CharField(required=False)
    channel = forms.ChoiceField(choices=[("w", "WhatsApp"), ("s", "SMS")], widget=forms.RadioSelect)
    agrees = forms.BooleanField(required=False)

    def clean_name(self) -> str:
        raise forms.ValidationError("No <b>digits</b>.")


def test_a_field_ties_label_help_and_error_to_its_control():
    html = render("{% field form.name %}", form=PatientForm({"name": "x1", "channel": "w"}))
    assert '<label for="id_name">' in html
    assert 'aria-describedby="id_name_error id_name_help"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html
    assert "No &lt;b&gt;digits&lt;/b&gt;." in html


def test_a_field_takes_further_attributes():
    html = render('{% field form.phone inputmode="tel" hx_get="/x/" %}', form=PatientForm())
    assert 'inputmode="tel"' in html
    assert 'hx-get="/x/"' in html
    assert "optional" in html


def test_choices_are_a_named_group():
    html = render("{% field form.channel %}", form=PatientForm(initial={"channel": "s"}))
    assert "<fieldset" in html
    assert "<legend>Channel</legend>" in html
    assert re.search(r'value="s" id="id_channel_1" checked', html)


def test_all_fields_of_a_form_render_with_the_errors_of_the_whole():
    form = PatientForm({"name": "x"})
    form.add_error(None, "Two of <them>")
    html = render("{% fields form %}", form=form)
    assert "Two of &lt;them&gt;" in html
    assert 'name="agrees"' in html


def test_the_dialog_tag_names_the_dialog_and_can_be_closed():
    html = render('{% dialog title width="wide" %}<p>In</p>{% enddialog %}', title="<Book>")
    assert '<h2 id="modal-title">&lt;Book&gt;</h2>' in html
    assert "sheet-wide" in html
    assert "data-dialog-close" in html
    assert "<p>In</p>" in html


HOSTILE = "<script>alert(1)</script>"
COMPONENTS = {
    "components/empty.html": {"text": HOSTILE, "url": "/x/", "label": HOSTILE, "modal": True},
    "components/error.html": {"text": HOSTILE, "url": "/x/"},
    "components/filters.html": {"chips": [{"label": HOSTILE, "url": "/x/", "current": True}], "target": "#list"},
    "components/menu.html": {
        "id": "m",
        "label": HOSTILE,
        "items": [{"label": HOSTILE, "url": "/x/"}, {"label": "Go", "post": "/y/", "confirm": HOSTILE}],
    },
    "components/nav_links.html": FRAME,
    "components/options.html": {"options": [{"value": HOSTILE, "label": HOSTILE, "detail": HOSTILE}]},
    "components/palette_results.html": {
        "groups": [{"label": "Patients", "items": [{"label": HOSTILE, "detail": HOSTILE, "url": "/x/"}]}]
    },
    "components/seg.html": {"label": "View", "items": [{"label": HOSTILE, "url": "/x/", "count": 0, "current": True}]},
    "components/skeleton.html": {"rows": "123", "avatar": True},
    "components/tabs.html": {"label": "Parts", "items": [{"label": HOSTILE, "url": "/x/", "count": 3}]},
    "components/timeline_entry.html": {
        "entry": {
            "time": "10:08",
            "text": HOSTILE,
            "by": HOSTILE,
            "quote": HOSTILE,
            "icon": "login-2",
            "badge": {"word": HOSTILE, "tone": "info", "icon": "checks"},
        }
    },
    "components/toasts.html": {"messages": [Message(constants.SUCCESS, HOSTILE)]},
    "components/typeahead.html": {
        "id": "p",
        "name": "patient",
        "url": "/x/",
        "label": HOSTILE,
        "value": HOSTILE,
        "text": HOSTILE,
        "errors": [HOSTILE],
    },
}


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_escapes_what_people_wrote(name):
    html = render_to_string(name, COMPONENTS[name])
    assert HOSTILE not in html
    assert html.strip()


def test_pages_of_a_list_keep_the_filters(rf):
    page = Paginator(range(30), 10).page(2)
    html = render_to_string(
        "components/pagination.html", {"page_obj": page, "target": "#rows"}, request=rf.get("/patients/?q=ana&page=2")
    )
    assert 'href="?q=ana&amp;page=3"' in html
    assert 'href="?q=ana&amp;page=1"' in html
    assert "11 to 20 of 30" in html


# ── the frame ──


def test_the_frame_shows_what_the_context_gives(staff_request):
    html = render_to_string("base.html", FRAME, request=staff_request)
    assert 'aria-current="page"' in html
    assert '<b class="hot">7<span class="sr"> unread</span></b>' in html
    assert "Tidewater &lt;Clinic&gt;" in html
    assert 'data-live-url="/live/" data-live-cursor="41"' in html
    assert "nothing leaves this machine" in html
    assert '<button class="btn btn-new"' in html
    assert '<dialog class="sheet" id="modal"' in html


def test_the_frame_without_context_is_still_a_page(rf):
    html = render_to_string("base.html", {}, request=rf.get("/"))
    assert '<main id="main"' in html
    assert "data-live-url" not in html
    assert 'id="palette"' not in html


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ("", "auto"), ('"><script>', "auto")]
)
def test_the_theme_is_rendered_from_the_cookie(rf, cookie, theme):
    request = rf.get("/")
    request.COOKIES["theme"] = cookie
    assert f'data-bs-theme="{theme}"' in render_to_string("base_public.html", {}, request=request)


def test_patient_data_is_never_kept_in_the_browsers_storage_and_nothing_is_evaluated(rf):
    html = render_to_string("base.html", {}, request=rf.get("/"))
    config = json.loads(re.search(r"name=\"htmx-config\" content='([^']+)'", html)[1])
    assert config["historyCacheSize"] == 0
    assert config["allowEval"] is False
    assert config["allowScriptTags"] is False
    assert config["includeIndicatorStyles"] is False
    assert {"code": "422", "swap": True} in config["responseHandling"]


@pytest.mark.parametrize("name", ["errors/400.html", "errors/500.html", "403_csrf.html", "429.html"])
def test_an_error_page_renders_without_a_request(name):
    html = render_to_string(name)
    assert "<h1>" in html
    assert 'href="/"' in html


def test_a_refusal_is_shown_in_the_words_of_the_error(rf):
    context = {"status": 409, "code": "conflict", "message": "Dr <Mehta> is busy until 12:10. Choose another time."}
    html = render_to_string("errors/refused.html", context, request=rf.get("/"))
    assert "Dr &lt;Mehta&gt; is busy until 12:10." in html
    assert "409 · conflict" in html


@pytest.mark.django_db
def test_the_sign_in_page_has_the_fields_that_people_and_tools_look_for(client):
    html = client.get("/accounts/login/").content.decode()
    assert re.search(r'<input[^>]+name="login"', html)
    assert re.search(r'<input[^>]+type="password"', html)
    assert 'type="submit"' in html


@pytest.mark.django_db
def test_a_demo_offers_its_sign_ins_and_nothing_else_does(client, settings):
    assert "frontdesk@demo.clinic" not in client.get("/accounts/login/").content.decode()
    settings.DEMO = True
    assert "frontdesk@demo.clinic" in client.get("/accounts/login/").content.decode()


def test_the_style_guide_renders_the_whole_kit(staff_request):
    html = render_to_string("styleguide.html", {**FRAME, "form": PatientForm()}, request=staff_request)
    assert html.count('class="row-a') == 3


# ── rules over all files ──


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_template_obeys_the_content_security_policy(path):
    source = path.read_text()
    assert not re.search(r"\sstyle\s*=", source), "inline style: use a class or {% cssvars %}"
    assert not re.search(r"<style\b", source), "inline style sheet"
    assert not re.search(r"\son[a-z]+\s*=", source), "inline handler"
    assert not re.search(r"\bhx-on\b|hx-on:|hx-vals='js:|hx-vals=\"js:|javascript:", source), "evaluated attribute"
    for tag in re.findall(r"<script\b[^>]*>", source):
        assert "src=" in tag or 'type="application/json"' in tag, f"inline script: {tag}"


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_only_the_calendars_question_floats_as_one(path):
    """`.why` lies over the page, on a phone with everything else dimmed: on any other text it hides what is below."""
    for tag in re.findall(r"<\w+[^>]*\bclass=\"(?:[^\"]*\s)?why(?:\s[^\"]*)?\"[^>]*>", path.read_text()):
        assert "data-why" in tag, f"use another class than “why”: {tag}"


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_comment_does_not_leak_into_the_page(path):
    for line in path.read_text().splitlines():
        assert line.count("{#") == line.count("#}"), "a {# #} comment ends on its line; use {% comment %}"


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_template_compiles(path):
    get_template(str(path.relative_to(settings.BASE_DIR / "templates")))


@pytest.mark.parametrize("path", SCRIPTS, ids=names(SCRIPTS))
def test_a_script_evaluates_no_text(path):
    assert not re.search(
        r"\beval\(|new Function\(|\bFunction\(|document\.write|setTimeout\(\s*[\"'`]", path.read_text()
    )


@pytest.mark.parametrize("path", SHEETS, ids=names(SHEETS))
def test_the_order_of_layers_decides_not_importance(path):
    assert "!important" not in re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)


def test_the_dark_tokens_of_the_system_and_of_the_choice_are_the_same():
    source = SHEETS[0].read_text()
    blocks = [
        re.search(rf'\[data-bs-theme="{theme}"\] \{{\n(.*?)\n    \}}', source, re.DOTALL)[1].split()
        for theme in ("dark", "auto")
    ]
    assert blocks[0] == blocks[1]
    assert "--canvas:" in blocks[0]


def test_colours_live_in_the_tokens():
    pages = re.sub(r"#fff\b", "", SHEETS[1].read_text())
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgb\(", pages)


def test_the_first_load_of_a_page_stays_small(staff_request):
    """Count what a browser fetches for the frame: the document, its sheets, scripts, modules and the Latin font."""
    html = render_to_string("base.html", FRAME, request=staff_request)
    urls = set(re.findall(r'(?:src|href)="/static/([^"]+)"', html)) - {"img/favicon.svg"}
    modules = {
        f"js/{path.name}" for path in SCRIPTS if f'"./{path.name}"' in "".join(script.read_text() for script in SCRIPTS)
    }
    size = len(gzip.compress(html.encode()))
    for name in sorted(urls | modules):
        found = finders.find(name)
        assert found, f"{name} is not a static file"
        content = Path(found).read_bytes()
        size += len(content) if name.endswith(".woff2") else len(gzip.compress(content))
    assert any(name.endswith("inter-latin.woff2") for name in urls)
    assert any("htmx" in name for name in urls)
    assert size <= FIRST_LOAD_BUDGET, f"{size / 1024:.0f} KB"


def test_modules_import_each_other_by_hashed_name_in_a_deployment(tmp_path):
    source = FileSystemStorage(location=settings.BASE_DIR / "static")
    storage = ModuleStaticFilesStorage(location=tmp_path)
    paths = {f"js/{path.name}": (source, f"js/{path.name}") for path in SCRIPTS}
    for name in paths:
        storage._save(name, source.open(name))
    processed = {name: hashed for name, hashed, _ in storage.post_process(paths) if str(hashed).endswith(".js")}
    application = (tmp_path / processed["js/app.js"]).read_text()
    assert f'"./{Path(processed["js/toasts.js"]).name}"' in application
    assert '"./toasts.js"' not in application


def test_every_vendored_library_names_version_and_licence():
    manifest = json.loads((settings.BASE_DIR / "static/vendor/versions.json").read_text())
    lock = json.loads((settings.BASE_DIR / "package-lock.json").read_text())["packages"]
    for name, about in manifest.items():
        assert about["licence"]
        assert lock[f"node_modules/{name}"]["version"] == about["version"]
        assert (
            (settings.BASE_DIR / "static/vendor/licences" / (name.replace("@", "").replace("/", "-") + ".txt"))
            .stat()
            .st_size
        )
