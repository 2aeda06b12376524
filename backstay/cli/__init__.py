"""The command line: a module a group of commands, and what they share to ask a service and print.

Nothing imports from here. A command imports what it needs when it runs, so that light ones start
at once.
"""
