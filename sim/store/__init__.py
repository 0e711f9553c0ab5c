"""A run on disk: Parquet with page checksums, a manifest written last, everything or nothing.

```text
results/<scenario>/<UTC time>-<id>/
├── manifest.json     what was run, with what, when, and the SHA-256 of every other file
├── summary.json      the figures that `run` printed
├── intervals.parquet counts by variant, replication, interval, queue, channel, intent and handling type
├── reasons.parquet   why contacts came to people, by interval
├── billed.parquet    sessions, turns, tokens and watched time by interval, channel, intent and fleet
├── looks.parquet     queues, groups and fleets at the start of every interval
├── control.parquet   incidents, people coming and going, breaker moves, each in words
├── contacts.parquet  a row for every contact   (only where they are kept)
├── decisions.parquet a row for every decision, its reason in words   (same)
└── report.md, report.html, figures/
```
"""

from __future__ import annotations

from sim.store.folder import RunFolder, StoreError, read, read_json, verify
from sim.store.manifest import SCHEMA_VERSION, Manifest
from sim.store.record import record, scenarios_of
from sim.store.study import Study

__all__ = [
    "SCHEMA_VERSION",
    "Manifest",
    "RunFolder",
    "StoreError",
    "Study",
    "read",
    "read_json",
    "record",
    "scenarios_of",
    "verify",
]
