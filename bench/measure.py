"""Measuring as ratios: variants interleaved in one process, the median of the ratios of each repetition."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from events.triggers import create_silence_triggers, drop_silence_triggers

Variant = Callable[[], object]
WARM = 8
"""Calls until a database and its client have their plans: psycopg prepares a statement that comes the fifth time."""


@dataclass
class Result:
    """What a benchmark found.

    Args:
        goal: the goal's short name, e.g. "P2".
        title: what is compared.
        ratio: median over repetitions of product / baseline.
        low, high: smallest and largest ratio of a repetition.
        limit: the goal; `None` for figures without one.
        times: median milliseconds of each variant.
        repetitions: how many.
        note: what a reader must know.
    """

    goal: str
    title: str
    ratio: float
    low: float
    high: float
    limit: float | None
    times: dict[str, float] = field(default_factory=dict)
    repetitions: int = 0
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; `None` without one."""
        return None if self.limit is None else self.ratio <= self.limit


def seconds(action: Variant) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def compare(
    goal: str,
    title: str,
    *,
    product: Variant,
    baseline: Variant,
    limit: float | None,
    repetitions: int,
    before: Variant | None = None,
    calls: int = 1,
    note: str = "",
    silent: bool = False,
) -> Result:
    """Time two variants turn by turn and compare them.

    Args:
        goal, title, limit, note: see `Result`.
        product: what we ship.
        baseline: what it is held against, doing the same in the database.
        repetitions: pairs that count; two more warm up.
        before: put things back before each variant; not timed.
        calls: how often each is called in a repetition, for short ones.
        silent: whether baseline and `before` change what is audited without events; the guard is lifted for these.
            Plans are made anew after that, so each variant is called a few times that do not count, where it is short.
    """
    pairs: list[tuple[float, float]] = []
    for turn in range(repetitions + 2):
        taken: dict[str, float] = {}
        order = (("product", product), ("baseline", baseline))
        for name, variant in order if turn % 2 else order[::-1]:
            if silent:
                drop_silence_triggers()
            if before is not None:
                before()
            if silent and name == "product":
                create_silence_triggers()
            for _ in range(WARM if silent and calls > 1 else 0):
                variant()
            taken[name] = sum(seconds(variant) for _ in range(calls)) / calls
        if turn >= 2:
            pairs.append((taken["product"], taken["baseline"]))
    if silent:
        create_silence_triggers()
    ratios = [ours / theirs for ours, theirs in pairs]
    return Result(
        goal=goal,
        title=title,
        ratio=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
        limit=limit,
        times={
            "product": statistics.median(ours for ours, _ in pairs) * 1000,
            "baseline": statistics.median(theirs for _, theirs in pairs) * 1000,
        },
        repetitions=repetitions,
        note=note,
    )


def table(results: list[Result]) -> str:
    """Return the results as a Markdown table."""
    lines = [
        "| goal | what | ratio (min-max) | goal at most | met | product / baseline ms | n |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for r in results:
        times = f"{r.times.get('product', 0):.2f} / {r.times.get('baseline', 0):.2f}"
        goal = "" if r.limit is None else f"{r.limit:g}"
        met = {None: "", True: "yes", False: "**no**"}[r.met]
        lines.append(
            f"| {r.goal} | {r.title} | {r.ratio:.2f} ({r.low:.2f}-{r.high:.2f}) | {goal} | {met} | {times}"
            f" | {r.repetitions} |"
        )
    lines += [f"\n{r.goal}: {r.note}" for r in results if r.note]
    return "\n".join(lines)
