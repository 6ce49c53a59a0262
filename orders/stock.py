"""What can be sold: the batches that lie in stock, less what is kept for open orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from orders.models import Article, Order, OrderLine
from orders.states import OPEN
from sims.models import Sim, SimBatch

_NOTHING: Final = Q(pk__in=())


def free_batches() -> QuerySet[SimBatch]:
    """Return the batches that belong to nobody yet, those with a SIM in use left out."""
    taken = Sim.objects.filter(batch=OuterRef("pk"), workspace__isnull=False)
    return SimBatch.objects.filter(~Exists(taken), workspace=None, registered_at=None, quantity__gt=0)


def available(articles: Iterable[Article]) -> dict[int, int]:
    """Return how many pieces of each article can be sold, by article id. Two queries.

    Correct for good only while the articles are locked; without, it is what a page shows.
    """
    wanted = list(articles)
    kinds = {(article.sim_model_id, article.size) for article in wanted}
    if not kinds:
        return {}
    in_stock = _NOTHING
    sold = _NOTHING
    for model_id, size in kinds:
        in_stock |= Q(model=model_id, quantity=size)
        sold |= Q(article__sim_model=model_id, size=size)
    there = {
        (model_id, size): count
        for model_id, size, count in free_batches()
        .filter(in_stock)
        .order_by()
        .values_list("model_id", "quantity")
        .annotate(count=Count("pk"))
    }
    kept = {
        (model_id, size): count
        for model_id, size, count in OrderLine.objects.filter(sold, order__status__in=OPEN)
        .order_by()
        .values_list("article__sim_model_id", "size")
        .annotate(count=Sum("quantity"))
    }
    return {
        article.pk: max(0, there.get(kind, 0) - kept.get(kind, 0))
        for article in wanted
        for kind in [(article.sim_model_id, article.size)]
    }


def locked_articles(ids: Iterable[int]) -> list[Article]:
    """Lock articles in id order, with their models and prices: who holds them decides about their stock.

    Without the key: a line that is written meanwhile for such an article is no obstacle.
    """
    articles = Article.objects.filter(pk__in=set(ids)).order_by("pk").select_for_update(of=("self",), no_key=True)
    return list(articles.prefetch_related("sim_model", "prices"))


def short_articles(order: Order) -> set[int]:
    """Return the ids of an open order's articles of which the stock holds fewer batches than the order needs.

    Normally none: stock is kept for open orders. But staff can hand out batches by themselves. A query for each line.
    """
    if order.status not in OPEN:
        return set()
    return {
        line.article_id
        for line in order.lines.select_related("article")
        if free_batches().filter(model_id=line.article.sim_model_id, quantity=line.size).count() < line.quantity
    }
