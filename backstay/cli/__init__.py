"""The command line: a module for each group of commands, and their shared client and printing.

No other package imports from here. A command imports what it needs when it runs, so that small ones
start at once.
"""
