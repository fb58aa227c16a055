"""Changing what serves: plan → guard → apply → verify, behind every key, command, checklist and automation alike.

Always true here: a change is sent by ``executor.py`` and by nothing else; the store and the screen are not known here:
evidence comes in as values, and what happened goes out as journal events.
"""
