"""The application around the actors: command line, service, web, feeds, replay and simulator.

`actors`, `persistence` and `trading` know nothing of it.
"""
