"""What draws: the one line-API widget, and the painters (table, plot, time axis, sparkline) it shows."""
