"""The SignalActor stores signals before they are answered, and carries them out in order.

A signal becomes closes and an open, which take the same way as a client's commands.
"""
