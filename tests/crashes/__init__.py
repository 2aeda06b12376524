"""Real crashes and outages: the real service as a process, under load, on both databases.

The tests that take long are slow: `./test all` runs them, and so does

    .venv/bin/python -m pytest -m slow tests/crashes --log-cli-level=INFO

which also shows the figures. `BACKSTAY_CRASH_KILLS=n` sets how many kills a run takes (30), and
`BACKSTAY_CRASH_SEED=n` repeats the seed that a failure has named.
"""
