from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.orchestration import impact
from sim.orchestration.flow import carried_erlangs
from sim.orchestration.impact import (
    Ahead,
    Fleet,
    Impact,
    ImpactPolicy,
    Stream,
    burst,
    multiplier,
    stand,
)

POLICY = ImpactPolicy()
AVAILABLE = (150.0,) * 4

# The reference centre on Monday at ten: 35 contacts a minute, 23.2 of them to the AI, 88 % contained; 602 s a human contact with the AI
# and 467 s without.
CHANNELS = {"voice": ("A", 0.5), "chat": ("B", 0.38), "email": ("C", 0.12)}
FLEETS = {"A": Fleet(90), "B": Fleet(120), "C": Fleet(80)}


def streams(*, fallback: bool = False) -> list[Stream]:
    """What a planner of the reference centre expects at ten on a Monday."""
    found = []
    for channel, (fleet, share) in CHANNELS.items():
        found += [
            Stream(
                intent="routine", channel=channel, per_min=(23.2 * share,), direct_handle_s=384.0, escalated_handle_s=480.0,
                fleet=fleet, ai_share=1.0, containment={"A": 0.883, "B": 0.883, "C": 0.883}, session_s=277.0,
                fallback=("C",) if fallback and fleet != "C" else (),
            ),
            Stream("people only", channel, (11.8 * share,), 630.0),
        ]  # fmt: skip
    return found


def outlook(streams: Sequence[Stream], fleets: Mapping[str, Fleet], *others: Any) -> tuple[Ahead, ...]:
    """The estimate, of fleets by name."""
    return impact.outlook(streams, stand(fleets), *others)


def required(per_s: float, handle_s: float) -> int:
    """Load and a square root, the shape of Erlang A's inverse."""
    load = per_s * handle_s
    return math.ceil(load + 0.4 * math.sqrt(load))


@pytest.mark.parametrize(
    ("ai_share", "containment", "expected"), [(0.5, 0.7, 1.54), (0.64, 0.85, 2.19), (0.8, 0.85, 3.13)]
)
def test_outage_multiplier(ai_share: float, containment: float, expected: float) -> None:
    """A full outage multiplies the contacts of people by 1/(1 − s·c), in the formula and in the estimate."""
    stream = Stream(
        "any", "chat", (60.0,), 300.0, 300.0, fleet="B", ai_share=ai_share, containment={"B": containment}
    )
    found = outlook([stream], {"B": Fleet(1000, "open")}, AVAILABLE, required, POLICY, 0.0)[0]

    assert expected == round(multiplier(ai_share, containment), 2)
    assert found.human_per_min / (found.human_per_min - found.p50_per_min) == pytest.approx(
        multiplier(ai_share, containment)
    )


def test_nothing_is_wrong() -> None:
    """With every breaker closed nothing is added, even where a fleet is always a little full."""
    tight = {**FLEETS, "B": Fleet(40)}
    found = outlook(streams(fallback=True), tight, AVAILABLE, required, POLICY, 0.0)

    assert all(0.0 == ahead.p50_per_min == ahead.erlangs for ahead in found)


def test_chat_vendor_down_at_the_monday_peak() -> None:
    """The reference outage of the chat vendor adds 7.8 contacts a minute and 48 Erlangs; losing every vendor adds 20.5 and 127."""
    chat = outlook(
        streams(),
        {**FLEETS, "B": replace(FLEETS["B"], state="open")},
        AVAILABLE,
        required,
        POLICY,
        110.0,
    )
    every = outlook(
        streams(), {k: replace(v, state="open") for k, v in FLEETS.items()}, AVAILABLE, required, POLICY, 0.0
    )

    assert chat[0].p50_per_min == pytest.approx(7.8, abs=0.05)
    assert chat[0].erlangs == pytest.approx(48.0, abs=0.5)
    assert every[0].p50_per_min == pytest.approx(20.5, abs=0.05)
    assert every[0].human_per_min == pytest.approx(35.0)
    assert every[0].handle_s == pytest.approx(467.0, abs=1.0)
    assert every[0].erlangs == pytest.approx(127.0, abs=1.0)
    assert every[0].required - 150.0 == every[0].gap
    assert "+7.8/min" in Impact(110.0, chat, 12.3).words


def test_fallback_keeps_what_its_sessions_carry() -> None:
    """A fallback fleet with room keeps the work with the AI; a small one only what its sessions carry; a shut one nothing."""

    def spilled(c: Fleet) -> float:
        fleets = {**FLEETS, "B": Fleet(120, "open"), "C": c}
        return outlook(streams(fallback=True), fleets, AVAILABLE, required, POLICY, 0.0)[0].p50_per_min

    roomy, tight, shut = spilled(Fleet(80)), spilled(Fleet(30)), spilled(Fleet(80, "forced_open"))

    assert 0.0 <= roomy < 0.1
    # 12.9 Erlangs are at home in C and 40.7 more arrive: 30 sessions carry some 28 of them.
    carried = carried_erlangs(53.57, 30)
    assert tight == pytest.approx(0.883 * (53.57 - carried) * 60.0 / 277.0, rel=0.01)
    assert shut == pytest.approx(7.8 + 20.5 * 0.12, abs=0.1)


def test_degraded_levels_and_worse_answers() -> None:
    """A degraded fleet keeps simple contacts only, a level sheds what its rule says, fewer contained contacts are more for people."""
    low, high = (
        replace(streams()[2], per_min=(5.0,)),
        replace(streams()[2], per_min=(3.0,), risk=2, is_simple=False),
    )

    def spilled(fleet: Fleet) -> float:
        return outlook(
            [low, high], {"B": fleet}, AVAILABLE, required, POLICY, 0.0, lambda lv, r, *_: lv + r > 2
        )[0].p50_per_min

    assert 0.0 == spilled(Fleet(200))
    assert spilled(Fleet(200, "degraded")) == pytest.approx(3.0 * 0.883)
    assert spilled(Fleet(200, level=1)) == pytest.approx(3.0 * 0.883)
    assert spilled(Fleet(200, level=3)) == pytest.approx(8.0 * 0.883)
    assert spilled(Fleet(200, containment_drop=0.07)) == pytest.approx(8.0 * 0.07)


def test_burst_happens_once() -> None:
    """The sessions under way are counted for a few minutes after the door was shut, not for the whole outage."""
    closed = [(1000.0, 107), (0.0, 41)]

    assert burst(closed, POLICY, 1010.0) == pytest.approx(32.1)
    assert 0.0 == burst(closed, POLICY, 1400.0)


def test_horizons_read_the_plan() -> None:
    """Each horizon takes the arrivals of its own interval, and the last interval stands for what comes after the plan."""
    stream = Stream(
        "any", "chat", (10.0, 20.0, 40.0), 300.0, 360.0, fleet="B", ai_share=1.0, containment={"B": 1.0}
    )
    found = outlook([stream], {"B": Fleet(500, "open")}, (1.0, 2.0, 3.0, 4.0), required, POLICY, 450.0)

    assert [10.0, 20.0, 40.0, 40.0] == [ahead.p50_per_min for ahead in found]
    assert [1.0, 2.0, 3.0, 4.0] == [ahead.available for ahead in found]


def test_an_announced_pause_counts_while_it_lasts() -> None:
    """A fleet that will be away for half an hour from now + 15 min spills then as if it were open, and neither before nor after."""
    policy = replace(POLICY, ahead_s=(0.0, 600.0, 900.0, 2400.0, 2700.0))
    there = (AVAILABLE[0],) * 5
    told = {**FLEETS, "B": replace(FLEETS["B"], away=((900.0, 2700.0),))}
    down = {**FLEETS, "B": replace(FLEETS["B"], state="open")}
    found = [a.p50_per_min for a in outlook(streams(), told, there, required, policy, 0.0)]
    spilled = [a.p50_per_min for a in outlook(streams(), down, there, required, policy, 0.0)]

    assert [0.0, 0.0, spilled[2], spilled[3], 0.0] == found
    assert spilled[2] > 5.0


def test_interval_covers_four_in_five() -> None:
    """Counts over a quarter of an hour around a forecast with the stated error fall into the interval in 80 % of 20,000 draws.

    To within four standard errors, and what whole numbers allow: false-alarm rate 1 in 16,000.
    """
    dice = np.random.default_rng(20260302)
    now = outlook(streams(), {**FLEETS, "B": Fleet(120, "open")}, AVAILABLE, required, POLICY, 0.0)[0]
    rates = now.p50_per_min * (1.0 + POLICY.forecast_cv * dice.standard_normal(20_000))
    seen = dice.poisson(rates * POLICY.window_min) / POLICY.window_min
    covered = np.mean((seen >= now.p10_per_min) & (seen <= now.p90_per_min))

    assert covered == pytest.approx(
        0.8, abs=4.0 * math.sqrt(0.16 / 20_000) + 0.008
    )  # counts are whole numbers


def test_stays_share_takes_off_those_who_balk() -> None:
    """Those who balk or accept to be sent elsewhere do not reach a person."""
    fleets = {**FLEETS, "B": Fleet(120, "open")}
    half = replace(POLICY, stays_share=0.5)

    whole = outlook(streams(), fleets, AVAILABLE, required, POLICY, 0.0)[0]
    found = outlook(streams(), fleets, AVAILABLE, required, half, 0.0)[0]

    assert found.p50_per_min == pytest.approx(whole.p50_per_min / 2.0)
    assert found.erlangs == pytest.approx(whole.erlangs / 2.0)


def test_refusals() -> None:
    """A wrong length, a state that no breaker has and a share above one are refused."""
    with pytest.raises(ValueError, match="must have 4"):
        outlook(streams(), FLEETS, (150.0,), required, POLICY, 0.0)
    with pytest.raises(ValueError, match="no state"):
        outlook(streams(), {**FLEETS, "B": Fleet(1, "ajar")}, AVAILABLE, required, POLICY, 0.0)
    with pytest.raises(ValueError, match="shares"):
        multiplier(1.2, 0.5)
    assert math.inf == multiplier(1.0, 1.0)


def test_carried_is_erlang_b() -> None:
    """Ten Erlangs on ten sessions carry 7.854 (blocking 0.2146, the textbook value)."""
    assert carried_erlangs(10.0, 10) == pytest.approx(10.0 * (1.0 - 0.214582), rel=1e-5)
    assert 0.0 == carried_erlangs(10.0, 0) == carried_erlangs(0.0, 10)


def test_people_are_worked_out_once_an_interval() -> None:
    """Horizons in one interval of the plan share one look at the formula, which is dear."""
    asked = []

    def counted(per_s: float, handle_s: float) -> int:
        asked.append(per_s)
        return required(per_s, handle_s)

    fine = replace(POLICY, ahead_s=tuple(300.0 * k for k in range(25)))
    stream = Stream("any", "voice", tuple(range(10, 20)), 300.0)
    found = outlook([stream], {}, (40.0,) * 25, counted, fine, 0.0)

    assert 9 == len(asked)
    assert 25 == len(found)
