"""The event stream, without gap or repetition, and what each market's price has been."""
