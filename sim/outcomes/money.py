"""What a run costs (M60), each formula once.

    cost      = AI + people + watching + plans
    AI        = sessions, turns and tokens at the vendor's price, and the line while the AI has the contact
    people    = handling time · price of a person's minute / contacts at once        (work done)
    watching  = time of watched sessions · price of a watcher's minute / span
    paid cost = the same with people paid for being there         (and for waiting)

Two views of people, because two questions: what a contact takes (compare routing, thresholds, vendors: who is idle could do something
else), and what the day costs (compare rosters). The cost of an incident is the paired difference of `penalised_cost` between the run
with it and the run without.

AI counts at the interval of arrival, people at that of joining the queue, as in `sim.outcomes.measures`; plans and vendors' commitments
belong to the run and are in no cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.physics import tokens_of_turns
from sim.engine.records import Run
from sim.engine.state import Disposition, Handling
from sim.outcomes.cost import stays
from sim.outcomes.handling import in_intervals
from sim.outcomes.incidents import service_level_damage
from sim.outcomes.measures import (
    EVERYTHING,
    Cut,
    FloatArray,
    Pair,
    Window,
    in_window,
    interval_edges_s,
    quantity,
    totals,
)
from sim.outcomes.repeats import CONTAINED

_HOUR_S = 3600.0
_OF_THE_AI = (Disposition.AI_FALSE_CONTAINED, Disposition.AI_ABANDONED)
"""Ends after which a further attempt is the AI's fault."""


@dataclass(frozen=True, slots=True)
class Money:
    """What one run cost, by what it was paid for."""

    tokens: float
    """Of fleets that are paid by the token."""
    fees: float
    """By the session, the resolution, the minute, and what commitments add."""
    lines: float
    """While the AI had the contact."""
    watching: float
    people: float
    """For handling."""
    presence: float
    """People for being there, instead of `people`; NaN in a cut by intent."""
    plans: float
    """What the levers' people cost beyond their pay; 0 in a cut."""
    failures: float
    """No part of the cost, but what customers bear: issues closed unsolved or left in the AI at `prices.silent`, abandoned in the queue at
    `prices.resolution`, hand-overs and waiting at theirs."""

    @property
    def ai(self) -> float:
        """Everything that sessions took but for who watches them."""
        return self.tokens + self.fees + self.lines

    @property
    def cost(self) -> float:
        """Work done."""
        return self.ai + self.watching + self.people + self.plans

    @property
    def paid(self) -> float:
        """As `cost`, with people paid for being there."""
        return self.ai + self.watching + self.presence + self.plans


def money(
    run: Run, cut: Cut = EVERYTHING, window: Window | None = None, found: FloatArray | None = None
) -> Money:
    """What a run cost.

    Args:
        run: One replication; interval counts are enough.
        cut: Which contacts; of a queue, AI sessions of its channels.
        window: Intervals that overlap it; the run without its warm-up when None.
        found: `totals` of the same, where somebody has them.
    """
    prices = run.scenario.prices
    if found is None:
        found = totals(run, cut, window)
    billed = run.counts.billed
    keep = in_window(run.scenario, window)[billed.interval]
    if cut.queue is not None:
        keep &= run.scenario.queue_of_channel[billed.channel] == cut.queue
    if cut.channel is not None:
        keep &= billed.channel == cut.channel
    if cut.intent is not None:
        keep &= billed.intent == cut.intent
    took = {
        name: billed.of(name)[keep]
        for name in ("sessions", "tokens_in", "tokens_out", "ai_s", "monitored_s", "contained")
    }
    f, channel = billed.fleet[keep], billed.channel[keep]
    tokens = prices.per_token_in[f] * took["tokens_in"] + prices.per_token_out[f] * took["tokens_out"]
    fees = (
        prices.per_session[f] * took["sessions"]
        + prices.per_resolution[f] * took["contained"]
        + prices.per_session_s[f] * took["ai_s"]
    )
    return Money(
        tokens=float(tokens.sum()),
        fees=float(fees.sum()) + (_unused(run, f, tokens + fees, window) if cut == EVERYTHING else 0.0),
        lines=float((prices.line_per_s[channel] * took["ai_s"]).sum()),
        watching=float(prices.watched_per_s * took["monitored_s"].sum()),
        people=float(prices.human_per_s * _handled_s(run, cut, window)),
        presence=float(prices.human_per_s * quantity(found, "present_s")),
        plans=_plans(run, window) if cut == EVERYTHING else 0.0,
        failures=_failures(run, cut, window),
    )


def share_of_person(run: Run) -> FloatArray:
    """How much of a person a contact takes while it is handled, shape (channels,): 1 where people handle one at a time.

    Where they handle several, busy time less what goes into the other channels is shared by the contacts in hand, over the whole run.
    """
    scenario, counts = run.scenario, run.counts
    several = np.array([channel.at_once > 1 for channel in scenario.channels])
    found = np.ones(len(several))
    if several.any() and len(run.looks) > 1:
        handle_s = np.bincount(counts.channel, counts.of("handle_s"), len(several))
        busy_s, contact_s = run.looks[-1].busy_area.sum(), run.looks[-1].contact_area.sum()
        alone_s = handle_s[~several].sum()
        fewest = 1.0 / max(channel.at_once for channel in scenario.channels)
        share = (busy_s - alone_s) / (contact_s - alone_s) if contact_s > alone_s else 1.0
        found[several] = min(1.0, max(fewest, share))
    return found


def _handled_s(run: Run, cut: Cut, window: Window | None) -> float:
    """A person's time for the contacts of the cut."""
    counts, keep = run.counts, _cells(run, cut, window)
    return float((counts.of("handle_s") * share_of_person(run)[counts.channel])[keep].sum())


def _failures(run: Run, cut: Cut, window: Window | None) -> float:
    """What customers of the cut bear."""
    counts, prices = run.counts, run.scenario.prices
    unsolved = prices.silent[counts.intent] * (counts.of("false_contained") + counts.of("ai_abandoned"))
    lost = prices.resolution[counts.intent] * counts.of("abandoned")
    wait_per_s = prices.customer_wait_per_s * run.scenario.on_the_line
    moved = prices.handed_over * counts.of("escalated") + wait_per_s[counts.channel] * counts.of("wait_s")
    return float((unsolved + lost + moved)[_cells(run, cut, window)].sum())


def _cells(run: Run, cut: Cut, window: Window | None) -> NDArray[np.bool_]:
    """Cells of the interval table that a cut is about."""
    counts = run.counts
    keep = in_window(run.scenario, window)[counts.interval]
    if cut.queue is not None:  # who never got there belongs to the queue of its channel
        keep &= run.scenario.queue_of_channel[counts.channel] == cut.queue
    for name, code in (("channel", cut.channel), ("intent", cut.intent)):
        if code is not None:
            keep &= getattr(counts, name) == code
    return keep


def session_cost(run: Run) -> FloatArray:
    """What the AI's part of every contact cost, shape (contacts,); 0 for who was never with it.

    Raises:
        ValueError: The run keeps no contact rows.
    """
    c, prices = run.contacts, run.scenario.prices
    if c is None:
        raise ValueError("the run keeps no rows of contacts")
    met = c["first_fleet"] >= 0
    out = np.zeros(len(met))
    if not met.any():
        return out
    f, turns = c["fleet"][met], c["turns"][met]
    tokens = np.array([tokens_of_turns(k) for k in range(int(turns.max()) + 1)])[turns]
    end_s = np.where(np.isnan(c["ai_end_s"]), run.scenario.calendar.end_s, c["ai_end_s"])[met]
    ai_s = end_s - c["ai_start_s"][met]
    out[met] = (
        prices.per_session[f]
        + prices.per_resolution[f] * np.isin(c["disposition"][met], CONTAINED)
        + (prices.per_session_s[f] + prices.line_per_s[c["channel"][met]]) * ai_s
        + prices.per_token_in[f] * tokens[:, 0]
        + prices.per_token_out[f] * tokens[:, 1]
    )
    return out


def _unused(run: Run, fleet: NDArray[np.int64], charged: FloatArray, window: Window | None) -> float:
    """What vendors get for commitments that were not used up, of the run and in no cut."""
    at_least = run.scenario.prices.at_least_per_s
    if not at_least.any():
        return 0.0
    edges_s, inside = interval_edges_s(run.scenario), in_window(run.scenario, window)
    stretch_s = float(np.diff(edges_s)[inside].sum())
    by_fleet = np.bincount(fleet, charged, len(at_least))
    return float(np.maximum(0.0, at_least * stretch_s - by_fleet).sum())


def _plans(run: Run, window: Window | None) -> float:
    """What people whom plans brought cost in the window, at the levers' own prices."""
    levers = run.scenario.levers
    if not levers:
        return 0.0
    inside = in_window(run.scenario, window)
    if not inside.any():
        return 0.0
    edges_s, k = interval_edges_s(run.scenario), np.flatnonzero(inside)
    from_s, until_s = edges_s[k[0]], edges_s[k[-1] + 1]
    cost = sum(
        one.people
        * max(0.0, min(one.until_s, until_s) - max(one.from_s, from_s))
        / _HOUR_S
        * levers[one.lever].cost_per_h
        for one in stays(run)
    )
    return float(cost)


def resolved(found: FloatArray) -> float:
    """Contacts whose need was met, whoever met it, from `totals`; contacts in hand when the run ends are taken to be."""
    return float(
        quantity(found, "ai_resolved")
        + quantity(found, "handled")
        - quantity(found, "unresolved")
        + quantity(found, "deflected")
        - quantity(found, "deflected_lost")
    )


def loaded(run: Run, spent: Money, window: Window | None = None) -> float:
    """What the AI cost with everything that it caused, of one run; NaN without contact rows.

    Sessions and watching; of contacts that it handed over, what people spent beyond the plain handling time of the intent in that
    channel (hand-over, retelling, mood, and that the harder cases are left); of contacts that came back because it had closed them
    unresolved or lost them, all that people spent.
    """
    c = run.contacts
    if c is None:
        return math.nan
    scenario = run.scenario
    plain_s = np.outer(
        [law.mean_s for law in scenario.handle], [channel.handle_factor for channel in scenario.channels]
    )
    its_fault = after(c, _OF_THE_AI)
    talked = ~np.isnan(c["answer_s"]) & (c["disposition"] != Disposition.QUEUE_ABANDONED) & (c["ghost"] == 0)
    talked &= in_intervals(run, c["queue_s"], window)
    handed_over = c["handling"] == Handling.ESCALATED
    beyond_s = np.where(handed_over, c["handle_s"] - plain_s[c["intent"], c["channel"]], 0.0)
    more_s = np.where(its_fault, c["handle_s"], beyond_s) * share_of_person(run)[c["channel"]]
    return spent.ai + spent.watching + scenario.prices.human_per_s * float(more_s[talked].sum())


def after(contacts: Mapping[str, NDArray[Any]], endings: Collection[Disposition]) -> NDArray[np.bool_]:
    """Contacts that are a further attempt at an issue whose last one ended so, shape (contacts,)."""
    order = np.lexsort((contacts["attempt"], contacts["issue"]))
    issue, ended = contacts["issue"][order], contacts["disposition"][order]
    found = np.zeros(len(order), dtype=np.bool_)
    found[order[1:]] = (issue[1:] == issue[:-1]) & np.isin(ended[:-1], list(endings))
    return found


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that figures in money divide, of one run."""

    run: Run
    window: Window | None
    spent: Money
    found: FloatArray
    """`totals`."""

    def per(self, counter: str, cost: float) -> Pair:
        """A cost over what was counted; nothing where the cost is not known."""
        return (0.0, 0.0) if math.isnan(cost) else (cost, float(quantity(self.found, counter)))

    @property
    def penalised(self) -> float:
        """Cost and the penalty for missed targets."""
        price = self.run.scenario.prices.per_missed
        return self.spent.cost + (price * service_level_damage(self.run, self.window) if price else 0.0)


def books(run: Run, cut: Cut = EVERYTHING, window: Window | None = None) -> Books:
    """What `MONEY` is worked out from; arguments as of `money`."""
    found = totals(run, cut, window)
    return Books(run, window, money(run, cut, window, found), found)


@dataclass(frozen=True, slots=True)
class MoneyFigure:
    """A figure in money; lower is better."""

    name: str
    label: str
    formula: str
    by_cut: bool
    of: Callable[[Books], Pair]


MONEY: tuple[MoneyFigure, ...] = (
    MoneyFigure("cost", "cost of the work", "AI + handling time + watching + plans", True, lambda b: (b.spent.cost, 1.0)),
    MoneyFigure(
        "cost_per_contact", "cost per contact", "cost / offered", True, lambda b: b.per("offered", b.spent.cost),
    ),
    MoneyFigure(
        "cost_per_resolved", "cost per truly resolved contact (oracle)", "cost / contacts whose need was met", True,
        lambda b: (b.spent.cost, resolved(b.found)),
    ),
    MoneyFigure(
        "full_cost_per_contact", "full cost per contact",
        "(cost + failures, hand-overs, waits and abandonments at their prices) / offered", True,
        lambda b: b.per("offered", b.spent.cost + b.spent.failures),
    ),
    MoneyFigure(
        "ai_cost_per_session", "AI cost per session", "tokens, fees and lines / AI sessions", True,
        lambda b: b.per("ai_sessions", b.spent.ai),
    ),
    MoneyFigure(
        "people_cost_per_contact", "people's cost per contact", "handling time at a person's price / contacts handled",
        True, lambda b: b.per("handled", b.spent.people),
    ),
    MoneyFigure(
        "ai_loaded_per_resolved", "AI cost per contact that it resolved, fully loaded",
        "(AI + watching + people's extra time after it + repeats that it caused) / resolved by the AI",
        False, lambda b: b.per("ai_resolved", loaded(b.run, b.spent, b.window)),
    ),
    MoneyFigure(
        "paid_per_contact", "cost per contact, people paid for being there",
        "(AI + time on the floor + watching + plans) / offered", True, lambda b: b.per("offered", b.spent.paid),
    ),
    MoneyFigure(
        "penalised_cost", "cost with penalties for missed targets", "cost + service-level damage · prices.per_missed",
        False, lambda b: (b.penalised, 1.0),
    ),
)  # fmt: skip
"""All figures in money. What an incident costs is the paired difference of `penalised_cost` with it and without."""
