"""What a failure puts on the people, as the planner reckons it while the run goes on; for signals and plans.

Fleets stand in few ways and are asked after often: an interval of the plan is reckoned once for each, for all replications.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sim.engine.forecast import STEP_S, Forecast, forecast, largest, people
from sim.orchestration import breaker, degradation, impact
from sim.scenario.model import Queue, Scenario

AHEAD_S = tuple(300.0 * k for k in range(25))
"""Horizons of the estimate: two hours in steps of the plan."""
NOW_S = AHEAD_S[:1]
NEAR = 5
"""So many of them say whether the target is in danger."""
STATES = tuple(state.name.lower() for state in breaker.State)
"""Names of a breaker's states, as controllers read them."""
_SHUT = frozenset(state for state, name in enumerate(STATES) if name in impact.SHUT)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the fleets stand at one instant: all that the controllers above them want to know, by fleet."""

    breaker: tuple[int, ...]
    """State."""
    level: tuple[int, ...]
    """Of degradation."""
    sessions: tuple[int, ...]
    """That each fleet can have, with the hosts that are in service."""
    active: tuple[int, ...]
    """Under way."""
    all_in: bool = True
    """Whether every host is in service."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """What an estimate says to somebody who plans."""

    gap: tuple[float, ...]
    """People short in steps of the plan, 0 where there are enough."""
    held: float
    """Share of the people needed who are there, in the worst of the next steps."""
    spilled_per_min: float
    """More than usual that need a person."""
    human_per_min: float
    """All that need one."""


@dataclass(slots=True)
class Estimates:
    """Estimates of one run.

    Args:
        scenario: What is simulated.
        moved: By fleet, when its breaker or level moved last, and why.
        pauses: By fleet, what was announced, from and until, seconds.
    """

    scenario: Scenario
    moved: Mapping[int, tuple[float, str]]
    pauses: Mapping[int, tuple[tuple[float, float], ...]]
    _impact: impact.ImpactPolicy = field(init=False)
    _largest: Queue = field(init=False)
    """The queue whose people are reckoned with."""
    _known: Forecast | None = None

    def __post_init__(self) -> None:
        told = self.scenario.signals
        self._impact = impact.ImpactPolicy(
            ahead_s=NOW_S, every_s=STEP_S, burst_share=told.burst if told is not None else 0.0
        )
        self._largest = largest(self.scenario, range(len(self.scenario.names.queues)))

    def known(self) -> Forecast:
        """What the planner knew before the day."""
        if self._known is None:
            self._known = forecast(self.scenario)
        return self._known

    def now(self, stands: Standing, now_s: float) -> impact.Impact:
        """What the failure puts on the people now, as the planner sees it."""
        return self._at(stands, now_s, NOW_S)

    def in_pause(self, stands: Standing, fleet: str, from_s: float, now_s: float) -> impact.Impact:
        """What an announced pause of a fleet will put on the people as it begins; at once those sessions that are usual then."""
        found = self._at(stands, now_s, (max(0.0, from_s - now_s),))
        usual = sum(
            stream.per_min[min(len(stream.per_min) - 1, max(0, int(from_s / STEP_S)))]
            * stream.ai_share * stream.session_s / 60.0
            for stream in self.known().streams if stream.fleet == fleet
        )  # fmt: skip
        room = self.scenario.fleets[self.scenario.names.fleets.index(fleet)].sessions
        return found._replace(burst=self._impact.burst_share * min(room, usual))

    def _at(self, stands: Standing, now_s: float, ahead: tuple[float, ...]) -> impact.Impact:
        known = self.known()
        closed = (
            ()
            if _SHUT.isdisjoint(stands.breaker)
            else [
                (self.moved.get(f, (0.0, ""))[0], stands.active[f])
                for f, state in enumerate(stands.breaker)
                if state in _SHUT
            ]
        )
        burst = impact.burst(closed, self._impact, now_s)
        last = len(known.there) - 1
        places = tuple([min(last, int((now_s + ahead_s) / STEP_S)) for ahead_s in ahead])
        key = ("ahead", places, stands.breaker, stands.level, stands.sessions)
        # Where a pause is announced an estimate rests on the very second.
        found = None if self.pauses else known.worked.kept.get(key)
        if found is None:
            found = impact.outlook(
                known.streams,
                self._stand(stands),
                [known.there[place] for place in places],
                self._people,
                self._impact if ahead is NOW_S else replace(self._impact, ahead_s=ahead),
                now_s,
                degradation.sheds,
                known.worked,
            )
            if not self.pauses:
                known.worked.kept[key] = found
        return impact.Impact(now_s, found, burst)

    def _stand(self, stands: Standing) -> impact.Stand:
        kept, key = self.known().worked.kept, ("stand", stands.breaker, stands.level, stands.sessions)
        found: impact.Stand | None = None if self.pauses else kept.get(key)
        if found is None:
            found = impact.stand(
                {
                    name: impact.Fleet(
                        sessions=stands.sessions[f],
                        state=STATES[stands.breaker[f]],
                        level=stands.level[f],
                        sessions_normal=self.scenario.fleets[f].sessions,
                        away=self.pauses.get(f, ()),
                    )
                    for f, name in enumerate(self.scenario.names.fleets)
                }
            )
            if not self.pauses:
                kept[key] = found
        return found

    def _people(self, per_s: float, handle_s: float) -> int:
        return people(self._largest, per_s, handle_s)

    def shortage(self, stands: Standing, now_s: float) -> Shortage:
        """What is short as things stand, where no pause is announced; worked out once for an interval of the plan."""
        known = self.known()
        places = _places(now_s, len(known.there) - 1)
        key = ("short", places, stands.breaker, stands.level, stands.sessions)
        found: Shortage | None = known.worked.kept.get(key)
        if found is None:
            by_place = impact.intervals(
                known.streams,
                self._stand(stands),
                dict.fromkeys(places),
                self._people,
                self._impact,
                degradation.sheds,
                known.worked,
            )
            short = {place: each.required - known.there[place] for place, each in by_place.items()}
            missing = {place: max(0.0, people) for place, people in short.items()}
            now = by_place[places[0]]
            found = known.worked.kept[key] = Shortage(
                gap=tuple([missing[place] for place in places]),
                held=min(
                    [_held(short[place], by_place[place].required) for place in dict.fromkeys(places[:NEAR])]
                ),
                spilled_per_min=now.p50_per_min,
                human_per_min=now.human_per_min,
            )
        return found

    def shortage_with_pauses(
        self, stands: Standing, pauses: Sequence[tuple[float, float]], now_s: float, *, normal: bool
    ) -> Shortage:
        """The same where pauses are announced; *pauses* are those that count by now, from and until."""
        over_s = max((until_s - now_s for _, until_s in pauses), default=0.0)
        steps = max(len(AHEAD_S), math.ceil(over_s / AHEAD_S[1]) + 1)
        ahead = self._at(stands, now_s, tuple(AHEAD_S[1] * k for k in range(steps))).ahead
        paused = [impact.is_away(pauses, now_s + a.ahead_s) for a in ahead]
        # Before an announced pause only what is short in it counts: an ordinary day's shortage is nothing to call people for.
        before = normal and bool(pauses)
        counted = [a for k, a in enumerate(ahead) if paused[k] or (k < NEAR and not before)]
        worst = max([ahead[0], *(counted if before else ())], key=lambda a: a.p50_per_min)
        return Shortage(
            gap=tuple(
                max(0.0, a.gap) if there or not before else 0.0
                for a, there in zip(ahead, paused, strict=True)
            ),
            held=min((_held(a.gap, a.required) for a in counted), default=1.0),
            spilled_per_min=worst.p50_per_min,
            human_per_min=worst.human_per_min,
        )


def _places(now_s: float, last: int) -> tuple[int, ...]:
    """The intervals of the plan that the horizons of the estimate fall into."""
    from_s, until_s, places = _places_in(int(now_s / AHEAD_S[1]), last)
    return places if from_s <= now_s <= until_s else _places_at(now_s, last)


@lru_cache(maxsize=4096)
def _places_in(step: int, last: int) -> tuple[float, float, tuple[int, ...]]:
    """The same for all seconds from and until which they are the same; none, where rounding moves one of them within a step."""
    from_s, until_s = AHEAD_S[1] * step, AHEAD_S[1] * (step + 1) - 1e-6
    places = _places_at(from_s, last)
    return from_s, until_s if places == _places_at(until_s, last) else -math.inf, places


def _places_at(now_s: float, last: int) -> tuple[int, ...]:
    return tuple([min(last, int((now_s + ahead_s) / STEP_S)) for ahead_s in AHEAD_S])


def _held(gap: float, required: int) -> float:
    # A rough projection: short of people by a share, short of target by as much.
    return 1.0 - max(0.0, gap) / max(1, required)
