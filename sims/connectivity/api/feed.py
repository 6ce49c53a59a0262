"""What the network reports of SIMs, as emnify's Data Streamer posts its events."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router

from kit.api.feed import NetworkFeedAuth, delivered
from kit.api.responses import json_response
from sims.connectivity.services.reports import take_in_reports

router = Router(tags=["Network"], auth=NetworkFeedAuth())


@router.post("/events/ingest", summary="Take in what the network reports")
def post_reports(request: HttpRequest) -> HttpResponse:
    """One event or an array of them, plain or gzip: types 1, 2, 3, 5, 15 and 16. Idempotent by the events' ids.

    Always 200, with what became of each: how many were taken in, how many had come before, and which can't be and why.
    """
    return json_response(take_in_reports(delivered(request)).as_json())
