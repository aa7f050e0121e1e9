"""The rows that the benchmarks of the stand-in move."""

from __future__ import annotations

COUNT = 100_000
ROWS = [
    (n, n / 7, f"name {n}", f"2026-01-01 {n % 24:02}:{n % 60:02}:00", None if n % 2 else f"note {n}")
    for n in range(COUNT)
]
CREATE = (
    "CREATE TABLE bench"
    " (id INTEGER PRIMARY KEY, share DOUBLE, name VARCHAR(40), noted TIMESTAMP, note VARCHAR(40))"
)
FILL = "INSERT INTO bench (id, share, name, noted, note) VALUES (?, ?, ?, ?, ?)"
