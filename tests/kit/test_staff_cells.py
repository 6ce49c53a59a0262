"""Cells of the lists of the admin site: a text alone is set by itself, however long it is."""

from __future__ import annotations

import pytest
from django.utils.safestring import mark_safe

from kit.templatetags.staff import linked


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("<td>Pump</td>", "<td><bdi>Pump</bdi></td>"),
        (
            '<td class="field-name"><a href="/1/">Pump 1</a></td>',
            '<td class="field-name"><a href="/1/"><bdi>Pump 1</bdi></a></td>',
        ),
        ('<th><a href="/1/">Pump</a></th>', '<th><a class="row-link" href="/1/"><bdi>Pump</bdi></a></th>'),
        ("<td>&nbsp;</td>", "<td><bdi>&nbsp;</bdi></td>"),
        ("<td> </td>", "<td> </td>"),
        ("<td>Pump <b>1</b></td>", "<td>Pump <b>1</b></td>"),
    ],
)
def test_a_text_alone(cell: str, shown: str) -> None:
    assert linked([mark_safe(cell)]) == [shown]


def test_a_long_text_before_a_tag_is_read_in_one_pass() -> None:
    """A customer's text in a list kept a worker busy for as long as the square of its length."""
    cell = mark_safe(f"<td>{'a ' * 200_000}<b>1</b></td>")
    assert linked([cell]) == [cell]
