"""Feeds of a running service: prices handed to the markets as they come.

An inlet holds a feed back while a market's mailbox is full. `paced` plays recorded or simulated
prices by the clock; `venue_feed` passes on the prices of an exchange's session.
"""
