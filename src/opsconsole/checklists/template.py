"""A checklist to begin with: right as it stands, so that what is changed is what is wrong."""

from __future__ import annotations

from datetime import date

from opsconsole.checklists.linting import ID
from opsconsole.errors import UsageError

_TEMPLATE = """\
---
apiVersion: opsconsole/v1
kind: Checklist
id: {id}
version: 1
title: {title}
style: read-do
severity: [SEV-2]
owner: {owner}
last_reviewed: {today}
stale_after: 90d
params:
  service: {{type: service, required: true}}
---

When to take this list, in a sentence or two.

## Look

### 1. Is it really broken? {{#confirm}}

One version, one region, or all of it?

```yaml step
type: check
timebox: 3m
evidence:
  - sql: FROM slices($service, '15m') LIMIT 12
  - {{panel: versions, range: 1h}}
expect: error_rate($service) > 2% over 10m
on_fail: {{goto: tell}}
```

## Act

### 2. What now? {{#decide}}

```yaml step
type: decision
timebox: 5m
options:
  - {{key: r, label: Roll back, consequence: the new version loses all of its traffic, goto: rollback}}
  - {{key: n, label: Nothing yet, consequence: users go on failing, goto: tell}}
```

### 3. Roll back {{#rollback}}

```yaml step
type: action
timebox: 5m
action: release.rollback
with: {{service: $service}}
undo: restore
verify: {{signal: error_rate($service) < 2% over 2m, within: 10m, poll: 10s}}
on_fail: {{goto: tell}}
```

### 4. Tell people {{#tell}}

```yaml step
type: comms
timebox: 5m
audience: internal
message: "$service: what was found, what was done ($run_id), and when the next word comes."
```
"""


def template(name: str, owner: str, today: date) -> str:
    """Raises UsageError for a name that is no id."""
    if not ID.fullmatch(name):
        raise UsageError(f"{name!r} is no id of a checklist", "Use small letters, digits and hyphens.")
    title = name.replace("-", " ").capitalize()
    return _TEMPLATE.format(id=name, title=title, owner=owner, today=today.isoformat())
