"""Alerts: rules are data, findings are values, and what is open is a fold over the journal.

Always true here: nothing is asked of a store, a clock or a network; what is known of a service comes in as ``Facts``,
and what people are told goes out as notices.
"""
