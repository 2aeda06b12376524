"""What every request passes: its address, its caller, the caller's scope, and its share of the service."""
