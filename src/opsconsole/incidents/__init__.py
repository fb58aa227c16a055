"""Working an incident: its record, roles, timers, messages, timeline and review.

Always true here: what is known of an incident follows from the journal alone; two people who write at once both stand
in it; nothing here asks the store, the screen or a clock that was not handed in.
"""
