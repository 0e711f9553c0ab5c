"""Early warning of one fleet: containment slides before anything breaks (M28).

Two watchers, one alarm:

- *CUSUM*, at each session's end: evidence `S ← max(0, S + ln(p1/p0))` on an escalation and `+ ln((1 − p1)/(1 − p0))` on any other end, with
  p0 = 1 − baseline and p1 = p0 + drop; alarm at S ≥ h. At 85 % containment and a drop of 7 points h = 4, 6, 8 give a false alarm in
  3,900, 31,000, 230,000 sessions, and see 78 % after 186, 301, 417 (computed from the equations of the run length; tested).
- *Rule*, at each look: containment over the long window is `drop` under the baseline and z ≥ 3.

*Re-arming.* An alarm is over when S has been below h/2, and the rule has not held, for `rearm_s`. During an alarm S stops at h: how far it
would have run says nothing, and would only keep the alarm up for hours after recovery.

*Suspended.* With too few sessions in the long window (nights) neither watcher counts nor alarms; S keeps its value, and an alarm stays,
since nothing was seen to recover.

`attribution` then says, in plain Python, where the containment went: one intent, all of them, or a different mix of contacts (more
contacts of a poorly contained intent lower the total with every intent as good as ever: Simpson's paradox).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record


class Cause(IntEnum):
    """Why a warning moved; the sentences are in `CAUSES`."""

    CUSUM = 0
    RULE = 1
    QUIET = 2


CAUSES: dict[Cause, str] = {
    Cause.CUSUM: "escalations more frequent than usual: evidence {part:.1f} ≥ {limit:.1f} over {whole:.0f} sessions",
    Cause.RULE: "containment {part:.0%} of {whole:.0f} sessions, {limit:.0%} expected (z {z:.1f})",
    Cause.QUIET: "containment as usual for {whole:.0f} s (evidence {part:.1f} < {limit:.1f})",
}

_CUSUM, _RULE, _QUIET = int(Cause.CUSUM), int(Cause.RULE), int(Cause.QUIET)


def in_words(cause: int, part: float, whole: float, limit: float) -> str:
    """The sentence of *cause* with the numbers that it rested on."""
    z = _z(part, whole, limit) if cause == Cause.RULE and whole else 0.0
    return CAUSES[Cause(cause)].format(part=part, whole=whole, limit=limit, z=z)


WARNING = record(
    [
        ("on", np.int64),
        ("alarmed", np.int64),
        ("suspended", np.int64),
        ("since_s", np.float64),
        ("alarms", np.int64),
        ("evidence", np.float64),
        ("run", np.int64),
        ("run_from_s", np.float64),
        ("rule_holds", np.int64),
        ("quiet_since_s", np.float64),
        # why it moved last: what a record needs
        ("cause", np.int64),
        ("part", np.float64),
        ("whole", np.float64),
        ("limit", np.float64),
        # policy
        ("cusum_on", np.int64),
        ("up", np.float64),
        ("down", np.float64),
        ("alarm_at", np.float64),
        ("drop", np.float64),
        ("rearm_s", np.float64),
        ("rule_on", np.int64),
        ("rule_drop", np.float64),
        ("rule_z", np.float64),
        ("min_sessions", np.int64),
    ]
)
"""State and policy of one fleet. `run` sessions since `run_from_s` made the evidence: the likeliest moment when the slide began."""

WarningArray = NDArray[Any]


def cusum(baseline: float, drop: float, h: float) -> Any:
    """A fresh row of `WARNING` with both watchers on and the usual policy.

    `rows[f] = row` puts it in place.

    Args:
        baseline: Containment when all is well, share.
        drop: The fall to be found, share.
        h: Evidence at which to alarm.

    Raises:
        ValueError: Baseline and drop leave no share between 0 and 1, or *h* is not above 0.
    """
    if not (0.0 < drop < baseline < 1.0 and h > 0.0):
        raise ValueError(
            f"baseline {baseline}, drop {drop} and h {h} must hold 0 < drop < baseline < 1 and h > 0"
        )
    row = np.zeros(1, dtype=WARNING)
    p0 = 1.0 - baseline
    p1 = p0 + drop
    row["on"] = row["cusum_on"] = row["rule_on"] = 1
    row["up"] = math.log(p1 / p0)
    row["down"] = math.log((1.0 - p1) / (1.0 - p0))
    row["alarm_at"] = h
    row["drop"] = row["rule_drop"] = drop
    row["rule_z"] = 3.0
    row["rearm_s"] = 1800.0
    row["min_sessions"] = 50
    row["quiet_since_s"] = np.inf
    return row[0]


@compiled
def tune(rows: WarningArray, f: int, baseline: float) -> None:
    """Go on with another baseline containment (a learned one that moved), evidence as it is."""
    p0 = min(max(1.0 - baseline, 0.001), 0.998)
    p1 = min(p0 + rows[f].drop, 0.999)
    rows[f].up = np.log(p1 / p0)
    rows[f].down = np.log((1.0 - p1) / (1.0 - p0))


@compiled
def _z(containment: float, ended: float, baseline: float) -> float:
    """Standard errors that *containment* lies under the baseline."""
    spread = max(baseline * (1.0 - baseline), 1e-6)
    return float((baseline - containment) / np.sqrt(spread / ended))


@compiled
def _turn(
    rows: WarningArray,
    f: int,
    alarmed: int,
    cause: int,
    part: float,
    whole: float,
    limit: float,
    now_s: float,
) -> None:
    rows[f].alarmed = alarmed
    rows[f].alarms += alarmed
    rows[f].since_s = now_s
    rows[f].quiet_since_s = np.inf
    rows[f].cause = cause
    rows[f].part = part
    rows[f].whole = whole
    rows[f].limit = limit


@compiled
def _quieted(rows: WarningArray, f: int, now_s: float) -> bool:
    """Whether the alarm is over."""
    if rows[f].evidence >= rows[f].alarm_at / 2.0 or rows[f].rule_holds == 1:
        rows[f].quiet_since_s = np.inf
        return False
    if rows[f].quiet_since_s == np.inf:
        rows[f].quiet_since_s = now_s
    quiet_s = now_s - rows[f].quiet_since_s
    if quiet_s < rows[f].rearm_s:
        return False
    _turn(rows, f, 0, _QUIET, rows[f].evidence, quiet_s, rows[f].alarm_at / 2.0, now_s)
    return True


@compiled
def on_end(rows: WarningArray, f: int, escalated: bool, now_s: float) -> bool:
    """Count a session of fleet *f* that ended; True when the alarm was raised or is over (`alarmed` says which)."""
    if rows[f].on == 0 or rows[f].suspended == 1:
        return False
    if rows[f].cusum_on == 1:
        if rows[f].evidence <= 0.0:
            rows[f].run = 0
            rows[f].run_from_s = now_s
        rows[f].run += 1
        evidence = max(0.0, rows[f].evidence + (rows[f].up if escalated else rows[f].down))
        rows[f].evidence = min(evidence, rows[f].alarm_at)
        if rows[f].alarmed == 0:
            if evidence >= rows[f].alarm_at:
                _turn(rows, f, 1, _CUSUM, evidence, float(rows[f].run), rows[f].alarm_at, now_s)
                return True
            return False
    if rows[f].alarmed == 1:
        return _quieted(rows, f, now_s)
    return False


@compiled
def on_look(rows: WarningArray, f: int, contained: int, ended: int, baseline: float, now_s: float) -> bool:
    """Look at the long window (30 minutes) of fleet *f*; True when the alarm was raised or is over (`alarmed` says which).

    Args:
        contained: Sessions contained of those *ended* in the window.
        baseline: Containment expected at this hour, share; −1 when not known yet (the rule then says nothing).
    """
    if rows[f].on == 0:
        return False
    if ended < rows[f].min_sessions or ended <= 0:
        rows[f].suspended = 1
        rows[f].rule_holds = 0
        rows[f].quiet_since_s = np.inf
        return False
    rows[f].suspended = 0
    rows[f].rule_holds = 0
    if rows[f].rule_on == 1 and baseline >= 0.0:
        share = contained / ended
        # A hair less: .85 − .78 is .07, whatever the last bit says.
        if (
            baseline - share >= rows[f].rule_drop - 1e-9
            and _z(share, float(ended), baseline) >= rows[f].rule_z
        ):
            rows[f].rule_holds = 1
            if rows[f].alarmed == 0:
                _turn(rows, f, 1, _RULE, share, float(ended), baseline, now_s)
                return True
    if rows[f].alarmed == 1:
        return _quieted(rows, f, now_s)
    return False


class Verdict(IntEnum):
    """Where containment went."""

    NOTHING = 0
    ONE_INTENT = 1
    SEVERAL_INTENTS = 2
    ALL_INTENTS = 3
    MIX = 4


@dataclass(frozen=True, slots=True)
class Attribution:
    """What the change of containment between two spans of time consists of; `change` = `within` + `mix`."""

    change: float
    within: float
    """Because intents are contained differently than before."""
    mix: float
    """Because other intents come than before."""
    by_intent: tuple[tuple[str, float], ...]
    """Each intent's part of `within`, the largest loss first."""
    verdict: Verdict
    words: str


MIN_ENDED = 50
"""Below this many sessions on either side nothing is said."""

Table = Mapping[str, tuple[int, int]]
"""Intent → (sessions ended, of them contained)."""


def attribution(before: Table, now: Table) -> Attribution:
    """Split the change of containment into what happened within intents and what a different mix of them did.

    Each intent's change of containment is weighted with the mean of its shares before and now, and its change of share with the mean
    of its containments, so that the two sum to the change exactly. An intent seen on one side only has no change of containment: all
    that it does is mix.

    Verdicts, of a drop larger than two standard errors (else nothing): mix when at least half of the drop is; else one intent when it
    alone makes two thirds of the fall and the others together fell by less than a third of what it did; else all intents when those
    holding two thirds of the contacts fell by at least half of the mean fall; several otherwise.
    """
    ended = [sum(n for n, _ in table.values()) for table in (before, now)]
    if min(ended) < MIN_ENDED:
        words = f"too few sessions to tell ({ended[0]} before, {ended[1]} now)"
        return Attribution(math.nan, math.nan, math.nan, (), Verdict.NOTHING, words)
    mean = [sum(k for _, k in table.values()) / n for table, n in zip((before, now), ended, strict=True)]
    within: dict[str, float] = {}
    weight: dict[str, float] = {}
    mix = 0.0
    for intent in sorted({*before, *now}):
        (n0, k0), (n1, k1) = before.get(intent, (0, 0)), now.get(intent, (0, 0))
        if n0 + n1 == 0:
            continue
        rate0 = k0 / n0 if n0 else k1 / n1
        rate1 = k1 / n1 if n1 else rate0
        share0, share1 = n0 / ended[0], n1 / ended[1]
        within[intent] = (share0 + share1) / 2.0 * (rate1 - rate0)
        weight[intent] = (share0 + share1) / 2.0
        mix += (rate0 + rate1) / 2.0 * (share1 - share0)
    change, inner = mean[1] - mean[0], sum(within.values())
    by_intent = tuple(sorted(within.items(), key=lambda part: (part[1], part[0])))
    verdict = _verdict(change, inner, mix, by_intent, weight, mean, ended)
    moved = f"containment {mean[0]:.1%} → {mean[1]:.1%}: {100 * inner:+.1f} points within intents, {100 * mix:+.1f} by the mix"
    return Attribution(
        change, inner, mix, by_intent, verdict, f"{moved}; {_VERDICTS[verdict]}".format(by_intent[0][0])
    )


_VERDICTS: dict[Verdict, str] = {
    Verdict.NOTHING: "no drop beyond chance",
    Verdict.ONE_INTENT: "one intent: {} (its knowledge or the data behind it)",
    Verdict.SEVERAL_INTENTS: "several intents, {} most",
    Verdict.ALL_INTENTS: "all intents (the model or its platform)",
    Verdict.MIX: "the mix: other contacts come than before (a new pattern)",
}


def _verdict(
    change: float,
    within: float,
    mix: float,
    by_intent: tuple[tuple[str, float], ...],
    weight: dict[str, float],
    mean: list[float],
    ended: list[int],
) -> Verdict:
    pooled = (mean[0] * ended[0] + mean[1] * ended[1]) / sum(ended)
    error = math.sqrt(max(pooled * (1.0 - pooled), 1e-6) * (1.0 / ended[0] + 1.0 / ended[1]))
    if change > -2.0 * error:
        return Verdict.NOTHING
    if mix <= 0.5 * change:
        return Verdict.MIX
    top, part = by_intent[0]
    rest = 1.0 - weight[top]
    others = (within - part) / rest if rest > 1e-9 else 0.0
    if part <= 2.0 / 3.0 * within and others > part / weight[top] / 3.0:
        return Verdict.ONE_INTENT
    # The mean fall is `within` itself, since weights sum to 1.
    fell = sum(weight[intent] for intent, part in by_intent if part <= 0.5 * within * weight[intent])
    if fell >= 2.0 / 3.0:
        return Verdict.ALL_INTENTS
    return Verdict.SEVERAL_INTENTS
