"""What vendors publish of the messages that they take, written down by us as JSON Schemas; each names its source.
None is a vendor's own file."""

from __future__ import annotations

from typing import Any

_MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$"

PAGERDUTY_EVENT: dict[str, Any] = {
    "$comment": "github.com/PagerDuty/developer-docs, docs/events-API-v2/02-Trigger-Events.md, tables `Parameters` and"
    " `links`; 01-Overview.md, PD-CEF. What passes here passes the published OpenAPI as well, which asks for less"
    " (github.com/PagerDuty/api-schema, reference/events-v2/openapiv3.json: the same names and values, no lengths)",
    "oneOf": [
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["routing_key", "event_action", "payload"],
            "properties": {
                "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
                "event_action": {"const": "trigger"},
                "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
                "client": {"type": "string"},
                "client_url": {"type": "string"},
                "payload": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["summary", "source", "severity"],
                    "properties": {
                        "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
                        "source": {"type": "string", "minLength": 1},
                        "severity": {"enum": ["critical", "error", "warning", "info"]},
                        "timestamp": {
                            "type": "string",
                            "pattern": _MOMENT,
                        },
                        "component": {"type": "string"},
                        "group": {"type": "string"},
                        "class": {"type": "string"},
                        "custom_details": {"type": "object"},
                    },
                },
                "images": {"type": "array"},
                "links": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["href"],
                        "properties": {
                            "href": {"type": "string", "pattern": "^https?://"},
                            "text": {"type": "string"},
                        },
                    },
                },
            },
        },
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["routing_key", "event_action", "dedup_key"],
            "properties": {
                "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
                "event_action": {"enum": ["acknowledge", "resolve"]},
                "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
            },
        },
    ],
}
PAGERDUTY_MOST_BYTES = 512_000
"""01-Overview.md, "Size Limits": 512 KB."""

SLACK_MESSAGE: dict[str, Any] = {
    "$comment": "docs.slack.dev/reference/block-kit/blocks: header-block (150), section-block (1 to 3000),"
    " context-block (10 elements); composition-objects/text-object; reference/block-kit/blocks (50 blocks a message)",
    "type": "object",
    "additionalProperties": False,
    "required": ["text", "blocks"],
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 4000},
        "blocks": {
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": {
                "oneOf": [
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["type", "text"],
                        "properties": {
                            "type": {"const": "header"},
                            "text": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["type", "text"],
                                "properties": {
                                    "type": {"const": "plain_text"},
                                    "text": {"type": "string", "minLength": 1, "maxLength": 150},
                                    "emoji": {"type": "boolean"},
                                },
                            },
                        },
                    },
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["type", "text"],
                        "properties": {"type": {"const": "section"}, "text": {"$ref": "#/definitions/mrkdwn"}},
                    },
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["type", "elements"],
                        "properties": {
                            "type": {"const": "context"},
                            "elements": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 10,
                                "items": {"$ref": "#/definitions/mrkdwn"},
                            },
                        },
                    },
                ]
            },
        },
    },
    "definitions": {
        "mrkdwn": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "text"],
            "properties": {
                "type": {"const": "mrkdwn"},
                "text": {"type": "string", "minLength": 1, "maxLength": 3000},
                "verbatim": {"type": "boolean"},
            },
        }
    },
}
SLACK_MOST_CHARACTERS = 13_000
"""Of all blocks together: `msg_blocks_too_long` from about 13,200 on, as users of slackapi/bolt-js report."""

_URL = {"type": "string", "pattern": "^https?://"}
TEAMS_MESSAGE: dict[str, Any] = {
    "$comment": "github.com/microsoft/AdaptiveCards, schemas/src: AdaptiveCard.json, elements/Container.json,"
    " elements/RichTextBlock.json, elements/inlines/TextRun.json, actions/Action.OpenUrl.json and enums/, of 1.4; the"
    " envelope: learn.microsoft.com, webhooks and connectors, send Adaptive Cards",
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "attachments"],
    "properties": {
        "type": {"const": "message"},
        "attachments": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["contentType", "content"],
                "properties": {
                    "contentType": {"const": "application/vnd.microsoft.card.adaptive"},
                    "contentUrl": {"type": "null"},
                    "content": {"$ref": "#/definitions/card"},
                },
            },
        },
    },
    "definitions": {
        "card": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "version", "body"],
            "properties": {
                "$schema": _URL,
                "type": {"const": "AdaptiveCard"},
                "version": {"const": "1.4"},
                "fallbackText": {"type": "string"},
                "msteams": {"type": "object", "properties": {"width": {"const": "Full"}}},
                "body": {
                    "type": "array",
                    "items": {"oneOf": [{"$ref": "#/definitions/container"}, {"$ref": "#/definitions/text"}]},
                },
                "actions": {
                    "type": "array",
                    "maxItems": 6,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["type", "url"],
                        "properties": {
                            "type": {"const": "Action.OpenUrl"},
                            "title": {"type": "string"},
                            "url": _URL,
                        },
                    },
                },
            },
        },
        "container": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "items"],
            "properties": {
                "type": {"const": "Container"},
                "style": {"enum": ["default", "emphasis", "good", "attention", "warning", "accent"]},
                "bleed": {"type": "boolean"},
                "items": {"type": "array", "items": {"$ref": "#/definitions/text"}},
            },
        },
        "text": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "inlines"],
            "properties": {
                "type": {"const": "RichTextBlock"},
                "spacing": {"enum": ["default", "none", "None", "small", "medium", "large", "extraLarge", "padding"]},
                "inlines": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["type", "text"],
                        "properties": {
                            "type": {"const": "TextRun"},
                            "text": {"type": "string", "minLength": 1},
                            "fontType": {"enum": ["default", "monospace", "Default", "Monospace"]},
                            "size": {
                                "enum": ["default", "small", "medium", "large", "extraLarge", "Small", "Medium"],
                            },
                            "weight": {"enum": ["default", "lighter", "bolder", "Bolder"]},
                            "isSubtle": {"type": "boolean"},
                        },
                    },
                },
            },
        },
    },
}
TEAMS_MOST_BYTES = 28_000
"""learn.microsoft.com, limits and specifications for Microsoft Teams: 28 KB a message by webhook."""

ALERTMANAGER_ALERTS: dict[str, Any] = {
    "$comment": "github.com/prometheus/alertmanager, api/v2/openapi.yaml: postableAlerts; label names:"
    " prometheus.io/docs/concepts/data_model",
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["labels"],
        "properties": {
            "labels": {"$ref": "#/definitions/labels"},
            "annotations": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
            "startsAt": {"$ref": "#/definitions/moment"},
            "endsAt": {"$ref": "#/definitions/moment"},
            "generatorURL": _URL,
        },
    },
    "definitions": {
        "labels": {
            "type": "object",
            "required": ["alertname", "key", "severity", "generator"],
            "additionalProperties": {"type": "string", "minLength": 1},
        },
        "moment": {"type": "string", "pattern": _MOMENT},
    },
}
