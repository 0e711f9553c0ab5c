from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine.state import Disposition
from sim.outcomes.waiting import visits, waits_s
from tests.outcomes.made_up import rows, run, scenario

NAN = np.nan
MISROUTE = {"by_chance": 0.1, "discovery": "40s"}


def stays(**contact: Any) -> list[tuple[float, float]]:
    """When one contact waits in its queue; it was not there before unless that is given."""
    columns = {"waited_before_s": 0.0, "lost_s": 0.0} | contact
    one = run(
        [],
        made_in=scenario(misroute=MISROUTE),
        contacts=rows(1, queue=[0], **{k: [v] for k, v in columns.items()}),
    )
    found = visits(one)
    return sorted(zip(found.from_s.tolist(), found.until_s.tolist(), strict=True))


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ({"queue_s": 100.0, "answer_s": 130.0}, [(100.0, 130.0)]),
        ({"queue_s": 100.0, "answer_s": 100.0}, []),
        ({"queue_s": 100.0, "end_s": 150.0, "disposition": Disposition.QUEUE_ABANDONED}, [(100.0, 150.0)]),
        ({"queue_s": 100.0}, [(100.0, np.inf)]),
        # Left silently after 20 s; found out when answered.
        ({"queue_s": 100.0, "answer_s": 190.0, "end_s": 120.0, "ghost": 1}, [(100.0, 190.0)]),
        # Hung up at the announcement, or went to self-service: never in the queue.
        ({"queue_s": 100.0, "joined_s": NAN, "end_s": 100.0, "disposition": Disposition.BALKED}, []),
        # In the buffer for 25 s.
        ({"queue_s": 100.0, "hold_s": 100.0, "held": 1, "joined_s": 125.0, "answer_s": 130.0}, [(125.0, 130.0)]),
        # 10 s, 40 s with the wrong people, 20 s, 40 s with others, 5 s.
        (
            {"queue_s": 100.0, "answer_s": 110.0, "passed_on": 2, "waited_before_s": 30.0, "joined_s": 210.0, "taken_s": 215.0},
            [(100.0, 110.0), (150.0, 170.0), (210.0, 215.0)],
        ),
        # Dialled after 30 s, not reached; again ten minutes later, in the queue at once.
        (
            {"queue_s": 100.0, "callback": 1, "dials": 1, "waited_before_s": 30.0, "joined_s": 750.0, "taken_s": 130.0},
            [(100.0, 130.0), (750.0, np.inf)],
        ),
    ],
)  # fmt: skip
def test_visits_to_a_queue(contact: dict[str, Any], expected: list[tuple[float, float]]) -> None:
    """From joining to being taken or giving up, again after being passed on or not reached."""
    assert expected == stays(**contact)


def test_waits_are_to_the_first_answer_or_the_hang_up() -> None:
    """Without the 40 s that the wrong people had who passed it on; nobody else has a wait."""
    one = run(
        [],
        contacts=rows(
            3,
            queue=[0] * 3,
            queue_s=[100.0] * 3,
            answer_s=[130.0, 110.0, NAN],
            end_s=[300.0, 200.0, 100.0],
            lost_s=[0.0, 40.0, 0.0],
            disposition=[Disposition.HUMAN_RESOLVED, Disposition.QUEUE_ABANDONED, Disposition.DEFLECTED_OK],
        ),
    )
    assert [30.0, 60.0, NAN] == pytest.approx(waits_s(one).tolist(), nan_ok=True)
