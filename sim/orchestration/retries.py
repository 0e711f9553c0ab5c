"""The budget of retries (M30): under brown-out, retries stay a fraction of the calls under way.

Without one, calls of which a share p fails are sent (1 − pⁿ)/(1 − p) times with n attempts each, so n times when everything fails, and nᵏ
times through k layers that all retry: a provider in trouble is met by a storm. With retries limited to a share s of the calls under way
(retries among them) what is sent is at most 1/(1 − s) times what was asked: × 1.25 at s = 20 %, however much fails.
"""

from __future__ import annotations

from sim.orchestration.compiled import compiled


@compiled
def may_retry(retrying: int, active: int, share: float, at_least: int) -> bool:
    """Whether one more call may be a retry.

    Args:
        retrying: Retries under way.
        active: Calls under way, retries among them.
        share: Of them that may be retries; 20 % usually.
        at_least: Retries that always may be under way, so that quiet hours retry at all; 3 usually.
    """
    # A hair more: .29 × 100 are 29, whatever the last bit says.
    return bool(retrying < max(at_least, int(share * active + 1e-9)))


def amplification(failed_share: float, attempts: int, share: float = 1.0) -> float:
    """Calls sent for each one asked for, at most: with *attempts* each, and retries held to *share* of the calls under way.

    The bound of the budget holds where `at_least` is small against it, and first attempts and retries take equally long.
    """
    free = sum(failed_share**k for k in range(attempts))
    return free if share >= 1.0 else min(free, 1.0 / (1.0 - share))
