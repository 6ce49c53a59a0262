"""Forms that make something, sent twice by one click: the second finds what the first has made.

The page carries a key (`{% form_key %}`). Whoever comes first claims it inside the transaction that makes the thing;
the other waits for that transaction, and gets the same answer. A form that was refused gives its key back.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

from django.contrib import messages
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from kit.action import retried
from kit.htmx import LEADING, TRIGGER, private
from kit.models import SubmittedForm

FIELD: Final = "form_key"
LIFETIME: Final = timedelta(days=1)
"""How long a key is remembered; nobody clicks twice that slowly."""
MOST_FORGOTTEN: Final = 100
"""How many old keys are forgotten with each new one."""
REPEATED: Final = (*LEADING, TRIGGER)
"""Headers of the first answer that the second has too."""

P = ParamSpec("P")
Q = TypeVar("Q", bound=HttpRequest)
R = TypeVar("R", bound=HttpResponseBase)
S = TypeVar("S")


def new_key() -> str:
    """Return a key for a form that is about to be shown."""
    return str(uuid.uuid4())


def sent_once(
    view: Callable[Concatenate[Q, P], R],
) -> Callable[Concatenate[Q, P], R]:
    """Carry out a view's form once, however often the same form is sent.

    What the view does is one transaction with the claim of the key. A form without a key is carried out as it is: of a
    program, or of a page from before an upgrade.

    Args:
        view: answers a form that was carried out with a redirect, a 204 for the dialog, or a page below 400; and one
            that was not with an error.
    """

    @wraps(view)
    def answer(request: Q, /, *args: P.args, **kwargs: P.kwargs) -> R:
        key = _key_of(request)
        if key is None:
            return view(request, *args, **kwargs)
        return cast(R, _claimed(key, request, lambda: view(request, *args, **kwargs)))

    return answer


def sent_once_method(
    view: Callable[Concatenate[S, Q, P], R],
) -> Callable[Concatenate[S, Q, P], R]:
    """Do as `sent_once` for a view that is a method."""

    @wraps(view)
    def answer(self: S, request: Q, /, *args: P.args, **kwargs: P.kwargs) -> R:
        key = _key_of(request)
        if key is None:
            return view(self, request, *args, **kwargs)
        return cast(R, _claimed(key, request, lambda: view(self, request, *args, **kwargs)))

    return answer


def _key_of(request: HttpRequest) -> str | None:
    """Return what the key of a form stands under: it counts for one person and one address."""
    if request.method != "POST":
        return None
    try:
        key = uuid.UUID(request.POST.get(FIELD, ""))
    except ValueError:
        return None
    # Of staff in place of a user the session says who it is, and both are in it.
    who = f"{getattr(request.user, 'pk', None)} {request.path} {key}"
    return hashlib.sha256(who.encode()).hexdigest()


# untold: which forms were sent; what they do is told by the actions of the view
@retried
def _claimed(key: str, request: HttpRequest, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    with transaction.atomic():
        made, new = SubmittedForm.objects.get_or_create(key=key)
        if not new:
            return _again(made, request)
        response = view()
        if connection.needs_rollback:
            return response
        if response.status_code < 400:
            made.answer = _answer_of(response)
            made.save(update_fields=["answer"])
            _forget()
        else:
            made.delete()
    return response


def _answer_of(response: HttpResponseBase) -> dict[str, Any]:
    headers = {name: response.headers[name] for name in REPEATED if name in response.headers}
    return {"status": response.status_code, "headers": headers}


def _again(made: SubmittedForm, request: HttpRequest) -> HttpResponse:
    """Answer the second time as the first, or by the form's page where the first answer was a page of its own."""
    headers = made.answer["headers"]
    response: HttpResponse
    if headers:
        response = HttpResponse(status=made.answer["status"], headers=headers)
    else:
        response = HttpResponseRedirect(request.path, status=303)
    if TRIGGER not in headers:
        messages.info(request, _("The form was sent twice. It was carried out once."))
    return private(response)


def _forget() -> None:
    old = SubmittedForm.objects.filter(created__lt=timezone.now() - LIFETIME)
    # Whoever else forgets at this moment has others.
    keys = list(old.select_for_update(skip_locked=True).values_list("key", flat=True)[:MOST_FORGOTTEN])
    if keys:
        SubmittedForm.objects.filter(key__in=keys).delete()
