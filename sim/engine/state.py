"""What both floors read and write: codes, one row of `JOURNEY` for every contact, and the columns of logs.

A journey is what happened to one contact; what it brought along is in `sim.demand.contacts.Contacts`, same row. Times are seconds since
the run began, NaN for "did not happen"; fleets, queues, groups are codes, −1 for none.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from sim.orchestration.compiled import record


class State(IntEnum):
    """Where a contact is."""

    NOT_YET = 0
    IN_AI = 1
    WAITING = 2
    WITH_PERSON = 3
    GONE = 4
    STRANDED = 5
    """Meant for a person whom nobody can reach: the hand-over path of its fleet is broken."""
    HELD = 6
    """In the buffer before a queue."""
    AWAY = 7
    """To be called back once more, later."""


class Disposition(IntEnum):
    """How a contact ended; disjoint and exhaustive."""

    IN_SYSTEM = 0
    AI_RESOLVED = 1
    AI_FALSE_CONTAINED = 2
    AI_ABANDONED = 3
    HUMAN_RESOLVED = 4
    QUEUE_ABANDONED = 5
    BLOCKED = 6
    DROPPED = 7
    DEFLECTED_OK = 8
    """Self-service helped."""
    DEFLECTED_LOST = 9
    BALKED = 10
    """Hung up at the announcement."""
    CALLBACK_FAILED = 11
    HUMAN_UNRESOLVED = 12


class Mode(IntEnum):
    """What an AI session comes to if nothing interrupts it; hidden from the controller."""

    SUCCESS = 0
    DETECTED = 1
    LOOP = 2
    CONFIDENT_WRONG = 3


class Handling(IntEnum):
    """Who handles a contact; the types partition the offered contacts (M14, M40)."""

    AI_CONTAINED = 0
    """Ended in the AI without a person, in flight included."""
    AI_ABANDONED = 1
    """The customer left the AI."""
    ESCALATED = 2
    """The AI session ended at a person because of its content."""
    SPILLED = 3
    """Meant for the AI, sent to people because of the AI's state (full, failing, breaker open)."""
    HUMAN_ONLY = 4
    """Routed to people from the start."""


# In the order in which they are touched: what the human side reads and writes at every event stands in the first two cache lines.
JOURNEY = record(
    [
        ("arrive_s", np.float64),
        ("decide_s", np.float64),
        ("queue_s", np.float64),
        ("answer_s", np.float64),
        ("end_s", np.float64),
        ("handle_s", np.float64),
        ("leaves_s", np.float64),
        ("joined_s", np.float64),
        ("state", np.int32),
        ("disposition", np.int32),
        ("handling", np.int32),
        ("turns", np.int32),
        ("queue", np.int32),
        ("group", np.int32),
        ("agent", np.int32),
        ("ghost", np.int32),
        ("lane", np.int32),
        ("before", np.int32),
        ("behind", np.int32),
        ("via", np.int32),
        ("target", np.int32),
        ("route_reason", np.int32),
        ("end_reason", np.int32),
        ("first_fleet", np.int32),
        ("fleet", np.int32),
        ("monitored", np.int32),
        ("mode", np.int32),
        ("calls", np.int32),
        ("tries", np.int32),
        ("host", np.int32),
        ("ai_start_s", np.float64),
        ("ai_end_s", np.float64),
        ("fidelity", np.float64),
        ("mood", np.float64),
        ("sentiment", np.float64),
        ("reply_s", np.float64),
        ("seen", np.float64),
        ("limit", np.float64),
        ("epoch", np.int64),
        ("visited", np.int64),
        ("retrying", np.int32),
        ("admitted", np.int32),
        ("low_turns", np.int32),
        ("outcome", np.int32),
        ("retry_open", np.int32),
        ("callback", np.int32),
        ("dials", np.int32),
        ("informed", np.int32),
        ("wrong", np.int32),
        ("passed_on", np.int32),
        ("held", np.int32),
        ("stranded_s", np.float64),
        ("hold_s", np.float64),
        ("told_s", np.float64),
        ("dialled_s", np.float64),
        ("lost_s", np.float64),
        ("taken_s", np.float64),
        ("waited_before_s", np.float64),
    ]
)
"""One contact. `ghost` is 1 for one who left silently, 2 while a callback reaches nobody. `stranded_s` is when it was cut off from people,
`host` is the one that its last call went to, `hold_s` when it was held back (`held`; with an `ai_start_s` after that, it went back to the
AI), `joined_s` when it joined its queue, `leaves_s` when its patience ends.
`wrong` is 1 while the wrong people have it, `passed_on` how often they have passed it on, `lost_s` people's time that went into it.
Of who is passed on or called back, who may wait and be taken several times, `taken_s` is when a person last took it (of others `answer_s`
is), `waited_before_s` how long it waited in its queue before it last joined.
`via` is the channel in which it comes to people, its own unless it changed at the announcement.
`lane`, `before`, `behind` are the kernel's own links and mean nothing once the contact is gone."""

UNUSUAL = {
    "stranded_s": np.nan,
    "hold_s": np.nan,
    "told_s": np.nan,
    "taken_s": np.nan,
    "waited_before_s": 0.0,
    "wrong": 0,
    "passed_on": 0,
    "lost_s": 0.0,
    "callback": 0,
    "dials": 0,
    "informed": 0,
    "held": 0,
    "dialled_s": 0.0,
}
"""Fields of a journey that stay so unless something unusual happens: the kernel sets them anew only where a scenario can bring it about."""

KEPT = tuple(
    name
    for name in JOURNEY.names or ()
    if name
    not in {
        "sentiment",
        "reply_s",
        "seen",
        "limit",
        "admitted",
        "epoch",
        "visited",
        "state",
        "tries",
        "retrying",
        "low_turns",
        "outcome",
        "retry_open",
        "wrong",
        "leaves_s",
        "lane",
        "before",
        "behind",
        "host",
    }
)
"""Fields of a journey that records keep."""

DECISION = record(
    [
        ("at_s", np.float64),
        ("contact", np.int64),
        ("kind", np.int32),
        ("reason", np.int32),
        ("fleet", np.int32),
        ("queue", np.int32),
        ("seen", np.float64),
        ("limit", np.float64),
    ]
)
"""One decision of the controller about one contact; `sim.orchestration.words` turns it into a sentence."""

MOVE = record(
    [
        ("at_s", np.float64),
        ("what", np.int32),
        ("subject", np.int32),
        ("from_state", np.int32),
        ("to_state", np.int32),
        ("cause", np.int32),
        ("part", np.float64),
        ("whole", np.float64),
        ("limit", np.float64),
    ]
)
"""One move of a controller that looks at a fleet; `what` and its numbers as in `sim.engine.control.CONTROL`."""

OK, FAILED, TIMED_OUT, LIMITED = 0, 1, 2, 3
"""How an AI call ends."""
