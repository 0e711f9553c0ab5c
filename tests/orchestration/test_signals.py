from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sim.orchestration.duration import Law, remaining
from sim.orchestration.impact import Ahead, Impact
from sim.orchestration.signals import (
    FleetSeen,
    Maintenance,
    Signal,
    SignalObservation,
    SignalPolicy,
    SignalState,
    Type,
    Warned,
    cloud_event,
    next_due,
    overdue,
    step,
)

POLICY = SignalPolicy()
B = FleetSeen("B", "closed", throughput_per_min=8.0, plan_per_min=8.8, channels=("chat",))
C = FleetSeen("C", "closed", throughput_per_min=2.5, plan_per_min=2.8, channels=("email",))
OPEN = replace(B, state="open", throughput_per_min=8.0, cause="failed replies 11 of 20 (55% ≥ 50%)")


def impact(per_min: float) -> Impact:
    """An estimate of so many contacts a minute more."""
    now = Ahead(
        0.0, per_min - 1.0, per_min, per_min + 1.0, 14.5 + per_min, 600.0, 6.0 * per_min, 180, 150.0, 30.0
    )
    return Impact(0.0, (now,), 12.0)


class Desk:
    """Plays the floor: tells the controller how things stand, and keeps what it says."""

    def __init__(self, policy: SignalPolicy = POLICY) -> None:
        self.policy, self.state, self.sent = policy, SignalState(), list[Signal]()

    def at(self, now_s: float, *fleets: FleetSeen, **more: object) -> list[Signal]:
        seen = SignalObservation(now_s, fleets or (B, C))._replace(**more)
        self.state, signals = step(self.state, seen, self.policy, now_s)
        self.sent += signals
        return list(signals)

    def until(self, end_s: float, *fleets: FleetSeen, **more: object) -> list[Signal]:
        """Call again whenever the controller wants, up to *end_s*."""
        before, now_s = len(self.sent), 0.0
        for _ in range(1000):
            now_s = next_due(self.state, self.policy, now_s)
            if now_s > end_s:
                return self.sent[before:]
            self.at(now_s, *fleets, **more)
        raise AssertionError("the controller never stops asking")


def test_silence_while_all_is_normal() -> None:
    """Nothing is said, and nothing asked for, while every fleet is normal."""
    desk = Desk()

    assert [] == desk.at(0.0)
    assert math.inf == next_due(desk.state, POLICY, 0.0)


def test_a_breaker_opens() -> None:
    """A transition is told at once, with the whole picture."""
    desk = Desk()
    desk.at(0.0)
    (signal,) = desk.at(322.0, OPEN, C, impact=impact(7.8))

    assert Type.STATE_CHANGE is signal.type
    assert ("closed", "open", ("B",), ("chat",)) == (
        signal.from_state, signal.to_state, signal.scope.fleets, signal.scope.channels,
    )  # fmt: skip
    assert impact(7.8) == signal.impact
    assert (4500.0, 1, "") == (pytest.approx(signal.expected_p50_s), signal.seq, signal.supersedes)
    assert 0.8 * 8.8 == pytest.approx(signal.threshold_per_min)
    assert "failed replies 11 of 20 (55% ≥ 50%)" == signal.cause
    assert [] == desk.at(322.0, OPEN, C, impact=impact(7.8))


def test_every_five_minutes_while_it_lasts() -> None:
    """A fleet that is not closed is heard of every 300 s, each time with the rest that is expected by then."""
    desk = Desk()
    desk.at(100.0, OPEN, C)
    beats = desk.until(1800.0, OPEN, C)

    assert [400.0, 700.0, 1000.0, 1300.0, 1600.0] == [signal.at_s for signal in beats]
    assert {Type.DURATION_UPDATE} == {signal.type for signal in beats}
    assert beats[-1].expected_p50_s == remaining(1500.0, Law()).p50_s
    assert list(range(1, 7)) == [signal.seq for signal in desk.sent]
    assert [""] + [signal.signal_id for signal in desk.sent[:-1]] == [
        signal.supersedes for signal in desk.sent
    ]


def test_recovered_after_two_minutes() -> None:
    """A breaker that closes is told at once, and as recovered only once it has been closed for 120 s; a relapse starts that again."""
    desk = Desk()
    desk.at(0.0, OPEN, C)
    desk.at(50.0, B, C)
    desk.at(100.0, OPEN, C)
    desk.at(200.0, B, C)
    later = desk.until(2000.0, B, C)

    assert [Type.STATE_CHANGE] * 4 + [Type.RECOVERED] == [signal.type for signal in desk.sent]
    assert [320.0] == [signal.at_s for signal in later]
    assert 0.0 == later[0].expected_p50_s
    assert math.inf == next_due(desk.state, POLICY, 2000.0)


def test_flapping_makes_one_signal_in_ten_seconds() -> None:
    """Moves that come too soon go out together: from the state that was told last to the one it is in, none lost."""
    desk = Desk()
    for k in range(9):
        desk.at(100.0 + k, replace(B, state="open" if k % 2 == 0 else "closed", cause=f"move {k}"), C)
    desk.until(115.0, replace(B, state="open", cause="move 8"), C)

    assert [100.0, 110.0] == [signal.at_s for signal in desk.sent]
    assert ("open", "open") == (desk.sent[1].from_state, desk.sent[1].to_state)
    assert "; ".join(f"move {k}" for k in range(1, 9)) == desk.sent[1].cause


def test_levels_are_told() -> None:
    """A step of graceful degradation is a transition, and no recovery while it stands."""
    desk = Desk()
    desk.at(0.0)
    (signal,) = desk.at(10.0, replace(B, level=2), C)

    assert ("closed", "closed, level 2") == (signal.from_state, signal.to_state)
    assert [Type.DURATION_UPDATE] == [s.type for s in desk.until(500.0, replace(B, level=2), C)]


def test_low_throughput_for_a_minute() -> None:
    """Throughput under 0.8 of the plan is told after 60 s in a row, once; a dip that ends sooner is not."""
    desk, low = Desk(), replace(B, throughput_per_min=6.9)
    desk.at(0.0)
    desk.at(10.0, low, C)
    desk.at(50.0)
    assert [] == desk.at(80.0, low, C)
    (signal,) = desk.until(600.0, low, C)

    assert (140.0, Type.THROUGHPUT_LOW) == (signal.at_s, signal.type)
    assert "6.9/min under 80% of 8.8/min for 60 s" in signal.cause


def test_volume_changes() -> None:
    """The volume is told by itself when it is off by more than the larger of half a contact a minute and a tenth."""
    desk = Desk()
    desk.at(0.0, OPEN, C, impact=impact(7.8))

    assert [] == desk.at(20.0, OPEN, C, impact=impact(8.5))
    (signal,) = desk.at(40.0, OPEN, C, impact=impact(8.6))
    assert (Type.VOLUME_IMPACT, ("B",), "") == (signal.type, signal.scope.fleets, signal.from_state)
    assert "+7.8 → +8.6/min" in signal.cause
    # Too soon after the last, and back again before its time: nothing is off any more.
    assert [] == desk.at(45.0, OPEN, C, impact=impact(12.0))
    assert 50.0 == next_due(desk.state, POLICY, 45.0)
    assert [] == desk.at(48.0, OPEN, C, impact=impact(8.6))
    assert [] == desk.at(50.0, OPEN, C, impact=impact(8.6))


def test_a_volume_that_is_back_has_no_end_to_wait_for() -> None:
    """The way is open before the breaker's own signal may go: the volume is told as over, and not with the rest of an outage."""
    desk = Desk()
    desk.at(0.0, OPEN, C, impact=impact(7.8))
    (going_on,) = desk.at(20.0, OPEN, C, impact=impact(9.0))
    (over,) = desk.at(40.0, OPEN, C, impact=impact(0.2))

    assert going_on.expected_p50_s > 0.0
    assert (Type.VOLUME_IMPACT, 0.0, 0.0) == (over.type, over.expected_p50_s, over.expected_p90_s)
    assert "human volume back to normal, it was +9.0/min" == over.cause


def test_volume_without_a_breaker() -> None:
    """Volume that moves while every breaker is closed, as with hosts that are out, concerns all fleets; it lasts as a new fault.

    Less volume than usual is no fault and has no end to wait for.
    """
    desk = Desk()
    (signal,) = desk.at(0.0, impact=impact(2.0))
    (less,) = desk.at(100.0, impact=impact(-2.0))

    assert (Type.VOLUME_IMPACT, ("B", "C")) == (signal.type, signal.scope.fleets)
    assert 4500.0 == pytest.approx(signal.expected_p50_s)
    assert (Type.VOLUME_IMPACT, 0.0) == (less.type, less.expected_p50_s)


def test_dark_sensors_speak_with_no_confidence() -> None:
    """When telemetry is missing the signals go on, with confidence 0; throughput that nobody counts is not low."""
    desk = Desk()
    dark = replace(B, dark=True, throughput_per_min=0.0)
    desk.at(0.0)
    (signal,) = desk.at(10.0, dark, C)
    beats = desk.until(700.0, dark, C)

    assert (0.0, "telemetry of B is missing") == (signal.confidence, signal.cause)
    assert [310.0, 610.0] == [beat.at_s for beat in beats]
    assert {0.0} == {beat.confidence for beat in beats}
    assert "telemetry of B is back" == desk.at(710.0)[0].cause


def test_warnings_and_maintenance_once() -> None:
    """A warning is passed on with its confidence; a planned pause once, however often it is seen, with its length."""
    desk = Desk()
    pause = Maintenance("C", 7200.0, 9000.0, "planned maintenance of C at 02:00")
    warned = Warned("B", "containment 78 % of 400, 85 % expected", 0.7)
    first = desk.at(0.0, warnings=(warned,), maintenance=(pause,))
    assert [] == desk.at(100.0, maintenance=(pause,))

    assert [(Type.EARLY_WARNING, 0.7, 0.0), (Type.PLANNED_MAINTENANCE, 1.0, 1800.0)] == [
        (signal.type, signal.confidence, signal.expected_p50_s) for signal in first
    ]
    with pytest.raises(ValueError, match="not among the fleets"):
        desk.at(200.0, warnings=(replace(warned, fleet="D"),))


def test_a_pause_is_told_with_its_own_volume() -> None:
    """It carries what it will put on the people, not what is there now, and the present volume is still told by itself."""
    desk = Desk()
    desk.at(0.0, impact=impact(0.0))
    pause = Maintenance("C", 7200.0, 9000.0, "planned maintenance of C at 02:00", impact(7.8))
    first, second = desk.at(100.0, impact=impact(3.0), maintenance=(pause,))

    assert (Type.PLANNED_MAINTENANCE, impact(7.8)) == (first.type, first.impact)
    assert (Type.VOLUME_IMPACT, "human volume +0.0 → +3.0/min") == (second.type, second.cause)
    assert impact(3.0) == second.impact
    assert [] == desk.at(200.0, impact=impact(3.0))


def test_a_pause_told_with_a_move_is_told_as_the_move() -> None:
    """What happens now goes first: such a signal carries the present volume, and names the pause in words."""
    desk = Desk()
    pause = Maintenance("B", 7200.0, 9000.0, "planned maintenance of B at 02:00", impact(7.8))
    (signal,) = desk.at(100.0, OPEN, C, impact=impact(3.0), maintenance=(pause,))

    assert (Type.STATE_CHANGE, impact(3.0)) == (signal.type, signal.impact)
    assert signal.cause.endswith("planned maintenance of B at 02:00")


def test_a_warning_that_comes_too_soon_waits() -> None:
    """A warning within ten seconds of another signal of its fleet goes out after them."""
    desk = Desk()
    desk.at(0.0, replace(B, level=1), C)
    desk.at(4.0, replace(B, level=1), C, warnings=(Warned("B", "sliding", 0.7),))
    (signal,) = desk.until(20.0, replace(B, level=1), C)

    assert (10.0, Type.EARLY_WARNING, "sliding") == (signal.at_s, signal.type, signal.cause)


def test_unanswered_signals_go_to_a_person() -> None:
    """A signal that nobody acknowledged in 120 s is overdue, unless a later one took its place."""
    desk = Desk()
    desk.at(0.0, OPEN, replace(C, state="open"))
    desk.at(50.0, replace(B, state="half_open"), replace(C, state="open"))
    first, other, second = desk.sent

    assert () == overdue(desk.sent, frozenset(), POLICY, 119.0)
    assert (other, second) == overdue(desk.sent, frozenset(), POLICY, 170.0)
    assert (second,) == overdue(desk.sent, frozenset({first.signal_id, other.signal_id}), POLICY, 170.0)


def test_cloud_event() -> None:
    """A signal goes out as CloudEvents 1.0: required attributes, RFC 3339 time in UTC, data with the published names, plain JSON."""
    desk = Desk()
    (signal,) = desk.at(11122.25, replace(OPEN, throughput_per_min=math.nan), C, impact=impact(7.8))
    started = datetime(2026, 3, 2, 7, tzinfo=ZoneInfo("America/New_York"))
    event = json.loads(json.dumps(cloud_event(signal, "/blendsim/monday", started), allow_nan=False))

    assert {
        "specversion": "1.0", "id": "B-000001", "source": "/blendsim/monday", "type": "blendsim.signal.state_change",
        "time": "2026-03-02T15:05:22.250Z", "datacontenttype": "application/json", "subject": "B",
    } == {name: value for name, value in event.items() if name != "data"}  # fmt: skip
    assert {
        "signal_id", "ts", "type", "scope", "from_state", "to_state", "throughput_per_min", "throughput_threshold",
        "human_impact_per_min", "human_impact_erlangs", "burst_inflight", "expected_duration_s", "confidence", "cause", "seq",
        "supersedes",
    } == set(event["data"])  # fmt: skip
    assert datetime(2026, 3, 2, 15, 5, 22, 250000, tzinfo=UTC) == datetime.fromisoformat(event["time"])
    assert event["data"]["throughput_per_min"] is None
    with pytest.raises(ValueError, match="time zone"):
        cloud_event(signal, "/blendsim", datetime(2026, 3, 2))  # noqa: DTZ001


def test_two_fleets_at_one_instant() -> None:
    """Two fleets that move together send one signal each, numbered in order."""
    desk = Desk()
    desk.at(0.0)
    found = desk.at(10.0, OPEN, replace(C, state="open"))

    assert [("B", 1), ("C", 2)] == [(signal.scope.fleets[0], signal.seq) for signal in found]
