"""The benchmark command: makes its databases, runs what is asked for, prints one table."""

from __future__ import annotations

import argparse
import os
import platform
from typing import Any

from bench import api, databases, reads, seals, usage, writes
from bench.databases import prepared, using
from bench.measure import Result, table

SMALL, MIDDLE, LARGE = 10_000, 1_000_000, 10_000_000
GOALS = ("P1", "P2", "P3", "P5", "P6", "P7", "P9", "P10", "P11", "totals", "seals", "silence")


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description="Measure the product against raw SQL, as ratios of interleaved runs in one process."
    )
    parser.add_argument("goals", nargs="*", help=f"which of {', '.join(GOALS)}; all when left out")
    parser.add_argument("--quick", action="store_true", help="without the log of ten million rows")
    options = parser.parse_args()
    goals = set(options.goals or GOALS)
    if unknown := goals - set(GOALS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    results: list[Result] = []
    if databases.answers():
        results += _postgresql(goals, MIDDLE if options.quick else LARGE)
    else:
        print(f"PostgreSQL does not answer at {databases.POSTGRESQL}: its figures are left out.")
    results += _sqlite(goals)
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end\n")
    print(table(results))


def _postgresql(goals: set[str], large_size: int) -> list[Result]:
    results: list[Result] = []
    middle = prepared("postgresql", MIDDLE, MIDDLE // 10)
    results += _writes(goals, "postgresql", middle)
    if goals & {"P9", "P10"}:
        results += _usage(goals)
    if goals & {"P3", "P7", "totals"}:
        small = prepared("postgresql", SMALL, SMALL // 10)
        large = prepared("postgresql", large_size, large_size // 10)
        if "P3" in goals:
            results += reads.sizes("P3", "postgresql", small, middle, "1M against 10k rows", 1.2)
            if large_size != MIDDLE:
                results += reads.sizes("P3", "postgresql", small, large, "10M against 10k rows", 1.2)
        if "P7" in goals:
            results.append(reads.shown_count("postgresql", large))
        if "totals" in goals:
            results += api.totals("postgresql", large)
    if "seals" in goals:
        with using(prepared("postgresql", large_size, large_size // 10)):
            results += seals.sealing("postgresql")
    if "P5" in goals:
        results += reads.page_cost("postgresql", middle)
    if "P6" in goals:
        results += api.event_list("postgresql", middle)
    return results


def _sqlite(goals: set[str]) -> list[Result]:
    results: list[Result] = []
    middle = prepared("sqlite", MIDDLE, MIDDLE // 10)
    results += _writes(goals, "sqlite", middle)
    if "P11" in goals:
        results += reads.sizes(
            "P11", "sqlite", prepared("sqlite", SMALL, SMALL // 10), middle, "1M against 10k rows", 1.3
        )
    if "seals" in goals:
        with using(middle):
            results += seals.sealing("sqlite")
    if "P7" in goals:
        results.append(reads.shown_count("sqlite", middle))
    if "P5" in goals:
        results += reads.page_cost("sqlite", middle)
    if "P6" in goals:
        results += api.event_list("sqlite", middle)
    return results


def _writes(goals: set[str], vendor: str, values: dict[str, Any]) -> list[Result]:
    results = []
    with using(values):
        if "P1" in goals:
            results.append(writes.one_action(vendor))
        if "P2" in goals:
            results.append(writes.ten_thousand(vendor))
        if "silence" in goals:
            results += [writes.one_action(vendor, guard=True), writes.ten_thousand(vendor, guard=True)]
    return results


def _usage(goals: set[str]) -> list[Result]:
    """On a database of its own: these goals are about a million SIMs, and move them into factory test."""
    results = []
    with using(prepared("postgresql", 100_000, MIDDLE)):
        if "P9" in goals:
            results.append(usage.sweep())
        if "P10" in goals:
            results.append(usage.ingestion())
    return results
