"""Exchanges: how each one's public trades are asked for and decoded, and one session for all."""
