"""Serve the gallery with 2,431 sample rows: `python -m tests.ui_gallery.serve [port]`."""

import datetime as dt
import os
import random
import sys

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.ui_gallery.settings"
ROWS = 2431


def main() -> None:
    django.setup()
    from tests.ui_gallery.models import Sample
    from tests.ui_gallery.views import STATES

    call_command("migrate", run_syncdb=True, verbosity=0)
    chance = random.Random(7)
    now = dt.datetime.now(dt.UTC)
    states = list(STATES)
    Sample.objects.bulk_create(
        Sample(
            iccid=f"89883030000{n:08}",
            imsi=f"90143{n:010}" if n % 7 else "",
            name=f"Cold chain tracker {n}" if n % 5 else "",
            state=chance.choices(states, (20, 60, 12, 6, 2))[0],
            volume=int(chance.random() ** 4 * 3e9),
            created=now - dt.timedelta(minutes=n * n // 60),
        )
        for n in range(ROWS)
    )
    call_command(
        "runserver",
        sys.argv[1] if len(sys.argv) > 1 else "8765",
        use_reloader=False,
        use_threading=True,
        insecure_serving=True,
    )


if __name__ == "__main__":
    main()
