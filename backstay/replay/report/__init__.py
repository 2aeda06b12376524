"""The outcome of a replay: `report.json`, a table for people, and `report.html`."""
