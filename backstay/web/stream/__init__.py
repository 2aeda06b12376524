"""The event stream, without gap or repetition, and each market's past prices."""
