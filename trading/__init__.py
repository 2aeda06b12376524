"""The rules of Backstay. They are pure: no clock, no thread, no log, no I/O.

Every function here maps values to values, so that live service, replay and simulation
share one set of rules, and property tests can check them.
"""
