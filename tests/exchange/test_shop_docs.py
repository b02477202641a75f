"""docs/exchange.md tells what the code does."""

import re
from pathlib import Path

from django.apps import apps
from django.conf import settings

from exchange.flow import flow
from exchange.models import Order, OrderState
from points.models import Account

DOCS = Path(settings.BASE_DIR, "docs", "exchange.md").read_text("utf-8")


def test_the_diagram_in_the_docs_is_the_table():
    assert flow.diagram(Order) in DOCS
    assert set(flow.states) == set(OrderState.values)


def test_what_the_docs_say_the_database_refuses_is_there():
    named = set(re.findall(r"`(\w+)`", DOCS.partition("## What the database refuses")[2]))
    there = set()
    for model in [*apps.get_app_config("exchange").get_models(), Account]:
        there |= {constraint.name for constraint in model._meta.constraints}
        there |= {trigger.name for trigger in getattr(model._meta, "triggers", [])}
    assert len(named) > 12
    assert named <= there, named - there
