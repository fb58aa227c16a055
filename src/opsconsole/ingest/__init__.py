"""From bytes that somebody logged to canonical records: recognise, map, frame, parse, follow."""
