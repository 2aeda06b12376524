"""The examples and pictures of docs/ladder.md, made by the rules themselves.

A fenced block that begins with ```ladder holds what a trader says and which prices come; the
indented lines below each are what the rules answer. `python -m harness.ladder_page` writes the
answers anew and draws a picture of each block that names one.
"""
