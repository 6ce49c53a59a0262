"""The Jinja2 environment of the row templates (`templates/jinja`)."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext, ngettext, npgettext, pgettext
from jinja2 import Environment, StrictUndefined

from kit.rendering import GLOBALS


def environment(**options: Any) -> Environment:
    """An environment that always escapes, knows `_()` and fails on a misspelt name.

    Args:
        options: what Django's Jinja2 backend passes (loader, autoescape, auto_reload).
    """
    options["autoescape"] = True
    options.setdefault("undefined", StrictUndefined)
    options.setdefault("trim_blocks", True)
    options.setdefault("lstrip_blocks", True)
    made = Environment(extensions=["jinja2.ext.i18n"], **options)  # noqa: S701  (autoescape is set above)
    made.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        gettext=gettext, ngettext=ngettext, pgettext=pgettext, npgettext=npgettext, newstyle=True
    )
    made.globals.update(GLOBALS, static=static, url=reverse)
    return made
