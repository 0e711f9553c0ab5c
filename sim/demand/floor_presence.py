"""Who was on the floor, read off a call log: a log has no roster, only who answered when.

    answers   ▐██▌ ▐█████▌▐██▌            ▐████▌ ▐██▌
    waiting        ─────────────  ──────────────
    present   ◄────────────────┤          ├─────────►      (waited for over away_after_s and was not served: away)

A server is taken to be there from the first answer of the day to the end of the last, except in gaps between two
answers in which

* callers of a class this server usually takes waited for more than `away_after_s` in all: away from the moment the
  first of them waited until the next answer (before that moment nobody missed the server), or
* more than `gap_limit_s` passed, waiting callers or not: away for the whole gap.

Shorter gaps with callers waiting are the turnaround between two contacts (wrap-up, being connected); they are returned
as `turnaround_s`, since a replay without them serves faster than the centre did.

What a log cannot tell: presence before the first and after the last answer; breaks taken while nobody waited; whether
an idle server was wrapping up, resting or at other work; answers that name no server. `busy` counts only servers in a
contact and is a lower bound; `agents` is right only if the classes a server usually takes are those that would have
rung.

How much hangs on the limit (8 August 1999 at the "Anonymous Bank"; a plain first-come-first-served replay of the day
with these servers and turnarounds; the log itself has a mean wait of 79 s and 373 hang-ups):

    away_after_s     30     60    120    300    600   1200   1800
    agent hours    90.7   92.0   93.8   96.4  100.2  103.2  104.5
    mean wait, s     70     69     67     63     59     55     51
    hang-ups        324    325    320    309    289    281    266

Between half a minute and two minutes nothing much moves; a limit of 20 to 30 minutes, as for a roster, puts an eighth
more people on the floor than picked up the phone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.demand.log import LogContacts
from sim.demand.stretches import union
from sim.scenario.model import BoolArray, FloatArray, IntArray

AWAY_AFTER_S = 60.0
# In the 15,400 gaps between two answers of fifteen days at that bank, callers waited 3 s at the lower quartile, 5 s at
# the median, 13 s at the upper, 71 s at the ninetieth percentile, 250 s at the ninety-fifth: turnaround ends and
# absence begins around one to two minutes.
GAP_LIMIT_S = 1800.0
USUAL_SHARE = 0.1
# Below one answer in twenty a class is a favour among colleagues, or the small hours, and not a skill.
SKILL_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Presence:
    """Servers on the floor as a step function: from `times_s[i]` until `times_s[i + 1]` there are `agents[i]`."""

    times_s: FloatArray
    """Seconds since midnight, ascending; the first is 0, the last step is 0 agents."""
    agents: IntArray
    """Present, busy or not."""
    busy: IntArray
    """In a contact: what the log proves."""
    turnaround_s: FloatArray
    """Gaps between two answers during all of which somebody waited and which were not an absence, ascending."""
    servers: int
    """Different servers seen."""

    @property
    def agent_hours(self) -> float:
        """Hours of presence in the day."""
        return float(np.sum(self.agents[:-1] * np.diff(self.times_s)) / 3600.0)

    @property
    def busy_hours(self) -> float:
        """Hours in contacts in the day."""
        return float(np.sum(self.busy[:-1] * np.diff(self.times_s)) / 3600.0)

    def by_interval(self, interval_s: float, end_s: float = 86_400.0) -> tuple[FloatArray, FloatArray]:
        """Mean number present, and mean number busy, in each interval up to *end_s*.

        Args:
            interval_s: Width of an interval, seconds.
            end_s: Where the last one ends, seconds since midnight.
        """
        edges_s = np.arange(0.0, end_s + interval_s / 2, interval_s)
        return _mean_between(edges_s, self.times_s, self.agents), _mean_between(
            edges_s, self.times_s, self.busy
        )


@dataclass(frozen=True, slots=True)
class Crew:
    """People who answered the same kinds of contacts, and when they were there."""

    answers: dict[str, int]
    """Answers by class that day, classes that were answered now and then included."""
    servers: int
    """How many people."""
    times_s: FloatArray
    """Where the number present changes, seconds since midnight, ascending; the first is 0."""
    agents: IntArray
    """Number present from each of these times until the next."""


def crews(contacts: LogContacts, skill_share: float = SKILL_SHARE) -> tuple[Crew, ...]:
    """Who was on the floor, by what they answered: a log has no skills, only who answered what.

    Args:
        contacts: Of one day, from `LogContacts.of_day`.
        skill_share: A class is a skill of a server if at least this share of the server's answers that day are of it.

    Returns:
        One crew a set of skills, the largest number of answers first.
    """
    served = contacts.answered & (contacts.server > 0) & ~np.isnan(contacts.service_s)
    by_skills: dict[frozenset[int], list[int]] = {}
    for server in np.unique(contacts.server[served]):
        classes, answers = np.unique(
            contacts.intent[served & (contacts.server == server)], return_counts=True
        )
        skills = frozenset(classes[answers >= skill_share * answers.sum()].tolist())
        by_skills.setdefault(skills, []).append(int(server))
    found = []
    for servers in by_skills.values():
        floor = presence(contacts, of_servers=np.array(servers, dtype=np.int64))
        classes, answers = np.unique(
            contacts.intent[served & np.isin(contacts.server, servers)], return_counts=True
        )
        names = [contacts.intents[code] or "unknown" for code in classes]
        changes = np.concatenate([[True], np.diff(floor.agents) != 0])
        crew_answers = dict(zip(names, answers.tolist(), strict=True))
        found.append(Crew(crew_answers, floor.servers, floor.times_s[changes], floor.agents[changes]))
    return tuple(sorted(found, key=lambda crew: -sum(crew.answers.values())))


def presence(
    contacts: LogContacts,
    away_after_s: float = AWAY_AFTER_S,
    gap_limit_s: float = GAP_LIMIT_S,
    usual_share: float = USUAL_SHARE,
    of_servers: IntArray | None = None,
) -> Presence:
    """Derive who was on the floor from who answered.

    Args:
        contacts: Of one day, from `LogContacts.of_day`, with servers and service times.
        away_after_s: A server who let callers of a usual class wait longer than this in one gap was away, seconds.
        gap_limit_s: A server without an answer for longer than this was away in any case, seconds.
        usual_share: A class is usual for a server if at least this share of the server's answers that day are of it.
        of_servers: Only these servers (positions in `contacts.servers`); everybody's callers count as waiting all the same.

    Returns:
        The step function.

    Raises:
        ValueError: The contacts are of several days.
    """
    if len(contacts.days) > 1:
        raise ValueError("contacts of several days; take one with of_day")
    waiting = {int(code): _spells(contacts, contacts.intent == code) for code in np.unique(contacts.intent)}
    served = contacts.answered & (contacts.server > 0) & ~np.isnan(contacts.service_s)
    pickup_s = np.where(
        np.isnan(contacts.service_start_s),
        contacts.arrive_s + np.nan_to_num(contacts.wait_s),
        contacts.service_start_s,
    )
    here: list[tuple[float, float]] = []
    busy: list[tuple[float, float]] = []
    turnaround: list[float] = []
    servers = np.unique(contacts.server[served])
    if of_servers is not None:
        servers = np.intersect1d(servers, of_servers)
    for server in servers:
        rows = np.flatnonzero(served & (contacts.server == server))
        rows = rows[np.argsort(pickup_s[rows], kind="stable")]
        classes, answers = np.unique(contacts.intent[rows], return_counts=True)
        waited = np.concatenate([waiting[int(c)] for c in classes[answers >= usual_share * rows.size]])
        spells = np.array(union(map(tuple, waited.tolist())), dtype=np.float64).reshape(-1, 2)
        since_s = until_s = pickup_s[rows[0]]
        for row in rows:
            next_s = pickup_s[row]
            if next_s > until_s:
                waited_s, first_s = _waited(spells, until_s, next_s)
                away = waited_s > away_after_s
                if away or next_s - until_s > gap_limit_s:
                    left_s = until_s if next_s - until_s > gap_limit_s else first_s
                    here.append((since_s, left_s))
                    since_s = next_s
                elif waited_s >= next_s - until_s:
                    turnaround.append(next_s - until_s)
            # Two services of one server can overlap (transfers, a line left open): one person, busy once.
            start_s, end_s = max(next_s, until_s), max(until_s, next_s + contacts.service_s[row])
            if end_s > start_s:
                busy.append((start_s, end_s))
            until_s = end_s
        here.append((since_s, until_s))
    times_s = np.unique(np.array([0.0, *(t for span in here + busy for t in span)]))
    return Presence(
        times_s,
        _count(times_s, here),
        _count(times_s, busy),
        np.sort(np.array(turnaround, dtype=np.float64)),
        int(servers.size),
    )


def _spells(contacts: LogContacts, rows: BoolArray) -> FloatArray:
    """Stretches (from, to) in which one of these contacts waited, shape (contacts that waited, 2)."""
    rows = rows & contacts.offered & (np.nan_to_num(contacts.wait_s) > 0)
    return np.column_stack([contacts.arrive_s[rows], contacts.arrive_s[rows] + contacts.wait_s[rows]])


def _waited(spells: FloatArray, from_s: float, to_s: float) -> tuple[float, float]:
    """Seconds of [from_s, to_s] in which somebody waited, and when the first of them began (to_s if none)."""
    low = np.searchsorted(spells[:, 1], from_s, side="right")
    high = np.searchsorted(spells[:, 0], to_s, side="left")
    inside = np.clip(spells[low:high], from_s, to_s)
    return float((inside[:, 1] - inside[:, 0]).sum()), float(inside[0, 0]) if len(inside) else to_s


def _count(times_s: FloatArray, spans: list[tuple[float, float]]) -> IntArray:
    """How many spans cover each step."""
    starts, ends = (
        np.sort(np.array(side, dtype=np.float64))
        for side in (zip(*spans, strict=True) if spans else ((), ()))
    )
    counts: IntArray = np.searchsorted(starts, times_s, side="right") - np.searchsorted(
        ends, times_s, side="right"
    )
    return counts


def _mean_between(edges_s: FloatArray, times_s: FloatArray, values: IntArray) -> FloatArray:
    """Mean of a step function between neighbouring edges."""
    area = np.concatenate([[0.0], np.cumsum(values[:-1] * np.diff(times_s))])
    at_edge = np.interp(edges_s, times_s, area)
    mean: FloatArray = np.diff(at_edge) / np.diff(edges_s)
    return mean
