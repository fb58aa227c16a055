"""The systems where a release takes effect, one module a system.

Always true here: a target knows its own system and nothing of journals, stores, roles or other targets.
"""
