"""The figures themselves, see `benchmarks.anchors`; the reference's values with what they were computed for."""

from __future__ import annotations

from benchmarks.anchors import (
    FORMULA,
    LUNCH,
    ON_PHONE,
    PEAK,
    SEVEN_POINTS,
    UNTIL_HALF_PAST_ONE,
    UNTIL_NOON,
    Figure,
    World,
    by_run,
    by_run_more,
    clock,
    differs,
    dispersion,
    escalated_within,
    held_s,
    longer,
    longest_queue,
    loop_s,
    mean_under_way,
    more,
    more_work,
    per_min,
    share,
    under_way,
    work,
    work_ratio,
)
from sim.engine.records import Run
from sim.outcomes.incidents import service_level_damage
from sim.outcomes.measures import Window

HALF_POINT, TENTH = 0.5, 0.05


def _pair(scenario: str, what: str, world: World, window: Window, level: float, leaving: float | None,
          said: tuple[str, str] = ("", ""), rounding: float = HALF_POINT,
          why: tuple[str | None, str | None] = (None, None)) -> list[Figure]:  # fmt: skip
    """Service level and abandonment of one world."""
    found = [
        Figure(scenario, f"{what}: service level", said[0] or f"{level:g} %", level, rounding, "%",
               share(world, "sl_offered", window), why=why[0])
    ]  # fmt: skip
    if leaving is not None:
        found.append(
            Figure(scenario, f"{what}: abandonment", said[1] or f"{leaving:g} %", leaving, HALF_POINT, "%",
                   share(world, "abandonment", window), why=why[1])
        )  # fmt: skip
    return found


def _sc01(*sets: str) -> World:
    return World("sc01", "breaker only", FORMULA, (UNTIL_NOON, *sets))


def _sc02(people: int) -> World:
    return World("sc02", "people alone", FORMULA, (UNTIL_NOON, ON_PHONE.format(people)))


def _sc07(*sets: str) -> World:
    return World("sc07", "breaker alone", FORMULA, (UNTIL_NOON, "failover.breakers=off", *sets))


def _sc10(people: int, *sets: str) -> World:
    return World(
        "sc10",
        "no sync",
        FORMULA,
        (UNTIL_HALF_PAST_ONE, "repeats=null", ON_PHONE.format(people), *sets),
    )


SC01_WELL, SC01_DOWN = _sc01("incidents=[]"), _sc01()
SC07_WELL, SC07_WORSE = _sc07("incidents=[]"), _sc07(SEVEN_POINTS)
SC08_SPAN: Window = (clock(10, 30), clock(12, 30))
SC08_UNTIL = "calendar.until=2026-03-02 14:00"


def _sc08(variant: str, *sets: str) -> World:
    return World("sc08", variant, (), (SC08_UNTIL, *sets))


def _burst(run: Run) -> float:
    usual = escalated_within(clock(10, 10), 900.0)(run) / 10.0
    return escalated_within(clock(10, 30), 90.0)(run) - usual


def _sc16(variant: str) -> World:
    return World("sc16", variant, replications=60)


FIGURES: tuple[Figure, ...] = (
    *_pair("R1", "150 on the phone at the Monday peak", SC01_WELL, PEAK, 90, 3, ("≈ 90 %", "≈ 3 %")),
    Figure("SC01", "chat vendor down: contacts more for people", "+7.8/min", 7.8, TENTH, "/min",
           more(SC01_WELL, SC01_DOWN, "queued", PEAK)),
    Figure("SC01", "the same as work", "+48 Erlangs", 48, HALF_POINT, "Erlangs",
           more_work(SC01_WELL, SC01_DOWN, PEAK)),
    *_pair("SC01", "150 people, nothing done", SC01_DOWN, PEAK, 26, 23),
    *_pair("SC01", "163 people (off-phone recalled)", _sc01(ON_PHONE.format(163)), PEAK, 46, 16),
    Figure("SC01", "loop of the automated desk (its estimate: ≈ 30 s)", "< 60 s", None, 0, "s",
           loop_s(World("sc01", "plans by an automated desk", (), (UNTIL_NOON,))), above=False, than=60),
    *_pair("SC02", "150 people", _sc02(150), PEAK, 0.1, 45, rounding=TENTH),
    *_pair("SC02", "163 people", _sc02(163), PEAK, 0.6, 40, rounding=TENTH),
    *_pair("SC02", "180 people", _sc02(180), PEAK, 3, 34),
    *_pair("SC02", "200 people", _sc02(200), PEAK, 12, 27),
    *_pair("SC02", "286 people", _sc02(286), PEAK, 95, None, ("normal service", ""), 5.0),
    Figure("SC02", "work when the AI is gone, of the usual", "× 1.87", 1.87, 0.005, "",
           work_ratio(SC01_WELL, World("sc02", "people alone", FORMULA, (UNTIL_NOON,)), PEAK)),
    Figure("SC02", "that work", "272 Erlangs", 272, HALF_POINT, "Erlangs", work(_sc02(286), PEAK)),
    Figure("SC03", "sessions that would move to C (its cap is 80)", "+90", 90, 5, "sessions",
           by_run(World("sc03", "no breakers", (), (UNTIL_NOON,)), mean_under_way((clock(9, 30), clock(10)), (0, 1)))),
    Figure("SC07", "7 points of containment: contacts more for people", "+1.6/min", 1.6, TENTH, "/min",
           more(SC07_WELL, SC07_WORSE, "queued", PEAK)),
    Figure("SC07", "the same as work", "+20 Erlangs", 20, HALF_POINT, "Erlangs", more_work(SC07_WELL, SC07_WORSE, PEAK)),
    Figure("SC07", "containment lost", "−7 points", -7, HALF_POINT, "points",
           differs(SC07_WELL, SC07_WORSE, "containment", PEAK)),
    *_pair("SC07", "150 people, 7 points less", SC07_WORSE, PEAK, 65, 11),
    Figure("SC07", "sessions in a five-minute window at a quarter of R1", "25", 25, 2.5, "",
           per_min(World("sc07", "breaker alone", ("five_a_minute",)), "ai_sessions", (clock(13), clock(16)), 5.0)),
    Figure("SC08", "AI sessions under way at 10:30", "107", 107, HALF_POINT, "",
           by_run(_sc08("as it comes"), under_way(clock(10, 30)))),
    Figure("SC08", "escalations in the first 90 s, over the usual", "32", 32, HALF_POINT, "",
           by_run(_sc08("as it comes"), _burst)),
    Figure("SC08", "escalations in 90 s on any other day", "4", 4, HALF_POINT, "",
           by_run(World("sc08", "as it comes", ("ai_by_the_table",), (SC08_UNTIL,)), escalated_within(clock(10, 20), 90.0))),
    Figure("SC08", "index of dispersion of arrivals at people, 5 min", "≫ 1", None, 0, "",
           dispersion(_sc08("as it comes")), above=True, than=1.5),
    Figure("SC08", "the same with as many sessions stopped, each for itself", "1", 1, TENTH, "",
           dispersion(_sc08("nothing in common"))),
    Figure("SC08", "service level lost by coming in a heap", "below", None, 0, "points",
           differs(_sc08("nothing in common"), _sc08("as it comes"), "service_level", SC08_SPAN), above=False),
    Figure("SC08", "cold hand-over: handling time of the escalated", "≈ +35 %", 35, 2.5, "%",
           longer(_sc08("as it comes", "mood=null"), _sc08("cold", "mood=null"), "escalated", SC08_SPAN)),
    Figure("SC08", "metering: longest queue", "shorter", None, 0, "contacts",
           by_run_more(_sc08("as it comes"), _sc08("metered"), longest_queue), above=False),
    Figure("SC08", "metering: hold of those held back", "1 to 3 min", 120, 60, "s", held_s(_sc08("metered"))),
    *_pair("SC10", "125 people at 14.5 contacts/min", _sc10(125), LUNCH, 55, 14),
    *_pair("SC10", "5 % less for people", _sc10(125, "demand.volume.monday=22800"), LUNCH, 68, None),
    *_pair("SC10", "staggered, 135 people", _sc10(135), LUNCH, 72, None),
    Figure("SC16", "damage, two hours' notice against none (60 days)", "less", None, 0, "contacts",
           by_run_more(_sc16("surprise"), _sc16("two hours ahead"), service_level_damage), above=False),
    Figure("SC16", "the same with people at the desk (60 days)", "less", None, 0, "contacts",
           by_run_more(_sc16("surprise to people at the desk"), _sc16("two hours ahead to people at the desk"),
                       service_level_damage), above=False),
    Figure("SC16", "damage, a day's notice against two hours' (60 days)", "less", None, 0, "contacts",
           by_run_more(_sc16("two hours ahead"), _sc16("a day ahead"), service_level_damage), above=False),
)  # fmt: skip
