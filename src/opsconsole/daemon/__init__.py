"""The one process that owns store, journal, follower and actions, and answers consoles over a Unix socket."""
