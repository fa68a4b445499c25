"""Tags of the portal's components: icon, status badge, avatar, field.

Tags that appear once per row of a list are plain functions that build their few bytes; anything larger is a template under
templates/components/. Every argument that may hold text from people is escaped.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.forms import BoundField
from django.forms import widgets as django_widgets
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, Variable, token_kwargs
from django.template.context import Context
from django.template.exceptions import TemplateSyntaxError
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language
from django.utils.translation import gettext as _

register = template.Library()

TONES = frozenset({"neutral", "info", "active", "ok", "warn", "bad", "brand"})
TITLES = frozenset(
    {"dr", "dra", "prof", "mr", "mrs", "ms", "mx", "sr", "sra", "dr.", "dra.", "prof.", "mr.", "mrs.", "ms."}
)
VIRAMAS = frozenset("\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d")


@register.simple_tag
def sends(action: str, form_id: str, modal: bool) -> SafeString:
    """Return the attributes with which a form is sent, as the dialog or as a page of its own.

    A refused page is swapped in place too: as a document of its own it would stay in the browser's history as a POST,
    which Back and Forward can only ask to send again.
    """
    place = (
        mark_safe('hx-target="#modal"')
        if modal
        else format_html('hx-target="this" hx-select="#{}" hx-swap="outerHTML" hx-disinherit="*"', form_id)
    )
    return format_html(
        'id="{}" method="post" action="{}" hx-post="{}" hx-sync="this:drop" {}', form_id, action, action, place
    )


class UnknownIcon(TemplateSyntaxError):
    """An icon that is not in static/vendor/icons.json: add its name to tools/icons.txt and run `make vendor`."""


@cache
def icon_shapes() -> dict[str, str]:
    """Return the vendored icons, name to inner SVG, read from disk once per process."""
    path = finders.find("vendor/icons.json")
    if path is None:
        raise UnknownIcon("static/vendor/icons.json is missing: run `make vendor`")
    shapes: dict[str, str] = json.loads(Path(path).read_text(encoding="utf-8"))
    return shapes


@lru_cache(maxsize=2048)
def icon_markup(name: str, size: int = 16, css: str = "") -> SafeString:
    """Return one inline, decorative SVG. Sizes that exist in the style sheet: 12, 14, 16, 18, 20, 24 (px)."""
    shape = icon_shapes().get(name)
    if shape is None:
        raise UnknownIcon(f"unknown icon {name!r}: add it to tools/icons.txt and run `make vendor`")
    classes = "i" if size == 16 else f"i i-{size}"
    if css:
        classes = f"{classes} {conditional_escape(css)}"
    return mark_safe(f'<svg class="{classes}" viewBox="0 0 24 24" aria-hidden="true">{shape}</svg>')  # noqa: S308  shapes are vendored, css is escaped


class IconNode(Node):
    def __init__(
        self, name: FilterExpression, size: FilterExpression | None, options: dict[str, FilterExpression]
    ) -> None:
        self.name, self.size, self.options = name, size, options

    def render(self, context: Context) -> SafeString:
        size = self.size.resolve(context) if self.size else 16
        options = {key: value.resolve(context) for key, value in self.options.items()}
        svg = icon_markup(str(self.name.resolve(context)), int(size), str(options.get("class") or ""))
        label = options.get("label")
        return format_html('<span role="img" aria-label="{0}" title="{0}">{1}</span>', label, svg) if label else svg


class ConstantNode(Node):
    """An icon whose arguments are literals: resolved when the template is compiled, free when it is rendered."""

    def __init__(self, text: SafeString) -> None:
        self.text = text

    def render(self, context: Context) -> SafeString:
        return self.text

    def render_annotated(self, context: Context) -> SafeString:
        return self.text


def is_literal(part: FilterExpression) -> bool:
    """Tell whether an argument is written out in the template: a string or a number, without filters."""
    return not part.filters and (not isinstance(part.var, Variable) or part.var.literal is not None)


@register.tag("icon")
def do_icon(parser: Parser, token: Token) -> Node:
    """Inline an icon: `{% icon "bell" %}`, `{% icon "bell" 20 %}`, `{% icon name size=14 label=_("Late") class="x" %}`.

    Decorative (hidden from assistive technology) unless `label` is given. A literal unknown name fails when the template is compiled.
    """
    bits = token.split_contents()[1:]
    positional: list[FilterExpression] = []
    options: dict[str, FilterExpression] = {}
    while bits:
        found = token_kwargs(bits[:1], parser)
        if found:
            options.update(found)
        else:
            positional.append(parser.compile_filter(bits[0]))
        bits = bits[1:]
    unknown = set(options) - {"size", "label", "class"}
    if not 1 <= len(positional) <= 2 or unknown:
        raise TemplateSyntaxError("use {% icon name [size] [size=…] [label=…] [class=…] %}")
    size = options.pop("size", positional[1] if len(positional) == 2 else None)
    node = IconNode(positional[0], size, options)
    parts = [positional[0], *([size] if size else []), *options.values()]
    if "label" not in options and all(is_literal(part) for part in parts):
        return ConstantNode(node.render(Context()))
    return node


@register.simple_tag
def status(
    word: str, tone: str = "neutral", icon: str = "", *, plain: bool = False, size: int = 16, title: str = ""
) -> SafeString:
    """Render a status badge, icon and word: `{% status "Confirmed" "neutral" "calendar-check" plain=True %}`.

    Filled means "act on it", plain means "for information"; one filled badge per row.
    """
    return _status_markup(str(word), tone, icon, plain, size, str(title))


@lru_cache(maxsize=4096)
def _status_markup(word: str, tone: str, icon: str, plain: bool, size: int, title: str) -> SafeString:
    """Build a badge once: a list shows the same few hundreds of times."""
    if tone not in TONES:
        raise TemplateSyntaxError(f"unknown tone {tone!r}, one of {', '.join(sorted(TONES))}")
    return format_html(
        '<span class="st tone-{}{}"{}>{}{}</span>',
        tone,
        mark_safe(" st-plain") if plain else "",
        format_html(' title="{}"', title) if title else "",
        icon_markup(icon, size) if icon else "",
        word,
    )


def graphemes(word: str) -> Iterator[str]:
    """Yield user-perceived characters well enough for initials: marks stay with their letter, viramas join the next one."""
    cluster = ""
    for character in word:
        joins = (
            unicodedata.category(character).startswith("M")
            or (cluster and cluster[-1] in VIRAMAS)
            or character == "\u200d"
        )
        if cluster and not joins:
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


@lru_cache(maxsize=4096)
def initials_of(name: str) -> str:
    words = [word for word in name.replace("-", " ").split() if word.lower() not in TITLES]
    first = [next(graphemes(word)) for word in words if unicodedata.category(word[0]).startswith("L")]
    if not first:
        return "?"
    # Scripts with capitals (Latin, Greek, Cyrillic …) read as two letters, others as one: प्रि, 王, م.
    alone = len(first) == 1 or first[0].upper() == first[0].lower()
    return (first[0] if alone else first[0] + first[-1]).upper()


@register.filter
def initials(name: object) -> str:
    """Return one or two initials of a name in any script; "?" for a phone number or nothing."""
    return initials_of(str(name))


@register.simple_tag
def avatar(name: str, size: int = 28, *, tone: str = "", channel: str = "", label: str = "") -> SafeString:
    """Render initials: `{% avatar patient.name 36 %}`; `tone` "you" or "bot", `channel` an icon on its corner, `label` if no name stands beside it."""
    return _avatar_markup(str(name), int(size), tone, channel, str(label))


@lru_cache(maxsize=4096)
def _avatar_markup(name: str, size: int, tone: str, channel: str, label: str) -> SafeString:
    inner = icon_markup("robot", 14) if tone == "bot" else initials_of(name)
    return format_html(
        '<span class="av{}{}"{}>{}{}</span>',
        "" if size == 28 else f" av-{size}",
        f" av-{tone}" if tone else "",
        format_html(' role="img" aria-label="{}"', label) if label else mark_safe(' aria-hidden="true"'),
        inner,
        format_html('<span class="ch">{}</span>', icon_markup(channel)) if channel else "",
    )


@register.simple_tag
def cssvars(**values: float | str) -> SafeString:
    """Render numbers for the style sheet without an inline style: `{% cssvars s=30 d=20 %}` becomes `data-vars="s:30;d:20"`.

    vars.js turns them into custom properties (--s: 30). The policy forbids style attributes, and a morph keeps these.
    """
    return format_html('data-vars="{}"', ";".join(f"{key.replace('_', '-')}:{value}" for key, value in values.items()))


CONTROLS: tuple[tuple[type[django_widgets.Widget] | tuple[type[django_widgets.Widget], ...], str], ...] = (
    (django_widgets.CheckboxInput, "form-check-input"),
    ((django_widgets.CheckboxSelectMultiple, django_widgets.RadioSelect), "form-check-input"),
    (django_widgets.Select, "form-select"),
)


def control_class(widget: django_widgets.Widget) -> str:
    return next((css for kinds, css in CONTROLS if isinstance(widget, kinds)), "form-control")


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField,
    *,
    label: str = "",
    help: str | bool = "",  # noqa: A002 - the word templates use
    placeholder: str | bool = "",
    autofocus: bool = False,
    hide_label: bool = False,
    **attributes: str,
) -> dict[str, Any]:
    """Render a form field with label, help and error, tied together for assistive technology.

    `{% field form.phone %}`, `{% field form.phone help=False placeholder="+1 …" inputmode="tel" hx_post=url %}`: further arguments become
    attributes of the control (underscores become dashes).
    """
    widget = bound.field.widget
    help_text = "" if help is False else help or bound.help_text
    described = [f"{bound.auto_id}_error"] if bound.errors else []
    described += [f"{bound.auto_id}_help"] if help_text else []
    css = [control_class(widget), widget.attrs.get("class", ""), attributes.pop("class", "")]
    attrs: dict[str, Any] = {"class": " ".join(name for name in css if name)}
    attrs |= {key.replace("_", "-"): value for key, value in attributes.items()}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if placeholder or placeholder is False:
        attrs["placeholder"] = placeholder
    elif str(widget.attrs.get("placeholder", "")).casefold() == str(bound.label).casefold():
        attrs["placeholder"] = False  # Django leaves a False attribute out: repeating the label helps nobody
    if autofocus:
        attrs["autofocus"] = True
    grouped = isinstance(widget, (django_widgets.RadioSelect, django_widgets.CheckboxSelectMultiple))
    single = isinstance(widget, django_widgets.CheckboxInput)
    return {
        "bound": bound,
        "control": "" if grouped else bound.as_widget(attrs=attrs),
        "choices": list(bound.subwidgets) if grouped else [],
        "choice_type": getattr(widget, "input_type", ""),
        "grouped": grouped,
        "single": single,
        "described": " ".join(described),
        "label": label or bound.label,
        "hide_label": hide_label,
        "help": help_text,
        "optional": not (bound.field.required or single),
    }


@register.inclusion_tag("components/form_fields.html")
def fields(form: Any, *names: str) -> dict[str, Any]:
    """Render the errors of a form as a whole, its hidden fields, and its visible fields (all, or those named, in that order)."""
    visible: Iterable[BoundField] = [form[name] for name in names] if names else form.visible_fields()
    return {"form": form, "visible": visible, "hidden": form.hidden_fields()}


BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


@register.filter
def browser(user_agent: str) -> str:
    """Return a user agent as a person would say it: "Chrome on Windows"; what is not known is said to be unknown."""
    name = next((name for mark, name in BROWSERS if mark in user_agent), _("Unknown browser"))
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return _("%(browser)s on %(system)s") % {"browser": name, "system": system} if system else name


@register.filter
def hotkey(keys: str) -> str:
    """Return a shortcut as people read it: "mod+k" becomes "Ctrl K", "escape" becomes "Esc"."""
    words = {"mod": "Ctrl", "escape": "Esc", "enter": "↵", "shift": "⇧", "arrowup": "↑", "arrowdown": "↓"}
    return " ".join(words.get(part, part.upper()) for part in str(keys).split("+"))


# Rendered blocks of one kind that a process keeps: a large clinic's day, as five desks look at it.
MOST_KEPT = 1024


class Fixed(Node):
    def __init__(self, body: NodeList, names: Sequence[str]) -> None:
        self.body, self.names = body, names
        self.rendered: dict[tuple[Any, ...], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        values = [context[name] for name in self.names]
        key = (get_language(), get_current_timezone_name(), *values)
        text = self.rendered.get(key)
        if text is None:
            text = self.body.render(context.new(dict(zip(self.names, values, strict=True))))
            if len(self.rendered) >= MOST_KEPT:
                self.rendered.clear()
            self.rendered[key] = text
        return text


@register.tag("fixed")
def do_fixed(parser: Parser, token: Token) -> Node:
    """Render once what does not change: `{% fixed %}<dialog …>{% translate "…" %}</dialog>{% endfixed %}`.

    `{% fixed row may_edit %}…{% endfixed %}` is rendered once for equal values of these variables, which must be
    hashable: a frozen dataclass with the words that a line shows. The inside knows nothing else of the page, so that
    nothing of one person's page can stay for the next one.
    """
    names = token.split_contents()[1:]
    if not all(name.isidentifier() for name in names):
        raise TemplateSyntaxError("use {% fixed [variable …] %}…{% endfixed %}, with the names of variables alone")
    body = parser.parse(("endfixed",))
    parser.delete_first_token()
    return Fixed(body, names)


class Dialog(Node):
    def __init__(self, body: NodeList, title: FilterExpression, options: dict[str, FilterExpression]) -> None:
        self.body, self.title, self.options = body, title, options

    def render(self, context: Context) -> SafeString:
        options = {key: value.resolve(context) for key, value in self.options.items()}
        width = f" sheet-{options['width']}" if options.get("width") else ""
        sub = format_html('<div class="sub">{}</div>', options["sub"]) if options.get("sub") else ""
        return format_html(
            '<div class="sheet-in{}"><header class="sheet-head"><div class="min-0"><h2 id="modal-title">{}</h2>{}</div>'
            '<button class="btn btn-ghost btn-i" type="button" data-dialog-close aria-label="{}">{}</button></header>{}</div>',
            width,
            self.title.resolve(context),
            sub,
            _("Close"),
            icon_markup("x"),
            mark_safe(self.body.render(context)),  # noqa: S308  a rendered template
        )


@register.tag("dialog")
def do_dialog(parser: Parser, token: Token) -> Node:
    """Wrap the content of the modal: `{% dialog _("Book") sub=… width="wide" %}<form>…</form>{% enddialog %}`.

    Inside, put the content in `<div class="sheet-body">` and the buttons in `<footer class="sheet-foot">`.
    """
    bits = token.split_contents()[1:]
    if not bits:
        raise TemplateSyntaxError("use {% dialog title [sub=…] [width='wide'|'narrow'] %}")
    title = parser.compile_filter(bits[0])
    options = token_kwargs(bits[1:], parser)
    body = parser.parse(("enddialog",))
    parser.delete_first_token()
    return Dialog(body, title, options)
