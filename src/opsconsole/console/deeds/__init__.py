"""What a person does beside releases: alerts, incidents and checklists, each deed a row of a table."""
