"""The actor that checks the books, periodically and when it is asked."""
