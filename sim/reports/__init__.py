"""Results → what people read: the answer of a run, the whole report, figures."""

from __future__ import annotations
