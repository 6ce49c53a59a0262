"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()
# Reading them imports all views, for which the first visitor of each process would have to wait otherwise.
get_resolver().url_patterns  # noqa: B018
