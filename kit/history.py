"""How something was: the log's pages, which other apps know by their addresses only."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse

from kit.htmx import private


def history_url(view: str, *args: int) -> str:
    """Return the address of a page that tells how something was, "" where no log is installed.

    Args:
        view: name of the page, "events:sim_then".
        args: of its address.
    """
    try:
        return reverse(view, args=args)
    except NoReverseMatch:
        return ""


def as_it_was(request: HttpRequest, view: str, *args: int) -> HttpResponse | None:
    """Send whoever asks a page for another moment (`?at=`) to the page of the log that tells it; `None` for others.

    That page decides who may read it, and also knows what is no longer here.

    Args: as `history_url`.
    """
    if "at" not in request.GET or not (url := history_url(view, *args)):
        return None
    query = request.GET.copy()
    for name in set(query) - {"at"}:
        del query[name]
    return private(HttpResponseRedirect(f"{url}?{query.urlencode()}"))
