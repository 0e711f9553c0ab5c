"""What no single key can know: names that must exist, shares that must sum, keys that need or exclude each other.

`problems` yields (path of the key, message); the loader adds file, line and column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta
from difflib import get_close_matches
from itertools import pairwise
from zoneinfo import ZoneInfo

from sim.scenario.schema import WEEKDAYS, FailureSpec, LawSpec, ScenarioFile

Path = tuple[str | int, ...]
Found = Iterator[tuple[Path, str]]
TOLERANCE = 1e-6
"""How far shares may be from their sum: people round."""


def _unknown(name: str, known: Iterable[str], what: str) -> str | None:
    names = list(known)
    if name in names:
        return None
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(names) or 'none'}"
    return f"{name!r} is no {what}; {hint}"


def _names(path: Path, names: Iterable[str], known: Iterable[str], what: str) -> Found:
    known = list(known)
    for k, name in enumerate(names):
        trouble = _unknown(name, known, what)
        if trouble:
            yield (*path, k), trouble


def _keys(path: Path, names: Iterable[str], known: Iterable[str], what: str) -> Found:
    known = list(known)
    for name in names:
        trouble = _unknown(name, known, what)
        if trouble:
            yield (*path, name), trouble


def _sum(path: Path, shares: Mapping[str, float], whole: float = 1.0) -> Found:
    total = sum(shares.values())
    if abs(total - whole) > TOLERANCE * whole:
        parts = ", ".join(f"{name} {share:g}" for name, share in shares.items())
        yield path, f"shares sum to {total:g}, and must sum to {whole:g} ({parts})"


def _law(path: Path, law: LawSpec, usual: str) -> Found:
    family = law.law or usual
    needs = {"weibull": ("mean", "shape"), "quantiles": ("values",), "never": ()}.get(family, ("mean",))
    may = {"lognormal": ("cv",), "gamma": ("cv",)}.get(family, ())
    for key in ("mean", "cv", "shape", "values"):
        given = getattr(law, key) is not None
        if key in needs and not given:
            yield path, f"a {family} law needs {key}"
        if given and key not in (*needs, *may):
            yield (*path, key), f"has no effect on a {family} law; remove it"
    values = law.values if family == "quantiles" else None
    if values is not None and (len(values) < 2 or any(b < a for a, b in pairwise(values))):
        yield (*path, "values"), "needs at least two durations, ascending"


def _failure(path: Path, failure: FailureSpec) -> Found:
    shares = {"detected": failure.detected, "loop": failure.loop, "confident_wrong": failure.confident_wrong}
    yield from _sum(path, shares)


def _calendar(spec: ScenarioFile) -> Found:
    begins, until = spec.calendar.begins, spec.calendar.until
    if begins.date is None:
        yield ("calendar", "from"), f"{begins} has no date; write one such as 2026-03-02 07:00"
    elif ((until.date or begins.date), until.time_s) <= (begins.date, begins.time_s):
        yield ("calendar", "until"), f"{until} is not after {begins}"


def _demand(spec: ScenarioFile) -> Found:
    demand = spec.demand
    ways = {
        "volume": demand.volume is not None,
        "per_h": demand.per_h is not None,
        "at": demand.at is not None,
        "replay": demand.replay is not None,
    }
    given = [way for way, is_given in ways.items() if is_given]
    if len(given) != 1:
        yield ("demand",), f"needs one of volume, per_h, at, replay; has {' and '.join(given) or 'none'}"
    if (demand.volume is None) != (demand.hour_share is None):
        yield ("demand",), "volume and hour_share go together; one of them is missing"
    if demand.volume is not None:
        yield from _keys(("demand", "volume"), demand.volume, WEEKDAYS, "weekday")
        for day in WEEKDAYS:
            if day not in demand.volume:
                yield ("demand", "volume"), f"{day} is missing"
    if demand.hour_share is not None:
        if len(demand.hour_share) != 24:
            yield ("demand", "hour_share"), f"has {len(demand.hour_share)} hours, and needs 24"
        elif abs(sum(demand.hour_share) - 100.0) > 1e-6 * 100:
            yield (
                ("demand", "hour_share"),
                f"sums to {sum(demand.hour_share):g}, and must sum to 100 (percent)",
            )
    if demand.at is not None and any(b < a for a, b in zip(demand.at, demand.at[1:], strict=False)):
        yield ("demand", "at"), "must ascend"
    if demand.replay_day is not None and demand.replay is None:
        yield ("demand", "replay_day"), "has no effect without replay; remove it"
    if demand.per_h is None and demand.volume is None:
        for key in ("busy_day_cv", "interval_noise", "events"):
            if getattr(demand, key):
                yield ("demand", key), "has no effect on arrivals that are given one by one; remove it"
    for k, event in enumerate(demand.events):
        yield from _names(("demand", "events", k, "intents"), event.intents, spec.intents, "intent")
        yield from _names(("demand", "events", k, "channels"), event.channels, spec.channels, "channel")


def _below(spec: ScenarioFile, name: str) -> set[str]:
    """Every node that *name* stands on, however indirectly."""
    found: set[str] = set()
    todo = list(spec.nodes[name].on)
    while todo:
        below = todo.pop()
        if below in spec.nodes and below not in found:
            found.add(below)
            todo.extend(spec.nodes[below].on)
    return found


def _graph(spec: ScenarioFile) -> Found:
    for name, node in spec.nodes.items():
        yield from _names(("nodes", name, "on"), node.on, spec.nodes, "node")
    for name in spec.nodes:
        if name in _below(spec, name):
            yield ("nodes", name, "on"), "stands on itself; the graph must have no circle"
    for name, fleet in spec.fleets.items():
        path: Path = ("fleets", name)
        if fleet.on is not None and (trouble := _unknown(fleet.on, spec.nodes, "node")):
            yield (*path, "on"), trouble
        yield from _names((*path, "channels"), fleet.channels, spec.channels, "channel")
        yield from _keys((*path, "bulkheads"), fleet.bulkheads, fleet.channels, "channel of this fleet")
        yield from _names((*path, "premium_segments"), fleet.premium_segments, spec.segments, "segment")
        if bool(fleet.premium_reserve) != bool(fleet.premium_segments):
            yield path, "premium_reserve and premium_segments go together; one of them is missing"
        if fleet.latency is not None and fleet.latency.p95 < fleet.latency.median:
            yield (*path, "latency", "p95"), "is below the median"
    begins, until = spec.calendar.begins, spec.calendar.until
    for k, incident in enumerate(spec.incidents):
        path = ("incidents", k)
        if begins.date is not None:
            first = datetime.combine(begins.date, time())
            at = datetime.combine(incident.at.date or begins.date, time()) + timedelta(
                seconds=incident.at.time_s
            )
            over = datetime.combine(until.date or begins.date, time()) + timedelta(seconds=until.time_s)
            gone = at + timedelta(seconds=incident.lasts) <= first + timedelta(seconds=begins.time_s)
            if at >= over or gone:
                yield (
                    (*path, "at"),
                    f"{incident.at} is outside the run, {begins} to {until}; it would have no effect",
                )
        known = [*spec.nodes, *(f"fleet.{name}" for name in spec.fleets)]
        if trouble := _unknown(incident.node, known, "node"):
            yield (*path, "node"), trouble
        for key, effect in (("share", "errors"), ("factor", "slow")):
            given = getattr(incident, key) is not None
            if incident.effect == effect and not given:
                yield path, f"{effect} needs {key}"
            if incident.effect != effect and given:
                yield (*path, key), f"has no effect on {incident.effect}; remove it"


def _channels(spec: ScenarioFile) -> Found:
    for name, channel in spec.channels.items():
        if channel.assign != "idle_first" and channel.at_once == 1:
            yield (
                ("channels", name, "assign"),
                "has no effect while an agent handles one at a time; remove it",
            )


def _queues(spec: ScenarioFile) -> Found:
    served: dict[str, str] = {}
    for name, queue in spec.queues.items():
        path: Path = ("queues", name)
        if queue.channels is None and name not in spec.channels:
            yield path, "needs channels: no channel has its name"
        yield from _names((*path, "channels"), queue.channels or (), spec.channels, "channel")
        for channel in queue.channels if queue.channels is not None else (name,):
            if channel in served:
                yield path, f"channel {channel} has two queues, {served[channel]} and {name}"
            served[channel] = name
        yield from _law((*path, "patience"), queue.patience, "exponential")
        yield from _keys((*path, "credit"), queue.credit, (*spec.segments, "escalated"), "segment")
        if not any(name in group.skills for group in spec.people.values()):
            yield path, "nobody has the skill; name it in people.*.skills"
    for channel in spec.channels:
        if channel not in served:
            yield ("channels", channel), "has no queue; every channel needs one, for those the AI cannot help"


def _people(spec: ScenarioFile) -> Found:
    for name, group in spec.people.items():
        path: Path = ("people", name)
        yield from _names((*path, "skills"), group.skills, spec.queues, "queue")
        if (group.staffing is None) == (not group.shifts):
            yield path, "needs staffing or shifts, one of them"
        if group.staffing == "replay" and spec.demand.replay is None:
            yield (
                (*path, "staffing"),
                "can be replay only where demand is; name a log in demand.replay, or give numbers",
            )
        if group.punctuality and not group.shifts:
            yield (*path, "punctuality"), "has no effect without shifts; remove it"
        for k, shift in enumerate(group.shifts):
            end = 0.0
            for b, pause in enumerate(shift.breaks):
                if pause.after < end or pause.after + pause.lasts > shift.lasts:
                    yield (
                        (*path, "shifts", k, "breaks", b),
                        "does not fit into the shift, or overlaps the break before",
                    )
                end = pause.after + pause.lasts


def _routing(spec: ScenarioFile) -> Found:
    routing, failover = spec.routing, spec.failover
    at = routing.thresholds
    if at.monitored > at.ai:
        yield ("routing", "thresholds", "monitored"), f"is {at.monitored:g}, above ai {at.ai:g}"
    for key, cell in at.cells.items():
        path: Path = ("routing", "thresholds", "cells", key)
        parts = key.split(".")
        if len(parts) > 3:
            yield path, "has more than three parts; write intent.channel.segment"
            continue
        axes = (
            (list(spec.intents), "intent"),
            (list(spec.channels), "channel"),
            (list(spec.segments), "segment"),
        )
        for part, (known, what) in zip(parts, axes, strict=False):
            if part != "*" and (trouble := _unknown(part, known, what)):
                yield path, trouble
        low = cell.monitored if cell.monitored is not None else at.monitored
        high = cell.ai if cell.ai is not None else at.ai
        if cell.ai is None and cell.monitored is None:
            yield path, "sets nothing; give ai or monitored"
        elif low > high:
            yield path, f"monitored {low:g} is above ai {high:g}"
    if routing.by != "human":
        if spec.classifier is None:
            yield ("routing", "by"), f"{routing.by} needs a classifier"
        if not spec.fleets:
            yield ("routing", "by"), f"{routing.by} needs fleets"
    node = spec.classifier.node if spec.classifier is not None else None
    if node is not None and (trouble := _unknown(node, spec.nodes, "node")):
        yield ("classifier", "node"), trouble
    yield from _keys(("ai", "language_shift"), spec.ai.language_shift, spec.languages, "language")
    yield from _failure(("ai", "failure"), spec.ai.failure)
    yield from _failure(("ai", "wrong_label_failure"), spec.ai.wrong_label_failure)
    yield from _law(("ai", "think"), spec.ai.think, "lognormal")
    if spec.ai.think.law == "never":
        yield ("ai", "think"), "cannot be endless"
    yield from _keys(("failover", "fallback"), failover.fallback, spec.channels, "channel")
    for channel, chain in failover.fallback.items():
        path = ("failover", "fallback", channel)
        yield from _names(path, chain, [*spec.fleets, "human"], "fleet")
        if "human" in chain[:-1]:
            yield path, "human ends the list"
        for k, name in enumerate(chain):
            if name in spec.fleets and channel not in spec.fleets[name].channels:
                yield (*path, k), f"fleet {name} does not serve {channel}; add it to fleets.{name}.channels"
    if failover.retry_wait[0] > failover.retry_wait[1]:
        yield ("failover", "retry_wait"), "must ascend"
    if (breaker := failover.breakers) is not None:
        window = breaker.window
        path = ("failover", "breakers", "window")
        for key, effect in (("size", ("time",)), ("replies", ("count", "consecutive"))):
            given = getattr(window, key) is not None
            if window.by in effect and not given:
                yield path, f"a window by {window.by} needs {key}"
            if window.by not in effect and given:
                yield (*path, key), f"has no effect on a window by {window.by}; remove it"
        if window.size is not None and (window.size != int(window.size) or window.size > 3600):
            yield (*path, "size"), "must be whole seconds, at most 1h"
        if breaker.probes.need > breaker.probes.of:
            yield ("failover", "breakers", "probes", "need"), f"is more than {breaker.probes.of} probes"


def problems(spec: ScenarioFile) -> Found:
    """Everything about *spec* that no single key can know to be wrong."""
    try:
        ZoneInfo(spec.calendar.timezone)
    except (KeyError, ValueError, OSError):
        yield (
            ("calendar", "timezone"),
            f"{spec.calendar.timezone!r} is no time zone; write one such as Europe/Berlin",
        )
    yield from _calendar(spec)
    yield from _demand(spec)
    yield from _sum(("channels",), {name: channel.share for name, channel in spec.channels.items()})
    yield from _sum(("segments",), spec.segments)
    yield from _sum(("languages",), spec.languages)
    yield from _sum(("regions",), spec.regions)
    yield from _sum(("intents",), {name: intent.share for name, intent in spec.intents.items()})
    for name, intent in spec.intents.items():
        yield from _law(("intents", name, "human", "handle"), intent.human.handle, "lognormal")
        if intent.human.handle.law == "never":
            yield ("intents", name, "human", "handle"), "cannot be endless"
    yield from _channels(spec)
    yield from _graph(spec)
    yield from _queues(spec)
    yield from _people(spec)
    yield from _routing(spec)
