"""Which files expect something, told without reading them as scenarios: pytest asks this of every YAML file that it meets."""

from __future__ import annotations

import re
from pathlib import Path

_EXPECTS = re.compile(r"^expect\s*:", re.MULTILINE)
_ASKS = re.compile(r"^question\s*:", re.MULTILINE)


def expects(path: Path) -> bool:
    """Whether a file looks like a scenario with `expect:` of its own."""
    if path.suffix not in {".yaml", ".yml"}:
        return False
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return bool(_EXPECTS.search(text) and _ASKS.search(text))
