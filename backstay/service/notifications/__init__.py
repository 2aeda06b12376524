"""Committed events sent to people, through services such as Telegram or mail."""
