"""The page on which an order is packed: which boxes, each checked by its BIC, and the slip that lies in the parcel.

A scanner types a BIC and presses Enter. Enter is "Check box", the first button of the form, so a scan never ships.
What was checked travels with the form; nothing is stored before the parcel leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.errors import Invalid
from kit.rendering import number
from orders.models import Order, ShippingProvider
from orders.packing import Box, Need, box_for, needs_of
from orders.services.shipping import MOST_REFERENCE


class ShipForm(forms.Form):
    """The question who carries the parcel of an order, and by which reference it is tracked."""

    provider = forms.ModelChoiceField(
        label=gettext_lazy("Shipping provider"), queryset=ShippingProvider.objects.none(), empty_label=None
    )
    reference = forms.CharField(
        label=gettext_lazy("Tracking reference"),
        max_length=MOST_REFERENCE,
        required=False,
        help_text=gettext_lazy("As the provider gives it; the customer sees it."),
    )
    unscanned = forms.BooleanField(
        label=gettext_lazy("Ship boxes that were not scanned"),
        required=False,
        help_text=gettext_lazy("Tick this only when you have compared the BICs by eye."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provider = self.fields["provider"]
        if isinstance(provider, forms.ModelChoiceField):
            provider.queryset = ShippingProvider.objects.filter(active=True)


@dataclass(slots=True)
class Parcel:
    """What is chosen for the parcel of an order so far.

    Args:
        order: which is packed.
        chosen: ids of batches, in the order in which they were chosen.
        checked: of these, those whose BIC was scanned.
        said: what the last scan did, "" for none.
        refused: why the last scan was refused, "" if it was not.
        scanned: what was scanned and refused, to be looked at again.
    """

    order: Order
    chosen: list[int]
    checked: set[int] = field(default_factory=set)
    said: str = ""
    refused: str = ""
    scanned: str = ""

    @classmethod
    def read(cls, order: Order, data: QueryDict | None) -> Parcel:
        """Return the parcel that a form describes; the oldest batches for a page that is opened."""
        if data is None:
            return cls(order, [pk for need in needs_of(order) for pk in need.oldest])
        chosen = _ids(data.getlist("box"))
        return cls(order, chosen, {pk for pk in _ids(data.getlist("checked")) if pk in chosen})

    def scan(self, text: str) -> None:
        """Check a box: it is one of those chosen, or comes in place of one that was not checked."""
        try:
            batch = box_for(self.order, text)
        except Invalid as error:
            self.refused, self.scanned = error.message, text.strip()[:40]
            return
        values = {"bic": batch.bic}
        if batch.pk in self.checked:
            self.said = _("Batch %(bic)s was checked before.") % values
        elif batch.pk in self.chosen:
            self.said = _("Batch %(bic)s is checked.") % values
        elif not self._exchange(batch.pk):
            self.refused = _("Batch %(bic)s is one too many: all boxes of this kind are checked.") % values
            self.scanned = batch.bic
            return
        else:
            self.said = self.said or _("Batch %(bic)s is checked and chosen.") % values
        self.checked.add(batch.pk)

    def _exchange(self, batch_id: int) -> bool:
        """Choose a batch in place of the newest one that was not checked; tell whether there was room for it."""
        for need in needs_of(self.order, besides=[*self.chosen, batch_id]):
            here = {box.batch.pk: box.batch for box in need.boxes}
            if batch_id not in here:
                continue
            taken = [pk for pk in self.chosen if pk in here]
            loose = [pk for pk in taken if pk not in self.checked]
            if len(taken) >= need.line.quantity:
                if not loose:
                    continue
                left = max(loose)
                self.chosen.remove(left)
                self.said = _("Batch %(bic)s is checked, in place of %(other)s.") % {
                    "bic": here[batch_id].bic,
                    "other": here[left].bic,
                }
            self.chosen.append(batch_id)
            return True
        return False

    def lines(self) -> list[ParcelLine]:
        """Return what the page shows."""
        needs = needs_of(self.order, besides=self.chosen)
        return [ParcelLine(need, *self._split(need)) for need in needs]

    def _split(self, need: Need) -> tuple[list[PackedBox], list[PackedBox]]:
        boxes = [PackedBox(box, box.batch.pk in self.chosen, box.batch.pk in self.checked) for box in need.boxes]
        return [each for each in boxes if each.chosen], [each for each in boxes if not each.chosen]

    @property
    def unchecked(self) -> int:
        """Return how many boxes were not scanned."""
        return len(set(self.chosen) - self.checked)

    def progress(self) -> str:
        """Return how far the check is, in words."""
        total = len(self.chosen)
        text = ngettext("%(done)s of %(n)s box scanned", "%(done)s of %(n)s boxes scanned", total)
        return text % {"done": number(len(self.checked)), "n": number(total)}


@dataclass(frozen=True, slots=True)
class PackedBox:
    """A batch on the page, whether it is chosen, and whether it was scanned."""

    box: Box
    chosen: bool
    checked: bool


@dataclass(frozen=True, slots=True)
class ParcelLine:
    """An article on the page: the boxes that are chosen for it, and others in stock."""

    need: Need
    boxes: Sequence[PackedBox]
    others: Sequence[PackedBox]

    @property
    def missing(self) -> int:
        """Return how many boxes have still to be chosen."""
        return max(0, self.need.line.quantity - len(self.boxes))


def _ids(values: Sequence[str]) -> list[int]:
    return list(dict.fromkeys(int(each) for each in values if each.isascii() and each.isdigit() and len(each) < 19))
