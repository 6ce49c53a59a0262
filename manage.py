#!/usr/bin/env python
"""Django's command line for the portal."""

import os
import sys

from portal.version import version_line


def main() -> None:
    """Run a management command with the portal's settings."""
    if sys.argv[1:] in (["version"], ["--version"]):
        # Django answers these two itself, before it looks for commands, and would name its own version alone.
        sys.stdout.write(f"{version_line()}\n")
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415  (after the settings are named)

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
