"""Checks that every request passes: address, caller, scope, and a share of the service."""
