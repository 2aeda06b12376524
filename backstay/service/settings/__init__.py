"""Every setting: its type and bounds, its default, and where its value came from."""
