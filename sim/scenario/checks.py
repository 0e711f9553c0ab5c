"""What no single key can know: names that must exist, shares that must sum, keys that need or exclude each other.

`problems` yields (path of the key, message); the loader adds file, line and column.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from itertools import combinations, pairwise
from zoneinfo import ZoneInfo

from sim.scenario.schema import WEEKDAYS, FailureSpec, LawSpec, QueueSpec, ScenarioFile
from sim.scenario.values import Moment, in_clock, in_units

Path = tuple[str | int, ...]
Found = Iterator[tuple[Path, str]]
WATCHED_LOOKS = 1000
"""Looks that the longest window of the watch may span."""
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
            yield path, f"the {family} law needs {key}"
        if given and key not in (*needs, *may):
            yield (*path, key), f"has no effect on a {family} law; remove it"
    values = law.values if family == "quantiles" else None
    if values is not None and (len(values) < 2 or any(b < a for a, b in pairwise(values))):
        yield (*path, "values"), "needs at least two durations, ascending"


def _failure(path: Path, failure: FailureSpec) -> Found:
    shares = {"detected": failure.detected, "loop": failure.loop, "confident_wrong": failure.confident_wrong}
    yield from _sum(path, shares)


def _calendar(spec: ScenarioFile) -> Found:
    yield from _watched(spec)
    begins, until = spec.calendar.begins, spec.calendar.until
    if begins.date is None:
        yield ("calendar", "from"), f"{begins} has no date; write one such as 2026-03-02 07:00"
    elif ((until.date or begins.date), until.time_s) <= (begins.date, begins.time_s):
        yield ("calendar", "until"), f"{until} is not after {begins}"


def _moments(spec: ScenarioFile) -> Found:
    """Local times that are none, and what lies outside of the run."""
    begins, until = spec.calendar.begins, spec.calendar.until
    if begins.date is None:
        return
    day = begins.date

    def local(moment: Moment) -> datetime:
        return datetime.combine(moment.date or day, time()) + timedelta(seconds=moment.time_s)

    timed: list[tuple[Path, Moment, float | None]] = [
        *((("incidents", k, "at"), incident.at, incident.lasts) for k, incident in enumerate(spec.incidents)),
        *(
            (("demand", "events", k, "at"), event.at, event.lasts)
            for k, event in enumerate(spec.demand.events)
        ),
        *(
            (("failover", "operators", k, "at"), order.at, None)
            for k, order in enumerate(spec.failover.operators)
        ),
    ]
    for path, moment, lasts_s in timed:
        at, first = local(moment), local(begins)
        gone = at < first if lasts_s is None else at + timedelta(seconds=lasts_s) <= first
        if gone or at >= local(until):
            yield path, f"{moment} is outside the run, {begins} to {until}; it would have no effect"
    try:
        zone = ZoneInfo(spec.calendar.timezone)
    except (KeyError, ValueError, OSError):
        yield (
            ("calendar", "timezone"),
            f"{spec.calendar.timezone!r} is no time zone; write one such as Europe/Berlin",
        )
        return
    pattern = spec.demand.new_pattern
    for path, moment in (
        (("calendar", "from"), begins),
        (("calendar", "until"), until),
        *((path, moment) for path, moment, _ in timed),
        *([(("demand", "new_pattern", "at"), pattern.at)] if pattern is not None else []),
    ):
        said = local(moment)
        real = said.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        if real != said:
            yield (
                path,
                f"{said:%H:%M} does not exist on {said:%Y-%m-%d} in {zone.key}, where clocks go forward then; write {real:%H:%M}",
            )


def _from_the_start(path: Path, by_time: object, spec: ScenarioFile) -> Found:
    """Of a daily profile: that it says what holds as the run begins. Before its first time the last one of the day before does."""
    if not isinstance(by_time, dict):
        return
    if not by_time:
        yield path, "is empty; give a number, or one from each time of day on"
        return
    begins_s, first, last = spec.calendar.begins.time_s, min(by_time), max(by_time)
    if begins_s < first and by_time[last]:
        held = f"the {by_time[last]:g} of {in_clock(last)} would"
        yield path, f"begins at {in_clock(first)}; say what holds from {in_clock(begins_s)} on, where {held}"


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
    yield from _from_the_start(("demand", "per_h"), demand.per_h, spec)
    if demand.per_h is None and demand.volume is None:
        for key in ("busy_day_cv", "interval_noise", "batch", "mmpp", "events"):
            if getattr(demand, key):
                yield ("demand", key), "has no effect on arrivals that are given one by one; remove it"
    if demand.batch is not None:
        mean = demand.batch.mean
        if demand.batch.law == "fixed" and mean != round(mean):
            yield (
                ("demand", "batch", "mean"),
                f"is {mean:g}, and must be a whole number where the law is fixed",
            )
        elif mean <= 1.0:
            yield (
                ("demand", "batch", "mean"),
                f"is {mean:g}, and must be above 1: customers come one by one without batch",
            )
    if demand.mmpp is not None:
        levels, lasts = demand.mmpp.levels, demand.mmpp.lasts
        if len(levels) != len(lasts):
            yield (
                ("demand", "mmpp"),
                f"has {len(levels)} levels and {len(lasts)} lasts; every level needs how long it lasts",
            )
        if len(set(levels)) < 2:
            yield ("demand", "mmpp", "levels"), "has no effect: needs two levels that differ, or remove mmpp"
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
    for k, order in enumerate(spec.failover.operators):
        path = ("failover", "operators", k)
        if spec.failover.breakers is None:
            yield path, "has no effect without failover.breakers"
        if trouble := _unknown(order.fleet, spec.fleets, "fleet"):
            yield (*path, "fleet"), trouble
    for k, incident in enumerate(spec.incidents):
        path = ("incidents", k)
        known = [*spec.nodes, *(f"fleet.{name}" for name in spec.fleets)]
        if trouble := _unknown(incident.node, known, "node"):
            yield (*path, "node"), trouble
        for key, effects, needed in (
            ("share", ("errors", "policy"), True),
            ("factor", ("slow",), True),
            ("points", ("worse",), True),
            ("intents", ("worse", "policy"), False),
            ("ramp", ("worse", "policy"), False),
            ("announced", ("down",), False),
            ("hosts", ("down", "errors", "slow"), False),
        ):
            given = key in incident.model_fields_set and getattr(incident, key) is not None
            if incident.effect in effects and needed and not given:
                yield path, f"{incident.effect} needs {key}"
            if incident.effect not in effects and given:
                yield (*path, key), f"has no effect on {incident.effect}; remove it"
        yield from _names((*path, "intents"), incident.intents, spec.intents, "intent")
        if incident.hosts is not None:
            behind = {f"fleet.{name}": fleet.hosts for name, fleet in spec.fleets.items()}
            if incident.node not in behind:
                yield (*path, "hosts"), f"needs a fleet as node, and {incident.node} is none"
            elif incident.hosts >= (hosts := behind[incident.node]):
                yield (
                    (*path, "hosts"),
                    f"is {incident.hosts} of the fleet's {hosts}; leave it out where all are hit",
                )
            if incident.announced is not None:
                yield (*path, "announced"), "has no effect on single hosts"
        if incident.ramp > incident.lasts:
            yield (*path, "ramp"), "is longer than the incident lasts"
        if incident.announced is not None and incident.effect == "down":
            if spec.signals is None:
                yield (*path, "announced"), "has no effect without signals"
            elif incident.node in known and not any(
                incident.node in {f"fleet.{name}", *stands_on(spec, f"fleet.{name}")} for name in spec.fleets
            ):
                yield (*path, "announced"), f"has no effect: no fleet stands on {incident.node}"
        if incident.effect == "dark" and spec.watch is None:
            yield (*path, "effect"), "dark has no effect without watch"


def _hosts(spec: ScenarioFile) -> Found:
    """Fleets of several hosts, and who is taken out of them."""
    ejection, most = spec.failover.ejection, max((fleet.hosts for fleet in spec.fleets.values()), default=1)
    hit = {incident.node for incident in spec.incidents if incident.hosts is not None}
    for name, fleet in spec.fleets.items():
        if fleet.hosts > 1 and ejection is None and f"fleet.{name}" not in hit:
            yield (
                ("fleets", name, "hosts"),
                "has no effect without failover.ejection or an incident that hits some of them",
            )
    if ejection is None:
        return
    path: Path = ("failover", "ejection")
    if most == 1:
        yield path, "has no effect: no fleet has several hosts"
        return
    if ejection.outlier is None and ejection.failed is None and ejection.in_a_row == 0:
        yield path, "has no effect: in_a_row, outlier and failed are all off"
    if ejection.at_most < ejection.base:
        yield (*path, "at_most"), f"is under the {ejection.base:g} s of the first time"
    if "outlier" in ejection.model_fields_set and (outlier := ejection.outlier) is not None:
        if outlier.hosts > most:
            yield (*path, "outlier", "hosts"), f"has no effect: no fleet has more than {most} hosts"
        if outlier.deviations >= math.sqrt(most - 1):
            far = math.sqrt(most - 1)
            yield (
                (*path, "outlier", "deviations"),
                f"has no effect: one of {most} hosts lies at most {far:.2f} standard deviations below their mean",
            )
    left = min(1.0 - max(1.0, math.floor(ejection.share * n)) / n for n in _several(spec))
    for key in ("panic", "panic_mode"):
        if key in ejection.model_fields_set and ejection.panic > 0.0 and left >= ejection.panic:
            yield (
                (*path, key),
                f"has no effect: with share {ejection.share:g} at least {left:.0%} of the hosts stay",
            )


def _parents(spec: ScenarioFile) -> Found:
    """Breakers of nodes."""
    parents, path = spec.failover.parents, ("failover", "parents")
    if parents is None:
        return
    if spec.failover.breakers is None:
        yield path, "has no effect without failover.breakers: nothing would move it"
    yield from _names((*path, "nodes"), parents.nodes, spec.nodes, "node")
    for k, node in enumerate(parents.nodes):
        on = [name for name in spec.fleets if node in stands_on(spec, f"fleet.{name}")]
        if node in spec.nodes and len(on) < 2:
            yield (
                (*path, "nodes", k),
                f"has no effect: needs two fleets that stand on {node}, and has {len(on)}",
            )
    if not parents.nodes and not any(
        stands_on(spec, f"fleet.{a}") & stands_on(spec, f"fleet.{b}") for a, b in combinations(spec.fleets, 2)
    ):
        yield path, "has no effect: no two fleets stand on the same node"


def _several(spec: ScenarioFile) -> list[int]:
    return [fleet.hosts for fleet in spec.fleets.values() if fleet.hosts > 1]


def _watched(spec: ScenarioFile) -> Found:
    """What looks at fleets every few seconds, and what stands on their load."""
    needs: list[Path] = []
    for name, fleet in spec.fleets.items():
        path: Path = ("fleets", name)
        if fleet.autoscale is not None:
            needs.append((*path, "autoscale"))
            if fleet.autoscale.quota < fleet.sessions:
                yield (
                    (*path, "autoscale", "quota"),
                    f"is below the {fleet.sessions} sessions that it starts with",
                )
    for name, node in spec.nodes.items():
        if node.limits is None:
            continue
        path = ("nodes", name, "limits")
        if not any(
            getattr(node.limits, f"{what}_per_min") is not None
            for what in ("requests", "input_tokens", "output_tokens")
        ):
            yield path, "limits nothing; give requests_per_min, input_tokens_per_min or output_tokens_per_min"
        if not any(
            fleet.on is not None and name in {fleet.on, *_below(spec, fleet.on)}
            for fleet in spec.fleets.values()
        ):
            yield path, "has no effect: no fleet stands on this node"
    breakers = spec.failover.breakers
    if breakers is not None:
        needs += [
            ("failover", "breakers", key)
            for key in ("degraded", "semantic")
            if getattr(breakers, key) is not None
        ]
        if (semantic := breakers.semantic) is not None and semantic.warn_csat > 0.0:
            path = ("failover", "breakers", "semantic", "warn_csat")
            if spec.mood is None or spec.mood.csat is None:
                yield path, "has no effect without mood.csat: nobody is asked"
            if breakers.degraded is None:
                yield path, "has no effect without failover.breakers.degraded: it only warns"
        if breakers.probes.synthetic:
            needs.append(("failover", "breakers", "probes", "synthetic"))
    if spec.failover.degradation is not None:
        needs.append(("failover", "degradation"))
        if list(spec.failover.degradation.enter) != sorted(spec.failover.degradation.enter):
            yield ("failover", "degradation", "enter"), "must ascend"
    if spec.routing.look_ahead is not None:
        needs.append(("routing", "look_ahead"))
        yield from _names(
            ("routing", "look_ahead", "spares"), spec.routing.look_ahead.spares, spec.segments, "segment"
        )
    for key, told in (("common_cause", spec.failover.common_cause), ("signals", spec.signals)):
        if told is not None and breakers is None:
            path = ("failover", key) if key == "common_cause" else (key,)
            yield path, "has no effect without failover.breakers: nothing would move it"
    if spec.plans and spec.signals is None:
        yield ("plans",), "has no effect without signals: nobody would pull a lever"
    if "desk" in spec.model_fields_set and not spec.plans:
        yield ("desk",), "has no effect without plans; remove it"
    if spec.desk.mode == "automated" and spec.desk.poll > 0.0:
        yield ("desk", "poll"), "has no effect on an automated desk, which takes every signal as it comes"
    for name, lever in spec.plans.items():
        path = ("plans", name)
        if trouble := _unknown(lever.group, spec.people, "group"):
            yield (*path, "group"), trouble
        if lever.lead[1] < lever.lead[0]:
            yield (*path, "lead"), "ends before it begins"
        if (lever.kind == "extend_shift") != bool(lever.shift_ends):
            yield path, "shift_ends goes with extend_shift, and extend_shift needs it"
        if lever.group in spec.people and spec.people[lever.group].staffing == "replay":
            yield (*path, "group"), "comes as the replayed log saw it; nobody can be added"
    if spec.relief is not None:
        needs.append(("relief",))
        yield from _names(("relief", "queues"), spec.relief.queues, spec.queues, "queue")
        yield from _names(("relief", "spares"), spec.relief.spares, spec.segments, "segment")
        if spec.relief.whom != "everybody" and not spec.fleets:
            yield ("relief", "whom"), "nobody comes from the AI without fleets"
        meter = spec.relief.meter
        if meter is not None and meter.back_after is not None and not spec.fleets:
            yield ("relief", "meter", "back_after"), "has no effect without fleets"
        if all(getattr(spec.relief, way) is None for way in ("deflect", "callback", "message", "meter")):
            yield ("relief",), "does nothing; name deflect, callback, message or meter"
        if (message := spec.relief.message) is not None and message.off_under > message.on_from:
            yield ("relief", "message", "off_under"), "is above on_from: the message would flicker"
        if message is not None and (switch := message.switch) is not None:
            path = ("relief", "message", "switch", "to")
            if trouble := _unknown(switch.to, spec.channels, "channel"):
                yield path, trouble
            elif all(switch.to in (queue.channels or (name,)) for name, queue in _relieved(spec)):
                yield (
                    path,
                    f"has no effect: {switch.to} stands in the queue where it is announced; name another channel",
                )
        if (deflect := spec.relief.deflect) is not None and deflect.after[1] < deflect.after[0]:
            yield ("relief", "deflect", "after"), "ends before it begins"
    if spec.watch is None:
        for path in needs:
            yield path, "needs watch: nobody looks otherwise"
        return
    if spec.watch.every % 1:
        yield ("watch", "every"), "must be whole seconds"
    if not spec.fleets and spec.relief is None:
        yield ("watch",), "has no effect without fleets or relief; remove it"
    if spec.watch.node is not None and (trouble := _unknown(spec.watch.node, spec.nodes, "node")):
        yield ("watch", "node"), trouble
    longest = max(
        [300.0]
        + ([breakers.semantic.window] if breakers is not None and breakers.semantic is not None else [])
        + (
            [spec.watch.early_warning.rule.window]
            if spec.watch.early_warning is not None and spec.watch.early_warning.rule is not None
            else []
        )
    )
    if longest > WATCHED_LOOKS * spec.watch.every:
        yield ("watch", "every"), f"is too short for a window of {longest:g} s; at most {WATCHED_LOOKS} looks"


def stands_on(spec: ScenarioFile, name: str) -> set[str]:
    """Every node that a node or `fleet.X` stands on, itself not included."""
    if name in spec.nodes:
        return _below(spec, name)
    fleet = spec.fleets.get(name.removeprefix("fleet."))
    if fleet is None or fleet.on not in spec.nodes:
        return set()
    return {fleet.on, *_below(spec, fleet.on)}


def _incident_process(spec: ScenarioFile) -> Found:
    known = [*spec.nodes, *(f"fleet.{name}" for name in spec.fleets)]
    for name, process in spec.incident_process.items():
        path: Path = ("incident_process", name)
        severity = process.severity
        yield from _sum(
            (*path, "severity"),
            {"minor": severity.minor, "major": severity.major, "critical": severity.critical},
        )
        if process.per_week > 1000:
            yield (*path, "per_week"), f"is {process.per_week:g}, and must be at most 1000"
        if process.clustering > 0.9:
            yield (
                (*path, "clustering"),
                f"is {process.clustering:g}, and must be at most 0.9, where one incident brings nine more",
            )
        if process.decay > 28 * 86_400:
            yield (*path, "decay"), f"is {in_units(process.decay)}, and must be at most 28d"
        if trouble := _unknown(process.node, known, "node"):
            yield (*path, "node"), trouble
            continue
        below = stands_on(spec, process.node)
        if process.common_cause and not below:
            yield (
                (*path, "common_cause"),
                f"needs something that {process.node} stands on and others do, too; name it in nodes, or remove this",
            )
        if process.roots and not process.common_cause:
            yield (*path, "roots"), "has no effect without common_cause; remove it"
        for k, root in enumerate(process.roots):
            if trouble := _unknown(root, spec.nodes, "node"):
                yield (*path, "roots", k), trouble
            elif root not in below:
                yield (*path, "roots", k), f"is nothing that {process.node} stands on"


def _repeats(spec: ScenarioFile) -> Found:
    if spec.repeats is not None and not spec.fleets and spec.resolution is None:
        yield (
            ("repeats",),
            "has no effect: there are no fleets, and people settle everything; remove it, or give resolution",
        )


def _misroute(spec: ScenarioFile) -> Found:
    if (wrong := spec.misroute) is None:
        return
    labelled = spec.classifier is not None and spec.routing.by != "human"
    if not labelled and "wrong_label" in wrong.model_fields_set:
        yield ("misroute", "wrong_label"), "has no effect: nothing has a label; remove it"
    if wrong.by_chance == 0.0 and (not labelled or wrong.wrong_label == 0.0):
        yield ("misroute",), "has no effect: nobody is with the wrong people; give by_chance"
    if wrong.most == 1 and "again" in wrong.model_fields_set:
        yield ("misroute", "again"), "has no effect: nobody is passed on twice (most is 1); remove it"


def _csat(spec: ScenarioFile) -> Found:
    if spec.mood is None or (csat := spec.mood.csat) is None:
        return
    path: Path = ("mood", "csat")
    if csat.answers * csat.unhappy_answers > 1.0:
        yield (
            (*path, "unhappy_answers"),
            f"is {csat.unhappy_answers:g}; with answers {csat.answers:g} more than all of the unhappiest would answer",
        )
    if csat.answers == 0.0:
        for key in ("unhappy_answers", "after"):
            if key in csat.model_fields_set:
                yield (*path, key), "has no effect: nobody answers (answers is 0); remove it"


def _new_pattern(spec: ScenarioFile) -> Found:
    if (pattern := spec.demand.new_pattern) is not None:
        until, begins = spec.calendar.until, spec.calendar.begins
        path: Path = ("demand", "new_pattern")
        if begins.date is not None:
            at = ((pattern.at.date or begins.date), pattern.at.time_s)
            if at >= ((until.date or begins.date), until.time_s):
                yield (
                    (*path, "at"),
                    f"{pattern.at} is after the run, {begins} to {until}; it would have no effect",
                )
        if spec.out_of_scope + pattern.share > 1.0:
            yield (
                (*path, "share"),
                f"is {pattern.share:g}; with out_of_scope {spec.out_of_scope:g} that is more than all contacts",
            )


def _channels(spec: ScenarioFile) -> Found:
    for name, channel in spec.channels.items():
        if channel.assign != "idle_first" and channel.at_once == 1:
            yield (
                ("channels", name, "assign"),
                "has no effect while an agent handles one at a time; remove it",
            )


def _relieved(spec: ScenarioFile) -> list[tuple[str, QueueSpec]]:
    """Queues that relief is about."""
    named = spec.relief.queues if spec.relief is not None else ()
    return [(name, queue) for name, queue in spec.queues.items() if name in named or not named]


def _slow(spec: ScenarioFile) -> Found:
    if (slow := spec.ai.slow) is None:
        return
    path: Path = ("ai", "slow")
    if not spec.fleets:
        yield path, "has no effect without fleets; remove it"
        return
    yield from _keys((*path, "after"), slow.after, spec.channels, "channel")
    for name, channel in spec.channels.items():
        if slow.after.get(name, channel.slow_reply) >= channel.reply_timeout and name in slow.after:
            yield (
                (*path, "after", name),
                f"has no effect: no reply takes longer than channels.{name}.reply_timeout, {in_units(channel.reply_timeout)}",
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
        if (
            queue.redial is not None
            and queue.redial.law != "lognormal"
            and "sigma" in queue.redial.model_fields_set
        ):
            yield (*path, "redial", "sigma"), "has no effect: it belongs to the lognormal law; remove it"
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
        yield from _from_the_start((*path, "staffing"), group.staffing, spec)
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


def fleets_in_order(spec: ScenarioFile, channel: str) -> tuple[str, ...]:
    """The fleets that a contact of the channel is offered to, one after the other."""
    listed = spec.failover.fallback.get(channel)
    if listed is not None:
        return tuple(name for name in listed if name != "human")
    return tuple(name for name, fleet in spec.fleets.items() if channel in fleet.channels)[:1]


def _order_of_fleets(spec: ScenarioFile) -> Found:
    failover = spec.failover
    yield from _keys(("failover", "fallback"), failover.fallback, spec.channels, "channel")
    for channel, chain in failover.fallback.items():
        path = ("failover", "fallback", channel)
        yield from _names(path, chain, [*spec.fleets, "human"], "fleet")
        if "human" in chain[:-1]:
            yield path, "human ends the list"
        if chain in ((), ("human",)):
            yield (
                path,
                "names no fleet; name the one that serves it first, or take the channel out of all fleets.*.channels",
            )
        for k, name in enumerate(chain):
            if name in chain[:k]:
                yield (*path, k), f"{name} stands there twice"
            if name in spec.fleets and channel not in spec.fleets[name].channels:
                yield (*path, k), f"fleet {name} does not serve {channel}; add it to fleets.{name}.channels"
    served = {name for channel in spec.channels for name in fleets_in_order(spec, channel)}
    for channel, chain in failover.fallback.items():
        usual = next((name for name, fleet in spec.fleets.items() if channel in fleet.channels), None)
        if usual is not None and usual not in served and chain not in ((), ("human",)):
            yield (
                ("failover", "fallback", channel),
                f"leaves out {usual}, which then serves nobody; a list names the fleet that comes first as well",
            )


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
    if "fit" in routing.model_fields_set and routing.by != "fit":
        yield ("routing", "fit"), f"has no effect on routing by {routing.by}; remove it, or route by fit"
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
    yield from _order_of_fleets(spec)
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


def _prices(spec: ScenarioFile) -> Found:
    if not spec.fleets:
        for key in ("input_tokens", "output_tokens", "per_session"):
            if key in spec.prices.model_fields_set:
                yield ("prices", key), "has no effect without fleets; remove it"
        for name, channel in spec.channels.items():
            if channel.line_per_min:
                yield ("channels", name, "line_per_min"), "has no effect without fleets; remove it"
    elif all(fleet.price is not None for fleet in spec.fleets.values()):
        for key in ("input_tokens", "output_tokens", "per_session"):
            if key in spec.prices.model_fields_set:
                yield ("prices", key), "has no effect: every fleet has a price of its own; remove it"
    if "supervisor_per_min" in spec.prices.model_fields_set and not spec.routing.monitor.people:
        yield ("prices", "supervisor_per_min"), "has no effect: nobody watches (routing.monitor.people is 0)"


def problems(spec: ScenarioFile) -> Found:
    """Everything about *spec* that no single key can know to be wrong."""
    yield from _calendar(spec)
    yield from _moments(spec)
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
    yield from _slow(spec)
    yield from _graph(spec)
    yield from _incident_process(spec)
    yield from _hosts(spec)
    yield from _parents(spec)
    yield from _new_pattern(spec)
    yield from _repeats(spec)
    yield from _csat(spec)
    yield from _misroute(spec)
    yield from _queues(spec)
    yield from _people(spec)
    yield from _routing(spec)
    yield from _prices(spec)
