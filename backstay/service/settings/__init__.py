"""Every setting: its type and bounds, its default, and its value's source."""
