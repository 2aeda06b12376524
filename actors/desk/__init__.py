"""The Desk starts every other actor from what is durable, and routes commands to them.

It gives an actor that fails its next life, behind everything that the former one had queued, and
sets aside what fails for good. A position or wallet that is being restarted loses no command.
"""
