"""The routes of `/api/v1`: what requests and answers are made of, and how a handler waits."""
