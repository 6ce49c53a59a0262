"""How values look on the pages: functions that give safe HTML to Django and Jinja2 templates alike.

They run once or more for every row of the long lists, hence plain string building.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

import lucide
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# How an identifier is grouped for the eye: IMSI as country, network, subscriber; IMEI as type, serial, check digit;
# everything else by four.
GROUPS: dict[str, tuple[int, ...]] = {"IMSI": (3, 2, 5, 5), "IMEI": (2, 6, 6, 2)}
BADGE_TONES = frozenset({"neutral", "accent", "good", "info", "warn", "bad", "muted"})
STATE_TONES = {
    "issued": "neutral",
    "activated": "good",
    "suspended": "warn",
    "factory_test": "info",
    "deleted": "muted",
    "enabled": "good",
    "disabled": "muted",
    "online": "good",
    "attached": "info",
    "offline": "muted",
    "blocked": "warn",
}
SEVERITIES: tuple[tuple[str, str], ...] = (("info", "info"), ("warn", "triangle-alert"), ("critical", "octagon-alert"))
VOLUME_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
RELATIVE_DAYS = 60


@functools.lru_cache(maxsize=512)
def _icon(name: str, size: int, label: str) -> SafeString:
    hidden = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    attributes = {"class": "icon", "focusable": "false", **hidden}
    return mark_safe(lucide._render_icon(name, size, **attributes))  # noqa: S308  (the package's own drawing)


def by_jinja(template: str, context: Mapping[str, Any]) -> SafeString:
    """A part of a page that is drawn once or more for every row, by a template below `templates/jinja`."""
    # Escaped by Jinja2 already; its backend only does not say so.
    return mark_safe(render_to_string(template, dict(context), using="jinja2"))  # noqa: S308


def icon(name: str, size: int = 16, label: str = "") -> SafeString:
    """An icon of the lucide set as inline SVG. `label` is for icons that stand without a word; `size` in px."""
    return _icon(str(name), int(size), str(label))


def copy_button(value: object, label: str = "") -> SafeString:
    """A small button that copies the plain value; it shows on hover and focus of its cell."""
    name = escape(_("Copy %(what)s") % {"what": label} if label else _("Copy"))
    text = escape(str(value))
    return mark_safe(  # noqa: S308
        f'<button type="button" class="copy" data-copy="{text}" aria-label="{name}" title="{name}"></button>'
    )


def identifier(value: object, label: str = "", copy: bool = True) -> SafeString:
    """An ICCID, IMSI, IMEI or EID in monospace, grouped for the eye only: what is copied has no spaces.

    Args:
        value: the digits; None or empty gives a dash.
        label: "ICCID", "IMSI", "IMEI", "EID": decides the groups and names the copy button.
        copy: whether a copy button follows.
    """
    text = "" if value is None else str(value)
    if not text:
        return dash()
    sizes = GROUPS.get(label, ())
    parts: list[str] = []
    at = 0
    for size in (*sizes, *((4,) * len(text))):
        if at >= len(text):
            break
        parts.append(f"<i>{escape(text[at : at + size])}</i>")
        at += size
    button = copy_button(text, label) if copy else ""
    return mark_safe(f'<span class="ident">{"".join(parts)}</span>{button}')  # noqa: S308


def dash() -> SafeString:
    """Return what stands in the place of a missing value."""
    return mark_safe(f'<span class="none" aria-label="{escape(_("none"))}">–</span>')  # noqa: S308


def bdi(text: object) -> SafeString:
    """A text that people chose, such as a name, by itself: from right to left it would turn what stands around it."""
    html = text.__html__() if hasattr(text, "__html__") else escape(str(text))
    return mark_safe(f"<bdi>{html}</bdi>")  # noqa: S308


def isolated(parts: Iterable[tuple[str, bool]]) -> SafeString:
    """A text in pieces, of which those with True are names."""
    return mark_safe("".join(bdi(text) if named else escape(text) for text, named in parts))  # noqa: S308


def number(value: float | None) -> str:
    """A count with separators: 2,431."""
    return "–" if value is None else f"{value:,}"


def volume(size: int | None) -> str:
    """A volume given in bytes, in the largest unit, with three figures: 1.24 GB. Units are decimal."""
    if size is None:
        return "–"
    amount, unit = float(size), 0
    # 999.5 would be written 1,000: it belongs to the next unit.
    while abs(amount) >= 999.5 and unit < len(VOLUME_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    decimals = 0 if unit == 0 or amount == 0 else max(0, 2 - math.floor(math.log10(abs(amount) + 1e-9)))
    return f"{amount:.{min(decimals, 2)}f}\u00a0{VOLUME_UNITS[unit]}"


def relative_text(moment: dt.datetime, now: dt.datetime) -> str:
    """Return how long ago a moment was, in one short word group: "3 h ago"."""
    seconds = (now - moment).total_seconds()
    ahead, seconds = seconds < 0, abs(seconds)
    if seconds < 45:
        return _("just now")
    if seconds < 3600:
        amount = max(1, round(seconds / 60))
        text = ngettext("%(n)d min", "%(n)d min", amount) % {"n": amount}
    elif seconds < 86_400:
        amount = round(seconds / 3600)
        text = ngettext("%(n)d h", "%(n)d h", amount) % {"n": amount}
    elif seconds < RELATIVE_DAYS * 86_400:
        amount = round(seconds / 86_400)
        text = ngettext("%(n)d day", "%(n)d days", amount) % {"n": amount}
    else:
        return timezone.localtime(moment).strftime("%Y-%m-%d")
    return (_("in %(span)s") if ahead else _("%(span)s ago")) % {"span": text}


def _both_zones(moment: dt.datetime) -> tuple[str, str, str]:
    local, utc = timezone.localtime(moment), moment.astimezone(dt.UTC)
    shown = local.strftime("%Y-%m-%d %H:%M:%S")
    in_utc = utc.strftime("%Y-%m-%d %H:%M:%S UTC")
    both = in_utc if local.utcoffset() == dt.timedelta(0) else f"{shown} {local.tzname()} · {in_utc}"
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"), shown, both


def when(moment: dt.datetime | None, now: dt.datetime | None = None) -> SafeString:
    """A moment as `<time>`: relative and absolute text, of which the page shows the one the user chose.

    The title holds the absolute moment in the viewer's zone and in UTC.
    """
    if moment is None:
        return dash()
    machine, shown, both = _both_zones(moment)
    relative = escape(relative_text(moment, now or timezone.now()))
    return mark_safe(  # noqa: S308
        f'<time datetime="{machine}" title="{escape(both)}" data-rel><span class="t-rel">{relative}</span>'
        f'<span class="t-abs">{shown}</span></time>'
    )


def zone_name() -> str:
    """The name of the zone in which moments are shown."""
    return timezone.get_current_timezone_name()


def when_absolute(moment: dt.datetime | None) -> SafeString:
    """A moment in the viewer's zone and in UTC, both written out."""
    if moment is None:
        return dash()
    machine, _shown, both = _both_zones(moment)
    return mark_safe(f'<time datetime="{machine}">{escape(both)}</time>')  # noqa: S308


def badge(text: str, tone: str = "neutral") -> SafeString:
    """A small label. Tones: neutral, accent, good, info, warn, bad, muted."""
    if tone not in BADGE_TONES:
        raise ValueError(f"Unknown badge tone {tone!r}")
    return mark_safe(f'<span class="badge badge--{tone}">{escape(str(text))}</span>')  # noqa: S308


def state_badge(key: str, label: str) -> SafeString:
    """The state of a SIM or device: its exact name with a mark whose shape differs as well as its colour."""
    tone = STATE_TONES.get(str(key), "neutral")
    return mark_safe(  # noqa: S308
        f'<span class="badge badge--{tone} state" data-state="{escape(str(key))}">{escape(str(label))}</span>'
    )


def severity(level: int, label: str) -> SafeString:
    """The severity of an event, as icon and word. Levels: 0 info, 1 warning, 2 critical; others read as info."""
    key, drawing = SEVERITIES[level] if level in (0, 1, 2) else SEVERITIES[0]
    return mark_safe(  # noqa: S308
        f'<span class="severity severity--{key}">{icon(drawing, 14)}{escape(str(label))}</span>'
    )


def select_cell(row_id: object, label: object) -> SafeString:
    """The first cell of a row that can be selected; the checkbox belongs to the bulk form."""
    name = escape(_("Select %(what)s") % {"what": label})
    return mark_safe(  # noqa: S308
        f'<td class="col-select"><input type="checkbox" name="ids" value="{escape(str(row_id))}" form="bulk-form" '
        f'data-select aria-label="{name}"></td>'
    )


@functools.lru_cache(maxsize=256)
def _choice_lines(name: str, choices: tuple[Any, ...], focus: bool) -> SafeString:
    lines = []
    for choice in choices:
        if group := getattr(choice, "group", ""):
            lines.append(f'<p class="choice-group">{escape(group)}</p>')
        checked = " checked" if choice.checked else ""
        first = " data-panel-first" if focus and choice is choices[0] else ""
        lines.append(
            f'<label class="choice"><input type="checkbox" name="{escape(name)}" value="{escape(choice.value)}"'
            f"{checked}{first}><span>{bdi(choice.label)}</span></label>"
        )
    return mark_safe("\n".join(lines))  # noqa: S308


def choice_lines(name: str, choices: Iterable[Any], focus: bool) -> SafeString:
    """The boxes of a panel of choices. There may be hundreds, mostly the same on every page: drawn ones are kept.

    Args:
        name: of the parameter.
        choices: `kit.filters.Choice` rows, hashable, with texts that are translated already.
        focus: whether the first box takes the focus when the panel opens.
    """
    return _choice_lines(name, tuple(choices), focus)


GLOBALS: dict[str, Callable[..., Any]] = {
    "bdi": bdi,
    "choice_lines": choice_lines,
    "icon": icon,
    "copy_button": copy_button,
    "identifier": identifier,
    "dash": dash,
    "number": number,
    "volume": volume,
    "when": when,
    "when_absolute": when_absolute,
    "zone_name": zone_name,
    "badge": badge,
    "state_badge": state_badge,
    "severity": severity,
    "select_cell": select_cell,
}
"""Everything that templates may call, by name."""
