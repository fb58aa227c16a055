"""Telling people: which ways there are, and how a notice gets to somebody whatever fails on the way.

Always true here: who is told hands over a notice and goes on; what becomes of it stands in the journal.
"""
