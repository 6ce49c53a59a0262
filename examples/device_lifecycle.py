"""The life of a device over the REST API: registered, created, tested, activated, reset, disabled, released, deleted.

Needs nothing but Python. Start the portal in one terminal and this in another:

    make run
    python3 examples/device_lifecycle.py

It takes its application token and a batch to register from the demo (`manage.py seed_demo --json`, so it needs the
`DATABASE_URL` that `make run` had); name another portal by `--url`, `--token` and `--bic`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class Refused(Exception):
    """The API answered with an error object."""


class Client:
    """A client of the API.

    Args:
        url: of the portal.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.token = ""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the JSON of its answer, `None` for an empty one. Raises Refused."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api{path}", data, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: {error.code} {error.read().decode()}") from error
        return json.loads(content) if content else None


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def demo() -> dict[str, Any]:
    """Return what the demo offers: tokens, batches, profiles. Raises Refused where this environment has no demo."""
    command = [sys.executable, str(ROOT / "manage.py"), "seed_demo", "--json"]
    venv = ROOT / ".venv" / "bin" / "python"
    if venv.exists():
        command[0] = str(venv)
    answer = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603
    if answer.returncode:
        told = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Refused(
            f"The demo's token could not be read ({told}). "
            "Set DATABASE_URL as for `make run`, or give --token and --bic."
        )
    found: dict[str, Any] = json.loads(answer.stdout.strip().splitlines()[-1])
    return found


def first(rows: list[dict[str, Any]], what: str) -> dict[str, Any]:
    """Return the first row. Raises Refused when there is none."""
    if not rows:
        raise Refused(f"There is no {what} in this workspace.")
    return rows[0]


def live(client: Client, bic: str) -> int:
    """Walk a device through its life and return its id. Raises Refused."""
    say(f"Register the batch {bic}")
    sims = client.call("PATCH", f"/v1/sim_batch/bic/{bic}", {"sim_status": {"id": 0}})["sim"]
    sim = first(sims, "SIM")
    say(f"  {len(sims)} SIM(s), the first is {sim['iccid']}")

    service = first(client.call("GET", "/v1/service_profile"), "service profile")
    tariff = first(client.call("GET", "/v1/tariff_profile"), "tariff profile")
    say("Create a device with it, in factory test where the package has that")
    endpoint = client.call(
        "POST",
        "/v1/endpoint",
        {
            "name": f"Example device {int(time.time())}",
            "tags": "example",
            "status": {"id": 0},
            "service_profile": {"id": service["id"]},
            "tariff_profile": {"id": tariff["id"]},
            "sim": {"id": sim["id"], "activate": True},
        },
    )
    path = f"/v1/endpoint/{endpoint['id']}"
    say(f"  device {endpoint['id']}, SIM {endpoint['sim']['status']['description']}")

    steps: list[tuple[str, str, str, Any]] = [
        ("Give it a name", "PATCH", path, {"name": "Example pump"}),
        ("Keep it off a network", "PUT", f"{path}/operator_blacklist/26203", None),
        ("Send it an SMS", "POST", f"{path}/sms", {"payload": "status?", "source_address": "12345"}),
        ("Activate its SIM", "PATCH", f"/v1/sim/{sim['id']}", {"status": {"id": 1}}),
        ("Reset its connection", "PATCH", f"{path}/connectivity", {"pdp_context": None, "location": None}),
        ("Disable it, SIM and all", "PATCH", path, {"status": {"id": 1}, "sim": {"status": {"id": 2}}}),
        ("Enable it again", "PATCH", path, {"status": {"id": 0}, "sim": {"status": {"id": 1}}}),
        ("Suspend its SIM", "PATCH", f"/v1/sim/{sim['id']}", {"status": {"id": 2}}),
        ("Release its SIM", "PATCH", path, {"sim": {"id": None}}),
        ("Delete the device", "DELETE", path, None),
        ("Delete the SIM", "DELETE", f"/v1/sim/{sim['id']}", None),
    ]
    for text, method, step_path, body in steps:
        client.call(method, step_path, body)
        say(text)
    return int(endpoint["id"])


def tell(client: Client, endpoint_id: int) -> None:
    """Print what the log says of the device."""
    say("\nWhat the log says of it:")
    for event in client.call("GET", f"/v1/endpoint/{endpoint_id}/event?per_page=100"):
        kind = event["event_type"]
        say(f"  {event['timestamp']}  {kind['id']:>5} {kind['description']:<28} {event['description']}")


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Drive the life cycle of a device over the REST API.")
    parser.add_argument("--url", default="http://localhost:8000", help="address of the portal")
    parser.add_argument("--token", help="value of an application token; the demo's unless given")
    parser.add_argument("--bic", help="batch to register; one of the demo's unless given")
    options = parser.parse_args()
    token, bics = options.token, [options.bic] if options.bic else []
    client = Client(options.url)
    try:
        if not token or not bics:
            workspace = demo()["workspaces"][0]
            token, bics = token or workspace["application_token"], bics or workspace["bics"]
        client.token = client.call("POST", "/v1/authenticate", {"application_token": token})["auth_token"]
        if not bics:
            raise Refused("The demo has no batch left to register. Name one by --bic.")
        tell(client, live(client, bics[0]))
    except Refused as error:
        say(f"Refused: {error}")
        return 1
    except urllib.error.URLError as error:
        say(f"{options.url} does not answer: {error.reason}. Is `make run` running? --url names another address.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
