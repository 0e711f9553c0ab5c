"""What was done about it: callbacks, buffers, plans, signals, repeats. One row a variant, and only what something came of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sim.engine.records import Run
from sim.outcomes import Estimate, ratio, totals_of
from sim.outcomes.alarms import HourOfFleet, WarningQuality, containment_by_hour, warning_quality
from sim.outcomes.common_cause import CauseQuality, cause_quality
from sim.outcomes.cost import PlanCost, plan_cost
from sim.outcomes.impact import ImpactOutcome, impact_outcome
from sim.outcomes.local_time import span_words
from sim.outcomes.loop import LoopOutcome, loop_outcome
from sim.outcomes.measures import Window, quantity
from sim.outcomes.relief import ReliefOutcome, relief_outcome
from sim.outcomes.repeats import RepeatOutcome, repeat_outcome
from sim.reports.blocks import Block, Lines, Paragraph, Section, Table
from sim.reports.numbers import NOTHING, amount, duration, estimate

_MORE_CALLS = 1.005
"""Calls per turn that are worth a column."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What a variant did, and how it came out; None for what it does not have."""

    relief: ReliefOutcome | None
    plans: PlanCost | None
    signals: ImpactOutcome | None
    loop: LoopOutcome | None
    warnings: WarningQuality | None
    repeats: RepeatOutcome | None
    cause: CauseQuality | None
    calls_per_turn: Estimate
    """Calls sent for each finished turn of an AI session, while incidents last: 1 without failed calls and retries."""
    calls_from: str
    """The stretch that these calls are of, by the clock; empty for the whole run."""
    containment_by_hour: tuple[HourOfFleet, ...]
    """As seen and as true, where the orchestrator watches."""


def acts(runs: Sequence[Run]) -> bool:
    """Whether a variant has anything of which this part tells."""
    scenario = runs[0].scenario
    return any(
        (
            scenario.relief,
            scenario.levers,
            scenario.signals,
            scenario.watch,
            scenario.repeats,
            scenario.common_cause,
        ),
    )


def actions_of(runs: Sequence[Run], window: Window | None = None) -> Actions:
    """Everything about one variant; calls within *window*, the whole run when None."""
    scenario, totals = runs[0].scenario, totals_of(runs, window=window)
    return Actions(
        relief=relief_outcome(runs),
        plans=plan_cost(runs),
        signals=impact_outcome(runs),
        loop=loop_outcome(runs),
        warnings=warning_quality(runs),
        repeats=repeat_outcome(runs) if scenario.repeats is not None else None,
        cause=cause_quality(runs),
        calls_per_turn=ratio(quantity(totals, "calls"), quantity(totals, "turns")),
        calls_from="" if window is None else span_words(scenario, window),
        containment_by_hour=tuple(containment_by_hour(runs)) if scenario.watch is not None else (),
    )


def all_actions(by_variant: Mapping[str, Sequence[Run]], window: Window | None = None) -> dict[str, Actions]:
    """By variant; empty when no variant has anything of this part. *window* is that of the incidents, if there are any."""
    if not any(acts(runs) for runs in by_variant.values()):
        return {}
    return {title: actions_of(runs, window) for title, runs in by_variant.items()}


# --- the answer's short table ---


def _callbacks(a: Actions) -> str:
    found = a.relief.callbacks if a.relief is not None else None
    if found is None:
        return NOTHING
    return f"{estimate(found.kept_share, 'share')}\nof {amount(found.promised.value, 'contacts')}"


def _held(a: Actions) -> str:
    found = a.relief.metering if a.relief is not None else None
    if found is None:
        return NOTHING
    told = estimate(found.held, "contacts")
    share = found.released_share.value
    return told if math.isnan(share) else f"{told}\n{amount(share, 'share')} let in"


def _deflected(a: Actions) -> str:
    found = a.relief.deflections if a.relief is not None else None
    return estimate(found.taken, "contacts") if found is not None else NOTHING


def _people(a: Actions) -> str:
    return estimate(a.plans.came, "contacts") if a.plans is not None and a.plans.came.value else NOTHING


def _loop(a: Actions) -> str:
    if a.loop is None or not a.loop.closed:
        return NOTHING
    told = estimate(a.loop.loop_s, "s")
    return told if a.loop.closed == a.loop.loops else f"{told}\nin {a.loop.closed} of {a.loop.loops}"


def _declared(a: Actions) -> str:
    return estimate(a.loop.declared_s, "s") if a.loop is not None else NOTHING


def _named(a: Actions) -> str:
    if a.cause is None:
        return NOTHING
    if not a.cause.found:
        return f"never\nof {a.cause.faults}" if a.cause.faults else NOTHING
    told = estimate(a.cause.declared_s, "s")
    return told if a.cause.found == a.cause.faults else f"{told}\nin {a.cause.found} of {a.cause.faults}"


def _misnamed(a: Actions) -> str:
    if a.cause is None:
        return NOTHING
    return f"{estimate(a.cause.elsewhere, 'contacts')}\n{estimate(a.cause.wrong, 'contacts')} without any"


def _calls(a: Actions) -> str:
    return estimate(a.calls_per_turn, "contacts")


def _net(a: Actions) -> str:
    if a.repeats is None or math.isnan(a.repeats.net.value):
        return NOTHING
    return f"{estimate(a.repeats.net, 'share')}\ngross {amount(a.repeats.gross.value, 'share')}"


_SHORT: tuple[tuple[str, Callable[[Actions], str]], ...] = (
    ("callbacks\nkept", _callbacks),
    ("held", _held),
    ("deflected", _deflected),
    ("people\nadded", _people),
    ("first\ndeclared", _declared),
    ("symptom\nto action", _loop),
    ("common cause\nnamed after", _named),
    ("another node\nnamed, times", _misnamed),
    ("calls\nper turn", _calls),
    ("containment,\nnet", _net),
)


def table(found: Mapping[str, Actions]) -> Table | None:
    """One row a variant; only columns and rows in which something happened. None when nothing did."""
    columns = []
    for label, of in _SHORT:
        cells = [of(one) for one in found.values()]
        if of is _calls and not any(one.calls_per_turn.value > _MORE_CALLS for one in found.values()):
            continue
        if any(cell != NOTHING for cell in cells):
            columns.append((label, cells))
    rows = [(title, *(cells[k] for _, cells in columns)) for k, title in enumerate(found)]
    rows = [row for row in rows if any(cell != NOTHING for cell in row[1:])]
    return Table(("", *(label for label, _ in columns)), tuple(rows)) if rows else None


def notes(found: Mapping[str, Actions]) -> Lines | None:
    """How the short table is to be read, for the columns that it has."""
    shown = table(found)
    if shown is None:
        return None
    has = {of for label, of in _SHORT if label in shown.columns}
    lines = []
    if _callbacks in has:
        lines.append("callbacks kept: reached within 10 minutes of the wait that was told, of those promised")
    if _held in has:
        lines.append("held: before they join the queue; patience runs on, and who was not let in gave up")
    if has & {_declared, _loop}:
        lines.append(
            "declared: the first breaker opens; action: the first people are called; from the true onset"
        )
    if _named in has or _misnamed in has:
        lines += [
            "common cause named after: from the true onset until the node at fault was declared",
            "another node named: declarations per replication while there was such a fault, and below it those without any",
        ]
    span = next(iter(found.values())).calls_from
    if _calls in has and span:
        lines.append(
            f"calls per turn: {span}; failed calls and retries count, turns that came to an end divide"
        )
    if _net in has:
        one = next(a.repeats for a in found.values() if _net(a) != NOTHING)
        assert one is not None, "chosen because there is one"
        lines.append(
            f"net: not back within {_window(one.window_s)}; of {amount(one.censored_share.value, 'share')} the run ends too early to say"
        )
    return Lines(tuple(lines)) if lines else None


def blocks(found: Mapping[str, Actions]) -> list[Block]:
    """The short table and its notes; nothing when nothing happened."""
    return [block for block in (table(found), notes(found)) if block is not None]


def _window(seconds: float) -> str:
    return f"{seconds / 86_400.0:.0f} days" if seconds >= 172_800.0 else duration(seconds)


# --- the report's sections ---


def sections(found: Mapping[str, Actions]) -> list[Section]:
    """Everything about what was done, a table each."""
    parts = (
        _relief(found),
        _plans(found),
        _signals(found),
        _warnings(found),
        _causes(found),
        _repeats(found),
    )
    return [part for part in parts if part is not None]


def _relief(found: Mapping[str, Actions]) -> Section | None:
    of = {title: one.relief for title, one in found.items() if one.relief is not None}
    tables = (_promises(of), _told(of), _announced(of), _self_service(of), _buffers(of))
    shown = [one for one in tables if one.rows]
    if not shown:
        return None
    return Section(
        "What was done for long queues",
        (
            Paragraph(
                "Kept: reached within ten minutes of the wait that was told, of the promised. Told waits are held against those whom a "
                "person answered. Fair: Jain's index of mean holds, 1 for all alike."
            ),
            *shown,
        ),
    )


def _promises(of: Mapping[str, ReliefOutcome]) -> Table:
    rows = [
        (
            title,
            estimate(one.promised, "contacts"),
            estimate(one.reached_share, "share"),
            estimate(one.kept_share, "share"),
            estimate(one.failed, "contacts"),
            estimate(one.open, "contacts"),
            estimate(one.true_wait_s, "s"),
        )
        for title, relief in of.items()
        if (one := relief.callbacks) is not None
    ]
    head = ("callbacks", "promised", "reached", "kept", "failed", "open at the end", "true wait")
    return Table(head, tuple(rows))


def _told(of: Mapping[str, ReliefOutcome]) -> Table:
    rows = [
        (
            f"{title}\n{whose}",
            estimate(one.contacts, "contacts"),
            estimate(one.bias_s, "s"),
            estimate(one.error_share, "share"),
            estimate(one.mape, "share"),
        )
        for title, relief in of.items()
        for whose, one in (("in the queue", relief.told), ("called back", relief.told_callbacks))
        if one is not None
    ]
    head = ("told wait", "contacts", "told − true", "|told − true| / true", "mean relative error")
    return Table(head, tuple(rows))


def _announced(of: Mapping[str, ReliefOutcome]) -> Table:
    rows = [
        (title, estimate(one.balked, "contacts"), estimate(one.switched, "contacts"))
        for title, one in of.items()
        if one.balked.value or one.switched.value
    ]
    return Table(("announcement", "hung up", "changed the channel"), tuple(rows))


def _self_service(of: Mapping[str, ReliefOutcome]) -> Table:
    rows = [
        (
            title,
            estimate(one.taken, "contacts"),
            estimate(one.success, "share"),
            amount(one.censored_share.value, "share"),
            estimate(one.helped, "share"),
        )
        for title, relief in of.items()
        if (one := relief.deflections) is not None
    ]
    head = ("self-service", "taken", "not back in a day", "too early to say", "need met (oracle)")
    return Table(head, tuple(rows))


def _buffers(of: Mapping[str, ReliefOutcome]) -> Table:
    rows = [
        (
            title,
            estimate(one.held, "contacts"),
            estimate(one.mean_s, "s"),
            estimate(one.longest_s, "s"),
            estimate(one.released_share, "share"),
            estimate(one.fair_segments, "contacts"),
            estimate(one.fair_handling, "contacts"),
        )
        for title, relief in of.items()
        if (one := relief.metering) is not None
    ]
    head = ("buffer", "held", "mean", "longest", "let in", "fair to segments", "fair to handling types")
    return Table(head, tuple(rows))


def _plans(found: Mapping[str, Actions]) -> Section | None:
    rows = [
        (
            title,
            estimate(one.asked, "contacts"),
            estimate(one.came, "contacts"),
            estimate(one.hours, "contacts"),
            estimate(one.idle_hours, "contacts"),
            estimate(one.cost, "contacts"),
            "\n".join(
                f"{name}: {estimate(cost, 'contacts')}"
                for name, cost in one.cost_by_lever.items()
                if cost.value
            )
            or NOTHING,
        )
        for title, actions in found.items()
        if (one := actions.plans) is not None and one.asked.value
    ]
    if not rows:
        return None
    head = ("", "people asked", "came", "hours", "after it was over", "cost", "of which")
    return Section(
        "People called, and what they cost",
        (
            Paragraph(
                "People-hours per replication; cost at the levers' `cost_per_h`, beyond what is paid anyway."
            ),
            Table(head, tuple(rows)),
        ),
    )


def _signals(found: Mapping[str, Actions]) -> Section | None:
    rows = [
        (title, estimate(one.signals, "contacts"), estimate(one.bias, "share"), estimate(one.mape, "share"))
        for title, actions in found.items()
        if (one := actions.signals) is not None
    ]
    if not rows:
        return None
    return Section(
        "Signals against what came",
        (
            Paragraph(
                "Human volume on top of a normal day: what each signal said against the five minutes after it. Bias above 0: said too much."
            ),
            Table(("", "signals", "bias", "mean relative error"), tuple(rows)),
        ),
    )


def _warnings(found: Mapping[str, Actions]) -> Section | None:
    rows = [
        (
            title,
            estimate(one.alarms, "contacts"),
            estimate(one.false_share, "share"),
            estimate(one.false_per_day, "contacts"),
            estimate(one.miss_share, "share"),
            "\n".join(f"{effect}: {estimate(delay, 's')}" for effect, delay in one.detect_s.items())
            or NOTHING,
        )
        for title, actions in found.items()
        if (one := actions.warnings) is not None
    ]
    if not rows:
        return None
    head = ("", "alarms", "false", "false per day", "faults missed", "seen after")
    return Section(
        "Early warnings against the truth",
        (Paragraph("False per day is for one fleet."), Table(head, tuple(rows))),
    )


def _causes(found: Mapping[str, Actions]) -> Section | None:
    rows = [
        (
            title,
            f"{one.found} of {one.faults}" if one.faults else NOTHING,
            estimate(one.declared_s, "s"),
            estimate(one.right, "contacts"),
            estimate(one.elsewhere, "contacts"),
            estimate(one.wrong, "contacts"),
            estimate(one.wrong_per_day, "contacts"),
        )
        for title, actions in found.items()
        if (one := actions.cause) is not None
    ]
    if not rows:
        return None
    head = (
        "", "faults found", "named after", "named right", "another node named", "named without a fault", "the same per day",
    )  # fmt: skip
    return Section(
        "One fault behind several: the detector against the truth",
        (
            Paragraph(
                "Faults under two fleets or more, all replications together; declarations per replication. A node that is taken back and "
                "declared again counts again: breakers that close for a while during a brown-out make it so. Another node: a fleet that "
                "others spill on to trips as well when it is full, and the node above all of them then explains more than the true one."
            ),
            Table(head, tuple(rows)),
        ),
    )


def _repeats(found: Mapping[str, Actions]) -> Section | None:
    of = {title: one.repeats for title, one in found.items() if one.repeats is not None}
    if not of:
        return None
    rows = [
        (
            title,
            estimate(one.gross, "share"),
            estimate(one.net, "share"),
            amount(one.censored_share.value, "share"),
            estimate(one.repeat_share, "share"),
            estimate(one.contacts_per_issue, "contacts"),
            estimate(one.settled_first, "share"),
            estimate(one.settled_first_true, "share"),
        )
        for title, one in of.items()
    ]
    window = _window(next(iter(of.values())).window_s)
    head = (
        "", "containment, gross", "net", "too early to say", "further attempts", "contacts per issue",
        "settled by the first", "the same (oracle)",
    )  # fmt: skip
    return Section(
        "Who came back",
        (
            Paragraph(
                f"Net: the customer was not back with the same issue within {window}. Too early to say: contained, and the run ends before "
                "that; what of these is still to come makes net containment smaller."
            ),
            Table(head, tuple(rows)),
        ),
    )
