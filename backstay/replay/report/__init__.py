"""What a replay came to: `report.json`, a table for people, and `report.html`."""
