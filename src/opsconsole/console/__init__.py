"""The Textual console: a thin client that shows what the daemon computed.

Always true here: nothing under this package imports the store, the signals or anything numeric; every string that came
from data passes ``text.safe``; and what is on the screen is a pure function of a ``frame.Frame``.
"""
