"""The pace of a person who takes a contact over from the AI (M15) and of one who has several at once (M34)."""

from __future__ import annotations

from sim.orchestration.compiled import compiled


@compiled
def escalated_handle_s(
    handle_s: float,
    fidelity: float,
    mood: float,
    switch: float,
    reexplain: float,
    prework: float,
    mood_effect: float,
    handover_s: float,
) -> float:
    """Handling time of an escalated contact, seconds.

    `handle · [1 + switch + reexplain·(1−φ) − prework·φ] · (1 + mood_effect·f) + handover`

    Args:
        handle_s: What a person would need without the AI's prelude, difficulty included.
        fidelity: φ, share of the needed facts that reached the person, 0 to 1.
        mood: f, frustration at the hand-over, 0 to 1.
        handover_s: Time of the hand-over itself.
    """
    effort = 1.0 + switch + reexplain * (1.0 - fidelity) - prework * fidelity
    return handle_s * effort * (1.0 + mood_effect * mood) + handover_s
