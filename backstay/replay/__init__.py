"""Recorded prices and signals through the real actors, on one thread and a virtual clock."""
