"""Exchanges: the requests and the decoder of each one's public trades, and one session for all."""
