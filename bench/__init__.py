"""Benchmarks of the product against its own raw-SQL baselines, each pair in one run."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
django.setup()
