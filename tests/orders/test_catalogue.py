"""What the shop offers, and what a good address is."""

from __future__ import annotations

import pytest

from kit.errors import Invalid
from orders.addresses import AddressData, checked, checked_vat_id
from orders.services.catalogue import article_create, article_update
from tests.log import last, rows
from tests.orders.conftest import ADDRESS, Shop

pytestmark = pytest.mark.django_db


def test_articles_leave_10061(shop: Shop) -> None:
    with shop.cast.staffing():
        made = article_create(
            values={"name": "Chip", "sim_model_id": shop.single.sim_model_id, "size": 25}, prices={"EUR": 5_000}
        )
        article_update(article_id=made.pk, changes={}, prices={"EUR": 4_500, "USD": None})
        assert last().detail["changes"] == {"price_EUR": {"from": 5_000, "to": 4_500}}
        article_update(article_id=made.pk, changes={"active": False})
        article_update(article_id=made.pk, changes={"active": False})
    assert rows(shop.cast.operator) == [
        (10061, "Article 'Chip' created"),
        (10061, "Article 'Chip' updated"),
        (10061, "Article 'Chip' withdrawn"),
    ]


def test_one_article_sells_a_stock(shop: Shop) -> None:
    with shop.cast.staffing(), pytest.raises(Invalid, match="already sells"):
        article_create(values={"name": "Twin", "sim_model_id": shop.single.sim_model_id, "size": 1}, prices={"EUR": 1})


# --- addresses ---


@pytest.mark.parametrize(
    ("vat_id", "country", "found"),
    [
        ("DE294170417", "DE", "DE294170417"),
        ("294170417", "DE", "DE294170417"),
        ("EL094259216", "GR", "EL094259216"),
        ("CHE-100.155.212 MWST".replace("-", "").replace(".", "").replace(" ", ""), "CH", "CHE100155212MWST"),
        ("12345678", "US", "12345678"),
        ("T5835678256246", "JP", "T5835678256246"),
        ("GR094259216", "GR", "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("SM24165", "SM", "SM24165"),
    ],
)
def test_good_vat_ids(vat_id: str, country: str, found: str) -> None:
    assert checked_vat_id(vat_id, country) == found


@pytest.mark.parametrize(
    ("vat_id", "country"), [("DE294170416", "DE"), ("FR40303265045", "DE"), ("DE1", "DE"), ("!!!!", "US")]
)
def test_bad_vat_ids(vat_id: str, country: str) -> None:
    with pytest.raises(Invalid):
        checked_vat_id(vat_id, country)


def test_countries_come_from_the_list() -> None:
    with pytest.raises(Invalid) as refused:
        checked(AddressData.of({**ADDRESS.as_dict(), "country": "XX"}), billing=False, prefix="shipping_")
    assert refused.value.field == "shipping_country"
    assert checked(AddressData.of({**ADDRESS.as_dict(), "country": "de"}), billing=False).country == "DE"


@pytest.mark.parametrize("typed", ["DE 294 170 417", "DE-294.170.417", "de294170417", "DE 294\u00a0170–417\u200b"])
def test_a_vat_id_is_read_as_it_stands_on_paper(typed: str) -> None:
    data = AddressData.of({**ADDRESS.as_dict(), "vat_id": typed})
    assert checked(data, billing=True).vat_id == "DE294170417"
