"""The Desk starts every other actor from the durable state, and routes commands to them.

It restarts an actor that fails, after everything that the former life had queued. It sets aside an
actor that keeps failing. A position or wallet that is being restarted loses no command.
"""
