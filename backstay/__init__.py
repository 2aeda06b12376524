"""The application around the actors: the command line, the service, the web, feeds, replay and simulator.

`actors`, `persistence` and `trading` know nothing of it.
"""
