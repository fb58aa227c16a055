"""Signals: numbers with a meaning, computed from counts.

Always true here: a signal is a pure function of counts that add up (so any window is a sum over minutes), nothing is
read or written, and what cannot be known from the counts is ``None`` and never 0.

``import scipy`` alone: it loads a part when that is first asked for, and they are a quarter of what a daemon would take
to start.
"""
