"""What tests and benchmarks both need to run the real thing, for development only.

A PostgreSQL server of one's own, the service as a process, a client of its HTTP API, and a local
server that speaks the venues' protocols and misbehaves on command. `ladder_page` writes the
examples of docs/ladder.md. `tests/` and `bench/` import this package, and it imports neither. It is
not installed with the product.
"""
