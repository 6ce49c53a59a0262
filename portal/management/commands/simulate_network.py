"""`manage.py simulate_network`: the network of the demo, which delivers usage over HTTP like a real one."""

from __future__ import annotations

import argparse
import time
from typing import Any

from django.core.management import BaseCommand, CommandError

from kit.network_feed import network_feed_token
from portal.demo import ForeignDatabase, network, upkeep


class Command(BaseCommand):
    """Posts believable usage of the enabled devices; on the demo's database only."""

    help = (
        "Play the network: post believable usage of enabled devices, where they attach and roam, their data sessions,"
        " and the delivery of SMS that wait, to /api/v1/usage and /api/v1/events/ingest. Networks that a device or its"
        " coverage policy is kept off are not used. Only on the demo's database."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options: where to send, how often, and how much."""
        parser.add_argument("--url", default="http://localhost:8000", help="address of the portal")
        parser.add_argument("--token", default="", help="network feed token; the portal's own unless given")
        parser.add_argument("--interval", type=float, default=15.0, help="seconds between two deliveries")
        parser.add_argument("--devices", type=int, default=12, help="activated SIMs that report each time")
        parser.add_argument("--tested", type=int, default=2, help="SIMs in factory test that report each time")
        parser.add_argument("--rounds", type=int, default=0, help="deliveries; 0 goes on until it is stopped")
        parser.add_argument("--seed", type=int, help="makes a run repeatable")

    def handle(self, *args: Any, **options: Any) -> None:
        """Deliver until stopped.

        Raises:
            CommandError: the database is not the demo's, or the token is wrong.
        """
        try:
            demo = upkeep.is_loaded()
        except ForeignDatabase:
            demo = False
        if not demo:
            raise CommandError("This database was not made by the demo; invented usage would be charged to somebody.")
        player = network.DemoNetwork(
            url=options["url"],
            token=options["token"] or network_feed_token(),
            devices=options["devices"],
            tested=options["tested"],
            seed=options["seed"],
        )
        rounds = options["rounds"]
        try:
            while True:
                if told := player.deliver():
                    self.stdout.write(told)
                rounds -= 1
                if rounds == 0:
                    return
                time.sleep(options["interval"])
        except network.FeedRefused as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            return
