"""The grammar: what keys and commands mean, as tables, and what each makes of the state."""
