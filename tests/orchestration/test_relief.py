"""Relief of a long queue: told waits against hand-worked figures, the order of offers, the announcement's walk, the meter's two promises.

No check here can fail by chance: the seeds of the small floor are fixed, and what is claimed of it holds for each of them or by law.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.orchestration import relief
from sim.orchestration.relief import (
    ALWAYS,
    BY_CLASSIC,
    BY_PLAN,
    BY_POSITION,
    DIRECT,
    ESCALATED,
    FROM_AI,
    RELIEF,
    SPILL,
    SPILLED,
    Message,
    Offer,
)

# --- told wait ---


def test_told_wait_is_the_vendors_formula() -> None:
    """Ten ahead, 150 people, 602 s each, 3 % give up: 602 · 10 / 150 · 0.97."""
    assert relief.told_wait_s(602.0, 10.0, 150.0, 0.03) == pytest.approx(38.929, abs=1e-3)


def test_who_is_served_at_once_is_told_no_wait() -> None:
    """Position 0 is somebody for whom a person is free."""
    assert relief.told_wait_s(602.0, 0.0, 150.0, 0.03) == 0.0
    assert relief.told_wait_s(602.0, 0.0, 0.0, 0.03) == 0.0
    assert relief.told_wait_classic_s(602.0, 4.0, 4.0, 150.0, 1.0) == 0.0


def test_with_nobody_working_the_wait_is_endless_and_told_as_more_than_half_an_hour() -> None:
    """All four formulas: infinite, last band, and the sentence says so."""
    for told_s in (
        relief.told_wait_s(602.0, 1.0, 0.0, 0.0),
        relief.told_wait_classic_s(602.0, 1.0, 0.0, 0.0, 1.0),
        relief.told_wait_google_s(602.0, 1.0, 0.0, 0.0, 0.0, 0.0),
        told(BY_POSITION, {"voice": 0}),
        told(BY_CLASSIC, {"voice": 0}),
        told(BY_PLAN, {"voice": 0}, roster=(0.0,)),
    ):
        assert told_s == math.inf
        assert relief.band(told_s) == len(relief.BANDS_S)
        assert "more than 30 min" in relief.in_words(Offer.CALLBACK, told_s, 180.0)


def test_classic_formula_counts_only_what_the_free_people_leave() -> None:
    """12 wait, 2 are free, 40 work half of their time for the queue: 300 · 10 / 20."""
    assert relief.told_wait_classic_s(300.0, 12.0, 2.0, 40.0, 0.5) == pytest.approx(150.0)


def test_google_formula_adds_ten_seconds_whatever_the_queue() -> None:
    """300 / 50 · 20 / 25 · (12 − 2) + 10, and 10 alone when somebody is free."""
    assert relief.told_wait_google_s(300.0, 12.0, 2.0, 50.0, 25.0, 20.0) == pytest.approx(58.0)
    assert relief.told_wait_google_s(300.0, 1.0, 3.0, 50.0, 25.0, 20.0) == 10.0


HANDLE_S = 300.0
AT_ONCE = {"voice": 1, "mail": 1, "chat": 3, "video": 2}
CROWD = {name: math.exp(0.25 * (k - 1)) for name, k in AT_ONCE.items()}


def told(
    by: int,
    busy: dict[str, int],
    ahead: dict[str, float] | None = None,
    channel: str = "",
    *,
    over: dict[str, tuple[float, float]] | None = None,
    gives_up_per_s: float = 0.0,
    roster: tuple[float, ...] | None = None,
    every_s: float = 900.0,
    now_s: float = 0.0,
) -> float:
    """What somebody is told who comes to these people, all with as many contacts as they can have of `HANDLE_S` each.

    Args:
        busy: People by channel.
        ahead: Contacts served before, by channel.
        channel: Its own; the first of *busy* when left out.
        over: By channel, how many a second join and go before, and for how long those do who join from now on.
        roster: Level at the people there when left out.
    """
    names = list(busy)
    works = np.zeros(len(names), dtype=relief.WORK).view(np.recarray)
    works["at_once"], works["crowd"] = [AT_ONCE[n] for n in names], [CROWD[n] for n in names]
    works["alone_s"], works["busy"] = HANDLE_S, list(busy.values())
    lines = np.zeros(len(names), dtype=relief.LINE).view(np.recarray)
    lines["channel"], lines["seen_s"] = range(len(names)), now_s
    lines["ahead"] = [(ahead or {}).get(n, 0.0) for n in names]
    lines["per_s"], lines["over_s"] = np.array([(over or {}).get(n, (0.0, 0.0)) for n in names]).T
    people = float(sum(busy.values()))
    return float(
        relief.told_by(
            by,
            lines,
            works,
            names.index(channel or names[0]),
            people,
            np.array(roster if roster is not None else (people,)),
            every_s,
            gives_up_per_s * 1000.0,
            1000.0,
            1000.0,
            now_s,
        )
    )


@pytest.mark.parametrize("by", [BY_POSITION, BY_CLASSIC, BY_PLAN])
@pytest.mark.parametrize("now_s", [0.0, 899.0, 5000.0])
@pytest.mark.parametrize("waiting", [0, 1, 40, 400])
def test_told_wait_is_that_of_erlang_c(by: int, now_s: float, waiting: int) -> None:
    """M/M/n: who finds q waiting waits (q + 1) / nμ in the mean."""
    assert told(by, {"voice": 20}, {"voice": waiting}, now_s=now_s) == pytest.approx(
        (waiting + 1) * HANDLE_S / 20
    )


@pytest.mark.parametrize("waiting", [0, 1, 40, 400])
def test_told_wait_is_that_of_erlang_a(waiting: int) -> None:
    """M/M/n+M: who stays waits Σ 1 / (nμ + iθ), i = 0 … q, in the mean."""
    expected = sum(1.0 / (20 / HANDLE_S + i / 120.0) for i in range(waiting + 1))
    assert told(BY_PLAN, {"voice": 20}, {"voice": waiting}, gives_up_per_s=1 / 120.0) == pytest.approx(
        expected
    )


def test_told_wait_is_that_of_two_priorities() -> None:
    """M/M/n with λ a second who always go before: (q + 1) / (nμ − λ), the delay cycle."""
    found_s = told(BY_PLAN, {"voice": 20, "mail": 0}, {"voice": 10}, over={"mail": (0.05, math.inf)})
    assert found_s == pytest.approx(11 / (20 / HANDLE_S - 0.05))


def test_who_overtakes_for_a_while_does_so_for_a_while() -> None:
    """0.05 a second go before for 300 s: 5 places are done, the other 6 take 90 s. More than people can do, for 30 s: 4 places more."""
    busy, ahead = {"voice": 20, "mail": 0}, {"voice": 10}
    assert told(BY_PLAN, busy, ahead, over={"mail": (0.05, 300.0)}) == pytest.approx(390.0)
    assert told(BY_PLAN, busy, ahead, over={"mail": (0.20, 30.0)}) == pytest.approx(30.0 + 15.0 * (11 + 4))


def test_who_has_three_chats_is_slower_at_each() -> None:
    """Ten people, three chats each, e^0.5 times as long: a slot is free every 300 · 1.65 / 30 s."""
    one_s = HANDLE_S * math.exp(0.5) / 30
    for by in (BY_POSITION, BY_CLASSIC, BY_PLAN):
        assert told(by, {"chat": 10}) == pytest.approx(one_s)
        assert told(by, {"chat": 10}, {"chat": 9}) == pytest.approx(10 * one_s)


def test_calls_and_mail_are_one_line() -> None:
    """15 people with a call and 5 with a mail come free for the next call, and a mail in front of it counts like a call."""
    busy = {"voice": 15, "mail": 5}
    assert told(BY_PLAN, busy, {"voice": 7, "mail": 2}) == pytest.approx(10 * HANDLE_S / 20)


def test_chats_take_people_from_calls_only_when_their_line_lasts_longer() -> None:
    """Ten people on the phone, ten in chats. A short line of chats is theirs alone; a long one gets three chats for each call."""
    busy, slot_s = {"voice": 10, "chat": 10}, HANDLE_S * math.exp(0.5)
    assert told(BY_PLAN, busy, {"voice": 9, "chat": 3}) == pytest.approx(10 * HANDLE_S / 10)
    expected = (10 + 60 / 3) / (10 / HANDLE_S + 30 / slot_s / 3)
    assert told(BY_PLAN, busy, {"voice": 9, "chat": 60}) == pytest.approx(expected)


def test_calls_send_people_to_chats_only_when_their_line_is_done_first() -> None:
    """The same the other way round: who has hung up takes three chats, once nobody in front is on the phone's line."""
    busy, slot_s = {"voice": 10, "chat": 10}, HANDLE_S * math.exp(0.5)
    assert told(BY_PLAN, busy, {"voice": 20, "chat": 9}, "chat") == pytest.approx(10 * slot_s / 30)
    expected = (10 + 3 * 1) / (30 / slot_s + 3 * 10 / HANDLE_S)
    assert told(BY_PLAN, busy, {"voice": 1, "chat": 9}, "chat") == pytest.approx(expected)


def test_one_chat_takes_nobody_from_another_kind_of_chat() -> None:
    """Who has several at once stays with them."""
    found_s = told(BY_PLAN, {"chat": 10, "video": 10}, {"chat": 9, "video": 500})
    assert found_s == pytest.approx(10 * HANDLE_S * math.exp(0.5) / 30)


def test_the_plan_sees_a_lunch_coming() -> None:
    """20 people for the next 100 s, then 5: 300 s each, 10 places; 100 s do 6⅔, the other 3⅓ take 200 s."""
    found_s = told(BY_PLAN, {"voice": 20}, {"voice": 9}, roster=(20.0, 5.0), now_s=800.0)
    assert found_s == pytest.approx(300.0)


def test_the_plan_sees_people_come_back() -> None:
    """Nobody for 300 s, then 10: the wait is what is left of the gap plus 60 s of work."""
    found_s = told(BY_PLAN, {"voice": 0}, {"voice": 1}, roster=(0.0, 10.0), now_s=600.0)
    assert found_s == pytest.approx(360.0)


def test_who_came_beyond_the_roster_stays() -> None:
    """30 are there where 20 are planned, and 5 soon: then 15 are."""
    found_s = told(BY_PLAN, {"voice": 30}, {"voice": 19}, roster=(20.0, 5.0), now_s=800.0)
    assert found_s == pytest.approx(100.0 + (20 - 10) * HANDLE_S / 15)


@settings(max_examples=50, deadline=None)
@given(
    ahead=st.integers(0, 300),
    people=st.lists(st.integers(0, 60), min_size=2, max_size=6),
    now_s=st.floats(0.0, 1000.0),
)
def test_the_plan_does_just_the_places_in_front(ahead: int, people: list[int], now_s: float) -> None:
    """People's time until the told wait, over the handling time, is the number of places."""
    roster = (*map(float, people), 10.0)
    there = int(roster[min(int(now_s / 300.0), len(roster) - 1)])
    found_s = told(BY_PLAN, {"voice": there}, {"voice": ahead}, roster=roster, every_s=300.0, now_s=now_s)
    edges = np.array(
        [now_s, *(300.0 * k for k in range(1, len(roster)) if now_s < 300.0 * k < now_s + found_s)]
    )
    until = np.append(edges[1:], now_s + found_s)
    at = np.minimum((edges / 300.0 + 1e-12).astype(int), len(roster) - 1)
    done = float((np.array(roster)[at] * (until - edges)).sum()) / HANDLE_S
    assert done == pytest.approx(ahead + 1)


def test_handling_times_are_learnt() -> None:
    """The plan's 300 s count for 20 contacts; 20 of 400 s later it is 350 s, and after thousands 400 s."""
    works = np.zeros(1, dtype=relief.WORK).view(np.recarray)
    works["alone_s"], works["seen"] = 300.0, relief.HANDLE_PRIOR
    for _ in range(20):
        relief.work_seen(works, 0, 400.0)
    assert works[0].alone_s == pytest.approx(350.0)
    for _ in range(5000):
        relief.work_seen(works, 0, 400.0)
    assert works[0].alone_s == pytest.approx(400.0, abs=0.01)


def test_the_rate_of_joining_is_learnt_and_fades() -> None:
    """One every 10 s for two hours is 0.1 a second."""
    lines = np.zeros(1, dtype=relief.LINE).view(np.recarray)
    for k in range(720):
        relief.join_seen(lines, 0, 10.0 * k)
    assert lines[0].per_s == pytest.approx(0.1, rel=0.01)


def test_bands_are_closed_above() -> None:
    """60 s is still in the first band; a second more is not; half an hour is the last that is told as a number."""
    assert [relief.band(s) for s in (0.0, 60.0, 61.0, 1800.0, 1801.0)] == [0, 0, 1, 5, 6]


# --- offers ---


def queue(**policy: Any) -> Any:
    """One row of relief with everything on, as DOMAIN's defaults have it."""
    usual = {
        "on": 1, "slots": 10, "message_until_s": math.inf, "whom": SPILL, "deflect_on": 1, "deflect_over_s": 120.0,
        "deflect_value_up_to": 1.0, "callback_on": 1, "callback_over_s": 180.0, "callback_attempts": 3, "callback_gap_s": 600.0,
        "callback_expires_s": 14400.0, "message_on": 1, "message_from_s": 120.0, "message_under_s": 60.0, "message_delay_s": 60.0,
        "meter_on": 1, "meter_every_s": 10.0, "meter_weight": 1.0, "meter_most_per_s": 1.0, "hold_max_s": 300.0, "settle_s": 120.0,
    }  # fmt: skip
    rows = np.zeros(1, dtype=RELIEF).view(np.recarray)
    for name, value in (usual | policy).items():
        rows[name] = value
    return rows


def offered(rows: Any, **about: Any) -> int:
    """What is offered to a small spilled matter with a long wait and no room, but for what is said of it."""
    contact = {
        "after": Offer.NOTHING, "value": 1.0, "origin": SPILLED, "spared": False, "asked": False, "told_s": 400.0, "room": -3.0,
        "held_before": False,
    } | about  # fmt: skip
    return relief.offer(rows, 0, *contact.values())[0]


def test_offers_come_in_their_order() -> None:
    """Who declines everything is deflected, called back, held, and then simply waits."""
    rows = queue()
    steps, after = [], int(Offer.NOTHING)
    for _ in range(4):
        after = offered(rows, after=after)
        steps.append(after)
        if after == Offer.NOTHING:
            break
    assert steps == [Offer.DEFLECT, Offer.CALLBACK, Offer.HOLD, Offer.NOTHING]


@pytest.mark.parametrize(
    ("about", "policy", "expected"),
    [
        ({"spared": True}, {}, Offer.NOTHING),
        ({}, {"on": 0}, Offer.NOTHING),
        ({"origin": ESCALATED}, {}, Offer.NOTHING),
        ({"origin": ESCALATED}, {"whom": FROM_AI}, Offer.DEFLECT),
        ({"origin": DIRECT}, {"whom": FROM_AI}, Offer.NOTHING),
        ({"origin": DIRECT}, {"whom": ALWAYS}, Offer.DEFLECT),
        ({"value": 2.0}, {}, Offer.CALLBACK),
        ({"asked": True}, {}, Offer.CALLBACK),
        ({"told_s": 180.0}, {}, Offer.DEFLECT),
        ({"told_s": 180.0, "value": 2.0}, {}, Offer.HOLD),
        ({"told_s": 120.0}, {}, Offer.HOLD),
        ({"told_s": 120.0, "room": 1.0}, {}, Offer.NOTHING),
        ({"told_s": math.inf}, {"deflect_on": 0}, Offer.CALLBACK),
        ({}, {"deflect_on": 0, "callback_on": 0}, Offer.HOLD),
        ({}, {"deflect_on": 0, "callback_on": 0, "meter_on": 0}, Offer.NOTHING),
    ],
)
def test_who_is_offered_what(about: dict[str, Any], policy: dict[str, Any], expected: Offer) -> None:
    """Each condition by itself; limits on the told wait are exceeded, not reached."""
    assert offered(queue(**policy), **about) == expected


def test_no_more_callbacks_are_open_than_there_are_slots() -> None:
    """Two slots: two promises, then the buffer; one kept promise makes room for one more."""
    rows = queue(deflect_on=0, slots=2)
    for _ in range(2):
        assert offered(rows) == Offer.CALLBACK
        relief.promise(rows, 0)
    assert offered(rows) == Offer.HOLD
    relief.settle(rows, 0)
    assert offered(rows) == Offer.CALLBACK


def test_offers_say_why() -> None:
    """The numbers that come with an offer make its sentence."""
    said = [
        relief.in_words(*relief.offer(queue(), 0, after, 1.0, SPILLED, False, False, 400.0, -3.0, False))
        for after in range(3)
    ]
    assert said == [
        "told wait 400 s > 120 s: offered self-service",
        "told wait 400 s > 180 s: offered a callback",
        "room for -3.0 more < 1: held back",
    ]


def test_slots_are_the_spare_time_ahead() -> None:
    """Half of step 0 is left: 450 s · 4 spare, then nothing, then 900 s · 10; half may be promised, 300 s each: 18."""
    planned, needed = np.array([24.0, 20.0, 30.0, 99.0]), np.array([20.0, 25.0, 20.0, 0.0])
    assert relief.spare_slots(planned, needed, 900.0, 300.0, 0.5, 2250.0, 450.0) == 18
    # A horizon that ends inside a step counts its part; beyond the plan's end nothing is spare.
    assert relief.spare_slots(planned, needed, 900.0, 300.0, 1.0, 450.0, 450.0) == 6
    assert relief.spare_slots(planned, needed, 900.0, 300.0, 1.0, 14400.0, 3600.0) == 0


def test_a_callback_is_tried_three_times_ten_minutes_apart_within_four_hours() -> None:
    """The next attempt is due a gap later, and never when the count or the four hours are used up."""
    rows = queue()
    assert relief.dial_again_s(rows, 0, 1, 0.0, 5000.0) == 5600.0
    assert relief.dial_again_s(rows, 0, 3, 0.0, 5000.0) == math.inf
    assert relief.dial_again_s(rows, 0, 1, 0.0, 13800.0) == 14400.0
    assert relief.dial_again_s(rows, 0, 1, 0.0, 13801.0) == math.inf


# --- announcement ---


def test_the_announcement_walks_its_round() -> None:
    """Ordered, on a minute later, called off between two limits not at all, called off below, off a minute later."""
    rows = queue()
    seen = []
    for now_s, told_s in [
        (0, 119),
        (10, 120),
        (60, 90),
        (70, 500),
        (200, 61),
        (300, 59),
        (330, 59),
        (360, 59),
        (400, 59),
    ]:
        moved = relief.move_message(rows, 0, float(told_s), float(now_s))
        seen.append((now_s, Message(rows[0].message).name, moved, relief.message_heard(rows, 0)))
    assert seen == [
        (0, "OFF", False, False), (10, "COMING", True, False), (60, "COMING", False, False), (70, "ON", True, True),
        (200, "ON", False, True), (300, "GOING", True, True), (330, "GOING", False, True), (360, "OFF", True, False),
        (400, "OFF", False, False),
    ]  # fmt: skip


def test_an_order_that_is_no_longer_wanted_is_withdrawn() -> None:
    """The wait falls before the announcement is live, and rises again before it is off."""
    rows = queue()
    relief.move_message(rows, 0, 200.0, 0.0)
    assert relief.move_message(rows, 0, 10.0, 30.0)
    assert rows[0].message == Message.OFF
    assert rows[0].message_until_s == math.inf
    relief.move_message(rows, 0, 200.0, 100.0)
    relief.move_message(rows, 0, 200.0, 160.0)
    relief.move_message(rows, 0, 10.0, 200.0)
    assert relief.move_message(rows, 0, 300.0, 210.0)
    assert rows[0].message == Message.ON
    said = relief.message_in_words(rows[0].message, rows[0].seen, rows[0].limit)
    assert said == "told wait 300 s ≥ 120 s: announcement on"


def test_a_queue_without_announcement_says_nothing() -> None:
    """Switched off, it never moves."""
    rows = queue(message_on=0)
    assert not relief.move_message(rows, 0, math.inf, 0.0)
    assert not relief.message_heard(rows, 0)


# --- meter ---


@pytest.mark.parametrize(("people", "expected"), [(150, 0.959), (25, 0.900), (1, 0.5), (0, 0.0)])
def test_target_follows_from_the_number_of_people(people: int, expected: float) -> None:
    """0.96 at 150 and 0.90 at 25; a policy's own target stands."""
    assert relief.target_share(0.0, float(people)) == pytest.approx(expected, abs=5e-4)
    assert relief.target_share(0.93, float(people)) == 0.93


@pytest.mark.parametrize(
    ("working", "busy", "reserved", "waiting", "held", "most", "expected"),
    [
        (150, 130, 2, 0, 99, 99, 11),  # 143.88 − 132 = 11.88
        (150, 130, 2, 5, 99, 99, 6),
        (150, 130, 2, 0, 4, 99, 4),
        (150, 130, 2, 0, 99, 3, 3),
        (150, 150, 0, 40, 99, 99, 0),
        (0, 0, 0, 0, 99, 99, 0),
        (1, 0, 0, 0, 99, 99, 1),  # ρ = 0.5 would never let anybody in
        (1, 1, 0, 0, 99, 99, 0),
    ],
)
def test_meter_lets_in_the_whole_part_of_the_room(
    working: int, busy: int, reserved: int, waiting: int, held: int, most: int, expected: int
) -> None:
    """By hand; never more than are held or than a look may let in."""
    assert relief.to_release(0.0, working, busy, reserved, waiting, 1.0, held, most) == expected


@settings(max_examples=200, deadline=None)
@given(
    working=st.integers(0, 400),
    busy=st.integers(0, 400),
    reserved=st.integers(0, 20),
    waiting=st.integers(0, 200),
    held=st.integers(0, 500),
    most=st.integers(0, 50),
    target=st.sampled_from([0.0, 0.8, 1.0]),
)
def test_meter_never_fills_people_beyond_its_target(
    working: int, busy: int, reserved: int, waiting: int, held: int, most: int, target: float
) -> None:
    """Whatever it lets in, busy, reserved and waiting stay within ρ·n (or one, for who is alone)."""
    k = relief.to_release(
        target, float(working), float(busy), float(reserved), float(waiting), 1.0, held, most
    )
    assert 0 <= k <= min(held, most)
    if k:
        assert (
            busy + reserved + waiting + k <= max(1.0, relief.target_share(target, working) * working) + 1e-9
        )


def test_nobody_is_held_longer_than_allowed() -> None:
    """At 300 s to the instant."""
    assert not relief.must_leave(100.0, 300.0, 399.9)
    assert relief.must_leave(100.0, 300.0, 400.0)
    assert relief.must_leave(0.1, 300.0, 0.1 + 300.0)


def test_who_is_held_goes_back_to_the_ai_once_it_has_settled() -> None:
    """120 s after the breaker closed, and not while it is open."""
    rows = queue()
    assert not relief.takes_back(rows, 0, True, 1000.0, 5, 10, 1119.0)
    assert relief.takes_back(rows, 0, True, 1000.0, 5, 10, 1120.0)
    assert not relief.takes_back(rows, 0, False, 1000.0, 5, 10, 9999.0)
    assert not relief.takes_back(rows, 0, True, 1000.0, 10, 10, 9999.0), "and not when it is full"


def test_only_those_belong_to_the_ai_who_never_got_in_because_it_failed() -> None:
    """Not who was with it already, not who came by choice, not who needs somebody to watch."""
    assert relief.belongs_to_ai(True, False, False)
    assert not relief.belongs_to_ai(True, True, False)
    assert not relief.belongs_to_ai(False, False, False)
    assert not relief.belongs_to_ai(True, False, True)


def test_nobody_is_held_twice() -> None:
    """Who went back to the AI and comes again waits in the queue, room or not."""
    last = {"after": Offer.CALLBACK}
    assert Offer.HOLD == offered(queue(), **last)
    assert Offer.NOTHING == offered(queue(), **last, held_before=True)


# --- a small floor ---


@dataclass
class Floor:
    """First in, first out with *people*; spilled contacts go through a buffer when metered. Nobody gives up, the buffer is endless."""

    people: int
    metered: bool
    line: list[int] = field(default_factory=list)
    buffer: list[int] = field(default_factory=list)
    busy: int = 0
    served: int = 0
    most_waiting: int = 0
    done_s: float = 0.0

    def run(self, arrive_s: list[float], handle_s: list[float], spilled: list[bool]) -> Floor:
        """Serve everybody; what happens at one instant happens in the order end, arrival, look."""
        self.wait_s = [0.0] * len(arrive_s)
        self.arrive_s, self.handle_s = arrive_s, handle_s
        self.agenda: list[tuple[float, int, int]] = [(s, 1, row) for row, s in enumerate(arrive_s)]
        self.agenda.append((10.0, 2, -1))
        heapq.heapify(self.agenda)
        while self.served < len(arrive_s):
            now_s, kind, row = heapq.heappop(self.agenda)
            if kind == 0:
                self.busy -= 1
                self.served += 1
                self.done_s = now_s
            elif kind == 1:
                (self.buffer if self.metered and spilled[row] else self.line).append(row)
            else:
                k = relief.to_release(
                    0.0, self.people, self.busy, 0.0, len(self.line), 1.0, len(self.buffer), 1000
                )
                self.line += self.buffer[:k]
                del self.buffer[:k]
                heapq.heappush(self.agenda, (now_s + 10.0, 2, -1))
            self._pick_up(now_s)
        return self

    def _pick_up(self, now_s: float) -> None:
        while self.line and self.busy < self.people:
            row = self.line.pop(0)
            self.busy += 1
            self.wait_s[row] = now_s - self.arrive_s[row]
            heapq.heappush(self.agenda, (now_s + self.handle_s[row], 0, row))
        self.most_waiting = max(self.most_waiting, len(self.line))


def outage_day(seed: int) -> tuple[list[float], list[float], list[bool]]:
    """Two hours for 20 people at 70 % of their load; in half an hour of them another 90 % spills over from the AI."""
    rng = np.random.default_rng([20260302, seed])
    per_s = 20 / 300.0
    direct = np.cumsum(rng.exponential(1 / (0.7 * per_s), 600))
    spill = 1800.0 + np.cumsum(rng.exponential(1 / (0.9 * per_s), 300))
    direct, spill = direct[direct < 7200.0], spill[spill < 3600.0]
    arrive_s = np.concatenate([direct, spill])
    order = np.argsort(arrive_s, kind="stable")
    spilled = (np.arange(arrive_s.size) >= direct.size)[order]
    return arrive_s[order].tolist(), rng.exponential(300.0, arrive_s.size).tolist(), spilled.tolist()


@pytest.fixture(scope="module")
def days() -> list[tuple[Floor, Floor, list[bool]]]:
    """Ten days, unmetered and metered, with the same customers."""
    return [
        (Floor(20, False).run(*day), Floor(20, True).run(*day), day[2])
        for day in (outage_day(seed) for seed in range(10))
    ]


def test_metering_serves_as_many_and_keeps_the_queue_shorter(
    days: list[tuple[Floor, Floor, list[bool]]],
) -> None:
    """V16: endless buffer, nobody gives up: everybody is served in both, and the peak of the human queue is lower on each of ten days."""
    for plain, metered, spilled in days:
        assert plain.served == metered.served == len(spilled)
        assert not metered.buffer
        assert not metered.line
        assert metered.most_waiting < plain.most_waiting / 2


def test_metering_moves_the_wait_and_does_not_remove_it(days: list[tuple[Floor, Floor, list[bool]]]) -> None:
    """Who was not spilled waits less on every day; the total wait, buffer included, is no smaller over the ten days."""
    for plain, metered, spilled in days:
        direct = ~np.array(spilled)
        assert np.mean(np.array(metered.wait_s)[direct]) < np.mean(np.array(plain.wait_s)[direct])
    assert np.mean([np.mean(m.wait_s) for _, m, _ in days]) >= np.mean(
        [np.mean(p.wait_s) for p, _, _ in days]
    )
