"""Usage records as emnify's Data Streamer posts them: one or an array, answered with what became of each."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router

from kit.api.feed import NetworkFeedAuth, delivered
from kit.api.responses import json_response
from sims.usage.services.ingest import ingest

router = Router(tags=["Usage"], auth=NetworkFeedAuth())


@router.post("/usage", summary="Take in usage records")
def post_usage(request: HttpRequest) -> HttpResponse:
    """One record or an array, plain or gzip. Idempotent by the records' ids."""
    return json_response(ingest(delivered(request)).as_json())
