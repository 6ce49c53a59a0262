"""Articles, and what a workspace can buy of them."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Query, Router

from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import ApiRequest
from accounts.tokens.staff_callers import as_staff
from kit.api.errors import Code, WireError
from kit.api.lists import Limits, PageQuery, page_response, read_page
from kit.api.responses import created, json_response, no_content
from kit.api.types import PathId
from orders.api.bodies import ArticleBody, ArticlePatch, PriceBody, article_values
from orders.api.wire import CURRENCIES, article_object, option_object, product_object, provider_object
from orders.models import Article, ShippingProvider
from orders.quotes import options_of
from orders.selectors import products_of
from orders.services.catalogue import article_create, article_update
from orders.stock import available

router = Router(tags=["SIM shop"])

LIMITS: Final = Limits(default=1_000, most=1_000)
CHANGE: Final = "orders.change_article"


def _read(articles: QuerySet[Article]) -> list[Article]:
    return list(articles.select_related("sim_model").prefetch_related("prices"))


def _one(article_id: int) -> Article:
    found = _read(Article.objects.filter(pk=article_id))
    if not found:
        raise WireError(404, Code.NOT_FOUND, f"Article with id {article_id} not found")
    return found[0]


def _prices(prices: list[PriceBody]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for price in prices:
        code = CURRENCIES.get(price.currency.id)
        if code is None:
            raise WireError(422, Code.INVALID_REFERENCE, f"Currency with Id '{price.currency.id}' not found.")
        found[code] = price.amount
    return found


@router.get("/article", summary="List articles")
def list_articles(request: ApiRequest, query: Query[PageQuery]) -> HttpResponse:
    """All articles with their prices and stock, those that are sold no longer too."""
    authorise(request.auth.workspace.pk, Permission.INVENTORY_READ)
    articles = Article.objects.order_by("pk")

    def fetch(offset: int, limit: int) -> list[dict[str, object]]:
        found = _read(articles[offset : offset + limit])
        stock = available(found)
        return [article_object(article, stock[article.pk]) for article in found]

    page, rows = read_page(query, LIMITS, fetch=fetch, count=articles.count)
    return page_response(request, page, rows, sort="id")


@router.post("/article", summary="Create an article")
def post_article(request: ApiRequest, body: ArticleBody) -> HttpResponse:
    """The operator's staff create an article, signed in to the operator's workspace, where it leaves event 10061."""
    with as_staff(request, "orders.add_article"):
        article = article_create(values=article_values(body), prices=_prices(body.prices))
    made = _one(article.pk)
    return created(request, article_object(made, available([made])[made.pk]), f"/api/v1/shop/article/{made.pk}")


@router.get("/article/{article_id}", summary="Get an article")
def get_article(request: ApiRequest, article_id: PathId) -> HttpResponse:
    """One article."""
    authorise(request.auth.workspace.pk, Permission.INVENTORY_READ)
    article = _one(article_id)
    return json_response(article_object(article, available([article])[article.pk]))


@router.patch("/article/{article_id}", summary="Change an article")
def patch_article(request: ApiRequest, article_id: PathId, body: ArticlePatch) -> HttpResponse:
    """The operator's staff change an article. Orders that were placed keep their prices."""
    with as_staff(request, CHANGE):
        article_update(article_id=article_id, changes=article_values(body), prices=_prices(body.prices))
    return no_content()


@router.delete("/article/{article_id}", summary="Withdraw an article")
def delete_article(request: ApiRequest, article_id: PathId) -> HttpResponse:
    """The operator's staff withdraw an article: it is sold no longer. Orders that have it keep it, so the row stays."""
    with as_staff(request, CHANGE):
        article_update(article_id=article_id, changes={"active": False})
    return no_content()


@router.get("/product", summary="List what can be bought")
def list_products(request: ApiRequest) -> HttpResponse:
    """Articles that are sold in the workspace's currency and in stock."""
    workspace = request.auth.workspace
    authorise(workspace.pk, Permission.INVENTORY_READ)
    products = [product for product in products_of(workspace) if product.available]
    return json_response([product_object(product, workspace.currency) for product in products])


@router.get("/shipping_option", summary="List ways of shipping")
def list_shipping_options(request: ApiRequest) -> HttpResponse:
    """The shipping options that can be chosen in the workspace's currency, cheapest first."""
    authorise(request.auth.workspace.pk, Permission.INVENTORY_READ)
    return json_response([option_object(option) for option in options_of(request.auth.workspace).values()])


@router.get("/shipping_provider", summary="List shipping providers")
def list_shipping_providers(request: ApiRequest) -> HttpResponse:
    """The companies that carry parcels, with the ids of `shipped_with_provider_id`; those out of use too."""
    authorise(request.auth.workspace.pk, Permission.INVENTORY_READ)
    return json_response([provider_object(provider) for provider in ShippingProvider.objects.order_by("pk")])
