"""Every call with whatever fits its description, and much that does not: no 5xx, and no answer outside the document.

Schemathesis makes the requests from the OpenAPI document. Ids in paths are those of objects that exist, every second
time, so that more is reached than "not found". `FUZZ_EXAMPLES` asks for more of them than a normal run has time for,
`FUZZ_PATHS` (a regular expression) for some paths only.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
import schemathesis
from allauth.mfa.models import Authenticator
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import TrustedDevice
from accounts.sign_in.one_time_codes import new_secret
from accounts.sign_in.second_factors import MfaAdapter
from accounts.tokens.services import create_application_token
from orders.models import Article, Order
from sims.connectivity.services.messages import SmsText, send_sms
from sims.states import SimStatus
from tests.api.conftest import Program
from tests.cast import Cast
from tests.isolation.world import plant

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
PATHS = os.environ.get("FUZZ_PATHS", "")
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def known(cast: Cast) -> dict[str, list[Any]]:
    """Return ids that exist, by the name of the parameter in paths."""
    sims = cast.sims(6, status=SimStatus.ACTIVATED)
    devices = [cast.device(sim=sim) for sim in sims[:3]] + [cast.device()]
    service, coverage = cast.policies()
    key = Authenticator.objects.create(
        user=cast.owner, type="totp", data={"secret": MfaAdapter().encrypt(new_secret())}
    )
    trusted = TrustedDevice.objects.create(
        user=cast.owner, digest="0" * 64, expires=timezone.now() + timedelta(days=90)
    )
    with cast.acting(cast.owner):
        token = create_application_token(workspace_id=cast.acme.pk, description="Other").token
        message = send_sms(workspace_id=cast.acme.pk, device_id=devices[0].pk, sms=SmsText("Hello"))
    users: list[Any] = [cast.member.pk, cast.observer.pk, "my", cast.member.email]
    return {
        "sim_id": [sim.pk for sim in sims],
        "endpoint_id": [device.pk for device in devices],
        "profile_id": [service.pk, coverage.pk],
        "service_id": [1, 2, 3],
        "operator_id": [26201, 310150],
        "ratezone_id": [cast.plan.pk, cast.plan.pk * 10 + 2],
        "inclusive_volume_id": [cast.plan.pk],
        "country_id": [405],
        "user_id": users,
        "role_id": [1, 2, 3],
        "workspace_id": [cast.acme.pk, cast.bolt.pk],
        "organisation_id": ["my", cast.acme.pk],
        "bic": [cast.batch().bic],
        "key_id": [key.pk],
        "device_id": [trusted.pk],
        "token_id": [token.pk],
        "sms_id": [message.pk],
        "order_id": [plant(Order, cast).pk],
        "article_id": [plant(Article, cast).pk],
    }


def fuzzer(operation: Any, token: str, ids: dict[str, list[Any]], seen: Counter[int], mode: Any) -> Callable[[], None]:
    """Return a test that calls one operation some times and checks each answer."""

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def run(case: Any, data: st.DataObject) -> None:
        parameters = case.path_parameters or {}
        for name in parameters:
            if name in ids and data.draw(st.booleans()):
                parameters[name] = data.draw(st.sampled_from(ids[name]))
        answer = case.call(headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"})
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    return run


@pytest.fixture
def application(owner: Program, erp: Program) -> Iterator[WSGIHandler]:
    """The portal as a server runs it, on the connection of the test: at the end of a request it must stay open.

    Comes after those who sign in, because the test client connects these receivers again each time.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield WSGIHandler()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("whole_portal")
@pytest.mark.parametrize(
    ("who", "mode"),
    [
        ("person", GenerationMode.POSITIVE),
        ("person", GenerationMode.NEGATIVE),
        ("program", GenerationMode.POSITIVE),
    ],
)
def test_no_answer_outside_the_document(
    application: WSGIHandler, cast: Cast, owner: Program, erp: Program, who: str, mode: Any
) -> None:
    token = {"person": owner, "program": erp}[who].token
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", application)
    ids = known(cast)
    seen: Counter[int] = Counter()
    failures: list[str] = []
    called = 0
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # our own document has no broken operation
        if not re.search(PATHS, operation.path):
            continue
        called += 1
        try:
            fuzzer(operation, token, ids, seen, mode)()
        except hypothesis.errors.Unsatisfiable:
            continue  # nothing about this call can be wrong
        except (Exception, BaseExceptionGroup) as error:  # all findings are told at once
            failures.append(f"{operation.method.upper()} {operation.path}: {_told(error)}"[:1500])
    assert not failures, f"{len(failures)} of {called}:\n\n" + "\n\n".join(failures)
    assert called > (0 if PATHS else 120)
    assert sum(seen.values()) >= called
    print(f"{who}, {mode}: {called} operations, {sum(seen.values())} requests: {dict(sorted(seen.items()))}")


def _told(error: BaseException) -> str:
    inner = getattr(error, "exceptions", ())
    return "; ".join(str(each) for each in inner) or str(error)
