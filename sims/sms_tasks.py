"""Celery's part in messages: those that nobody has received in time are given up."""

from __future__ import annotations
