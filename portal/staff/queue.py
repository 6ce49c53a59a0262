"""What waits for staff: the overview of the admin site.

Each kind of work says how much there is, since when, and where it is done. Whoever may not see a page does not see its
work, and whoever may not act has no button. Every kind takes one or two queries, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User, WorkspaceRequest
from accounts.sign_in.authentication import LOCK_TIME
from events.guard_checks import guard_problems
from events.replay.selectors import replay_problems
from events.seals.selectors import seal_problems
from kit.models import Job, OutgoingMail
from kit.rendering import number
from orders.models import Article, MoneyTransfer, Order, PaymentMethod
from orders.states import OrderStatus
from orders.stock import available
from portal.health import cache_answers

STUCK: Final = timedelta(minutes=10)
"""After this long without a sign of life somebody should look at a job or a mail: sweeps run every minute."""
SHOWN_JOBS: Final = 5
SHOWN_ARTICLES: Final = 5


@dataclass(frozen=True, slots=True)
class Work:
    """Work of one kind.

    Args:
        label: what waits, in the plural.
        icon: its drawing.
        count: how much.
        url: the list of it, "" for none.
        oldest: since when the oldest waits; `None` where that says nothing.
        verb, act_url: the button, "" for whoever may not act.
        post: whether the button acts by itself, in place of leading to a page.
        lines: what to say besides.
        tone: of the count: "warn" or "bad".
    """

    label: Any
    icon: str
    count: int
    url: str = ""
    oldest: datetime | None = None
    verb: Any = ""
    act_url: str = ""
    post: bool = False
    lines: Sequence[Any] = field(default_factory=tuple)
    tone: str = "warn"


def work_for(request: HttpRequest) -> list[Work]:
    """Return what waits for this person, the most urgent kind first."""
    found = [make(request) for make in KINDS]
    return [work for work in found if work is not None and work.count]


def _sees(request: HttpRequest, right: str) -> bool:
    return bool(request.user.has_perm(right))


def _list(name: str, query: str = "") -> str:
    return reverse(f"admin:{name}_changelist") + (f"?{query}" if query else "")


def _extent(rows: QuerySet[Any], since: str) -> tuple[int, datetime | None]:
    """Return how many rows there are, and the earliest moment in a column. One query."""
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min(since))
    return found["count"], found["oldest"]


def checks(request: HttpRequest) -> Work:
    """What the checks of log, tables, guards and cache have found."""
    problems = [*guard_problems(), *seal_problems(), *replay_problems()]
    if not cache_answers():
        problems.append((_("The cache does not answer. Every page works without it, more slowly."), "warn"))
    tone = "bad" if any(each == "bad" for _text, each in problems) else "warn"
    url = _list("events_sealcheck") if _sees(request, "events.view_sealcheck") else ""
    return Work(
        gettext_lazy("Checks that fail"),
        "shield-alert",
        len(problems),
        url,
        verb=gettext_lazy("See the checks") if url else "",
        act_url=url,
        lines=[text for text, _tone in problems],
        tone=tone,
    )


def orders_to_ship(request: HttpRequest) -> Work | None:
    """Orders that are paid. The button leads to the one that waits for longest."""
    if not _sees(request, "orders.view_order"):
        return None
    rows = Order.objects.filter(status=OrderStatus.PAID)
    count, oldest = _extent(rows, "paid_at")
    first = rows.order_by("paid_at", "pk").values_list("pk", flat=True).first() if count else None
    may = first is not None and _sees(request, "orders.change_order")
    return Work(
        gettext_lazy("Paid orders to ship"),
        "truck",
        count,
        _list("orders_order", f"status={OrderStatus.PAID.value}"),
        oldest,
        gettext_lazy("Ship the oldest") if may else "",
        reverse("admin:orders_order_ship", args=[first]) if may else "",
    )


def orders_to_be_paid(request: HttpRequest) -> Work | None:
    """Orders on invoice: only staff see that the money has come."""
    if not _sees(request, "orders.view_order"):
        return None
    rows = Order.objects.filter(status=OrderStatus.SUBMITTED, payment_method=PaymentMethod.BANK_TRANSFER)
    count, oldest = _extent(rows, "submitted_at")
    url = _list("orders_order", f"status={OrderStatus.SUBMITTED.value}&payment={PaymentMethod.BANK_TRANSFER.value}")
    may = _sees(request, "orders.change_order")
    return Work(
        gettext_lazy("Orders that wait for a bank transfer"),
        "landmark",
        count,
        url,
        oldest,
        gettext_lazy("Mark paid") if may else "",
        url if may else "",
    )


def workspace_requests(request: HttpRequest) -> Work | None:
    """What customers ask of staff. The button leads to the request that waits for longest."""
    if not _sees(request, "accounts.view_workspacerequest"):
        return None
    rows = WorkspaceRequest.objects.filter(status=WorkspaceRequest.Status.OPEN)
    count, oldest = _extent(rows, "created")
    first = rows.order_by("created", "pk").values_list("pk", flat=True).first() if count else None
    may = first is not None and _sees(request, "accounts.change_workspacerequest")
    return Work(
        gettext_lazy("Workspace requests"),
        "inbox",
        count,
        _list("accounts_workspacerequest", f"status={WorkspaceRequest.Status.OPEN.value}"),
        oldest,
        gettext_lazy("Answer the oldest") if may else "",
        reverse("admin:accounts_workspacerequest_change", args=[first]) if may else "",
    )


def mails(request: HttpRequest) -> Work | None:
    """Mails that were given up, or should have gone long ago."""
    if not _sees(request, "kit.view_outgoingmail"):
        return None
    rows = OutgoingMail.objects.filter(Q(given_up=True) | Q(created__lt=timezone.now() - STUCK))
    count, oldest = _extent(rows, "created")
    url = _list("kit_outgoingmail")
    may = _sees(request, "kit.change_outgoingmail")
    return Work(
        gettext_lazy("Mails that do not go"),
        "mail-warning",
        count,
        url,
        oldest,
        gettext_lazy("Try again") if may else "",
        url if may else "",
    )


def transfers(request: HttpRequest) -> Work | None:
    """Money that a provider has not taken or given back."""
    if not _sees(request, "orders.view_moneytransfer"):
        return None
    count, oldest = _extent(MoneyTransfer.objects.filter(given_up=True, done=None), "created")
    url = _list("orders_moneytransfer", "state=given_up")
    may = _sees(request, "orders.change_order")
    return Work(
        gettext_lazy("Money transfers given up"),
        "arrow-left-right",
        count,
        url,
        oldest,
        gettext_lazy("Try again") if may else "",
        url if may else "",
        tone="bad",
    )


def stock(request: HttpRequest) -> Work | None:
    """Articles on sale of which few pieces or none are left."""
    if not _sees(request, "orders.view_article"):
        return None
    articles = list(Article.objects.filter(active=True).order_by("name"))
    left = available(articles)
    low = sorted((each for each in articles if left[each.pk] <= settings.SHOP_LOW_STOCK), key=lambda a: left[a.pk])
    may = _sees(request, "sims.add_simbatch")
    lines = [_stock_line(article.name, left[article.pk]) for article in low[:SHOWN_ARTICLES]]
    if len(low) > SHOWN_ARTICLES:
        more = len(low) - SHOWN_ARTICLES
        lines.append(ngettext("%(n)s more article", "%(n)s more articles", more) % {"n": number(more)})
    return Work(
        gettext_lazy("Articles low in stock"),
        "package-minus",
        len(low),
        _list("orders_article"),
        verb=gettext_lazy("New batch") if may else "",
        act_url=reverse("admin:sims_simbatch_add") if may else "",
        lines=lines,
        tone="bad" if any(left[each.pk] == 0 for each in low) else "warn",
    )


def _stock_line(name: str, left: int) -> str:
    if not left:
        return _("%(name)s: none left") % {"name": name}
    return ngettext("%(name)s: %(n)s piece left", "%(name)s: %(n)s pieces left", left) % {
        "name": name,
        "n": number(left),
    }


def locked_accounts(request: HttpRequest) -> Work | None:
    """People who are locked out after failed sign-ins."""
    if not _sees(request, "accounts.view_user"):
        return None
    rows = User.objects.filter(status=User.Status.ACTIVE, locked_until__gt=timezone.now())
    count, first = _extent(rows, "locked_until")
    url = _list("accounts_user", "status=locked")
    may = _sees(request, "accounts.change_user")
    return Work(
        gettext_lazy("Locked accounts"),
        "lock",
        count,
        url,
        first - LOCK_TIME if first is not None else None,
        gettext_lazy("Unlock") if may else "",
        url if may else "",
    )


def stuck_jobs() -> QuerySet[Job]:
    """Return the jobs that no worker has taken up, or of which nothing was heard for long."""
    before = timezone.now() - STUCK
    lost = Q(state=Job.State.QUEUED, created__lt=before) | Q(state=Job.State.RUNNING, beat__lt=before)
    # Named once more as the index has it.
    return Job.objects.filter(lost, state__in=(Job.State.QUEUED, Job.State.RUNNING)).order_by("created")


def jobs(request: HttpRequest) -> Work | None:
    """Work of customers that stands still. The button asks workers to take it up."""
    if not _sees(request, "kit.view_job"):
        return None
    rows = stuck_jobs()
    count, oldest = _extent(rows, "created")
    lines = []
    for job in rows[:SHOWN_JOBS] if count else ():
        values = {"title": job.title, "done": number(job.done), "total": number(job.total), "id": job.workspace_id}
        lines.append(_("%(title)s, workspace %(id)s: %(done)s of %(total)s done") % values)
    may = _sees(request, "kit.change_job")
    return Work(
        gettext_lazy("Jobs that stand still"),
        "hourglass",
        count,
        oldest=oldest,
        verb=gettext_lazy("Wake workers") if may else "",
        act_url=reverse("admin:wake_jobs") if may else "",
        post=True,
        lines=lines,
        tone="bad",
    )


KINDS: Final[tuple[Callable[[HttpRequest], Work | None], ...]] = (
    checks,
    jobs,
    transfers,
    orders_to_ship,
    workspace_requests,
    locked_accounts,
    mails,
    orders_to_be_paid,
    stock,
)
"""Kinds of work, in the order of the page."""
