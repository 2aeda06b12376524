"""Alerts from outside: how many are taken, what a body asks for, and why one was refused."""
